/* Which files a process may still open. */
#include "core/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/io.h"

/* Of newer kernels than the headers that we may be built with.
 * Source: landlock(7) */
#define REFER      (UINT64_C(1) << 13)
#define TRUNCATE   (UINT64_C(1) << 14)
#define IOCTL_DEV  (UINT64_C(1) << 15)
#define BIND_TCP   (UINT64_C(1) << 0)
#define SCOPE_BOTH UINT64_C(3) /* abstract sockets, signals */
#define OLDEST     (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1) /* all of the first */
#define LOOK       (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGE                                                                 \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |             \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | TRUNCATE)
#define OF_FILES                                                               \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE)

struct ruleset {
    uint64_t files, net, scoped;
};

/* By version: how much of the structure the kernel knows, and what it can. */
static size_t
fill(int version, struct ruleset *to)
{
    *to = (struct ruleset){OLDEST, 0, 0};
    if (version >= 2)
        to->files |= REFER;
    if (version >= 3)
        to->files |= TRUNCATE;
    if (version >= 4)
        to->net = BIND_TCP;
    if (version >= 5)
        to->files |= IOCTL_DEV;
    if (version >= 6)
        to->scoped = SCOPE_BOTH;
    return version >= 6   ? sizeof(*to)
           : version >= 4 ? 2 * sizeof(uint64_t)
                          : sizeof(uint64_t);
}

static enum uk_code
add_rule(int fd, const struct uk_fence_rule *rule, uint64_t handled,
         struct uk_err *err)
{
    struct landlock_path_beneath_attr beneath = {
        .allowed_access = rule->right == UK_FENCE_WRITE ? LOOK | CHANGE : LOOK,
        .parent_fd = open(rule->path, O_PATH | O_CLOEXEC),
    };
    int beneath_fd = beneath.parent_fd;
    enum uk_code code = UK_OK;
    struct stat st;

    if (beneath_fd < 0)
        return UK_OK;
    if (fstat(beneath_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        beneath.allowed_access &= OF_FILES;
    beneath.allowed_access &= handled;
    if (beneath.allowed_access != 0 &&
        syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath,
                0) != 0)
        code = uk_err_sys(err, errno, "fencing in, with '%s'", rule->path);
    uk_io_close(&beneath_fd);
    return code;
}

enum uk_code
uk_fence_close(const struct uk_fence_rule *rules, size_t count,
               enum uk_fence_reading reading, enum uk_fence_doors doors,
               struct uk_err *err)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                           LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset set;
    size_t size;
    enum uk_code code = UK_OK;
    int fd;

    if (version < 0)
        return uk_err_sys(err, errno, "this kernel has no Landlock");
    size = fill((int)version, &set);
    if (reading == UK_FENCE_READ_ALL)
        set.files &= ~(uint64_t)LOOK;
    if (doors == UK_FENCE_ALL_DOORS)
        set.net = 0;
    fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
    if (fd < 0)
        return uk_err_sys(err, errno, "making a fence");
    for (size_t i = 0; code == UK_OK && i < count; i++)
        code = add_rule(fd, &rules[i], set.files, err);
    if (code == UK_OK && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
        code = uk_err_sys(err, errno, "closing the fence");
    uk_io_close(&fd);
    return code;
}
