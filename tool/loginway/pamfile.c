/* Files of /etc/pam.d, read and replaced whole; what they were is kept. */
#include "tool/loginway/pamfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/file.h"
#include "core/io.h"
#include "tool/terminal/language.h"

#define NEW ".userkey-new" /* libpam and packagers pass files with a dot by */

static const struct uk_deadline no_deadline = {.at_ns = INT64_MAX};

const char uk_loginfile_stack[] =
#include "tool/loginway/stack.inc"
    ;

bool
uk_loginfile_is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return len > 0 && len <= 64 && name[len] == '\0';
}

static void
make_path(char to[UK_LOGINFILE_PATH], const char *folder, const char *name,
          const char *end)
{
    snprintf(to, UK_LOGINFILE_PATH, "%s/%s%s", folder, name, end);
}

enum uk_code
uk_loginfile_read(const char *service, struct uk_buf *out, struct uk_err *err)
{
    char path[UK_LOGINFILE_PATH];
    enum uk_code code;
    struct stat st;
    int fd;

    make_path(path, UK_LOGINFILE_PAM, service, "");
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 && errno == ELOOP)
        return uk_err_set(err, UK_INVALID,
                          _("'%s' is a symbolic link: somebody else keeps that "
                            "file"),
                          path);
    if (fd < 0)
        return uk_err_sys(err, errno, _("opening '%s'"), path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        code =
            uk_err_set(err, UK_INVALID, _("'%s' is not a regular file"), path);
    else
        code = uk_file_read_rest(fd, out, err);
    uk_io_close(&fd);
    if (code == UK_OK && strlen(uk_buf_peek(out)) < out->len)
        code = uk_err_set(err, UK_INVALID, _("it has a NUL byte"));
    return code == UK_OK ? code : uk_err_in(err, _("reading '%s'"), path);
}

/* Owner and mode of what is replaced. */
static enum uk_code
fill(int fd, const struct stat *like, const struct uk_buf *text,
     struct uk_err *err)
{
    if (fchown(fd, like->st_uid, like->st_gid) != 0 ||
        fchmod(fd, like->st_mode & 07777) != 0)
        return uk_err_sys(err, errno, _("setting owner and mode"));
    if (uk_io_write_all(fd, text->bytes, text->len, no_deadline, err) != UK_OK)
        return err->code;
    return fsync(fd) == 0 ? UK_OK : uk_err_sys(err, errno, _("flushing"));
}

static void
flush_folder(void)
{
    int fd = open(UK_LOGINFILE_PAM, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void)fsync(fd); /* the file is whole in any case */
    uk_io_close(&fd);
}

enum uk_code
uk_loginfile_write(const char *service, const struct uk_buf *text,
                   struct uk_err *err)
{
    char path[UK_LOGINFILE_PATH], fresh[UK_LOGINFILE_PATH];
    struct stat like = {.st_mode = 0644};
    enum uk_code code;
    int fd;

    make_path(path, UK_LOGINFILE_PAM, service, "");
    snprintf(fresh, sizeof(fresh), UK_LOGINFILE_PAM "/.%s" NEW, service);
    if (lstat(path, &like) == 0 && !S_ISREG(like.st_mode))
        return uk_err_set(err, UK_INVALID, _("'%s' is not a regular file"),
                          path);
    if (unlink(fresh) != 0 && errno != ENOENT) /* of one that was killed */
        return uk_err_sys(err, errno, _("removing '%s'"), fresh);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return uk_err_sys(err, errno, _("creating '%s'"), fresh);
    code = fill(fd, &like, text, err);
    if (close(fd) != 0 && code == UK_OK)
        code = uk_err_sys(err, errno, _("closing"));
    if (code == UK_OK && rename(fresh, path) != 0)
        code = uk_err_sys(err, errno, _("renaming"));
    if (code != UK_OK) {
        unlink(fresh);
        return uk_err_in(err, _("writing '%s'"), path);
    }
    flush_folder();
    return UK_OK;
}

enum uk_code
uk_loginfile_remove(const char *service, struct uk_err *err)
{
    char path[UK_LOGINFILE_PATH];

    make_path(path, UK_LOGINFILE_PAM, service, "");
    if (unlink(path) != 0 && errno != ENOENT)
        return uk_err_sys(err, errno, _("removing '%s'"), path);
    flush_folder();
    return UK_OK;
}

enum uk_code
uk_loginfile_keep(const char *name, const struct uk_buf *text,
                  struct uk_err *err)
{
    char path[UK_LOGINFILE_PATH];

    make_path(path, UK_LOGINFILE_STATE, name, "");
    if (uk_file_make_folder(UK_LOGINFILE_STATE, 0700, err) != UK_OK)
        return err->code;
    return uk_file_replace(path, text->bytes, text->len, 0600, err);
}

enum uk_code
uk_loginfile_kept(const char *name, struct uk_buf *out, struct uk_err *err)
{
    char path[UK_LOGINFILE_PATH];

    make_path(path, UK_LOGINFILE_STATE, name, "");
    return uk_file_read(path, UK_FILE_TRUSTED, out, err);
}

static bool
read_and_take(bool (*take)(void *context, const char *service,
                           const char *text),
              void *context, const char *name)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_LOGINFILE_MAX);
    struct uk_err ignored = UK_ERR_NONE;
    bool go_on = true;

    if (uk_loginfile_read(name, &text, &ignored) == UK_OK)
        go_on = take(context, name, uk_buf_peek(&text));
    uk_buf_clear(&text);
    return go_on;
}

enum uk_code
uk_loginfile_each(bool (*take)(void *context, const char *service,
                               const char *text),
                  void *context, struct uk_err *err)
{
    DIR *dir = opendir(UK_LOGINFILE_PAM);
    struct dirent *entry;

    if (dir == NULL)
        return uk_err_sys(err, errno, _("opening '%s'"), UK_LOGINFILE_PAM);
    while ((entry = readdir(dir)) != NULL) {
        if (uk_loginfile_is_name(entry->d_name) &&
            !read_and_take(take, context, entry->d_name))
            break;
    }
    closedir(dir);
    return UK_OK;
}
