/* A way down an absolute path, each folder checked. */
#include "core/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/io.h"

#define OPEN_FOLDER (O_PATH | O_NOFOLLOW | O_CLOEXEC)
#define ANY_WRITER  (S_IWGRP | S_IWOTH)
#define ANY_OTHER   (S_IRWXG | S_IRWXO)

static bool
is_sticky_of_root(const struct stat *st)
{
    return st->st_uid == 0 && (st->st_mode & S_ISVTX) != 0;
}

enum uk_code
uk_walk_fail(const struct uk_walk *walk, const char *doing, struct uk_err *err)
{
    return uk_err_sys(err, errno, "%s '%.*s'", doing, (int)walk->end,
                      walk->path);
}

static enum uk_code
refuse(const char *path, size_t len, const char *why, struct uk_err *err)
{
    return uk_err_set(err, UK_MISCONFIGURED, "'%.*s' %s", (int)len, path, why);
}

static enum uk_code
refuse_mode(const char *path, size_t len, mode_t mode, const char *done,
            const char *cure, struct uk_err *err)
{
    return uk_err_set(err, UK_MISCONFIGURED,
                      "'%.*s' can be %s by others than its owner (mode %04o); "
                      "chmod %s",
                      (int)len, path, done, (unsigned)(mode & 07777), cure);
}

/* Is it of that type, and can nobody but root and us change it, as far as
 * owner and mode say? */
static enum uk_code
check(const struct stat *st, mode_t type, enum uk_walk_sticky sticky,
      const char *path, size_t len, struct uk_err *err)
{
    if (S_ISLNK(st->st_mode))
        return refuse(path, len, "is a symbolic link; name the real path", err);
    if ((st->st_mode & S_IFMT) != type)
        return refuse(
            path, len,
            type == S_IFDIR ? "is not a folder" : "is not a regular file", err);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%.*s' belongs to uid %lu, who could change it; it "
                          "must belong to root%s",
                          (int)len, path, (unsigned long)st->st_uid,
                          geteuid() == 0 ? "" : " or to us");
    if ((st->st_mode & ANY_WRITER) != 0 &&
        !(sticky == UK_WALK_STICKY_WILL_DO && is_sticky_of_root(st)))
        return refuse_mode(path, len, st->st_mode, "written", "go-w", err);
    return UK_OK;
}

/* The folder at hand: how much of the path is its name. */
static size_t
folder_len(const struct uk_walk *walk)
{
    return walk->held > 0 ? walk->held : 1;
}

static enum uk_code
fail_folder(const struct uk_walk *walk, const char *doing, struct uk_err *err)
{
    return uk_err_sys(err, errno, "%s '%.*s'", doing, (int)folder_len(walk),
                      walk->path);
}

enum uk_code
uk_walk_check(const struct uk_walk *walk, enum uk_walk_sticky sticky,
              struct uk_err *err)
{
    struct stat st;

    if (fstat(walk->folder, &st) != 0)
        return fail_folder(walk, "looking at", err);
    return check(&st, S_IFDIR, sticky, walk->path, folder_len(walk), err);
}

enum uk_code
uk_walk_check_file(const struct uk_walk *walk, const struct stat *st,
                   bool is_private, struct uk_err *err)
{
    enum uk_code code =
        check(st, S_IFREG, UK_WALK_STICKY_REFUSED, walk->path, walk->end, err);

    if (code == UK_OK && is_private && (st->st_mode & ANY_OTHER) != 0)
        code =
            refuse_mode(walk->path, walk->end, st->st_mode, "read", "600", err);
    return code;
}

/* Fill in a part's name, which must be one that leads downwards. */
static enum uk_code
take_part(struct uk_walk *walk, size_t begin, size_t end, struct uk_err *err)
{
    if (end - begin > NAME_MAX)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s': a part of the path is longer than %d bytes",
                          walk->path, NAME_MAX);
    memcpy(walk->part, walk->path + begin, end - begin);
    walk->part[end - begin] = '\0';
    if (strcmp(walk->part, ".") == 0 || strcmp(walk->part, "..") == 0)
        return refuse(walk->path, end, "has '.' or '..' among its parts", err);
    walk->end = end;
    return UK_OK;
}

