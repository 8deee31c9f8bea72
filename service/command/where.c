/* The database that a command works on. */
#include "service/command/where.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "service/value/path.h"

/* Another than root? */
static bool
has_owner(const char *folder, struct stat *st)
{
    return lstat(folder, st) == 0 && S_ISDIR(st->st_mode) && st->st_uid != 0;
}

enum uk_code
uk_where_become_owner(const char *folder, struct uk_err *err)
{
    struct stat st;

    if (geteuid() != 0 || !has_owner(folder, &st))
        return UK_OK; /* or the reason is told when it is opened */
    if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 ||
        setuid(st.st_uid) != 0)
        return uk_err_sys(err, errno, "becoming the owner of '%s'", folder);
    return UK_OK;
}

enum uk_code
uk_where_act_as_owner(const char *folder, struct uk_err *err)
{
    uid_t real, effective, saved;
    struct stat st;
    bool done = true;

    if (getresuid(&real, &effective, &saved) != 0 || saved != 0)
        return UK_OK; /* we are not root */
    if (folder[0] == '\0')
        done = seteuid(0) == 0 && setegid(getgid()) == 0;
    else if (has_owner(folder, &st))
        done = setgroups(0, NULL) == 0 && setegid(st.st_gid) == 0 &&
               seteuid(st.st_uid) == 0;
    return done ? UK_OK
                : uk_err_sys(err, errno, "acting as the owner of '%s'", folder);
}

enum uk_code
uk_where_find(const struct uk_args *args, struct uk_config *out,
              struct uk_err *err)
{
    char path[PATH_MAX];
    struct stat st;
    enum uk_code code;

    code = uk_path_whole(args->data != NULL     ? args->data
                         : args->config != NULL ? args->config
                                                : UK_WHERE_CONFIG,
                         path, err);
    if (code != UK_OK)
        return code;
    if (args->data == NULL && args->config == NULL && lstat(path, &st) != 0 &&
        errno == ENOENT)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "there is no '%s': say where the database is, with "
                          "--data DIR or --config FILE",
                          path);
    return args->data != NULL
               ? uk_config_for_folder(path, NULL, NULL, NULL, out, err)
               : uk_config_load(path, out, err);
}

void
uk_where_folder(const char *database, char out[PATH_MAX])
{
    const char *file = uk_store_path(database);

    out[0] = '\0';
    if (file != NULL)
        uk_path_folder(file, out);
}

enum uk_code
uk_where_load(const struct uk_args *args, struct uk_config *out,
              struct uk_err *err)
{
    char folder[PATH_MAX];
    enum uk_code code = uk_where_find(args, out, err);

    if (code != UK_OK)
        return code;
    uk_where_folder(out->database, folder);
    if (folder[0] != '\0') /* or it is no file */
        code = uk_where_become_owner(folder, err);
    return code == UK_OK ? uk_store_trust(out->database, err) : code;
}

enum uk_code
uk_where_open(const struct uk_args *args, struct uk_store **out,
              struct uk_err *err)
{
    struct uk_config config;
    enum uk_code code = uk_where_load(args, &config, err);

    if (code != UK_OK)
        return code;
    return uk_store_open(config.database, UK_STORE_WRITE, out, err);
}

enum uk_code
uk_where_app(const struct uk_args *args, struct uk_store *store,
             struct uk_store_app *out, struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];
    unsigned count = 0;
    bool found = false;
    enum uk_code code;

    if (args->app != NULL) {
        code = uk_store_call(store, find_app, args->app, out, &found, err);
        if (code == UK_OK && !found)
            code = uk_err_set(
                err, UK_INVALID,
                "there is no app '%s'; 'userkey-server app list' shows "
                "which there are",
                uk_str_printable(shown, args->app, strlen(args->app)));
        return code;
    }
    code = uk_store_call(store, only_app, out, &count, err);
    if (code == UK_OK && count == 0)
        code = uk_err_set(err, UK_INVALID,
                          "there is no app; 'userkey-server app add' makes "
                          "one");
    if (code == UK_OK && count > 1)
        code = uk_err_set(err, UK_INVALID,
                          "there are several apps; say which with --app ID: "
                          "'userkey-server app list' shows them");
    return code;
}
