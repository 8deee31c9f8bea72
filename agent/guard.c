/* What stands between a caller and the service. */
#include "agent/guard.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/grace.h"
#include "agent/seal.h"

/* When what is queued is done: behind the answers of this moment, and one
 * after the other with time for others between. */
#define SOON_MS  100
#define LATER_MS 60000

struct uk_guard {
    const struct uk_settings *settings; /* borrowed, as the next three */
    struct uk_loop *loop;
    const struct uk_log *log;
    struct uk_upstream *upstream;
    struct uk_tries *tries; /* owned; NULL: none are counted */
    struct uk_grace *grace; /* owned; NULL: off */
    struct uk_count *count; /* owned; NULL: nothing is counted */
    struct uk_watch asked;  /* of who wants the numbers */
    struct uk_alarm work;
    unsigned waiting;
};

static void
log_note(const struct uk_guard *guard, const struct uk_err *note)
{
    if (note->code != UK_OK)
        uk_log_line(guard->log, UK_LEVEL_WARNING, "%s", note->text);
}

/* Work that can wait. */

static void
on_work(struct uk_alarm *alarm)
{
    struct uk_guard *guard = alarm->own;
    struct uk_clock_reading now;
    struct uk_err err = UK_ERR_NONE;
    bool more = false;

    uk_clock_read(&now);
    if (uk_grace_work(guard->grace, &now, &more, &err) != UK_OK)
        log_note(guard, &err);
    uk_loop_set(guard->loop, &guard->work,
                uk_deadline_in(more ? SOON_MS : LATER_MS));
}

/* The numbers. */

static void
on_asked(struct uk_watch *watch)
{
    struct uk_guard *guard = watch->own;
    struct uk_count_server servers[UK_CONF_ITEMS];
    const struct uk_server *server;
    struct uk_count_now now = {
        .servers = servers,
        .waiting = guard->waiting,
        .offline_keys = uk_grace_count(guard->grace),
        .offline = uk_upstream_gone(guard->upstream, UK_GRACE_SETTLE_MS),
    };

    while ((server = uk_upstream_peek(guard->upstream, now.n_servers)) != NULL)
        servers[now.n_servers++] = (struct uk_count_server){
            .url = server->url,
            .up = server->health.state == UK_HEALTH_GOOD,
            .asked = server->asked,
            .failed = server->failed,
        };
    uk_count_serve(guard->count, &now, watch->fd);
}

static void
on_timed(void *whose, const struct uk_httpstry *attempt)
{
    struct uk_guard *guard = whose;

    for (int stage = UK_STAGE_RESOLVE; stage <= UK_STAGE_ANSWER; stage++) {
        int64_t us = uk_httpstry_took(attempt, (enum uk_stage)stage);

        if (us >= 0)
            uk_count_stage(guard->count, (enum uk_stage)stage, us);
    }
}

enum uk_code
uk_guard_listen(struct uk_guard *guard, int fd, struct uk_err *err)
{
    return uk_loop_watch(guard->loop, &guard->asked, fd, err);
}

/* Coming and going. */

static enum uk_code
open_tries(struct uk_guard *guard, struct uk_err *err)
{
    const struct uk_settings *settings = guard->settings;
    const struct uk_tries_limits limits = {
        .per_source = (unsigned)settings->failed_logins_per_source,
        .per_user = (unsigned)settings->failed_logins_per_user,
        .period_ms = (unsigned)settings->limit_period,
    };
    struct uk_err note = UK_ERR_NONE;
    char file[PATH_MAX];
    enum uk_code code;

    snprintf(file, sizeof(file), "%s/tries", settings->state_folder);
    code = uk_tries_open(file, &limits, &guard->tries, &note, err);
    if (code == UK_OK)
        log_note(guard, &note);
    return code;
}

static enum uk_code
open_grace(struct uk_guard *guard, const struct uk_grace_key *key,
           struct uk_err *err)
{
    struct uk_clock_reading now;
    struct uk_err note = UK_ERR_NONE;
    enum uk_code code;

    uk_clock_read(&now);
    code = uk_grace_open(guard->settings, key, &now, &guard->grace, &note, err);
    if (code != UK_OK)
        return code;
    log_note(guard, &note);
    if (guard->grace != NULL)
        uk_loop_set(guard->loop, &guard->work, uk_deadline_in(LATER_MS));
    return UK_OK;
}

enum uk_code
uk_guard_new(const struct uk_settings *settings, const struct uk_grace_key *key,
             struct uk_loop *loop, const struct uk_log *log,
             struct uk_upstream *upstream, struct uk_guard **out,
             struct uk_err *err)
{
    struct uk_guard *guard = calloc(1, sizeof(*guard));
    enum uk_code code = uk_seal_start(err);

