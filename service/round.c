/* Calls that have come in together are answered together. */
#include "service/round.h"

#include <string.h>

#include "core/str.h"
#include "service/work.h"

#define KEYS 64 /* in one question */

void
uk_round_init(struct uk_round *round, const struct uk_log *log,
              struct uk_store *store)
{
    memset(round, 0, sizeof(*round));
    round->last = &round->first;
    round->store = store;
    round->log = *log;
    round->log.held = &round->held;
}

static void
put(struct uk_job ***last, struct uk_call *call)
{
    call->job.next = NULL;
    **last = &call->job;
    *last = &call->job.next;
}

void
uk_round_add(struct uk_round *round, struct uk_call *call)
{
    put(&round->last, call);
}

bool
uk_round_is_empty(const struct uk_round *round)
{
    return round->first == NULL;
}

static void
find_login(struct uk_call *call, const struct uk_store_login *login,
           const struct uk_err *err)
{
    if (err->code != UK_OK) {
        call->then = uk_call_fail(call, err);
        return;
    }
    call->login = *login;
    call->then = UK_THEN_LOOP;
}

/* Up to KEYS of the calls; the one behind them. */
static struct uk_job *
ask_some(struct uk_round *round, struct uk_job *jobs)
{
    struct uk_store_hash hashes[KEYS];
    struct uk_store_login logins[KEYS];
    struct uk_err err = UK_ERR_NONE;
    struct uk_job *end = jobs;
    size_t n = 0;

    do {
        hashes[n++] = ((struct uk_call *)end)->hash;
        end = end->next;
    } while (end != NULL && n < KEYS);
    err.code = uk_store_call(round->store, find_keys, hashes, n, logins, &err);
    n = 0;
    for (; jobs != end; jobs = jobs->next)
        find_login((struct uk_call *)jobs, &logins[n++], &err);
    return end;
}

/* The calls as far as they go here: with a reply, with a key to find, or away.
 */
static void
advance(struct uk_round *round, struct uk_job *jobs, struct uk_job ***replied,
        struct uk_job ***asking, unsigned *away)
{
    for (struct uk_job *next; jobs != NULL; jobs = next) {
        struct uk_call *call = (struct uk_call *)jobs;

        next = jobs->next;
        call->round = round;
        if (!uk_work_advance(call, round->store))
            ++*away;
        else if (call->then == UK_THEN_KEY)
            put(asking, call);
        else
            put(replied, call);
    }
}

struct uk_job *
uk_round_run(struct uk_round *round, unsigned *away)
{
    struct uk_job *jobs = round->first, *replied = NULL, *asking;
    struct uk_job **end = &replied, **last;

    if (jobs == NULL)
        return NULL;
    round->first = NULL;
    round->last = &round->first;
    round->app_known = false;
    round->store->ops->look(round->store);
    while (jobs != NULL) {
        asking = NULL;
        last = &asking;
        advance(round, jobs, &end, &last, away);
        for (jobs = asking; jobs != NULL;)
            jobs = ask_some(round, jobs);
        jobs = asking;
    }
    round->store->ops->look_away(round->store);
    return replied;
}

enum uk_code
uk_round_find_app(struct uk_call *call, const char *client_id,
                  struct uk_store_app *out, bool *found, struct uk_err *err)
{
    struct uk_round *round = call->round;
    enum uk_code code;

    if (round == NULL)
        return uk_store_call(call->store, find_app, client_id, out, found, err);
    if (round->app_known && strcmp(client_id, round->app_name) == 0) {
        *out = round->app;
        *found = round->app_found;
        return UK_OK;
    }
    code = uk_store_call(call->store, find_app, client_id, out, found, err);
    round->app_known =
        code == UK_OK &&
        uk_str_copy(round->app_name, sizeof(round->app_name), client_id);
    if (round->app_known) {
        round->app_found = *found;
        round->app = *out;
    }
    return code;
}
