/* Open only what is safe to believe; replace whole files. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"
#include "core/secret.h"
#include "core/str.h"
#include "core/walk.h"

#define CHUNK 4096

/* poll() never waits for a regular file, so no deadline can bound it. */
static const struct uk_deadline no_deadline = {.at_ns = INT64_MAX};

/* Looked at twice: once so that no device or pipe is opened, and once through
 * the descriptor, which is what counts. */
static enum uk_code
open_last(const struct uk_walk *walk, enum uk_file_trust trust, int *out,
          struct uk_err *err)
{
    enum uk_code code;
    struct stat st;
    int fd;

    if (fstatat(walk->folder, walk->part, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return uk_walk_fail(walk, "opening", err);
    code = uk_walk_check_file(walk, &st, trust == UK_FILE_PRIVATE, err);
    if (code != UK_OK)
        return code;
    fd = openat(walk->folder, walk->part,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        code = uk_walk_fail(walk, "opening", err);
    else
        code = uk_walk_check_file(walk, &st, trust == UK_FILE_PRIVATE, err);
    if (code != UK_OK)
        uk_io_close(&fd);
    else
        *out = fd;
    return code;
}

enum uk_code
uk_file_open(const char *path, enum uk_file_trust trust, int *fd,
             struct uk_err *err)
{
    struct uk_walk walk;
    enum uk_code code;

    code = uk_walk_to_last(&walk, path, UK_WALK_STICKY_REFUSED, err);
    if (code == UK_OK)
        code = open_last(&walk, trust, fd, err);
    uk_walk_close(&walk);
    return code;
}

enum uk_code
uk_file_read_rest(int fd, struct uk_buf *buf, struct uk_err *err)
{
    enum uk_code code = UK_OK;
    char chunk[CHUNK];
    ssize_t n;

    do {
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno != EINTR)
            code = uk_err_sys(err, errno, "reading");
        if (n <= 0)
            continue;
        uk_buf_add(buf, chunk, (size_t)n);
        uk_wipe(chunk, (size_t)n);
        code = uk_buf_check(buf, err);
    } while (code == UK_OK && n != 0);
    return code;
}

enum uk_code
uk_file_read(const char *path, enum uk_file_trust trust, struct uk_buf *buf,
             struct uk_err *err)
{
    enum uk_code code;
    int fd = -1;

    code = uk_file_open(path, trust, &fd, err);
    if (code != UK_OK)
        return code;
    code = uk_file_read_rest(fd, buf, err);
    if (code != UK_OK)
        uk_err_in(err, "reading '%s'", path);
    uk_io_close(&fd);
    return code;
}

/* The part at hand, made with exactly this mode, whatever the umask, unless it
 * is there.  Nobody else can put another in its place before the mode is set:
 * the folder that holds it has been checked. */
static enum uk_code
make_part(const struct uk_walk *walk, mode_t mode, struct uk_err *err)
{
    if (mkdirat(walk->folder, walk->part, S_IRWXU) != 0)
        return errno == EEXIST ? UK_OK : uk_walk_fail(walk, "making", err);
    if (fchmodat(walk->folder, walk->part, mode, 0) != 0)
        return uk_walk_fail(walk, "making", err);
    return UK_OK;
}

enum uk_code
uk_file_make_folder(const char *path, mode_t mode, struct uk_err *err)
{
    struct uk_walk walk;
    enum uk_code code = uk_walk_open(&walk, path, err);
    bool more = false;

    while (code == UK_OK) {
        code = uk_walk_check(&walk, UK_WALK_STICKY_WILL_DO, err);
        if (code == UK_OK)
            code = uk_walk_next(&walk, &more, err);
        if (code != UK_OK || !more)
            break;
        code = make_part(&walk, mode, err);
        if (code == UK_OK)
            code = uk_walk_enter(&walk, err);
    }
    uk_walk_close(&walk);
    return code;
}

/* Write, flush, and only then show it to whom mode admits. */
static enum uk_code
fill_file(int fd, const void *bytes, size_t len, mode_t mode,
          struct uk_err *err)
{
    enum uk_code code = uk_io_write_all(fd, bytes, len, no_deadline, err);

    if (code == UK_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        code = uk_err_sys(err, errno, "writing");
    return code;
}

/* A file that was not there before, gone again if it cannot be filled. */
static enum uk_code
write_new(const struct uk_walk *walk, const char *name, const void *bytes,
          size_t len, mode_t mode, struct uk_err *err)
{
    enum uk_code code;
    int fd;

    fd = openat(walk->folder, name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                S_IRUSR | S_IWUSR);
    if (fd < 0)
        return uk_walk_fail(walk, "creating", err);
    code = fill_file(fd, bytes, len, mode, err);
    if (code != UK_OK) {
        uk_err_in(err, "creating '%s'", walk->path);
        unlinkat(walk->folder, name, 0);
    }
    uk_io_close(&fd);
    return code;
}

/* Make the new name last through a power failure.  A folder that we may write
 * but not read cannot be flushed; the file is complete all the same. */
static enum uk_code
flush_folder(const struct uk_walk *walk, struct uk_err *err)
{
    enum uk_code code = UK_OK;
    int fd = openat(walk->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* EINVAL: a file system that keeps nothing. */
    if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL)
        code = uk_walk_fail(walk, "flushing the folder of", err);
    uk_io_close(&fd);
    return code;
}

static enum uk_code
make_name(char *name, size_t size, struct uk_err *err)
{
    unsigned char random[8];
    char hex[2 * sizeof(random) + 1];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return uk_err_sys(err, errno, "getting random numbers");
    uk_str_hex(hex, random, sizeof(random));
    snprintf(name, size, ".userkey-%s", hex);
    return UK_OK;
}

static enum uk_code
replace_last(const struct uk_walk *walk, const void *bytes, size_t len,
             mode_t mode, struct uk_err *err)
{
    char name[64];
    enum uk_code code;

    code = make_name(name, sizeof(name), err);
    if (code == UK_OK)
        code = write_new(walk, name, bytes, len, mode, err);
    if (code != UK_OK)
        return code;
    if (renameat(walk->folder, name, walk->folder, walk->part) != 0) {
        code = uk_walk_fail(walk, "replacing", err);
        unlinkat(walk->folder, name, 0);
        return code;
    }
    return flush_folder(walk, err);
}

enum uk_code
uk_file_replace(const char *path, const void *bytes, size_t len, mode_t mode,
                struct uk_err *err)
{
    struct uk_walk walk;
    enum uk_code code;

    code = uk_walk_to_last(&walk, path, UK_WALK_STICKY_REFUSED, err);
    if (code == UK_OK)
        code = replace_last(&walk, bytes, len, mode, err);
    uk_walk_close(&walk);
    return code;
}

enum uk_code
uk_file_create(const char *path, const void *bytes, size_t len, mode_t mode,
               struct uk_err *err)
{
    struct uk_walk walk;
    enum uk_code code;

    code = uk_walk_to_last(&walk, path, UK_WALK_STICKY_WILL_DO, err);
    if (code == UK_OK)
        code = write_new(&walk, walk.part, bytes, len, mode, err);
    if (code == UK_OK) {
        code = flush_folder(&walk, err);
        if (code != UK_OK)
            unlinkat(walk.folder, walk.part, 0);
    }
    uk_walk_close(&walk);
    return code;
}
