/* `userkey-server init`: database, secrets and one app. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/io.h"
#include "service/command/commands.h"
#include "service/command/terminal.h"
#include "service/command/where.h"
#include "service/store/app.h"
#include "service/store/fresh.h"
#include "service/store/store.h"
#include "service/value/path.h"
#include "service/value/secrets.h"

#define WHERE_MAX (PATH_MAX + 64)

/* Where all of it is to be: a folder for the secrets, an address for the
 * database. */
struct place {
    char folder[PATH_MAX];
    char where[WHERE_MAX];
};

/* The folder is ours alone, and *held, to be closed, keeps others who would
 * make the same out of it. */
static enum uk_code
prepare(const char *folder, int *held, struct uk_err *err)
{
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
                          "0700 ('chmod 0700 %s')",
                          folder, folder);
    *held = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*held < 0)
        return uk_err_sys(err, errno, "opening '%s'", folder);
    if (flock(*held, LOCK_EX | LOCK_NB) != 0)
        return uk_err_set(err, UK_INVALID, "somebody else is at work in '%s'",
                          folder);
    return UK_OK;
}

/* The first app of a database; UK_INVALID where there is one. */
static enum uk_code
add_first_app(struct uk_store *store, const char *name,
              struct uk_store_app *app, struct uk_err *err)
{
    bool taken = false;
    enum uk_code code;

    code = store->ops->begin(store, err);
    if (code == UK_OK)
        code = uk_store_call(store, claim, &taken, err);
    if (code == UK_OK && taken)
        code = uk_err_set(err, UK_INVALID,
                          "the database is in use already, and nothing is "
                          "overwritten; 'userkey-server app list' has the id "
                          "of its app");
    if (code == UK_OK)
        code = uk_app_add(store, name, app, err);
    return code == UK_OK ? store->ops->commit(store, err) : code;
}

/* A file is in its place when it has its app.  Tables in PostgreSQL without
 * one are those of somebody who did not come to the end. */
static enum uk_code
make_database(const char *where, const char *name, struct uk_store_app *app,
              struct uk_err *err)
{
    const char *file = uk_store_path(where);
    struct uk_fresh fresh = UK_FRESH_NONE;
    struct uk_store *store = NULL;
    char beside[WHERE_MAX];
    enum uk_code code = UK_OK;

    if (file != NULL) {
        code = uk_fresh_start(&fresh, file, err);
        snprintf(beside, sizeof(beside), "sqlite:%s", fresh.beside);
        where = beside;
    }
    if (code == UK_OK)
        code = uk_store_open(where, UK_STORE_CLAIM, &store, err);
    if (code == UK_OK)
        code = add_first_app(store, name, app, err);
    uk_store_close(store);
    if (code == UK_OK && file != NULL)
        code = uk_fresh_keep(&fresh, err);
    uk_fresh_stop(&fresh);
    return code;
}

/* Half of an installation is none: a second try should work. */
static void
remove_secrets(const char *folder, const bool made[UK_SECRETS_FILES])
{
    struct uk_err err = UK_ERR_NONE;
    char path[PATH_MAX];

    for (size_t i = 0; i < UK_SECRETS_FILES; i++) {
        if (made[i] &&
            uk_path_join(folder, uk_secrets_names[i], path, &err) == UK_OK)
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
    code = args->data != NULL
               ? uk_config_for_folder(path, NULL, NULL, NULL, &config, err)
               : uk_config_load(path, &config, err);
    if (code != UK_OK)
        return code;
    snprintf(out->folder, sizeof(out->folder), "%s", config.secrets);
    snprintf(out->where, sizeof(out->where), "%s", config.database);
    return UK_OK;
}

/* Asked again when it is made; here it knows what people want who come
 * twice. */
static enum uk_code
check_unused(const char *where, struct uk_err *err)
{
    const char *file = uk_store_path(where);
    struct stat st;

    if (file == NULL || lstat(file, &st) != 0)
        return UK_OK;
    return uk_err_set(err, UK_INVALID,
                      "'%s' is there already, and nothing is overwritten; "
                      "'userkey-server app list' has the id of its app",
                      file);
}

static void
say_next(const struct uk_args *args)
{
    bool settings = args->data == NULL;
    const char *option = settings ? "--config" : "--data";
    const char *value = settings ? args->config : args->data;

    uk_terminal_next("'userkey-server user add EMAIL %s %s' makes the first "
                     "user, and 'userkey-server serve %s %s%s' serves; the "
                     "app's id, which every client needs:",
                     option, value, option, value,
                     settings ? "" : " --listen ADDRESS:PORT");
}

static enum uk_code
make_all(const struct place *place, const struct uk_args *args,
         const char *name, struct uk_err *err)
{
    struct uk_store_app app;
    bool made[UK_SECRETS_FILES];
    enum uk_code code = uk_secrets_create(place->folder, made, err);

    if (code == UK_OK)
        code = make_database(place->where, name, &app, err);
    if (code != UK_OK) {
        remove_secrets(place->folder, made);
        return code;
    }
    for (size_t i = 0; i < UK_SECRETS_FILES; i++) {
        if (!made[i])
            fprintf(stderr, "the file '%s' was there already, and is used\n",
                    uk_secrets_names[i]);
    }
    say_next(args);
    printf("%s\n", app.client_id);
    return UK_OK;
}

enum uk_code
uk_command_init(const struct uk_args *args, struct uk_err *err)
{
    const char *name = args->app != NULL ? args->app : UK_APP_DEFAULT;
    struct place place;
    enum uk_code code;
    int held = -1;

    code = uk_app_check(name, err);
    if (code == UK_OK)
        code = find_place(args, &place, err);
    if (code == UK_OK)
        code = check_unused(place.where, err);
    if (code == UK_OK)
        code = uk_where_become_owner(place.folder, err);
    if (code == UK_OK)
        code = prepare(place.folder, &held, err);
    if (code == UK_OK)
        code = make_all(&place, args, name, err);
    uk_io_close(&held);
    return code;
}
