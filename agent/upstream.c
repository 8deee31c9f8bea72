/* The servers of the service: whom to ask now, and whom next. */
#include "agent/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "agent/server.h"

struct uk_upstream {
    struct uk_loop *loop;
    struct uk_server_host host; /* owns many, and where */
    struct uk_watch watch;      /* of many's descriptor */
    struct uk_alarm work;       /* when many wants to be called */
    struct uk_alarm probe;      /* of those that are not well */
    size_t count;
    struct uk_server server[UK_CONF_ITEMS];
};

/* libcurl's own work. */

static void
set_work(void *own)
{
    struct uk_upstream *up = own;
    struct uk_deadline next = uk_httpsmany_next(up->host.many);

    if (next.at_ns == INT64_MAX)
        uk_loop_unset(up->loop, &up->work);
    else if (!up->work.set || up->work.at.at_ns != next.at_ns)
        uk_loop_set(up->loop, &up->work, next);
}

static void
on_ready(struct uk_watch *watch)
{
    struct uk_upstream *up = watch->own;

    uk_httpsmany_work(up->host.many);
    set_work(up);
}

static void
on_work(struct uk_alarm *alarm)
{
    struct uk_upstream *up = alarm->own;

    uk_httpsmany_wake(up->host.many);
    set_work(up);
}

/* Health. */

static void
set_probe(void *own)
{
    struct uk_upstream *up = own;
    struct uk_deadline next = {.at_ns = INT64_MAX};

    for (size_t i = 0; i < up->count; i++) {
        const struct uk_health *health = &up->server[i].health;

        if (health->state != UK_HEALTH_GOOD)
            next = uk_deadline_sooner(next, health->probe_at);
    }
    if (next.at_ns == INT64_MAX)
        uk_loop_unset(up->loop, &up->probe);
    else
        uk_loop_set(up->loop, &up->probe, next);
}

static void
on_probe(struct uk_alarm *alarm)
{
    struct uk_upstream *up = alarm->own;
    struct uk_deadline now = uk_deadline_in(0);

    for (size_t i = 0; i < up->count; i++) {
        if (uk_health_probe(&up->server[i].health, now))
            uk_server_look(&up->server[i]);
    }
    set_probe(up);
}

/* Nobody has answered an errand: is nobody there?  Only 'offline_grace' needs
 * to know that now, others when a probe is due. */
static void
look_everywhere(struct uk_upstream *up)
{
    struct uk_deadline now = uk_deadline_in(0);

    for (size_t i = 0; i < up->count; i++) {
        const struct uk_health *health = &up->server[i].health;

        if (up->host.settings->offline_grace > 0 &&
            health->state != UK_HEALTH_GOOD && !uk_health_gone(health, 0, now))
            uk_server_look(&up->server[i]);
    }
}

bool
uk_upstream_gone(const struct uk_upstream *up, unsigned ms)
{
    struct uk_deadline now = uk_deadline_in(0);

    if (!uk_httpsmany_is_sound(up->host.many))
        return false; /* it may be this machine that fails */
    for (size_t i = 0; i < up->count; i++) {
        if (!uk_health_gone(&up->server[i].health, ms, now))
            return false;
    }
    return true;
}

void
uk_upstream_tell(struct uk_upstream *up,
                 void (*timed)(void *whose, const struct uk_httpstry *attempt),
                 void *whose)
{
    up->host.timed = timed;
    up->host.whose = whose;
}

const struct uk_server *
uk_upstream_peek(const struct uk_upstream *up, size_t i)
{
    return i < up->count ? &up->server[i] : NULL;
}

/* Errands. */

/* The best of those that have not been tried: well before ailing, and in the
 * order of the settings.  *left counts them. */
static struct uk_server *
choose(struct uk_upstream *up, unsigned tried, size_t *left)
{
    struct uk_server *best = NULL;

    *left = 0;
    for (size_t i = 0; i < up->count; i++) {
        struct uk_server *server = &up->server[i];

        if ((tried & 1U << i) != 0 || server->health.state == UK_HEALTH_OUT)
            continue;
        ++*left;
        if (best == NULL || server->health.state < best->health.state)
            best = server;
    }
    return best;
}

