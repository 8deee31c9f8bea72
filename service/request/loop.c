/* One thread that serves. */
#include "service/request/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "core/deadline.h"
#include "core/io.h"
#include "service/request/call.h"
#include "service/request/round.h"
#include "service/request/route.h"
#include "service/request/work.h"

#define SWEEP_MS 1000
#define DRAIN_MS 10000 /* for replies that clients are slow to take */
#define EVENTS   8

struct uk_loop {
    struct uk_beat beat;
    struct uk_server *server;
    uint64_t settings; /* their number, that it goes by */
    struct uk_store *store;
    struct uk_inbox inbox;
    struct uk_round round;
    struct uk_deadline next_sweep;
    struct uk_deadline drained; /* when stopping: the end of patience */
    unsigned away;              /* calls that are in the pools */
    bool quiet;                 /* no new connections any more */
    int epoll;
    bool running;
    pthread_t thread;
    size_t listeners;
    struct uk_http *http[2 * UK_CONF_ITEMS];
    bool heard[2 * UK_CONF_ITEMS]; /* its descriptor is readable */
    struct uk_traffic traffic;
};

/* Without memory for a call there is still a reply. */
static bool
out_of_memory(struct uk_http_exchange *exchange)
{
    exchange->reply.status = 500;
    exchange->reply.close = true;
    return true;
}

static bool
ask(void *context, struct uk_http_exchange *exchange)
{
    struct uk_loop *loop = context;
    struct uk_call *call = uk_call_new(loop->server, &loop->inbox, exchange);

    if (call == NULL)
        return out_of_memory(exchange);
    call->traffic = &loop->traffic;
    call->began_ns = loop->traffic.now_ns;
    call->then = UK_THEN_LOOP;
    call->next = uk_route_begin;
    uk_route_foresee(call);
    uk_round_add(&loop->round, call);
    return false;
}

static void
refuse(void *context, struct uk_http_exchange *exchange, int status,
       const char *why)
{
    struct uk_loop *loop = context;
    struct uk_call *call = uk_call_new(loop->server, &loop->inbox, exchange);

    if (call == NULL) {
        (void)out_of_memory(exchange);
        return;
    }
    uk_log_line(loop->server->log, UK_LEVEL_DEBUG,
                "request %s from %s refused: %s", call->id, call->source, why);
    call->traffic = &loop->traffic;
    call->began_ns = loop->traffic.now_ns;
    uk_call_error(call, status, "BadRequest", why);
    uk_call_end(call, loop->server->log);
}

static void
collect(struct uk_loop *loop)
{
    struct uk_job *jobs = uk_inbox_take(&loop->inbox);

    for (struct uk_job *next; jobs != NULL; jobs = next) {
        next = jobs->next;
        loop->away--;
        uk_round_add(&loop->round, (struct uk_call *)jobs);
    }
}

/* The log has it all before the first of the replies goes out. */
static void
answer(struct uk_loop *loop)
{
    struct uk_job *jobs = uk_round_run(&loop->round, &loop->away);

    loop->traffic.now_ns = uk_deadline_in(0).at_ns;
    for (struct uk_job *next; jobs != NULL; jobs = next) {
        struct uk_call *call = (struct uk_call *)jobs;
        struct uk_http_exchange *exchange = call->exchange;

        next = jobs->next;
        uk_call_end(call, &loop->round.log);
        uk_http_resume(exchange);
    }
    uk_log_flush(&loop->round.log);
}

static int
patience(const struct uk_loop *loop)
{
    int ms = uk_deadline_left_ms(loop->next_sweep);

    if (!uk_round_is_idle(&loop->round))
        return 0;
    for (size_t i = 0; i < loop->listeners; i++) {
        int want = uk_http_timeout(loop->http[i]);

        if (want >= 0 && want < ms)
            ms = want;
    }
    /* The library turns round while requests wait for their answers. */
    if (ms == 0 && uk_round_is_asking(&loop->round))
        ms = 1;
    return ms;
}

static bool
is_drained(struct uk_loop *loop)
{
    unsigned active = 0;

    if (!atomic_load(&loop->server->stopping))
        return false;
    if (!loop->quiet) {
        loop->quiet = true;
        loop->drained = uk_deadline_in(DRAIN_MS);
        for (size_t i = 0; i < loop->listeners; i++)
            uk_http_quiesce(loop->http[i]);
    }
    for (size_t i = 0; i < loop->listeners; i++)
        active += uk_http_active(loop->http[i]);
    /* What is in the pools must come back in any case: it belongs to them. */
    return active == 0 ||
           (loop->away == 0 && !uk_round_is_asking(&loop->round) &&
            uk_deadline_passed(loop->drained));
}

unsigned
uk_loop_share(unsigned long most, unsigned loops)
{
    return most == 0 ? 0 : (unsigned)(most / loops) + 1;
}

/* What of the settings is not looked up for each request. */
static void
follow_settings(struct uk_loop *loop)
{
    const struct uk_config *config = loop->server->config;
    unsigned long most = config->max_connections_per_address;

    /* Others may lie where the last ones lay. */
    if (config->number == loop->settings)
        return;
    loop->settings = config->number;
    uk_log_set(&loop->round.log,
               (enum uk_level)(UK_LEVEL_ERROR + config->log_level));
    for (size_t i = 0; i < loop->listeners; i++)
        uk_http_limit(loop->http[i], uk_loop_share(most, loop->server->loops));
}

static void
hear(struct uk_loop *loop, int fd)
{
    if (fd == UK_STORE_EVENT) {
        loop->round.woken = true;
        return;
    }
    if (fd == loop->inbox.wake)
        collect(loop);
    for (size_t i = 0; i < loop->listeners; i++) {
        if (fd == uk_http_fd(loop->http[i]) ||
            fd == uk_http_greet_fd(loop->http[i]))
            loop->heard[i] = true;
    }
}

