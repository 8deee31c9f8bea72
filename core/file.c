/* Open only what is safe to believe; replace whole files. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"
#include "core/str.h"

#define OPEN_FOLDER (O_PATH | O_NOFOLLOW | O_CLOEXEC)
#define ANY_WRITER  (S_IWGRP | S_IWOTH)
#define ANY_OTHER   (S_IRWXG | S_IRWXO)

/* poll() never waits for a regular file, so no deadline can bound it. */
static const struct uk_deadline no_deadline = {.at_ns = INT64_MAX};

/* A walk down an absolute path, one folder held open at a time. */
struct walk {
    const char *path; /* borrowed */
    int folder;       /* owned: the folder held, or -1 */
    size_t held;      /* path[0] to path[held - 1] is its name */
    size_t end;       /* path[0] to path[end - 1] is the part's at hand */
    char part[NAME_MAX + 1]; /* without what leads to it */
};

/* What else a folder may be than one that only root and we can write. */
enum sticky {
    STICKY_IS_NOT_ENOUGH, /* where an existing file is believed */
    STICKY_WILL_DO,       /* on the way, and where O_EXCL makes a new file */
};

static bool
is_sticky_of_root(const struct stat *st)
{
    return st->st_uid == 0 && (st->st_mode & S_ISVTX) != 0;
}

/* The kernel refused to do something to the part at hand. */
static enum uk_code
fail(const struct walk *walk, const char *doing, struct uk_err *err)
{
    return uk_err_sys(err, errno, "%s '%.*s'", doing, (int)walk->end,
                      walk->path);
}

/* Can nobody but root and us change it, as far as owner and mode say? */
static enum uk_code
check_owner(const struct stat *st, enum sticky sticky, const char *path,
            size_t len, struct uk_err *err)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%.*s' belongs to uid %lu, who could change it; it "
                          "must belong to root%s",
                          (int)len, path, (unsigned long)st->st_uid,
                          geteuid() == 0 ? "" : " or to us");
    if ((st->st_mode & ANY_WRITER) == 0 ||
        (sticky == STICKY_WILL_DO && is_sticky_of_root(st)))
        return UK_OK;
    return uk_err_set(err, UK_MISCONFIGURED,
                      "'%.*s' can be written by others than its owner (mode "
                      "%04o); chmod go-w",
                      (int)len, path, (unsigned)(st->st_mode & 07777));
}

static enum uk_code
refuse_link(const char *path, size_t len, struct uk_err *err)
{
    return uk_err_set(err, UK_MISCONFIGURED,
                      "'%.*s' is a symbolic link; name the real path", (int)len,
                      path);
}

static enum uk_code
check_folder(const struct walk *walk, enum sticky sticky, struct uk_err *err)
{
    size_t len = walk->held > 0 ? walk->held : 1;
    struct stat st;

    if (fstat(walk->folder, &st) != 0)
        return uk_err_sys(err, errno, "looking at '%.*s'", (int)len,
                          walk->path);
    if (S_ISLNK(st.st_mode))
        return refuse_link(walk->path, len, err);
    if (!S_ISDIR(st.st_mode))
        return uk_err_set(err, UK_MISCONFIGURED, "'%.*s' is not a folder",
                          (int)len, walk->path);
    return check_owner(&st, sticky, walk->path, len, err);
}

static enum uk_code
check_file(const struct walk *walk, const struct stat *st,
           enum uk_file_trust trust, struct uk_err *err)
{
    enum uk_code code;

    if (S_ISLNK(st->st_mode))
        return refuse_link(walk->path, walk->end, err);
    if (!S_ISREG(st->st_mode))
        return uk_err_set(err, UK_MISCONFIGURED, "'%s' is not a regular file",
                          walk->path);
    code = check_owner(st, STICKY_IS_NOT_ENOUGH, walk->path, walk->end, err);
    if (code == UK_OK && trust == UK_FILE_PRIVATE &&
        (st->st_mode & ANY_OTHER) != 0)
        code = uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' can be read by others than its owner (mode "
                          "%04o); chmod 600",
                          walk->path, (unsigned)(st->st_mode & 07777));
    return code;
}

/* Fill in a part's name, which must be one that leads downwards. */
static enum uk_code
take_part(struct walk *walk, size_t begin, size_t end, struct uk_err *err)
{
    if (end - begin > NAME_MAX)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s': a part of the path is longer than %d bytes",
                          walk->path, NAME_MAX);
    memcpy(walk->part, walk->path + begin, end - begin);
    walk->part[end - begin] = '\0';
    if (strcmp(walk->part, ".") == 0 || strcmp(walk->part, "..") == 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s': '.' and '..' may not be parts of the path",
                          walk->path);
    walk->end = end;
    return UK_OK;
}

/* Move to the next part of the path; *more is false at its end. */
static enum uk_code
next_part(struct walk *walk, bool *more, struct uk_err *err)
{
    size_t begin = walk->end + strspn(walk->path + walk->end, "/");
    size_t end = begin + strcspn(walk->path + begin, "/");

    *more = end > begin;
    return *more ? take_part(walk, begin, end, err) : UK_OK;
}

static bool
is_last_part(const struct walk *walk)
{
    return walk->path[walk->end + strspn(walk->path + walk->end, "/")] == '\0';
}

static enum uk_code
start_walk(struct walk *walk, const char *path, struct uk_err *err)
{
    *walk = (struct walk){.path = path, .folder = -1};
    if (path[0] != '/')
        return uk_err_set(err, UK_MISCONFIGURED, "'%s' is not an absolute path",
                          path);
    if (strnlen(path, PATH_MAX) >= PATH_MAX)
        return uk_err_set(err, UK_MISCONFIGURED, "'%s' is over %d bytes long",
                          path, PATH_MAX - 1);
    walk->folder = open("/", OPEN_FOLDER | O_DIRECTORY);
    if (walk->folder < 0)
        return uk_err_sys(err, errno, "opening '/'");
    return UK_OK;
}