    if (guard == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the limits");
    guard->settings = settings;
    guard->loop = loop;
    guard->log = log;
    guard->upstream = upstream;
    guard->asked = (struct uk_watch){.ready = on_asked, .own = guard};
    guard->work = (struct uk_alarm){.rang = on_work, .own = guard};
    if (code == UK_OK)
        code = open_tries(guard, err);
    if (code == UK_OK && key != NULL)
        code = open_grace(guard, key, err);
    if (code == UK_OK && key != NULL)
        code = uk_count_new(&guard->count, err);
    if (code == UK_OK && key != NULL)
        uk_upstream_tell(upstream, on_timed, guard);
    if (code == UK_OK)
        *out = guard;
    else
        uk_guard_free(guard);
    return code;
}

void
uk_guard_free(struct uk_guard *guard)
{
    if (guard == NULL)
        return;
    uk_upstream_tell(guard->upstream, NULL, NULL);
    uk_loop_unwatch(guard->loop, &guard->asked);
    uk_loop_unset(guard->loop, &guard->work);
    uk_tries_close(guard->tries);
    uk_grace_close(guard->grace);
    uk_count_free(guard->count);
    free(guard);
}

/* A request's way. */

bool
uk_guard_admit(struct uk_guard *guard, const struct uk_request *request,
               uid_t uid, struct uk_guard_pass *pass, struct uk_answer *answer)
{
    struct uk_clock_reading now;
    unsigned wait_s = 0;

    *pass = (struct uk_guard_pass){.login = false};
    if (guard == NULL)
        return true;
    *pass = (struct uk_guard_pass){
        .who = {.user = request->user,
                .rhost = request->rhost,
                .ruser = request->ruser,
                .uid = uid},
        .begun = uk_deadline_in(0),
        .login = request->op == UK_OP_LOGIN,
        .waits = true,
    };
    guard->waiting++;
    memcpy(pass->service, request->service, sizeof(pass->service));
    if (!pass->login)
        return true;
    uk_clock_read(&now);
    if (uk_tries_before(guard->tries, &pass->who, &request->secret, &now,
                        &pass->ticket, &wait_s))
        return true;
    *answer = (struct uk_answer){.verdict = UK_THROTTLED_HERE,
                                 .retry_after_s = wait_s};
    return false;
}

/* Nobody knows, and it is not the caller's doing: then those may come in who
 * were in not long ago. */
static void
try_grace(struct uk_guard *guard, const struct uk_request *request,
          const struct uk_guard_pass *pass, const struct uk_clock_reading *now,
          struct uk_answer *answer)
{
    struct uk_answer granted = {.code = UK_OK};

    if (answer->code != UK_UNREACHABLE && answer->code != UK_TIMEOUT)
        return;
    if (guard->grace == NULL ||
        !uk_upstream_gone(guard->upstream, UK_GRACE_SETTLE_MS))
        return;
    if (uk_grace_check(guard->grace, request, &pass->who, now, &granted))
        *answer = granted;
}

void
uk_guard_settle(struct uk_guard *guard, const struct uk_request *request,
                const struct uk_guard_pass *pass, struct uk_answer *answer)
{
    struct uk_clock_reading now;
    struct uk_err err = UK_ERR_NONE;

    if (!pass->login)
        return;
    uk_clock_read(&now);
    uk_tries_after(guard->tries, &pass->ticket, &now, answer->code,
                   answer->verdict);
    if (answer->code != UK_OK) {
        try_grace(guard, request, pass, &now, answer);
        return;
    }
    if (guard->grace == NULL)
        return;
    if (uk_grace_learn(guard->grace, request, answer, &now, &err) != UK_OK)
        log_note(guard, &err);
    /* Never later than it was to be: on a machine that is never quiet for so
     * long, nothing would ever be done. */
    uk_loop_set(guard->loop, &guard->work,
                uk_deadline_sooner(guard->work.at, uk_deadline_in(SOON_MS)));
}

void
uk_guard_answered(struct uk_guard *guard, struct uk_guard_pass *pass,
                  const struct uk_answer *answer)
{
    struct uk_deadline now = uk_deadline_in(0);

    if (guard == NULL)
        return;
    guard->waiting -= pass->waits;
    pass->waits = false;
    if (guard->count != NULL && pass->login)
        uk_count_answer(guard->count, pass->service, pass->who.uid == 0,
                        answer->code, answer->verdict, answer->offline,
                        (now.at_ns - pass->begun.at_ns) / 1000);
}
