/* `userkey-server user`: what a person logs in with, an address and its
 * password. */
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "service/api/handout.h"
#include "service/command/commands.h"
#include "service/command/terminal.h"
#include "service/command/typed.h"
#include "service/command/user.h"
#include "service/value/email.h"
#include "service/value/secrets.h"

static enum uk_code
read_password(const struct uk_user_task *task, char hash[UK_PWHASH_SIZE],
              struct uk_err *err)
{
    struct uk_secret password = UK_SECRET_NONE;
    enum uk_code code;

    code = task->args->password_stdin
               ? uk_typed_password(&password, err)
               : uk_typed_password_twice(task->shown, &password, err);
    if (code == UK_OK)
        code = uk_pwhash_make(&password, hash, err);
    uk_secret_clear(&password);
    return code;
}

/* Asked again when the user is added; here it saves the typing. */
static enum uk_code
check_free(struct uk_user_task *task, struct uk_err *err)
{
    struct uk_store_password old;
    bool taken;
    enum uk_code code;

    code = uk_store_call(task->store, find_password, task->app.id,
                         task->args->word, &old, &taken, err);
    if (code == UK_OK && taken)
        code =
            uk_err_set(err, UK_INVALID,
                       "user '%s' has this address already; "
                       "'userkey-server user password' sets another password",
                       old.user.id);
    return code;
}

static enum uk_code
add_row(struct uk_user_task *task, const struct uk_store_identity *identity,
        const char *hash, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = task->store->ops->begin(task->store, err);

    if (code == UK_OK)
        code = uk_store_call(task->store, add_user, &task->user.user, identity,
                             hash, &result, err);
    if (code == UK_OK && result == UK_STORE_TAKEN)
        code = uk_err_set(err, UK_INVALID,
                          "somebody has this address already; "
                          "'userkey-server user list' shows who");
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    return code;
}

static enum uk_code
add(struct uk_user_task *task, struct uk_err *err)
{
    struct uk_store_identity identity = {.provider = UK_PROVIDER_PASSWORD,
                                         .confirmed = true};
    const char *email = task->args->word;
    char hash[UK_PWHASH_SIZE], shown[UK_PRINTABLE_SIZE];
    enum uk_code code;

    uk_str_printable(shown, email, strlen(email));
    if (!uk_email_check(email) ||
        !uk_str_copy(identity.email, sizeof(identity.email), email))
        return uk_err_set(err, UK_INVALID,
                          "'%s' is not an address, as in name@example.com",
                          shown);
    uk_id_make(task->user.user.id);
    uk_id_make(identity.id);
    memcpy(task->user.user.app_id, task->app.id, UK_ID_SIZE);
    snprintf(task->shown, sizeof(task->shown), "'%s'", email);
    code = check_free(task, err);
    if (code == UK_OK)
        code = read_password(task, hash, err);
    if (code == UK_OK)
        code = add_row(task, &identity, hash, err);
    if (code == UK_OK) {
        uk_terminal_next(
            "'userkey login --email %s' and 'userkey create NAME' "
            "make a key; with a line 'ACCOUNT id:%s' in "
            "'/etc/userkey/users' it logs in there; the user's id:",
            shown, task->user.user.id);
        printf("%s\n", task->user.user.id);
    }
    return code;
}

enum uk_code
uk_command_user_add(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, add, err);
}

static enum uk_code
no_address(const struct uk_user_task *task, struct uk_err *err)
{
    return uk_err_set(err, UK_INVALID, "user %s has no address to log in with",
                      task->shown);
}

static enum uk_code
set_password(struct uk_user_task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    char hash[UK_PWHASH_SIZE];
    const char *id = task->user.user.id;
    enum uk_code code = uk_user_find(task, err);

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
        code = uk_user_finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "user %s has a new password; the sessions are over\n",
                task->shown);
    return code;
}

enum uk_code
uk_command_user_password(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, set_password, err);
}

/* A token that `userkey reset-password` takes, for a day. */
static enum uk_code
hand_out(struct uk_user_task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_secret token = UK_SECRET_NONE;
    char date[UK_TERMINAL_DATE];
    struct uk_store_handout handout;
    struct uk_secrets secrets;
    enum uk_code code = uk_user_find(task, err);

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
        fprintf(stderr,
                "for '%s', once, until %s: 'userkey reset-password' asks for "
                "it\n",
                task->user.email, uk_terminal_date(handout.expires, date));
        printf("%s.%s\n", handout.id, uk_secret_peek(&token));
    }
    uk_secret_clear(&token);
    return code;
}

enum uk_code
uk_command_user_reset_token(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, hand_out, err);
}

static enum uk_code
confirm(struct uk_user_task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = uk_user_find(task, err);

    if (code == UK_OK && task->user.email[0] == '\0')
        code = no_address(task, err);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, confirm_user, task->user.user.id,
                             &result, err);
    if (code == UK_OK)
        code = uk_user_finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "the address of user %s is confirmed\n", task->shown);
    return code;
}

enum uk_code
uk_command_user_confirm(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, confirm, err);
}
