/* `userkey-server user`: people, for the administrator, beside a server that
 * may be running. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/identity.h"
#include "core/str.h"
#include "service/commands.h"
#include "service/email.h"
#include "service/password.h"
#include "service/where.h"

struct task {
    struct uk_where where;
    const char *app_name;
    const char *who; /* an id or an address, or NULL */
    bool password_stdin;
    struct uk_store *store;
    struct uk_store_app app;
};

static enum uk_code
choose_app(struct task *task, struct uk_err *err)
{
    unsigned count = 0;
    bool found = false;
    enum uk_code code;

    if (task->app_name != NULL) {
        code = uk_store_call(task->store, find_app, task->app_name, &task->app,
                             &found, err);
        if (code == UK_OK && !found)
            code = uk_err_set(err, UK_INVALID, "there is no app of that id");
        return code;
    }
    code = uk_store_call(task->store, only_app, &task->app, &count, err);
    if (code == UK_OK && count != 1)
        code = uk_err_set(err, UK_INVALID,
                          "there are several apps; say which: --app ID");
    return code;
}

/* The id of the user that an id or an address names. */
static enum uk_code
find_user(struct task *task, char id[UK_ID_SIZE], struct uk_err *err)
{
    struct uk_store_password person;
    bool found = false;
    enum uk_code code = UK_OK;

    if (uk_id_check(task->who)) {
        memcpy(id, task->who, UK_ID_SIZE);
        return UK_OK;
    }
    if (uk_identity_is_email(task->who))
        code = uk_store_call(task->store, find_password, task->app.id,
                             task->who, &person, &found, err);
    if (code != UK_OK)
        return code;
    if (!found)
        return uk_err_set(err, UK_INVALID, "there is no such user");
    memcpy(id, person.user.id, UK_ID_SIZE);
    return UK_OK;
}

static enum uk_code
add(struct task *task, struct uk_err *err)
{
    struct uk_store_identity identity = {.provider = UK_PROVIDER_PASSWORD,
                                         .confirmed = true};
    struct uk_secret password = UK_SECRET_NONE;
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_user user = {.epoch = 0};
    char hash[UK_PWHASH_SIZE];
    enum uk_code code;

    if (!uk_email_check(task->who) ||
        !uk_str_copy(identity.email, sizeof(identity.email), task->who))
        return uk_err_set(err, UK_INVALID, "'%.64s' is not an address",
                          uk_str_is_printable(task->who) ? task->who : "");
    uk_id_make(user.id);
    uk_id_make(identity.id);
    memcpy(user.app_id, task->app.id, UK_ID_SIZE);
    code = task->password_stdin ? uk_password_from_stdin(&password, err)
                                : uk_password_from_terminal(&password, err);
    if (code == UK_OK)
        code = uk_pwhash_make(&password, hash, err);
    uk_secret_clear(&password);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code != UK_OK)
        return code;
    code = uk_store_call(task->store, add_user, &user, &identity, hash, &result,
                         err);
    if (code == UK_OK && result == UK_STORE_TAKEN)
        code = uk_err_set(err, UK_INVALID, "somebody has this address already");
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    if (code == UK_OK)
        printf("%s\n", user.id);
    return code;
}

static void
print_user(void *context, const struct uk_store_listed *one)
{
    (void)context;
    printf("%s  %-8s  %2u  %s\n", one->user.id,
           one->user.disabled ? "disabled" : "enabled", one->keys,
           one->email[0] != '\0' ? one->email : "-");
}

static enum uk_code
list(struct task *task, struct uk_err *err)
{
    return uk_store_call(task->store, list_users, task->app.id, print_user,
                         NULL, err);
}

/* Begin, change, commit; a user that is not there is a failure. */
static enum uk_code
change(struct task *task,
       enum uk_code (*how)(struct uk_store *, const char *id,
                           enum uk_store_result *, struct uk_err *),
       struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    char id[UK_ID_SIZE];
    enum uk_code code;

    code = find_user(task, id, err);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = how(task->store, id, &result, err);
    if (code == UK_OK && result == UK_STORE_NOT_FOUND)
        code = uk_err_set(err, UK_INVALID, "there is no such user");
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    return code;
}

static enum uk_code
how_disable(struct uk_store *store, const char *id,
            enum uk_store_result *result, struct uk_err *err)
{
    return uk_store_call(store, set_user, id, true, result, err);
}

static enum uk_code
how_enable(struct uk_store *store, const char *id, enum uk_store_result *result,
           struct uk_err *err)
{
    return uk_store_call(store, set_user, id, false, result, err);
}

static enum uk_code
how_delete(struct uk_store *store, const char *id, enum uk_store_result *result,
           struct uk_err *err)
{
    return uk_store_call(store, delete_user, id, result, err);
}

static enum uk_code
disable(struct task *task, struct uk_err *err)
{
    return change(task, how_disable, err);
}

static enum uk_code
enable(struct task *task, struct uk_err *err)
{
    return change(task, how_enable, err);
}

static enum uk_code
remove_user(struct task *task, struct uk_err *err)
{
    return change(task, how_delete, err);
}

static const struct {
    const char *name;
    bool wants_who;
    enum uk_code (*run)(struct task *task, struct uk_err *err);
} verbs[] = {
    {"add", true, add},
    {"list", false, list},
    {"disable", true, disable},
    {"enable", true, enable},
    {"delete", true, remove_user},
};

static bool
read_options(int argc, char **argv, struct task *task)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"data", required_argument, NULL, 'd'},
        {"app", required_argument, NULL, 'a'},
        {"password-stdin", no_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            task->where.config = optarg;
            break;
        case 'd':
            task->where.data = optarg;
            break;
        case 'a':
            task->app_name = optarg;
            break;
        case 'p':
            task->password_stdin = true;
            break;
        default:
            return false;
        }
    }
    return task->where.config == NULL || task->where.data == NULL;
}

static int
run_verb(size_t verb, struct task *task)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_config config;
    enum uk_code code;

    umask(077);
    code = uk_crypto_start(&err);
    if (code == UK_OK)
        code = uk_where_open(&task->where, &config, &task->store, &err);
    if (code == UK_OK)
        code = choose_app(task, &err);
    if (code == UK_OK)
        code = verbs[verb].run(task, &err);
    uk_store_close(task->store); /* a transaction that is open is undone */
    if (code == UK_OK && fflush(stdout) != 0)
        code = uk_err_sys(&err, errno, "writing to standard output");
    return code == UK_OK ? UK_EXIT_DONE : uk_command_fail(&err);
}

int
uk_command_user(int argc, char **argv)
{
    struct task task = {.app_name = NULL};

    if (!read_options(argc, argv, &task) || optind == argc)
        return uk_command_usage();
    for (size_t i = 0; i < UK_COUNT(verbs); i++) {
        if (strcmp(argv[optind], verbs[i].name) != 0)
            continue;
        if (argc - optind != 1 + verbs[i].wants_who)
            return uk_command_usage();
        if (verbs[i].wants_who)
            task.who = argv[optind + 1];
        return run_verb(i, &task);
    }
    return uk_command_usage();
}