static void
finish(struct uk_errand *errand, enum uk_code code,
       struct uk_https_reply *reply, const struct uk_err *err)
{
    uk_httpstry_clear(&errand->flight.attempt);
    errand->done(errand, code, reply, err);
}

static void
on_failed(struct uk_alarm *alarm)
{
    struct uk_errand *errand = alarm->own;
    struct uk_https_reply none = {.status = 0};

    finish(errand, errand->why.code, &none, &errand->why);
}

/* Tell it from the loop, whoever it was that asked. */
static void
fail_soon(struct uk_errand *errand)
{
    errand->failed.rang = on_failed;
    errand->failed.own = errand;
    uk_loop_set(errand->upstream->loop, &errand->failed, uk_deadline_in(0));
}

static void on_landed(struct uk_flight *flight, enum uk_code code,
                      struct uk_https_reply *reply, const struct uk_err *err);

/* To this server now, with its share of the time that is left. */
static bool
send_to(struct uk_errand *errand, struct uk_server *server, size_t servers_left,
        bool fresh, struct uk_err *err)
{
    struct uk_upstream *up = errand->upstream;
    int ms = uk_deadline_left_ms(errand->by) / (int)servers_left;
    struct uk_deadline by =
        servers_left == 1 ? errand->by : uk_deadline_in((unsigned)ms);

    errand->server = (size_t)(server - up->server);
    errand->tried |= 1U << errand->server;
    /* Half of what a question may take here is enough to judge by. */
    errand->patient =
        (unsigned long)ms >=
        up->host.settings->timeout / (2 * (unsigned long)servers_left);
    uk_httpstry_clear(&errand->flight.attempt);
    errand->flight = (struct uk_flight){
        .attempt = {.fresh = fresh},
        .connect_by = by,
        .by = by,
        .landed = on_landed,
        .own = errand,
    };
    errand->flying = uk_server_launch(server, &errand->flight, errand->question,
                                      err) == UK_OK;
    return errand->flying;
}

/* To the next server, if there is one and time. */
static bool
send_on(struct uk_errand *errand, struct uk_err *err)
{
    size_t left;
    struct uk_server *server = choose(errand->upstream, errand->tried, &left);

    return server != NULL && !uk_deadline_passed(errand->by) &&
           send_to(errand, server, left, false, err);
}

/* May what failed so be asked elsewhere?  Not behind a part of an answer. */
static bool
may_go_on(const struct uk_flight *flight, enum uk_code code)
{
    return flight->attempt.head.bytes == 0 &&
           (code == UK_UNREACHABLE || code == UK_TIMEOUT || code == UK_TLS);
}

static void
join_why(struct uk_errand *errand, const struct uk_err *err)
{
    struct uk_err before = errand->why;

    errand->why = *err;
    if (before.code != UK_OK)
        uk_err_in(&errand->why, "%s; then", before.text);
}

static void
on_landed(struct uk_flight *flight, enum uk_code code,
          struct uk_https_reply *reply, const struct uk_err *err)
{
    struct uk_errand *errand = flight->own;
    struct uk_upstream *up = errand->upstream;
    struct uk_server *server = &up->server[errand->server];
    struct uk_err last = UK_ERR_NONE;

    uk_server_landed(server);
    errand->flying = false;
    /* A kept connection that was closed while nobody looked says nothing
     * about the server: once more, over a new one. */
    if (flight->attempt.stale && !flight->attempt.fresh &&
        !uk_deadline_passed(errand->by) &&
        send_to(errand, server, 1, true, &last))
        return;
    uk_server_learn(server, &flight->attempt, code, reply->status,
                    errand->patient, err);
    if (code == UK_OK) {
        finish(errand, code, reply, err);
        return;
    }
    join_why(errand, err);
    if (may_go_on(flight, code) && send_on(errand, &last))
        return;
    look_everywhere(up);
    finish(errand, code, reply, &errand->why);
}