/* Step into the part at hand. */
static enum uk_code
enter_part(struct walk *walk, struct uk_err *err)
{
    int fd = openat(walk->folder, walk->part, OPEN_FOLDER);

    if (fd < 0)
        return uk_err_sys(err, errno, "opening '%.*s'", (int)walk->end,
                          walk->path);
    uk_io_close(&walk->folder);
    walk->folder = fd;
    walk->held = walk->end;
    return UK_OK;
}

/* Walk to the folder that holds the last part, believing nothing on the way.
 * The caller closes walk->folder, whatever comes out. */
static enum uk_code
walk_to_holder(struct walk *walk, const char *path, enum sticky holder,
               struct uk_err *err)
{
    enum uk_code code = start_walk(walk, path, err);
    bool more;

    while (code == UK_OK) {
        code = next_part(walk, &more, err);
        if (code != UK_OK)
            break;
        if (!more)
            return uk_err_set(err, UK_MISCONFIGURED, "'%s' is not a file",
                              path);
        if (is_last_part(walk))
            return check_folder(walk, holder, err);
        code = check_folder(walk, STICKY_WILL_DO, err);
        if (code == UK_OK)
            code = enter_part(walk, err);
    }
    return code;
}

/* Looked at twice: once so that no device or pipe is opened, and once through
 * the descriptor, which is what counts. */
static enum uk_code
open_last(const struct walk *walk, enum uk_file_trust trust, int *out,
          struct uk_err *err)
{
    enum uk_code code;
    struct stat st;
    int fd;

    if (fstatat(walk->folder, walk->part, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return uk_err_sys(err, errno, "opening '%.*s'", (int)walk->end,
                          walk->path);
    code = check_file(walk, &st, trust, err);
    if (code != UK_OK)
        return code;
    fd = openat(walk->folder, walk->part,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        code = uk_err_sys(err, errno, "opening '%.*s'", (int)walk->end,
                          walk->path);
    else
        code = check_file(walk, &st, trust, err);
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
    struct walk walk;
    enum uk_code code;

    code = walk_to_holder(&walk, path, STICKY_IS_NOT_ENOUGH, err);
    if (code == UK_OK)
        code = open_last(&walk, trust, fd, err);
    uk_io_close(&walk.folder);
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
    code = uk_io_read_all(fd, buf, no_deadline, err);
    if (code != UK_OK)
        uk_err_in(err, "reading '%s'", path);
    uk_io_close(&fd);
    return code;
}

/* The part at hand, made with exactly this mode, whatever the umask, unless it
 * is there.  Nobody else can put another in its place before the mode is set:
 * the folder that holds it has been checked. */
static enum uk_code
make_part(const struct walk *walk, mode_t mode, struct uk_err *err)
{
    if (mkdirat(walk->folder, walk->part, S_IRWXU) != 0)
        return errno == EEXIST ? UK_OK : fail(walk, "making", err);
    if (fchmodat(walk->folder, walk->part, mode, 0) != 0)
        return fail(walk, "making", err);
    return UK_OK;
}

enum uk_code
uk_file_make_folder(const char *path, mode_t mode, struct uk_err *err)
{
    struct walk walk;
    enum uk_code code = start_walk(&walk, path, err);
    bool more = false;

    while (code == UK_OK) {
        code = check_folder(&walk, STICKY_WILL_DO, err);
        if (code == UK_OK)
            code = next_part(&walk, &more, err);
        if (code != UK_OK || !more)
            break;
        code = make_part(&walk, mode, err);
        if (code == UK_OK)
            code = enter_part(&walk, err);
    }
    uk_io_close(&walk.folder);
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
write_new(const struct walk *walk, const char *name, const void *bytes,
          size_t len, mode_t mode, struct uk_err *err)
{
    enum uk_code code;
    int fd;

    fd = openat(walk->folder, name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                S_IRUSR | S_IWUSR);
    if (fd < 0)
        return fail(walk, "creating", err);
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
flush_folder(const struct walk *walk, struct uk_err *err)
{
    enum uk_code code = UK_OK;
    int fd = openat(walk->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* EINVAL: a file system that keeps nothing. */
    if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL)
        code = fail(walk, "flushing the folder of", err);
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
replace_last(const struct walk *walk, const void *bytes, size_t len,
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
        code = fail(walk, "replacing", err);
        unlinkat(walk->folder, name, 0);
        return code;
    }
    return flush_folder(walk, err);
}

enum uk_code
uk_file_replace(const char *path, const void *bytes, size_t len, mode_t mode,
                struct uk_err *err)
{
    struct walk walk;
    enum uk_code code;

    code = walk_to_holder(&walk, path, STICKY_IS_NOT_ENOUGH, err);
    if (code == UK_OK)
        code = replace_last(&walk, bytes, len, mode, err);
    uk_io_close(&walk.folder);
    return code;
}

enum uk_code
uk_file_create(const char *path, const void *bytes, size_t len, mode_t mode,
               struct uk_err *err)
{
    struct walk walk;
    enum uk_code code;

    code = walk_to_holder(&walk, path, STICKY_WILL_DO, err);
    if (code == UK_OK)
        code = write_new(&walk, walk.part, bytes, len, mode, err);
    if (code == UK_OK)
        code = flush_folder(&walk, err);
    uk_io_close(&walk.folder);
    return code;
}
