/* The port for those who operate the service. */
#include "service/operate/operate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/deadline.h"
#include "core/io.h"
#include "core/str.h"
#include "service/operate/health.h"
#include "service/operate/metrics.h"
#include "service/operate/scrape.h"
#include "service/value/address.h"

#define CONNECTIONS 64
#define HELLO_MS    1000 /* who looks after us has its question ready */
#define SWEEP_MS    1000
#define EVENTS      8
#define METRICS_MAX (1 << 20) /* bytes of the text */
#define PLAIN       "text/plain; charset=utf-8"

struct uk_operate {
    struct uk_beat beat;
    struct uk_server *server;
    struct uk_health health;
    struct uk_inbox inbox;
    int epoll;
    unsigned away; /* questions that have not come back */
    atomic_bool ending;
    bool running;
    pthread_t thread;
    size_t listeners;
    struct uk_http *http[UK_CONF_ITEMS];
    bool local[UK_CONF_ITEMS]; /* it listens on a loopback address */
};

static bool
say(struct uk_http_exchange *exchange, int status, const char *text)
{
    struct uk_http_reply *reply = &exchange->reply;

    uk_http_set(reply, "Cache-Control", "no-store");
    uk_buf_clear(&reply->body);
    uk_buf_add_text(&reply->body, text);
    uk_buf_add_byte(&reply->body, '\n');
    reply->type = PLAIN;
    reply->status = status;
    return true;
}

static bool
show_metrics(struct uk_operate *operate, struct uk_http_exchange *exchange)
{
    struct uk_buf *body = &exchange->reply.body;
    struct uk_err err = UK_ERR_NONE;

    uk_buf_init(body, METRICS_MAX);
    uk_scrape(operate->server, body);
    if (uk_buf_check(body, &err) != UK_OK) {
        uk_log_line(operate->server->log, UK_LEVEL_ERROR, "metrics: %s",
                    err.text);
        uk_buf_clear(body);
        return say(exchange, 500, "too-much");
    }
    exchange->reply.type = UK_METRICS_TYPE;
    exchange->reply.status = 200;
    return true;
}

static bool
show_live(struct uk_operate *operate, struct uk_http_exchange *exchange)
{
    return atomic_load(&operate->server->stuck) == NULL
               ? say(exchange, 200, "ok")
               : say(exchange, 503, "stuck");
}

static bool
show_ready(struct uk_operate *operate, struct uk_http_exchange *exchange)
{
    struct uk_health_ask *ask;

    if (atomic_load(&operate->server->stopping))
        return say(exchange, 503, "stopping");
    if (atomic_load(&operate->server->stuck) != NULL)
        return say(exchange, 503, "stuck");
    ask = calloc(1, sizeof(*ask));
    if (ask == NULL)
        return say(exchange, 503, "memory");
    ask->home = &operate->inbox;
    ask->exchange = exchange;
    if (!uk_health_ask(&operate->health, ask)) {
        free(ask);
        return say(exchange, 503, "busy");
    }
    operate->away++;
    return false;
}

static const struct {
    const char *path;
    bool (*show)(struct uk_operate *operate, struct uk_http_exchange *exchange);
} pages[] = {
    {"/metrics", show_metrics},
    {"/health/live", show_live},
    {"/health/ready", show_ready},
};

/* A name of this machine for itself, with a port or without: a tunnel may
 * have led here. */
static bool
is_own_host(const char *host)
{
    char name[UK_ADDRESS_TEXT];
    struct uk_address address;
    size_t from = host[0] == '[', len;

    len = strcspn(host + from, from > 0 ? "]" : ":");
    if (len >= sizeof(name))
        return false;
    memcpy(name, host + from, len);
    name[len] = '\0';
    return uk_str_equal_nocase(name, "localhost") ||
           uk_str_equal_nocase(name, "localhost.") ||
           (uk_address_parse_host(name, &address) &&
            uk_address_is_loopback(&address));
}

/* A page of anybody's can have its own name mean this machine, and what a
 * browser here asks for under it is the page's to read.  Where others come
 * from other machines, names are theirs to choose. */
static bool
is_for_us(const struct uk_operate *operate,
          const struct uk_http_exchange *exchange)
{
    const char *host = exchange->request.host;

    for (size_t i = 0; i < operate->listeners; i++) {
        if (operate->http[i] == exchange->http)
            return !operate->local[i] || host == NULL || is_own_host(host);
    }
    return false;
}

static bool
ask(void *context, struct uk_http_exchange *exchange)
{
    if (!is_for_us(context, exchange))
        return say(exchange, 403, "unknown host");
    for (size_t i = 0; i < UK_COUNT(pages); i++) {
        if (strcmp(exchange->request.path, pages[i].path) != 0)
            continue;
        if (strcmp(exchange->request.method, "GET") == 0)
            return pages[i].show(context, exchange);
        uk_http_add(&exchange->reply, "Allow", "GET");
        return say(exchange, 405, "method not allowed");
    }
    return say(exchange, 404, "not found");
}

static void
refuse(void *context, struct uk_http_exchange *exchange, int status,
       const char *why)
{
    (void)context;
    (void)say(exchange, status, why);
}