/* Asking a listener that has nothing costs a system call in each turn. */
static void
serve(struct uk_loop *loop, size_t i)
{
    if (!loop->heard[i] && !uk_http_is_due(loop->http[i]))
        return;
    loop->heard[i] = false;
    uk_http_run(loop->http[i]);
}

/* Where there was no descriptor for who came, the library looks away from its
 * listener, and back only when it is run: nothing would be heard again. */
static void
sweep(struct uk_loop *loop, size_t i)
{
    uk_http_sweep(loop->http[i]);
    uk_http_run(loop->http[i]);
}

static void *
run(void *argument)
{
    struct uk_loop *loop = argument;
    struct epoll_event events[EVENTS];

    pthread_setname_np(pthread_self(), "loop");
    while (!is_drained(loop)) {
        int n = epoll_wait(loop->epoll, events, EVENTS, patience(loop));

        uk_beat_turn(&loop->beat);
        follow_settings(loop);
        for (int i = 0; i < n; i++)
            hear(loop, events[i].data.fd);
        /* What the last turn has read; its replies go out in this one. */
        answer(loop);
        for (size_t i = 0; i < loop->listeners; i++)
            serve(loop, i);
        if (!uk_deadline_passed(loop->next_sweep))
            continue;
        loop->next_sweep = uk_deadline_in(SWEEP_MS);
        for (size_t i = 0; i < loop->listeners; i++)
            sweep(loop, i);
        uk_seen_send(&loop->server->seen, loop->server->writer);
        uk_outage_tell(&loop->server->outage, loop->server->log);
    }
    return NULL;
}

static enum uk_code
watch(struct uk_loop *loop, int fd, struct uk_err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return uk_err_sys(err, errno, "watching a descriptor");
    return UK_OK;
}

static enum uk_code
add_listener(struct uk_loop *loop, const struct uk_http_options *shared,
             int *listener, struct uk_err *err)
{
    struct uk_http_options options = *shared;
    struct uk_http *http;
    enum uk_code code;

    options.handler.context = loop;
    options.handler.ask = ask;
    options.handler.refuse = refuse;
    code = uk_http_new(&options, *listener, &http, err);
    if (code != UK_OK)
        return code;
    *listener = -1;
    loop->http[loop->listeners++] = http;
    code = watch(loop, uk_http_fd(http), err);
    if (code == UK_OK && uk_http_greet_fd(http) >= 0)
        code = watch(loop, uk_http_greet_fd(http), err);
    return code;
}

enum uk_code
uk_loop_new(const struct uk_loop_options *options, struct uk_loop **out,
            struct uk_err *err)
{
    struct uk_loop *loop = calloc(1, sizeof(*loop));
    enum uk_code code;

    if (loop == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a thread");
    loop->server = options->server;
    loop->epoll = -1;
    loop->settings = options->server->config->number;
    code = uk_inbox_init(&loop->inbox, err);
    if (code != UK_OK) {
        free(loop);
        return code;
    }
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        code = uk_err_sys(err, errno, "making an epoll descriptor");
    else
        code = watch(loop, loop->inbox.wake, err);
    if (code == UK_OK)
        code = uk_store_open(options->server->config->database, UK_STORE_READ,
                             &loop->store, err);
    if (code == UK_OK) {
        uk_round_init(&loop->round, options->server->log, loop->store);
        if (loop->store->ops->watch != NULL)
            loop->store->ops->watch(loop->store, loop->epoll);
    }
    for (size_t i = 0; i < options->listeners && code == UK_OK; i++)
        code =
            add_listener(loop, &options->http[i], &options->listener[i], err);
    if (code != UK_OK) {
        uk_loop_free(loop);
        return code;
    }
    *out = loop;
    return UK_OK;
}

enum uk_code
uk_loop_start(struct uk_loop *loop, struct uk_err *err)
{
    int failed;

    loop->next_sweep = uk_deadline_in(SWEEP_MS);
    failed = pthread_create(&loop->thread, NULL, run, loop);
    if (failed != 0)
        return uk_err_sys(err, failed, "starting a thread");
    loop->running = true;
    return UK_OK;
}

void
uk_loop_wake(struct uk_loop *loop)
{
    uk_inbox_wake(&loop->inbox);
}

enum uk_code
uk_loop_watch(const struct uk_loop *loop, struct uk_pulse *pulse,
              struct uk_err *err)
{
    return uk_pulse_add(pulse, "loop", &loop->beat, err);
}

const struct uk_traffic *
uk_loop_traffic(const struct uk_loop *loop)
{
    return &loop->traffic;
}

unsigned long
uk_loop_connects(const struct uk_loop *loop)
{
    return uk_meter_get(&loop->store->connects);
}

const struct uk_http_counts *
uk_loop_connections(const struct uk_loop *loop, size_t n)
{
    return n < loop->listeners ? uk_http_counts(loop->http[n]) : NULL;
}

void
uk_loop_join(struct uk_loop *loop)
{
    if (loop == NULL || !loop->running)
        return;
    pthread_join(loop->thread, NULL);
    loop->running = false;
}

void
uk_loop_free(struct uk_loop *loop)
{
    if (loop == NULL)
        return;
    uk_loop_join(loop);
    for (size_t i = 0; i < loop->listeners; i++)
        uk_http_free(loop->http[i]);
    uk_store_close(loop->store);
    uk_io_close(&loop->epoll);
    uk_inbox_clear(&loop->inbox);
    free(loop);
}
