/* `userkey-server init`: database, secrets and one app, all of them new. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/str.h"
#include "service/commands.h"
#include "service/path.h"
#include "service/secrets.h"
#include "service/store.h"

#define DEFAULT_APP  "userkey"
#define LONGEST_NAME 40
#define SUFFIX       5 /* characters that make an app's id its own */

static const char *const secrets[] = {"signing_key", "pepper"};

/* Where all of it is to be: a folder for the secrets, an address for the
 * database. */
struct place {
    char folder[PATH_MAX];
    char where[PATH_MAX + 64];
};

static bool
is_app_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return len > 0 && len <= LONGEST_NAME && name[len] == '\0';
}

/* "demo-qzkvw": what clients call the app. */
static void
name_app(const char *name, struct uk_store_app *app)
{
    unsigned char bytes[SUFFIX];
    char suffix[SUFFIX + 1] = "";

    uk_crypto_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < SUFFIX; i++)
        suffix[i] = (char)('a' + bytes[i] % 26);
    snprintf(app->client_id, sizeof(app->client_id), "%s-%s", name, suffix);
    uk_id_make(app->id);
}

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
    struct uk_err err = UK_ERR_NONE;
    char path[PATH_MAX];

    if (file != NULL)
        unlink(file);
    for (size_t i = 0; i < UK_COUNT(secrets); i++) {
        if (uk_path_join(place->folder, secrets[i], path, &err) == UK_OK)
            unlink(path);
    }
}

/* A folder for all of it, or what the settings say. */
static enum uk_code
find_place(const char *data, const char *file, struct place *out,
           struct uk_err *err)
{
    struct uk_config config;
    char path[PATH_MAX];
    enum uk_code code;

    code = uk_path_whole(data != NULL ? data : file, path, err);
    if (code != UK_OK)
        return code;
    if (data != NULL) {
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

static enum uk_code
make(const struct place *place, const char *name, struct uk_store_app *app,
     struct uk_err *err)
{
    enum uk_code code = prepare(place, err);

    if (code != UK_OK)
        return code;
    name_app(name, app);
    code = uk_secrets_create(place->folder, err);
    if (code == UK_OK)
        code = make_database(place->where, app, name, err);
    if (code != UK_OK)
        remove_all(place);
    return code;
}

int
uk_command_init(int argc, char **argv)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'c'},
        {"app", required_argument, NULL, 'a'},
        {NULL, 0, NULL, 0},
    };
    const char *data = NULL, *config = NULL, *name = DEFAULT_APP;
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_app app;
    struct place place;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'd')
            data = optarg;
        else if (option == 'c')
            config = optarg;
        else if (option == 'a')
            name = optarg;
        else
            return uk_command_usage();
    }
    if ((data == NULL) == (config == NULL) || optind != argc)
        return uk_command_usage();
    if (!is_app_name(name)) {
        uk_err_set(&err, UK_INVALID,
                   "the name of an app is 1 to %d letters, digits, '-' and '_'",
                   LONGEST_NAME);
        return uk_command_fail(&err);
    }
    umask(077);
    if (uk_crypto_start(&err) != UK_OK ||
        find_place(data, config, &place, &err) != UK_OK ||
        make(&place, name, &app, &err) != UK_OK)
        return uk_command_fail(&err);
    printf("%s\n", app.client_id);
    if (fflush(stdout) != 0) {
        uk_err_sys(&err, errno, "writing the app id to standard output");
        return uk_command_fail(&err);
    }
    return UK_EXIT_DONE;
}
