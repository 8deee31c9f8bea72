/* `userkey-server init`: database, secrets and one app, all of them new. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/str.h"
#include "service/app.h"
#include "service/commands.h"
#include "service/path.h"
#include "service/secrets.h"
#include "service/store.h"
#include "service/where.h"

static const char *const secrets[] = {"signing_key", "pepper"};

/* Where all of it is to be: a folder for the secrets, an address for the
 * database. */
struct place {
    char folder[PATH_MAX];
    char where[PATH_MAX + 64];
};

static enum uk_code
check_new(const char *path, struct uk_err *err)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return UK_OK;
    return uk_err_set(err, UK_INVALID,
                      "'%s' is there already, and nothing is overwritten",
                      path);
}

/* The folder is ours alone, and nothing that we would make is there. */
static enum uk_code
prepare(const struct place *place, struct uk_err *err)
{
    const char *folder = place->folder, *file = uk_store_path(place->where);
    char path[PATH_MAX];
    struct stat st;
    enum uk_code code;

    code = uk_file_make_folder(folder, 0700, err);
    if (code != UK_OK)
        return code;
    if (stat(folder, &st) != 0)
        return uk_err_sys(err, errno, "looking at '%s'", folder);
    if (!S_ISDIR(st.st_mode))
        return uk_err_set(err, UK_INVALID, "'%s' is not a folder", folder);
    if ((st.st_mode & 077) != 0)
        return uk_err_set(err, UK_INVALID,
                          "'%s' can be looked into by others; allowed: mode "
                          "0700",
                          folder);
    if (file != NULL)
        code = check_new(file, err);
    for (size_t i = 0; i < UK_COUNT(secrets) && code == UK_OK; i++) {
        code = uk_path_join(folder, secrets[i], path, err);
        if (code == UK_OK)
            code = check_new(path, err);
    }
    return code;
}

static enum uk_code
make_database(const char *where, const struct uk_store_app *app,
              const char *name, struct uk_err *err)
{
    struct uk_store *store = NULL;
    enum uk_code code;

    code = uk_store_open(where, UK_STORE_CREATE, &store, err);
    if (code == UK_OK)
        code = store->ops->begin(store, err);
    if (code == UK_OK)
        code = uk_store_call(store, add_app, app, name, err);
    if (code == UK_OK)
        code = store->ops->commit(store, err);
    uk_store_close(store);
    return code;
}

/* Half of an installation is none: a second try should work. */
static void
remove_all(const struct place *place)
{
    const char *file = uk_store_path(place->where);
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct uk_err err = UK_ERR_NONE;
    char path[PATH_MAX];

    for (size_t i = 0; i < UK_COUNT(ends) && file != NULL; i++) {
        if (snprintf(path, sizeof(path), "%s%s", file, ends[i]) <
            (int)sizeof(path))
            unlink(path);
    }
    for (size_t i = 0; i < UK_COUNT(secrets); i++) {
        if (uk_path_join(place->folder, secrets[i], path, &err) == UK_OK)
            unlink(path);
    }
}

/* A folder for all of it, or what the settings say. */
static enum uk_code
find_place(const struct uk_args *args, struct place *out, struct uk_err *err)
{
    struct uk_config config;
    char path[PATH_MAX];
    enum uk_code code;

    code = uk_path_whole(args->data != NULL ? args->data : args->config, path,
                         err);
    if (code != UK_OK)
        return code;
    if (args->data != NULL) {
        snprintf(out->folder, sizeof(out->folder), "%s", path);
        snprintf(out->where, sizeof(out->where), "sqlite:%s/userkey.db", path);
        return UK_OK;
    }
    code = uk_config_load(path, &config, err);
    if (code != UK_OK)
        return code;
    snprintf(out->folder, sizeof(out->folder), "%s", config.secrets);
    snprintf(out->where, sizeof(out->where), "%s", config.database);
    return UK_OK;
}

enum uk_code
uk_command_init(const struct uk_args *args, struct uk_err *err)
{
    const char *name = args->app != NULL ? args->app : UK_APP_DEFAULT;
    struct uk_store_app app;
    struct place place;
    enum uk_code code;

    code = uk_app_make(name, &app, err);
    if (code == UK_OK)
        code = find_place(args, &place, err);
    if (code == UK_OK)
        code = uk_where_become_owner(place.folder, err);
    if (code == UK_OK)
        code = prepare(&place, err);
    if (code != UK_OK)
        return code;
    code = uk_secrets_create(place.folder, err);
    if (code == UK_OK)
        code = make_database(place.where, &app, name, err);
    if (code == UK_OK)
        printf("%s\n", app.client_id);
    else
        remove_all(&place);
    return code;
}
