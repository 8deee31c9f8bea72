/* `userkey-server user`: people, for the administrator, beside a server that
 * may be running. */
#include <stdio.h>
#include <string.h>

#include "core/identity.h"
#include "core/str.h"
#include "service/commands.h"
#include "service/email.h"
#include "service/handout.h"
#include "service/password.h"
#include "service/secrets.h"
#include "service/terminal.h"
#include "service/where.h"

struct task {
    const struct uk_args *args;
    struct uk_config config;
    struct uk_store *store;
    struct uk_store_app app;
    struct uk_store_listed user; /* the one that is spoken of */
    char shown[UK_EMAIL_MAX + UK_ID_SIZE + 8];
};

typedef enum uk_code work(struct task *task, struct uk_err *err);

static enum uk_code
no_such_user(const struct task *task, struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];

    return uk_err_set(
        err, UK_INVALID, "there is no user '%s' in app '%s'",
        uk_str_printable(shown, task->args->word, strlen(task->args->word)),
        task->app.client_id);
}

/* "'ann@example.com' (6b03...)"; the id alone where there is no address. */
static void
show_user(struct task *task)
{
    const char *email = task->user.email;

    snprintf(task->shown, sizeof(task->shown), "%s%s%s%s%s",
             email[0] != '\0' ? "'" : "", email, email[0] != '\0' ? "' (" : "'",
             task->user.user.id, email[0] != '\0' ? ")" : "'");
}

/* The user whom the operand names, by id or address. */
static enum uk_code
find_user(struct task *task, struct uk_err *err)
{
    struct uk_store_password person;
    const char *id = task->args->word;
    bool found = uk_id_check(id);
    enum uk_code code = UK_OK;

    if (!found && uk_identity_is_email(id)) {
        code = uk_store_call(task->store, find_password, task->app.id, id,
                             &person, &found, err);
        id = person.user.id;
    }
    if (code == UK_OK && found)
        code = uk_store_call(task->store, find_user, task->app.id, id,
                             &task->user, &found, err);
    if (code == UK_OK && !found)
        code = no_such_user(task, err);
    if (code == UK_OK)
        show_user(task);
    return code;
}

/* Open the database, find the app, run, close: a transaction that is open
 * then is undone. */
static enum uk_code
run(const struct uk_args *args, work *does, struct uk_err *err)
{
    struct task task = {.args = args};
    enum uk_code code;

    code = uk_where_load(args, &task.config, err);
    if (code == UK_OK)
        code = uk_store_open(task.config.database, UK_STORE_WRITE, &task.store,
                             err);
    if (code == UK_OK)
        code = uk_where_app(args, task.store, &task.app, err);
    if (code == UK_OK)
        code = does(&task, err);
    uk_store_close(task.store);
    return code;
}

static enum uk_code
read_password(const struct task *task, char hash[UK_PWHASH_SIZE],
              struct uk_err *err)
{
    struct uk_secret password = UK_SECRET_NONE;
    enum uk_code code;

    code = task->args->password_stdin
               ? uk_password_from_stdin(&password, err)
               : uk_password_from_terminal(task->shown, &password, err);
    if (code == UK_OK)
        code = uk_pwhash_make(&password, hash, err);
    uk_secret_clear(&password);
    return code;
}

/* Asked again when the user is added; here it saves the typing. */
static enum uk_code
check_free(struct task *task, struct uk_err *err)
{
    struct uk_store_password old;
    bool taken;
    enum uk_code code;

    code = uk_store_call(task->store, find_password, task->app.id,
                         task->args->word, &old, &taken, err);
    if (code == UK_OK && taken)
        code = uk_err_set(err, UK_INVALID, "user '%s' has this address already",
                          old.user.id);
    return code;
}

static enum uk_code
add_row(struct task *task, const struct uk_store_identity *identity,
        const char *hash, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = task->store->ops->begin(task->store, err);

    if (code == UK_OK)
        code = uk_store_call(task->store, add_user, &task->user.user, identity,
                             hash, &result, err);
    if (code == UK_OK && result == UK_STORE_TAKEN)
        code = uk_err_set(err, UK_INVALID, "somebody has this address already");
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    return code;
}

static enum uk_code
add(struct task *task, struct uk_err *err)
{
    struct uk_store_identity identity = {.provider = UK_PROVIDER_PASSWORD,
                                         .confirmed = true};
    const char *email = task->args->word;
    char hash[UK_PWHASH_SIZE], shown[UK_PRINTABLE_SIZE];
    enum uk_code code;

    uk_str_printable(shown, email, strlen(email));
    if (!uk_email_check(email) ||
        !uk_str_copy(identity.email, sizeof(identity.email), email))
        return uk_err_set(err, UK_INVALID, "'%s' is not an address", shown);
    uk_id_make(task->user.user.id);
    uk_id_make(identity.id);
    memcpy(task->user.user.app_id, task->app.id, UK_ID_SIZE);
    snprintf(task->shown, sizeof(task->shown), "'%s'", email);
    code = check_free(task, err);
    if (code == UK_OK)
        code = read_password(task, hash, err);
    if (code == UK_OK)
        code = add_row(task, &identity, hash, err);
    if (code == UK_OK)
        printf("%s\n", task->user.user.id);
    return code;
}

enum uk_code
uk_command_user_add(const struct uk_args *args, struct uk_err *err)
{
    return run(args, add, err);
}

struct page {
    size_t count;
    struct uk_store_listed user[UK_STORE_PAGE];
};

