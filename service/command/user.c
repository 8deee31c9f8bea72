/* `userkey-server user`: people, for the administrator, beside a server that
 * may be running. */
#include <stdio.h>
#include <string.h>

#include "core/identity.h"
#include "core/str.h"
#include "service/command/commands.h"
#include "service/command/terminal.h"
#include "service/command/user.h"

static enum uk_code
no_such_user(const struct uk_user_task *task, struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];

    return uk_err_set(
        err, UK_INVALID,
        "there is no user '%s' in app '%s'; 'userkey-server user list' shows "
        "who there is",
        uk_str_printable(shown, task->args->word, strlen(task->args->word)),
        task->app.client_id);
}

/* The address; "server:NAME" for the user of a server key; or "". */
static void
name_user(const struct uk_store_listed *one, char out[UK_USER_NAME])
{
    if (one->user.server)
        snprintf(out, UK_USER_NAME, "server:%s", one->server);
    else
        snprintf(out, UK_USER_NAME, "%s", one->email);
}

/* "'ann@example.com' (6b03...)"; the id alone where there is no name. */
static void
show_user(struct uk_user_task *task)
{
    char name[UK_USER_NAME];
    bool named;

    name_user(&task->user, name);
    named = name[0] != '\0';
    snprintf(task->shown, sizeof(task->shown), "%s%s%s%s%s", named ? "'" : "",
             name, named ? "' (" : "'", task->user.user.id, named ? ")" : "'");
}

/* The user whom the operand names, by id or address. */
enum uk_code
uk_user_find(struct uk_user_task *task, struct uk_err *err)
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
enum uk_code
uk_user_run(const struct uk_args *args, uk_user_work *does, struct uk_err *err)
{
    struct uk_user_task task = {.args = args};
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
    char name[UK_USER_NAME];

    name_user(one, name);
    printf("%s  %-32s  %-8s  %2u\n", one->user.id, name[0] != '\0' ? name : "-",
           one->user.disabled ? "disabled" : "enabled", one->keys);
}

/* Nothing is printed while a statement runs: who reads us slowly must not keep
 * the database from tidying up behind the changes of others. */
static enum uk_code
list(struct uk_user_task *task, struct uk_err *err)
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
    return uk_user_run(args, list, err);
}

/* Commit what has found its user. */
enum uk_code
uk_user_finish(struct uk_user_task *task, enum uk_store_result result,
               struct uk_err *err)
{
    if (result == UK_STORE_NOT_FOUND)
        return no_such_user(task, err);
    return task->store->ops->commit(task->store, err);
}

static enum uk_code
set_state(struct uk_user_task *task, bool disabled, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = uk_user_find(task, err);

    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, set_user, task->user.user.id,
                             disabled, &result, err);
    if (code == UK_OK)
        code = uk_user_finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "user %s is %s\n", task->shown,
                disabled ? "disabled; the sessions are over" : "enabled");
    return code;
}

static enum uk_code
disable(struct uk_user_task *task, struct uk_err *err)
{
    return set_state(task, true, err);
}

static enum uk_code
enable(struct uk_user_task *task, struct uk_err *err)
{
    return set_state(task, false, err);
}

enum uk_code
uk_command_user_disable(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, disable, err);
}

enum uk_code
uk_command_user_enable(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, enable, err);
}

static enum uk_code
log_out(struct uk_user_task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = uk_user_find(task, err);

    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, end_sessions, task->user.user.id,
                             &result, err);
    if (code == UK_OK)
        code = uk_user_finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "the sessions of user %s are over\n", task->shown);
    return code;
}

enum uk_code
uk_command_user_logout(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, log_out, err);
}

static enum uk_code
ask(const struct uk_user_task *task, struct uk_err *err)
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
remove_user(struct uk_user_task *task, struct uk_err *err)
{
    enum uk_store_result result = UK_STORE_NONE;
    enum uk_code code = uk_user_find(task, err);

    if (code == UK_OK)
        code = ask(task, err);
    if (code == UK_OK)
        code = task->store->ops->begin(task->store, err);
    if (code == UK_OK)
        code = uk_store_call(task->store, delete_user, task->user.user.id,
                             &result, err);
    if (code == UK_OK)
        code = uk_user_finish(task, result, err);
    if (code == UK_OK)
        fprintf(stderr, "user %s and %u key%s are deleted\n", task->shown,
                task->user.keys, task->user.keys == 1 ? "" : "s");
    return code;
}

enum uk_code
uk_command_user_delete(const struct uk_args *args, struct uk_err *err)
{
    return uk_user_run(args, remove_user, err);
}
