/* `userkey-server admin-key`: the key pairs of administrators, beside a server
 * that may be running. */
#include <stdio.h>
#include <string.h>

#include "core/keytext.h"
#include "service/command/commands.h"
#include "service/command/terminal.h"
#include "service/command/where.h"
#include "service/request/admin_session.h"
#include "service/value/secrets.h"

struct task {
    struct uk_config config;
    struct uk_store *store;
    const char *word; /* a name, or an id */
    bool yes;         /* it is not asked whether it is meant */
};

static enum uk_code
check_name(const char *name, struct uk_err *err)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-");

    if (len == 0 || len > UK_STORE_ADMIN_NAME || name[len] != '\0' ||
        uk_id_check(name) || uk_keytext_check_admin(name, len))
        return uk_err_set(err, UK_INVALID,
                          "the name of an admin key is 1 to %d letters, "
                          "digits, '-', '_', '.' and '@', and not an id",
                          UK_STORE_ADMIN_NAME);
    return UK_OK;
}

static enum uk_code
hash_key(const struct task *task, const struct uk_secret *key,
         struct uk_store_hash *out, struct uk_err *err)
{
    struct uk_secrets secrets;
    enum uk_code code = uk_secrets_load(task->config.secrets, &secrets, err);

    if (code != UK_OK)
        return code;
    uk_admin_hash(secrets.pepper, uk_secret_peek(key), out);
    uk_secrets_clear(&secrets);
    return UK_OK;
}

static enum uk_code
add(struct task *task, const struct uk_store_admin *admin,
    const struct uk_store_hash *hash, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = task->store->ops->begin(task->store, err);

    if (code == UK_OK)
        code = uk_store_call(task->store, add_admin, admin, hash, &result, err);
    if (code == UK_OK && result == UK_STORE_TAKEN)
        code = uk_err_set(err, UK_INVALID,
                          "there is an admin key of this name already; choose "
                          "another, or 'userkey-server admin-key delete' it");
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    return code;
}

/* What it prints is the beginning of a file for `userkey --admin-file`. */
static enum uk_code
create(struct task *task, struct uk_err *err)
{
    struct uk_secret key = UK_SECRET_NONE;
    struct uk_store_admin admin = {.created_us = 0};
    struct uk_store_hash hash;
    enum uk_code code = check_name(task->word, err);

    if (code != UK_OK)
        return code;
    snprintf(admin.name, sizeof(admin.name), "%s", task->word);
    uk_id_make(admin.id);
    code = uk_keytext_make_admin(&key, err);
    if (code == UK_OK)
        code = hash_key(task, &key, &hash, err);
    if (code == UK_OK)
        code = add(task, &admin, &hash, err);
    if (code == UK_OK) {
        uk_terminal_next("for the file of 'userkey --admin-file', with 'url', "
                         "'app_id' and 'ca_file', which only you may read:");
        printf("public_key = %s\nprivate_key = %s\n", admin.id,
               uk_secret_peek(&key));
    }
    uk_secret_clear(&key);
    return code;
}

static void
print_admin(void *context, const struct uk_store_admin *admin)
{
    char date[UK_TERMINAL_DATE];

    (void)context;
    printf("%s  %s  %s\n", admin->id,
           uk_terminal_date(admin->created_us / 1000000, date), admin->name);
}

static enum uk_code
list(struct task *task, struct uk_err *err)
{
    return uk_store_call(task->store, list_admins, print_admin, NULL, err);
}

struct search {
    const char *word;
    struct uk_store_admin admin;
};

static void
compare(void *context, const struct uk_store_admin *admin)
{
    struct search *search = context;

    if (strcmp(search->word, admin->name) == 0 ||
        strcmp(search->word, admin->id) == 0)
        search->admin = *admin;
}

static enum uk_code
ask(const struct task *task, const struct uk_store_admin *admin,
    struct uk_err *err)
{
    char question[UK_STORE_ADMIN_NAME + UK_ID_SIZE + 128];

    if (task->yes)
        return UK_OK;
    snprintf(question, sizeof(question),
             "Delete the admin key '%s' (%s) for ever, and end the sessions "
             "that it opened? [y/N] ",
             admin->name, admin->id);
    return uk_terminal_yes(question, err);
}

static enum uk_code
remove_key(struct task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NOT_FOUND;
    struct search search = {.word = task->word};
    const struct uk_store_admin *admin = &search.admin;
    enum uk_code code;

    code = uk_store_call(task->store, list_admins, compare, &search, err);
    if (code == UK_OK && admin->id[0] != '\0')
        code = ask(task, admin, err);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK && admin->id[0] != '\0')
        code =
            uk_store_call(task->store, delete_admin, admin->id, &result, err);
    if (code == UK_OK && result == UK_STORE_NOT_FOUND)
        code = uk_err_set(err, UK_INVALID,
                          "there is no such admin key; 'userkey-server "
                          "admin-key list' shows which there are");
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    if (code == UK_OK)
        fprintf(stderr,
                "the admin key '%s' (%s) is deleted; the sessions that it "
                "opened are over\n",
                admin->name, admin->id);
    return code;
}

static enum uk_code
run(const struct uk_args *args,
    enum uk_code (*work)(struct task *task, struct uk_err *err),
    struct uk_err *err)
{
    struct task task = {.word = args->word, .yes = args->yes};
    enum uk_code code = uk_where_load(args, &task.config, err);

    if (code == UK_OK)
        code = uk_store_open(task.config.database, UK_STORE_WRITE, &task.store,
                             err);
    if (code == UK_OK)
        code = work(&task, err);
    uk_store_close(task.store); /* a transaction that is open is undone */
    return code;
}

enum uk_code
uk_command_admin_key_create(const struct uk_args *args, struct uk_err *err)
{
    return run(args, create, err);
}

enum uk_code
uk_command_admin_key_list(const struct uk_args *args, struct uk_err *err)
{
    return run(args, list, err);
}

enum uk_code
uk_command_admin_key_delete(const struct uk_args *args, struct uk_err *err)
{
    return run(args, remove_key, err);
}
