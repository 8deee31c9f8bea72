/* A session that is kept for the time of a login, as a file of the user's. */
#include "pam_module/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/io.h"
#include "core/str.h"

#define FOLDER_MODE 0711 /* users reach their file, and cannot list others' */

/* Seconds that a file may wait for its login: more than any host's grace. */
#define WAITS_MOST 600

/* What tells a session of root's own, which is in use, from one that waits:
 * the owner of both is root. */
#define TAKEN_BY_ROOT S_IXUSR

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

/* Did nobody take it over in time? */
static bool
is_forgotten(const struct stat *st, time_t now)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
           (st->st_mode & TAKEN_BY_ROOT) == 0 &&
           st->st_mtime < now - WAITS_MOST;
}

/* A login may come to nothing in a process that ends without a word to PAM
 * (sshd's, where a later module refuses); the next login clears away what that
 * one left. */
static void
sweep(void)
{
    struct timespec now;
    struct dirent *entry;
    struct stat st;
    int fd = open(UK_KEPT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;

    if (folder == NULL) {
        uk_io_close(&fd);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    while ((entry = readdir(folder)) != NULL) {
        if (uk_str_is_hex(entry->d_name, UK_KEPT_NAME) &&
            fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            is_forgotten(&st, now.tv_sec))
            unlinkat(fd, entry->d_name, 0);
    }
    closedir(folder);
}

enum uk_code
uk_kept_make(const struct uk_kept *kept, char path[UK_KEPT_PATH_SIZE],
             struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_KEPT_MAX);
    char made[UK_KEPT_PATH_SIZE];
    enum uk_code code = uk_kept_pack(kept, &text, err);

    if (code == UK_OK)
        code = make_path(made, err);
    if (code == UK_OK)
        code = uk_file_make_folder(UK_KEPT_FOLDER, FOLDER_MODE, err);
    if (code == UK_OK)
        code = uk_file_create(made, text.bytes, text.len, 0600, err);
    if (code == UK_OK) {
        memcpy(path, made, sizeof(made));
        sweep();
    }
    uk_buf_clear(&text);
    return code;
}

bool
uk_kept_is_path(const char *path)
{
    return uk_str_starts(path, UK_KEPT_FOLDER "/") &&
           uk_str_is_hex(path + sizeof(UK_KEPT_FOLDER), UK_KEPT_NAME);
}

/* Is it a plain file, and whose?  A second name would be somebody's trick. */
static enum uk_code
check_file(const char *path, const struct stat *st,
           const struct uk_account *account, struct uk_err *err)
{
    if (!S_ISREG(st->st_mode) || st->st_nlink != 1)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is not a regular file with one name", path);
    if (st->st_uid != geteuid() && st->st_uid != account->uid)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' belongs to uid %lu, who did not log in", path,
                          (unsigned long)st->st_uid);
    return UK_OK;
}

/* The folder is believed only after every part of its path has been looked
 * at, and then the name in it is nobody's to exchange. */
static enum uk_code
open_kept(const char *path, const struct uk_account *account, struct stat *st,
          int *out, struct uk_err *err)
{
    enum uk_code code = uk_file_make_folder(UK_KEPT_FOLDER, FOLDER_MODE, err);
    int fd = -1;

    if (code != UK_OK)
        return code;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, st) != 0)
        code = uk_err_sys(err, errno, "opening '%s'", path);
    else
        code = check_file(path, st, account, err);
    if (code != UK_OK)
        uk_io_close(&fd);
    else
        *out = fd;
    return code;
}

static int
give(int fd, const struct uk_account *account)
{
    if (account->uid == geteuid())
        return fchmod(fd, S_IRUSR | S_IWUSR | TAKEN_BY_ROOT);
    return fchown(fd, account->uid, account->gid);
}

enum uk_code
uk_kept_give(const char *path, const struct uk_account *account,
             struct uk_err *err)
{
    struct stat st;
    int fd = -1;
    enum uk_code code = open_kept(path, account, &st, &fd, err);

    if (code == UK_OK && give(fd, account) != 0)
        code = uk_err_sys(err, errno, "giving '%s' to user '%s'", path,
                          account->name);
    uk_io_close(&fd);
    return code;
}

enum uk_code
uk_kept_read(const char *path, const struct uk_account *account,
             struct uk_secret *refresh, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_KEPT_MAX);
    struct stat st;
    int fd = -1;
    enum uk_code code = open_kept(path, account, &st, &fd, err);

    /* A regular file never makes anybody wait, so no deadline can bound it;
     * the buffer's limit does. */
    if (code == UK_OK)
        code = uk_io_read_all(fd, &text,
                              (struct uk_deadline){.at_ns = INT64_MAX}, err);
    if (code == UK_INVALID) /* longer than what was written there */
        code = uk_err_recode(err, UK_BAD_ANSWER);
    if (code == UK_OK)
        code = uk_kept_unpack(uk_buf_peek(&text), text.len, refresh, err);
    if (code != UK_OK)
        uk_err_in(err, "reading '%s'", path);
    uk_io_close(&fd);
    uk_buf_clear(&text);
    return code;
}

void
uk_kept_drop(const char *path)
{
    unlink(path);
}