void
uk_upstream_ask(struct uk_upstream *up, struct uk_errand *errand)
{
    struct uk_err err = UK_ERR_NONE;
    size_t left;

    errand->upstream = up;
    errand->tried = 0;
    errand->why = (struct uk_err)UK_ERR_NONE;
    if (send_on(errand, &err))
        return;
    if (err.code != UK_OK)
        errand->why = err;
    else if (choose(up, 0, &left) != NULL)
        uk_err_late(&errand->why, UK_STAGE_AGENT,
                    "no time was left to ask the service");
    else
        uk_err_set(&errand->why, UK_UNREACHABLE,
                   "not asked: '%s' let %d questions in a row wait in vain; it "
                   "is asked again when it answers a probe, every %d s",
                   up->server[0].url, UK_HEALTH_LATE,
                   UK_HEALTH_PAUSE_MS / 1000);
    fail_soon(errand);
}

void
uk_upstream_forget(struct uk_upstream *up, struct uk_errand *errand)
{
    uk_loop_unset(up->loop, &errand->failed);
    if (errand->flying) {
        uk_server_landed(&up->server[errand->server]);
        errand->flying = false;
        uk_httpsmany_abandon(up->host.many, &errand->flight);
    }
    uk_httpstry_clear(&errand->flight.attempt);
}

void
uk_upstream_warm(struct uk_upstream *up)
{
    size_t left;
    struct uk_server *server = choose(up, 0, &left);

    if (server != NULL && up->host.in_flight == 0 && !uk_server_is_warm(server))
        uk_server_look(server);
}

static enum uk_code
list_servers(struct uk_upstream *up, struct uk_err *err)
{
    const struct uk_conf_list *urls = &up->host.settings->service_url;
    const struct uk_service service = {.app_id = up->host.settings->app_id};

    for (up->count = 0; up->count < urls->count; up->count++) {
        up->server[up->count].url = urls->item[up->count];
        up->server[up->count].host = &up->host;
    }
    if (up->count == 0)
        return uk_err_set(err, UK_MISCONFIGURED, "no 'service_url' is set");
    return uk_sessionwords_ask_location(&service, &up->host.where, err);
}

enum uk_code
uk_upstream_new(const struct uk_settings *settings, struct uk_loop *loop,
                const struct uk_log *log, struct uk_upstream **out,
                struct uk_err *err)
{
    struct uk_upstream *up = calloc(1, sizeof(*up));
    enum uk_code code;

    if (up == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for connections");
    up->loop = loop;
    up->host = (struct uk_server_host){
        .settings = settings,
        .log = log,
        .own = up,
        .launched = set_work,
        .turned = set_probe,
    };
    up->watch = (struct uk_watch){.ready = on_ready, .own = up};
    up->work = (struct uk_alarm){.rang = on_work, .own = up};
    up->probe = (struct uk_alarm){.rang = on_probe, .own = up};
    code = list_servers(up, err);
    if (code == UK_OK)
        code = uk_httpsmany_new(settings, &up->host.many, err);
    if (code == UK_OK)
        code = uk_loop_watch(loop, &up->watch, uk_httpsmany_fd(up->host.many),
                             err);
    if (code != UK_OK) {
        uk_upstream_free(up);
        return code;
    }
    *out = up;
    return UK_OK;
}

bool
uk_upstream_is_sound(const struct uk_upstream *up)
{
    if (uk_httpsmany_is_sound(up->host.many))
        return true;
    uk_log_line(up->host.log, UK_LEVEL_WARNING,
                "leaving: there was no memory or no room for libcurl, which is "
                "not to be relied on after that");
    return false;
}

void
uk_upstream_free(struct uk_upstream *up)
{
    if (up == NULL)
        return;
    uk_loop_unwatch(up->loop, &up->watch);
    uk_loop_unset(up->loop, &up->work);
    uk_loop_unset(up->loop, &up->probe);
    uk_httpsmany_free(up->host.many);
    uk_question_clear(&up->host.where);
    free(up);
}