static void
keep_user(void *context, const struct uk_store_listed *one)
{
    struct page *page = context;

    page->user[page->count++] = *one;
}

static void
print_user(const struct uk_store_listed *one)
{
    printf("%s  %-8s  %2u  %s\n", one->user.id,
           one->user.disabled ? "disabled" : "enabled", one->keys,
           one->email[0] != '\0' ? one->email : "-");
}

/* Nothing is printed while a statement runs: who reads us slowly must not keep
 * the database from tidying up behind the changes of others. */
static enum uk_code
list(struct task *task, struct uk_err *err)
{
    char after[UK_ID_SIZE] = "";
    const struct uk_store_page from = {
        .app_id = task->app.id, .after = after, .disabled = -1};
    struct page page;
    enum uk_code code;

    do {
        page.count = 0;
        code = uk_store_call(task->store, page_users, &from, keep_user, &page,
                             err);
        if (code != UK_OK)
            return code;
        for (size_t i = 0; i < page.count; i++)
            print_user(&page.user[i]);
        if (page.count > 0)
            memcpy(after, page.user[page.count - 1].user.id, UK_ID_SIZE);
    } while (page.count == UK_STORE_PAGE);
    return UK_OK;
}

enum uk_code
uk_command_user_list(const struct uk_args *args, struct uk_err *err)
{
    return run(args, list, err);
}

/* Commit what has found its user. */
static enum uk_code
finish(struct task *task, enum uk_store_result result, struct uk_err *err)
{
    if (result == UK_STORE_NOT_FOUND)
        return no_such_user(task, err);
    return task->store->ops->commit(task->store, err);
}

static enum uk_code
no_address(const struct task *task, struct uk_err *err)
{
    return uk_err_set(err, UK_INVALID,
                      "user %s has no address to log in with, so no password "
                      "either",
                      task->shown);
}

static enum uk_code
set_password(struct task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    char hash[UK_PWHASH_SIZE];
    const char *id = task->user.user.id;
    enum uk_code code = find_user(task, err);

    if (code == UK_OK && task->user.email[0] == '\0')
        code = no_address(task, err);
    if (code == UK_OK)
        code = read_password(task, hash, err);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, end_sessions, id, &result, err);
    if (code == UK_OK && result == UK_STORE_DONE)
        code = uk_store_call(task->store, set_password, id, hash, &result, err);
    if (code == UK_OK)
        code = finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "user %s has a new password; the sessions are over\n",
                task->shown);
    return code;
}

enum uk_code
uk_command_user_password(const struct uk_args *args, struct uk_err *err)
{
    return run(args, set_password, err);
}

/* A token that `userkey reset-password` takes, for a day. */
static enum uk_code
hand_out(struct task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_secret token = UK_SECRET_NONE;
    struct uk_store_handout handout;
    struct uk_secrets secrets;
    enum uk_code code = find_user(task, err);

    if (code == UK_OK)
        code = uk_secrets_load(task->config.secrets, &secrets, err);
    if (code != UK_OK)
        return code;
    code = uk_handout_make(secrets.pepper, task->user.user.id, UK_STORE_RESET,
                           &handout, &token, err);
    uk_secrets_clear(&secrets);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, add_handout, &handout, &result, err);
    if (code == UK_OK && result == UK_STORE_NOT_FOUND)
        code = no_address(task, err);
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    if (code == UK_OK) {
        fprintf(stderr, "for user %s and 'userkey reset-password', once:\n",
                task->shown);
        printf("%s.%s\n", handout.id, uk_secret_peek(&token));
    }
    uk_secret_clear(&token);
    return code;
}

enum uk_code
uk_command_user_reset_token(const struct uk_args *args, struct uk_err *err)
{
    return run(args, hand_out, err);
}

static enum uk_code
set_state(struct task *task, bool disabled, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = find_user(task, err);

    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, set_user, task->user.user.id,
                             disabled, &result, err);
    if (code == UK_OK)
        code = finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "user %s is %s\n", task->shown,
                disabled ? "disabled; the sessions are over" : "enabled");
    return code;
}

static enum uk_code
disable(struct task *task, struct uk_err *err)
{
    return set_state(task, true, err);
}

static enum uk_code
enable(struct task *task, struct uk_err *err)
{
    return set_state(task, false, err);
}

enum uk_code
uk_command_user_disable(const struct uk_args *args, struct uk_err *err)
{
    return run(args, disable, err);
}

enum uk_code
uk_command_user_enable(const struct uk_args *args, struct uk_err *err)
{
    return run(args, enable, err);
}

static enum uk_code
ask(const struct task *task, struct uk_err *err)
{
    char question[sizeof(task->shown) + 128];

    if (task->args->yes)
        return UK_OK;
    snprintf(question, sizeof(question),
             "Delete user %s and %u key%s for ever? ('userkey-server user "
             "disable' can be undone.) [y/N] ",
             task->shown, task->user.keys, task->user.keys == 1 ? "" : "s");
    return uk_terminal_yes(question, err);
}

static enum uk_code
remove_user(struct task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = find_user(task, err);

    if (code == UK_OK)
        code = ask(task, err);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, delete_user, task->user.user.id,
                             &result, err);
    if (code == UK_OK)
        code = finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "user %s and %u key%s are deleted\n", task->shown,
                task->user.keys, task->user.keys == 1 ? "" : "s");
    return code;
}

enum uk_code
uk_command_user_delete(const struct uk_args *args, struct uk_err *err)
{
    return run(args, remove_user, err);
}
