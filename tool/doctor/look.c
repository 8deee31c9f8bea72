/* The files of the system that is looked at, and of no other. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"
#include "tool/doctor/doctor.h"

#define READ_MS 5000

bool
uk_doctor_is_live(const struct uk_doctor *doctor)
{
    return doctor->root[0] == '\0';
}

const char *
uk_doctor_path(const struct uk_doctor *doctor, const char *path, char *to)
{
    snprintf(to, UK_DOCTOR_PATH, "%s%s", doctor->root, path);
    return to;
}

/* A link of that system leads to where it leads there: whoever wrote it has no
 * say about what is opened here. */
static int
open_below(const char *root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd, sys;

    if (folder < 0)
        return -1;
    fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
    sys = errno;
    uk_io_close(&folder);
    errno = sys;
    return fd;
}

static int
open_any(const struct uk_doctor *doctor, const char *path, int flags)
{
    flags |= O_CLOEXEC;
    return uk_doctor_is_live(doctor) ? open(path, flags)
                                     : open_below(doctor->root, path, flags);
}

int
uk_doctor_stat(const struct uk_doctor *doctor, const char *path, bool follow,
               struct stat *st)
{
    int fd = open_any(doctor, path, follow ? O_PATH : O_PATH | O_NOFOLLOW);
    int sys = 0;

    if (fd < 0 || fstat(fd, st) != 0)
        sys = errno;
    uk_io_close(&fd);
    return sys;
}

DIR *
uk_doctor_folder(const struct uk_doctor *doctor, const char *path)
{
    int fd = open_any(doctor, path, O_RDONLY | O_DIRECTORY);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;

    if (folder == NULL)
        uk_io_close(&fd);
    return folder;
}

/* Opening alone can set a device going: that it is a file is known before. */
static int
open_file(const struct uk_doctor *doctor, const char *path, int *out)
{
    int fd = open_any(doctor, path, O_PATH), sys = 0;
    char again[64];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        sys = errno;
    } else if (!S_ISREG(st.st_mode)) {
        sys = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    } else {
        snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
        *out = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        sys = *out < 0 ? errno : 0;
    }
    uk_io_close(&fd);
    return sys;
}

static bool
read_planned(const struct uk_doctor *doctor, const char *path,
             struct uk_buf *to)
{
    for (size_t i = 0; i < doctor->n_planned; i++) {
        const struct uk_planned *planned = &doctor->planned[i];

        if (strcmp(planned->path, path) == 0) {
            uk_buf_add(to, uk_buf_peek(planned->text), planned->text->len);
            return true;
        }
    }
    return false;
}

int
uk_doctor_read(const struct uk_doctor *doctor, const char *path,
               struct uk_buf *to)
{
    struct uk_err err = UK_ERR_NONE;
    int fd = -1, sys;

    if (read_planned(doctor, path, to))
        return 0;
    sys = open_file(doctor, path, &fd);
    if (sys == 0 &&
        uk_io_read_all(fd, to, uk_deadline_in(READ_MS), &err) != UK_OK)
        sys = err.sys != 0 ? err.sys : EFBIG;
    uk_io_close(&fd);
    return sys;
}

bool
uk_doctor_is_there(const struct uk_doctor *doctor, const char *path,
                   unsigned type)
{
    struct stat st = {.st_mode = 0};

    return uk_doctor_stat(doctor, path, true, &st) == 0 &&
           (st.st_mode & S_IFMT) == type;
}
