/* `userkey-server provider`: the ways to log in to an app, beside a server that
 * may be running. */
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "service/command/commands.h"
#include "service/command/where.h"

static const enum uk_provider providers[] = {
    UK_PROVIDER_ANON, UK_PROVIDER_PASSWORD, UK_PROVIDER_KEY};

struct task {
    struct uk_config config;
    struct uk_store *store;
    struct uk_store_app app;
    enum uk_provider provider; /* of which it is spoken */
};

typedef enum uk_code work(struct task *task, struct uk_err *err);

static enum uk_code
run(const struct uk_args *args, enum uk_provider provider, work *does,
    struct uk_err *err)
{
    struct task task = {.provider = provider};
    enum uk_code code = uk_where_load(args, &task.config, err);

    if (code == UK_OK)
        code = uk_store_open(task.config.database, UK_STORE_WRITE, &task.store,
                             err);
    if (code == UK_OK)
        code = uk_where_app(args, task.store, &task.app, err);
    if (code == UK_OK)
        code = does(&task, err);
    uk_store_close(task.store); /* a transaction that is open is undone */
    return code;
}

static bool
is_off(const struct task *task, enum uk_provider provider)
{
    return (task->app.providers_off & 1U << provider) != 0;
}

/* Who is anonymous registers with it. */
static bool
is_closed(const struct task *task, enum uk_provider provider)
{
    return provider == UK_PROVIDER_ANON &&
           task->config.registration != UK_REGISTRATION_OPEN;
}

static enum uk_code
list(struct task *task, struct uk_err *err)
{
    (void)err;
    for (size_t i = 0; i < UK_COUNT(providers); i++) {
        bool off = is_off(task, providers[i]);

        printf("%-14s  %s%s\n", uk_provider_word(providers[i]),
               off || is_closed(task, providers[i]) ? "disabled" : "enabled",
               !off && is_closed(task, providers[i])
                   ? " (registration is closed)"
                   : "");
    }
    return UK_OK;
}

static enum uk_code
set(struct task *task, bool off, struct uk_err *err)
{
    const char *word = uk_provider_word(task->provider);
    enum uk_code code = task->store->ops->begin(task->store, err);

    if (code == UK_OK)
        code = uk_store_call(task->store, set_providers, task->app.id,
                             1U << task->provider, off, err);
    if (code == UK_OK)
        code = task->store->ops->commit(task->store, err);
    if (code == UK_OK)
        fprintf(stderr, "'%s' is %s for app '%s'%s\n", word,
                off ? "disabled" : "enabled", task->app.client_id,
                off ? "; sessions go on"
                : is_closed(task, task->provider)
                    ? ", and nobody logs in by it while registration is closed"
                    : "");
    return code;
}

static enum uk_code
enable(struct task *task, struct uk_err *err)
{
    return set(task, false, err);
}

static enum uk_code
disable(struct task *task, struct uk_err *err)
{
    return set(task, true, err);
}

/* Of the operand; UK_INVALID says which there are. */
static enum uk_code
take_provider(const struct uk_args *args, enum uk_provider *out,
              struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];

    for (size_t i = 0; i < UK_COUNT(providers); i++) {
        if (strcmp(args->word, uk_provider_word(providers[i])) != 0)
            continue;
        *out = providers[i];
        return UK_OK;
    }
    return uk_err_set(err, UK_INVALID,
                      "'%s' is not one of anon-user, local-userpass, api-key",
                      uk_str_printable(shown, args->word, strlen(args->word)));
}

enum uk_code
uk_command_provider_list(const struct uk_args *args, struct uk_err *err)
{
    return run(args, UK_PROVIDER_NONE, list, err);
}

enum uk_code
uk_command_provider_enable(const struct uk_args *args, struct uk_err *err)
{
    enum uk_provider provider = UK_PROVIDER_NONE;
    enum uk_code code = take_provider(args, &provider, err);

    return code == UK_OK ? run(args, provider, enable, err) : code;
}

enum uk_code
uk_command_provider_disable(const struct uk_args *args, struct uk_err *err)
{
    enum uk_provider provider = UK_PROVIDER_NONE;
    enum uk_code code = take_provider(args, &provider, err);

    return code == UK_OK ? run(args, provider, disable, err) : code;
}