enum uk_code
uk_walk_next(struct uk_walk *walk, bool *more, struct uk_err *err)
{
    size_t begin = walk->end + strspn(walk->path + walk->end, "/");
    size_t end = begin + strcspn(walk->path + begin, "/");

    *more = end > begin;
    return *more ? take_part(walk, begin, end, err) : UK_OK;
}

static bool
is_last_part(const struct uk_walk *walk)
{
    return walk->path[walk->end + strspn(walk->path + walk->end, "/")] == '\0';
}

static enum uk_code
begin(struct uk_walk *walk, const char *path, struct uk_err *err)
{
    *walk = (struct uk_walk){.path = path, .folder = -1};
    if (path[0] != '/')
        return refuse(path, strlen(path), "is not an absolute path", err);
    if (strnlen(path, PATH_MAX) >= PATH_MAX)
        return uk_err_set(err, UK_MISCONFIGURED, "'%s' is over %d bytes long",
                          path, PATH_MAX - 1);
    return UK_OK;
}

enum uk_code
uk_walk_open(struct uk_walk *walk, const char *path, struct uk_err *err)
{
    enum uk_code code = begin(walk, path, err);

    if (code != UK_OK)
        return code;
    walk->folder = open("/", OPEN_FOLDER | O_DIRECTORY);
    if (walk->folder < 0)
        return uk_err_sys(err, errno, "opening '/'");
    return UK_OK;
}

enum uk_code
uk_walk_enter(struct uk_walk *walk, struct uk_err *err)
{
    int fd = openat(walk->folder, walk->part, OPEN_FOLDER);

    if (fd < 0)
        return uk_walk_fail(walk, "opening", err);
    uk_io_close(&walk->folder);
    walk->folder = fd;
    walk->held = walk->end;
    return UK_OK;
}

static void
name_folder(const struct uk_walk *walk, char name[PATH_MAX])
{
    memcpy(name, walk->path, folder_len(walk));
    name[folder_len(walk)] = '\0';
}

/*
 * By its name, which costs a third of opening it.  Nobody but root and us can
 * put another folder in its place: that is what the looks at those above it
 * have found out, which is why they come first.
 */
static enum uk_code
look(const struct uk_walk *walk, enum uk_walk_sticky sticky, struct uk_err *err)
{
    char name[PATH_MAX];
    struct stat st;

    name_folder(walk, name);
    if (lstat(name, &st) != 0)
        return fail_folder(walk, "opening", err);
    return check(&st, S_IFDIR, sticky, walk->path, folder_len(walk), err);
}

/* To the last part; the folder that holds it is the first not looked at. */
static enum uk_code
go_down(struct uk_walk *walk, const char *path, struct uk_err *err)
{
    enum uk_code code = begin(walk, path, err);
    bool more;

    while (code == UK_OK) {
        code = uk_walk_next(walk, &more, err);
        if (code != UK_OK)
            break;
        if (!more)
            return refuse(path, strlen(path), "is not a file", err);
        if (is_last_part(walk))
            return UK_OK;
        code = look(walk, UK_WALK_STICKY_WILL_DO, err);
        walk->held = walk->end;
    }
    return code;
}

static enum uk_code
hold(struct uk_walk *walk, struct uk_err *err)
{
    char name[PATH_MAX];

    name_folder(walk, name);
    walk->folder = open(name, OPEN_FOLDER);
    return walk->folder >= 0 ? UK_OK : fail_folder(walk, "opening", err);
}

enum uk_code
uk_walk_to_last(struct uk_walk *walk, const char *path,
                enum uk_walk_sticky sticky, struct uk_err *err)
{
    enum uk_code code = go_down(walk, path, err);

    if (code == UK_OK)
        code = hold(walk, err);
    return code == UK_OK ? uk_walk_check(walk, sticky, err) : code;
}

enum uk_code
uk_walk_look(const char *path, enum uk_walk_sticky sticky, struct uk_err *err)
{
    struct uk_walk walk;
    enum uk_code code = go_down(&walk, path, err);

    return code == UK_OK ? look(&walk, sticky, err) : code;
}

void
uk_walk_close(struct uk_walk *walk)
{
    uk_io_close(&walk->folder);
}
