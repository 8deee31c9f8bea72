/* Take away modes that our own files must not have. */
#include "tool/doctor/mend.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/io.h"
#include "core/str.h"
#include "core/walk.h"
#include "tool/terminal/language.h"

#define FILE_MAX (16 * 1024 * 1024)
#define FOLDER   0755
#define PLAIN    0644
#define PRIVATE  0600

bool
uk_doctor_mend_is_ours(const char *path)
{
    const size_t len = sizeof(UK_CONFDIR) - 1;

    return uk_str_starts(path, UK_CONFDIR) &&
           (path[len] == '\0' || (path[len] == '/' && path[len + 1] != '\0' &&
                                  strchr(path + len + 1, '/') == NULL));
}

static enum uk_code
leave(const char *path, const char *why, struct uk_err *err)
{
    return uk_err_set(err, UK_INVALID, "'%s' %s", path, why);
}

/* The part at hand, in a folder that nobody but root can change: what is found
 * out about it stays true. */
static enum uk_code
look(const struct uk_walk *walk, struct stat *st, struct uk_err *err)
{
    if (geteuid() != 0)
        return leave(walk->path, _("can be mended by root only"), err);
    if (fstatat(walk->folder, walk->part, st, AT_SYMLINK_NOFOLLOW) != 0)
        return uk_walk_fail(walk, _("looking at"), err);
    if (st->st_uid != 0)
        return leave(walk->path, _("is somebody else's content"), err);
    return UK_OK;
}

static enum uk_code
look_at_file(const struct uk_walk *walk, struct stat *st, struct uk_err *err)
{
    enum uk_code code = look(walk, st, err);

    if (code == UK_OK && !S_ISREG(st->st_mode))
        code = leave(walk->path, _("is not a regular file"), err);
    if (code == UK_OK && st->st_nlink != 1)
        code = leave(walk->path, _("has another name too"), err);
    return code;
}

static enum uk_code
read_part(const struct uk_walk *walk, struct uk_buf *text, struct uk_err *err)
{
    int fd = openat(walk->folder, walk->part,
                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum uk_code code;

    if (fd < 0)
        return uk_walk_fail(walk, _("opening"), err);
    code = uk_file_read_rest(fd, text, err);
    uk_io_close(&fd);
    return code;
}

/* Who may read it by its group still may. */
static enum uk_code
keep_group(const struct uk_walk *walk, gid_t group, struct uk_err *err)
{
    if (group != 0 && fchownat(walk->folder, walk->part, (uid_t)-1, group,
                               AT_SYMLINK_NOFOLLOW) != 0)
        return uk_walk_fail(walk, _("giving its group back to"), err);
    return UK_OK;
}

enum uk_code
uk_doctor_mend_file(const char *path, bool is_private, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    struct uk_walk walk;
    struct stat st;
    enum uk_code code;

    if (!uk_doctor_mend_is_ours(path))
        return uk_err_set(err, UK_INVALID, _("'%s' does not stand in '%s'"),
                          path, UK_CONFDIR);
    code = uk_walk_to_last(&walk, path, UK_WALK_STICKY_REFUSED, err);
    if (code == UK_OK)
        code = look_at_file(&walk, &st, err);
    if (code == UK_OK)
        code = read_part(&walk, &text, err);
    if (code == UK_OK)
        code =
            uk_file_replace(path, uk_buf_peek(&text), text.len,
                            st.st_mode & (is_private ? PRIVATE : PLAIN), err);
    if (code == UK_OK)
        code = keep_group(&walk, st.st_gid, err);
    uk_walk_close(&walk);
    uk_buf_clear(&text);
    return code;
}

/* The part at hand; its entries are safe once the mode is: who has a folder
 * open is asked again for each name. */
static enum uk_code
set_folder(const struct uk_walk *walk, const struct stat *st,
           struct uk_err *err)
{
    int fd = openat(walk->folder, walk->part,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum uk_code code = UK_OK;

    if (fd < 0)
        return uk_walk_fail(walk, _("opening"), err);
    if (fchmod(fd, st->st_mode & FOLDER) != 0)
        code = uk_walk_fail(walk, _("changing the mode of"), err);
    uk_io_close(&fd);
    return code;
}

enum uk_code
uk_doctor_mend_folder(struct uk_err *err)
{
    struct uk_walk walk;
    struct stat st = {.st_mode = 0};
    enum uk_code code;

    code = uk_walk_to_last(&walk, UK_CONFDIR, UK_WALK_STICKY_REFUSED, err);
    if (code == UK_OK)
        code = look(&walk, &st, err);
    if (code == UK_OK && !S_ISDIR(st.st_mode))
        code = leave(UK_CONFDIR, _("is not a folder"), err);
    if (code == UK_OK && (st.st_mode & S_ISVTX) != 0)
        code = leave(UK_CONFDIR, _("is sticky: it is shared on purpose"), err);
    if (code == UK_OK)
        code = set_folder(&walk, &st, err);
    uk_walk_close(&walk);
    return code;
}
