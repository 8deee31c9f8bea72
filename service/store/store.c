/* Which kind of store an address names. */
#include "service/store/store.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/io.h"
#include "core/str.h"
#include "service/store/pg.h"
#include "service/store/sqlite.h"

#define SQLITE_SCHEME "sqlite:"
#define ALLOWED       "sqlite:/ABSOLUTE/PATH or postgresql://..."
#define WRITTEN       "a database is written " ALLOWED

const char *
uk_store_path(const char *where)
{
    const char *path = where + sizeof(SQLITE_SCHEME) - 1;

    if (!uk_str_starts(where, SQLITE_SCHEME) || path[0] != '/')
        return NULL;
    return path;
}

const char *
uk_store_check(const char *where)
{
    return uk_store_path(where) != NULL || uk_pg_is_url(where) ? NULL : ALLOWED;
}

/* postgresql://USER:PASSWORD@HOST/NAME?password=PASSWORD */
bool
uk_store_has_password(const char *where)
{
    const char *host, *at, *colon;

    if (!uk_pg_is_url(where))
        return false;
    host = strstr(where, "://") + 3;
    at = memchr(host, '@', strcspn(host, "/?"));
    colon = at != NULL ? memchr(host, ':', (size_t)(at - host)) : NULL;
    return (colon != NULL && colon + 1 < at) ||
           strstr(host, "?password=") != NULL ||
           strstr(host, "&password=") != NULL;
}

enum uk_code
uk_store_open(const char *where, enum uk_store_mode mode, struct uk_store **out,
              struct uk_err *err)
{
    const char *path = uk_store_path(where);

    if (uk_pg_is_url(where))
        return uk_pg_open(where, mode, out, err);
    if (path == NULL)
        return uk_err_set(err, UK_MISCONFIGURED, WRITTEN);
    return uk_sqlite_open(path, mode, out, err);
}

/* A name, or the number of one that has none. */
static const char *
name_user(uid_t uid, char *room, size_t size)
{
    const struct passwd *user = getpwuid(uid);

    if (user != NULL)
        snprintf(room, size, "%s", user->pw_name);
    else
        snprintf(room, size, "%lu", (unsigned long)uid);
    return room;
}

/* Root, too, is somebody else by now: the owner of the folder. */
static void
say_as_whom(const char *path, struct uk_err *err)
{
    char whose[64] = "somebody else", who[64];
    struct uk_err before = *err;
    struct stat st;

    if (lstat(path, &st) == 0)
        name_user(st.st_uid, whose, sizeof(whose));
    uk_err_set(err, before.code, "%s (as '%s'; it belongs to '%s')",
               before.text, name_user(geteuid(), who, sizeof(who)), whose);
    err->sys = before.sys;
}

enum uk_code
uk_store_trust(const char *where, struct uk_err *err)
{
    const char *path = uk_store_path(where);
    enum uk_code code;
    int fd = -1;

    if (uk_pg_is_url(where))
        return UK_OK; /* no file of ours */
    if (path == NULL)
        return uk_err_set(err, UK_MISCONFIGURED, WRITTEN);
    code = uk_file_open(path, UK_FILE_PRIVATE, &fd, err);
    uk_io_close(&fd);
    if (code != UK_OK && err->sys == EACCES)
        say_as_whom(path, err);
    return code == UK_OK ? UK_OK : uk_err_in(err, "opening the database");
}

void
uk_store_close(struct uk_store *store)
{
    if (store != NULL)
        store->ops->close(store);
}
