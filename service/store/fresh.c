/* A file that is made beside its place, and is there once it is whole. */
#include "service/store/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/file.h"
#include "core/io.h"
#include "service/value/path.h"

#define PARTIAL ".partial"

/* What SQLite may have beside a database, which it would take for a part of
 * the next one of that name. */
static const char *const sides[] = {"", "-wal", "-shm", "-journal"};

static enum uk_code
name_side(const char *path, size_t side, char out[PATH_MAX], struct uk_err *err)
{
    int n = snprintf(out, PATH_MAX, "%s%s", path, sides[side]);

    if (n < 0 || n >= PATH_MAX)
        return uk_err_set(err, UK_INVALID, "the path is too long");
    return UK_OK;
}

static enum uk_code
check_new(const char *path, struct uk_err *err)
{
    char side[PATH_MAX];
    struct stat st;
    enum uk_code code = UK_OK;

    for (size_t i = 0; i < UK_COUNT(sides) && code == UK_OK; i++) {
        code = name_side(path, i, side, err);
        if (code == UK_OK && lstat(side, &st) == 0)
            code = uk_err_set(err, UK_INVALID,
                              "'%s' is there already, and nothing is "
                              "overwritten",
                              side);
    }
    return code;
}

bool
uk_fresh_has_log(const char *path)
{
    struct uk_err err = UK_ERR_NONE;
    char side[PATH_MAX];
    struct stat st;

    for (size_t i = 1; i < UK_COUNT(sides); i++) {
        if (name_side(path, i, side, &err) == UK_OK && lstat(side, &st) == 0)
            return true;
    }
    return false;
}

/* From this side on. */
static void
remove_beside(const struct uk_fresh *fresh, size_t first)
{
    struct uk_err err = UK_ERR_NONE;
    char side[PATH_MAX];

    for (size_t i = first; i < UK_COUNT(sides); i++) {
        if (name_side(fresh->beside, i, side, &err) == UK_OK)
            unlink(side);
    }
}

/* Whoever has the lock of the file that stands there may do with it as they
 * like; one that was moved away meanwhile is nothing. */
static enum uk_code
lock(struct uk_fresh *fresh, struct uk_err *err)
{
    struct stat ours, there;
    enum uk_code code;

    code = uk_file_open(fresh->beside, UK_FILE_PRIVATE, &fresh->fd, err);
    if (code != UK_OK)
        return code;
    if (flock(fresh->fd, LOCK_EX | LOCK_NB) == 0 &&
        fstat(fresh->fd, &ours) == 0 && lstat(fresh->beside, &there) == 0 &&
        ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
        return UK_OK;
    uk_io_close(&fresh->fd);
    return uk_err_set(err, UK_INVALID, "somebody else is making '%s'",
                      fresh->path);
}

static enum uk_code
remove_leftover(struct uk_fresh *fresh, struct uk_err *err)
{
    struct stat st;
    enum uk_code code;

    if (lstat(fresh->beside, &st) != 0)
        return UK_OK;
    code = lock(fresh, err);
    if (code == UK_OK)
        remove_beside(fresh, 0);
    uk_io_close(&fresh->fd);
    return code;
}

enum uk_code
uk_fresh_start(struct uk_fresh *fresh, const char *path, struct uk_err *err)
{
    enum uk_code code;

    fresh->fd = -1;
    if (snprintf(fresh->path, PATH_MAX, "%s", path) >= PATH_MAX ||
        snprintf(fresh->beside, PATH_MAX, "%s" PARTIAL, path) >= PATH_MAX)
        return uk_err_set(err, UK_INVALID, "the path is too long");
    code = check_new(path, err);
    if (code == UK_OK)
        code = remove_leftover(fresh, err);
    if (code == UK_OK)
        code = uk_file_create(fresh->beside, "", 0, S_IRUSR | S_IWUSR, err);
    if (code == UK_OK)
        code = lock(fresh, err);
    /* What is left of what is gone: whoever is quicker than we has the lock. */
    if (code == UK_OK)
        remove_beside(fresh, 1);
    return code;
}

/* Not every file system knows how to rename to a name that must be new. */
static int
rename_to_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link(from, to) != 0)
        return -1;
    unlink(from);
    return 0;
}

enum uk_code
uk_fresh_keep(struct uk_fresh *fresh, struct uk_err *err)
{
    char path[PATH_MAX];
    int folder;
    bool flushed;

    /* Whoever closes a database does not hear that its log could not be
     * written into it. */
    if (uk_fresh_has_log(fresh->beside))
        return uk_err_set(err, UK_SYSTEM,
                          "'%s' is not whole: its log could not be written "
                          "into it",
                          fresh->beside);
    if (fsync(fresh->fd) != 0)
        return uk_err_sys(err, errno, "flushing '%s'", fresh->beside);
    if (rename_to_new(fresh->beside, fresh->path) != 0)
        return uk_err_sys(err, errno, "putting '%s' in its place", fresh->path);
    uk_io_close(&fresh->fd);
    uk_path_folder(fresh->path, path);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A folder that we may not read cannot be flushed; EINVAL: a file system
     * that keeps nothing. */
    flushed = folder < 0 || fsync(folder) == 0 || errno == EINVAL;
    if (!flushed)
        uk_err_sys(err, errno, "flushing the folder '%s'", path);
    uk_io_close(&folder);
    return flushed ? UK_OK : err->code;
}

void
uk_fresh_stop(struct uk_fresh *fresh)
{
    if (fresh->fd < 0)
        return;
    remove_beside(fresh, 0);
    uk_io_close(&fresh->fd);
}