static void
collect(struct uk_operate *operate)
{
    struct uk_job *jobs = uk_inbox_take(&operate->inbox);

    for (struct uk_job *next; jobs != NULL; jobs = next) {
        struct uk_health_ask *ask = (struct uk_health_ask *)jobs;
        struct uk_http_exchange *exchange = ask->exchange;

        next = jobs->next;
        operate->away--;
        if (atomic_load(&operate->server->stopping))
            (void)say(exchange, 503, "stopping");
        else
            (void)say(exchange, ask->answers ? 200 : 503,
                      ask->answers ? "ok" : "database");
        free(ask);
        uk_http_resume(exchange);
    }
}

/* Until the next sweep, or sooner if a listener wants it so. */
static int
patience(const struct uk_operate *operate, struct uk_deadline next_sweep)
{
    int ms = uk_deadline_left_ms(next_sweep);

    for (size_t i = 0; i < operate->listeners; i++) {
        int want = uk_http_timeout(operate->http[i]);

        if (want >= 0 && want < ms)
            ms = want;
    }
    return ms;
}

static void *
run(void *argument)
{
    struct uk_operate *operate = argument;
    struct uk_deadline next_sweep = uk_deadline_in(SWEEP_MS);
    struct epoll_event events[EVENTS];

    pthread_setname_np(pthread_self(), "operate");
    while (!atomic_load(&operate->ending) || operate->away > 0) {
        epoll_wait(operate->epoll, events, EVENTS,
                   patience(operate, next_sweep));
        uk_beat_turn(&operate->beat);
        collect(operate);
        for (size_t i = 0; i < operate->listeners; i++)
            uk_http_run(operate->http[i]);
        if (!uk_deadline_passed(next_sweep))
            continue;
        next_sweep = uk_deadline_in(SWEEP_MS);
        for (size_t i = 0; i < operate->listeners; i++)
            uk_http_sweep(operate->http[i]);
    }
    return NULL;
}

static enum uk_code
watch(struct uk_operate *operate, int fd, struct uk_err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(operate->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return uk_err_sys(err, errno, "watching a descriptor");
    return UK_OK;
}

static enum uk_code
add_listener(struct uk_operate *operate, int *listener, struct uk_err *err)
{
    struct uk_http_options options = {
        .handler = {.context = operate, .ask = ask, .refuse = refuse},
        .max_connections = CONNECTIONS,
        .hello_ms = HELLO_MS,
        .may_drop = true,
        .log = operate->server->log,
    };
    struct uk_address address = {.len = sizeof(address.at)};
    struct uk_http *http;
    enum uk_code code;

    if (getsockname(*listener, (struct sockaddr *)&address.at, &address.len) !=
        0)
        return uk_err_sys(err, errno, "asking for the address of a socket");
    code = uk_http_new(&options, *listener, &http, err);
    if (code != UK_OK)
        return code;
    *listener = -1;
    operate->local[operate->listeners] = uk_address_is_loopback(&address);
    operate->http[operate->listeners++] = http;
    return watch(operate, uk_http_fd(http), err);
}

static enum uk_code
start(struct uk_operate *operate, int *listener, size_t listeners,
      struct uk_err *err)
{
    enum uk_code code;
    int failed;

    operate->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (operate->epoll < 0)
        return uk_err_sys(err, errno, "making an epoll descriptor");
    code = watch(operate, operate->inbox.wake, err);
    if (code == UK_OK)
        code = uk_health_start(&operate->health, operate->server, err);
    for (size_t i = 0; i < listeners && code == UK_OK; i++)
        code = add_listener(operate, &listener[i], err);
    if (code != UK_OK)
        return code;
    failed = pthread_create(&operate->thread, NULL, run, operate);
    if (failed != 0)
        return uk_err_sys(err, failed, "starting a thread");
    operate->running = true;
    return UK_OK;
}

enum uk_code
uk_operate_start(struct uk_server *server, int *listener, size_t listeners,
                 struct uk_operate **out, struct uk_err *err)
{
    struct uk_operate *operate = calloc(1, sizeof(*operate));
    enum uk_code code;

    if (operate == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a thread");
    operate->server = server;
    operate->epoll = -1;
    code = uk_inbox_init(&operate->inbox, err);
    if (code != UK_OK) {
        free(operate);
        return code;
    }
    code = start(operate, listener, listeners, err);
    if (code != UK_OK) {
        uk_operate_stop(operate);
        return code;
    }
    *out = operate;
    return UK_OK;
}

enum uk_code
uk_operate_watch(const struct uk_operate *operate, struct uk_pulse *pulse,
                 struct uk_err *err)
{
    return uk_pulse_add(pulse, "the operator's port", &operate->beat, err);
}

void
uk_operate_stop(struct uk_operate *operate)
{
    if (operate == NULL)
        return;
    atomic_store(&operate->ending, true);
    uk_inbox_wake(&operate->inbox);
    if (operate->running)
        pthread_join(operate->thread, NULL);
    uk_health_stop(&operate->health);
    for (size_t i = 0; i < operate->listeners; i++)
        uk_http_free(operate->http[i]);
    uk_io_close(&operate->epoll);
    uk_inbox_clear(&operate->inbox);
    free(operate);
}
