/* A session that is kept for the time of a login, as a file. */
#include "pam_module/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/io.h"
#include "core/str.h"
#include "pam_module/keptacl.h"
#include "pam_module/keptopener.h"

#define FOLDER_MODE 0711 /* users reach their file, and cannot list others' */

static enum uk_code
make_path(char path[UK_KEPT_PATH_SIZE], struct uk_err *err)
{
    unsigned char random[UK_KEPT_NAME / 2];
    char name[UK_KEPT_NAME + 1];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return uk_err_sys(err, errno, "getting random numbers");
    uk_str_hex(name, random, sizeof(random));
    snprintf(path, UK_KEPT_PATH_SIZE, UK_KEPT_FOLDER "/%s", name);
    return UK_OK;
}

/* A write beyond the limit is a signal that ends the host, between the login
 * at the service and our line in the log; and signals are the host's. */
static enum uk_code
check_limit(size_t len, struct uk_err *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return uk_err_sys(err, errno, "looking up the limit on files' sizes");
    if (limit.rlim_cur < len)
        return uk_err_set(err, UK_SYSTEM,
                          "the process may write files of %llu bytes only "
                          "('ulimit -f')",
                          (unsigned long long)limit.rlim_cur);
    return UK_OK;
}

enum uk_code
uk_kept_make(const struct uk_kept *kept, char path[UK_KEPT_PATH_SIZE],
             struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_KEPT_MAX);
    char made[UK_KEPT_PATH_SIZE];
    enum uk_code code = uk_kept_pack(kept, &text, err);

    if (code == UK_OK)
        code = check_limit(text.len, err);
    if (code == UK_OK)
        code = make_path(made, err);
    if (code == UK_OK)
        code = uk_file_make_folder(UK_KEPT_FOLDER, FOLDER_MODE, err);
    if (code == UK_OK)
        code = uk_file_create(made, text.bytes, text.len, 0600, err);
    if (code == UK_OK)
        memcpy(path, made, sizeof(made));
    uk_buf_clear(&text);
    return code;
}

bool
uk_kept_is_path(const char *path)
{
    return uk_str_starts(path, UK_KEPT_FOLDER "/") &&
           uk_str_is_hex(path + sizeof(UK_KEPT_FOLDER), UK_KEPT_NAME);
}

/* The folder is believed only after every part of its path has been looked
 * at, and then the name in it is nobody's to exchange. */
static enum uk_code
open_kept(const char *path, int *out, struct uk_err *err)
{
    enum uk_code code = uk_file_make_folder(UK_KEPT_FOLDER, FOLDER_MODE, err);
    struct stat st;
    int fd = -1;

    if (code != UK_OK)
        return code;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        code = uk_err_sys(err, errno, "opening '%s'", path);
    else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        code = uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is not a regular file of our own", path);
    if (code != UK_OK)
        uk_io_close(&fd);
    else
        *out = fd;
    return code;
}

enum uk_code
uk_kept_give(const char *path, const struct uk_account *account,
             struct uk_err *err)
{
    int fd = -1;
    enum uk_code code = open_kept(path, &fd, err);

    if (code == UK_OK) {
        code = uk_keptacl_set(fd, account->uid, err);
        if (code == UK_OK)
            uk_keptopener_sign(fd);
        else
            uk_err_in(err, "letting user '%s' read '%s'", account->name, path);
    }
    uk_io_close(&fd);
    return code;
}

static enum uk_code
check_account(const char *path, const char *owner, const char *account,
              struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];

    if (account == NULL || strcmp(owner, account) == 0)
        return UK_OK;
    return uk_err_set(err, UK_MISCONFIGURED,
                      "'%s' is a session of '%s' and not of '%s'", path, owner,
                      uk_str_printable(shown, account, strlen(account)));
}

enum uk_code
uk_kept_read(const char *path, const char *account, struct uk_secret *refresh,
             struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_KEPT_MAX);
    struct uk_secret token = UK_SECRET_NONE;
    char owner[UK_NAME_MAX + 1];
    int fd = -1;
    enum uk_code code = open_kept(path, &fd, err);

    if (code != UK_OK)
        return code;
    code = uk_file_read_rest(fd, &text, err); /* as far as the buffer goes */
    if (code == UK_INVALID) /* longer than what was written there */
        code = uk_err_recode(err, UK_BAD_ANSWER);
    if (code == UK_OK)
        code = uk_kept_unpack(uk_buf_peek(&text), text.len, owner, &token, err);
    if (code != UK_OK)
        uk_err_in(err, "reading '%s'", path);
    else
        code = check_account(path, owner, account, err);
    if (code == UK_OK)
        uk_secret_move(refresh, &token);
    uk_secret_clear(&token);
    uk_io_close(&fd);
    uk_buf_clear(&text);
    return code;
}

bool
uk_kept_drop(const char *path)
{
    return unlink(path) == 0;
}
