/* Everything that runs, from start to stop. */
#include "service/operate/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"
#include "service/operate/certificate.h"
#include "service/operate/confine.h"
#include "service/operate/control.h"
#include "service/operate/notify.h"
#include "service/operate/operate.h"
#include "service/request/loop.h"
#include "service/request/work.h"

#define SUBJECTS      16384 /* whose tries are counted at once */
#define HASHERS_ROOM  64    /* passwords that wait */
#define WRITER_ROOM   1024  /* changes that wait */
#define WRITER_BATCH  64    /* changes in one transaction */
#define MAX_LISTENERS (2 * UK_CONF_ITEMS)
#define MAX_LOOPS     256

struct listener {
    struct uk_address address;
    bool tls;
    int socket[MAX_LOOPS]; /* one for each loop, until it has it */
};

struct running {
    struct uk_secrets secrets;
    struct uk_log log;
    struct uk_server server;
    struct listener listener[MAX_LISTENERS];
    size_t listeners;
    struct uk_loop *loop[MAX_LOOPS];
    unsigned loops; /* that there are to be */
    struct uk_address metrics[UK_CONF_ITEMS];
    struct uk_operate *operate;
    struct uk_control control;
};

static unsigned
threads_of(unsigned long setting)
{
    long cores;

    if (setting > 0)
        return (unsigned)setting;
    cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > MAX_LOOPS ? MAX_LOOPS : (unsigned)cores;
}

static enum uk_code
open_list(struct running *run, const struct uk_conf_list *list, bool tls,
          struct uk_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        struct listener *listener = &run->listener[run->listeners];
        enum uk_code code;

        listener->tls = tls;
        if (!uk_address_parse(list->item[i], &listener->address))
            return uk_err_set(err, UK_INVALID, "'%s' is not an address",
                              list->item[i]);
        code = uk_address_listen(&listener->address, listener->socket,
                                 run->loops, err);
        if (code != UK_OK)
            return code;
        run->listeners++;
    }
    return UK_OK;
}

static enum uk_code
start_pools(struct running *run, struct uk_err *err)
{
    const struct uk_config *config = run->server.config;
    struct uk_pool_options hashers = {
        .name = "hasher",
        .threads = threads_of(config->password_threads),
        .room = HASHERS_ROOM,
        .batch = 1,
        .run = uk_work_hash,
        .context = &run->server,
    };
    struct uk_pool_options writer = {
        .name = "writer",
        .threads = 1,
        .room = WRITER_ROOM,
        .batch = WRITER_BATCH,
        .run = uk_work_write,
        .context = &run->server,
    };
    enum uk_code code;

    code = uk_store_open(config->database, UK_STORE_WRITE,
                         &run->server.write_store, err);
    if (code != UK_OK)
        return uk_config_blame(config, "database", err);
    code = uk_limit_new(SUBJECTS, &run->server.limit, err);
    if (code == UK_OK)
        code = uk_limit_new(SUBJECTS, &run->server.logins, err);
    if (code == UK_OK)
        code = uk_limit_new(SUBJECTS, &run->server.lines, err);
    if (code == UK_OK)
        code = uk_pool_start(&writer, &run->server.writer, err);
    if (code == UK_OK)
        code = uk_pool_start(&hashers, &run->server.hashers, err);
    return code;
}

static enum uk_code
make_loop(struct running *run, unsigned n, struct uk_err *err)
{
    struct uk_http_options http[MAX_LISTENERS];
    int sockets[MAX_LISTENERS];
    struct uk_loop_options options = {
        .server = &run->server,
        .http = http,
        .listener = sockets,
        .listeners = run->listeners,
    };
    const struct uk_config *config = run->server.config;
    enum uk_code code;

    memset(http, 0, sizeof(http));
    for (size_t i = 0; i < run->listeners; i++) {
        sockets[i] = run->listener[i].socket[n];
        http[i].log = &run->log;
        http[i].max_connections =
            (unsigned)(config->max_connections / run->loops) + 1;
        http[i].max_per_address =
            uk_loop_share(config->max_connections_per_address, run->loops);
        http[i].tls = run->listener[i].tls;
    }
    code = uk_loop_new(&options, &run->loop[n], err);
    for (size_t i = 0; i < run->listeners; i++)
        run->listener[i].socket[n] = sockets[i]; /* those that it has not */
    return code;
}

static enum uk_code
start_operate(struct running *run, struct uk_err *err)
{
    const struct uk_conf_list *list = &run->server.config->listen_metrics;
    int sockets[UK_CONF_ITEMS];
    enum uk_code code = UK_OK;
    size_t n = 0;

    for (; n < list->count && code == UK_OK; n++) {
        sockets[n] = -1;
        if (!uk_address_parse(list->item[n], &run->metrics[n]))
            code = uk_err_set(err, UK_INVALID, "'%s' is not an address",
                              list->item[n]);
        else
            code = uk_address_listen(&run->metrics[n], &sockets[n], 1, err);
    }
    if (code == UK_OK && n > 0)
        code = uk_operate_start(&run->server, sockets, n, &run->operate, err);
    while (n > 0)
        uk_io_close(&sockets[--n]);
    return code;
}

/* Every thread that serves. */
static enum uk_code
watch(struct running *run, struct uk_err *err)
{
    enum uk_code code = uk_pulse_new(&run->control.pulse, err);

    for (unsigned i = 0; i < run->loops && code == UK_OK; i++)
        code = uk_loop_watch(run->loop[i], run->control.pulse, err);
    if (code == UK_OK)
        code = uk_pool_watch(run->server.writer, run->control.pulse, err);
    if (code == UK_OK)
        code = uk_pool_watch(run->server.hashers, run->control.pulse, err);
    if (code == UK_OK && run->operate != NULL)
        code = uk_operate_watch(run->operate, run->control.pulse, err);
    return code;
}

/* What the settings name, before anything runs. */
static enum uk_code
load(struct running *run, struct uk_err *err)
{
    const struct uk_config *config = run->server.config;
    const char *file = uk_store_path(config->database);
    struct uk_tls_dates dates = {0, 0};
    enum uk_code code;

    code = uk_store_trust(config->database, err);
    if (code != UK_OK && file != NULL && access(file, F_OK) != 0 &&
        errno == ENOENT)
        code = uk_err_set(err, code,
                          "there is no '%s'; 'userkey-server init' makes one",
                          file);
    if (code != UK_OK)
        return uk_config_blame(config, "database", err);
    code = uk_secrets_load(config->secrets, &run->secrets, err);
    if (code != UK_OK)
        return uk_config_blame(config, "secrets", err);
    code = uk_certificate_load(config, &run->log, &dates, err);
    atomic_store(&run->server.certificate_until, dates.until);
    return code;
}

static enum uk_code
start(struct running *run, struct uk_err *err)
{
    const struct uk_config *config = run->server.config;
    bool tls = config->tls_certificate[0] != '\0';
    enum uk_code code = load(run, err);

    if (code == UK_OK)
        code = uk_confine_service(config, &run->log, err);
    if (code == UK_OK)
        code = start_pools(run, err);
    if (code == UK_OK)
        code = open_list(run, &config->listen, tls, err);
    if (code == UK_OK)
        code = open_list(run, &config->listen_http, false, err);
    for (unsigned i = 0; i < run->loops && code == UK_OK; i++)
        code = make_loop(run, i, err);
    for (unsigned i = 0; i < run->loops && code == UK_OK; i++)
        code = uk_loop_start(run->loop[i], err);
    if (code == UK_OK)
        code = start_operate(run, err);
    if (code == UK_OK)
        code = watch(run, err);
    return code;
}

static void
announce(struct running *run)
{
    const struct uk_config *config = run->server.config;
    char text[UK_ADDRESS_TEXT];

    for (size_t i = 0; i < config->listen_metrics.count; i++)
        uk_log_line(&run->log, UK_LEVEL_NOTICE, "metrics on http://%s",
                    uk_address_text(&run->metrics[i], true, text));
    for (size_t i = 0; i < run->listeners; i++)
        uk_log_line(&run->log, UK_LEVEL_NOTICE, "listening on %s://%s",
                    run->listener[i].tls ? "https" : "http",
                    uk_address_text(&run->listener[i].address, true, text));
    snprintf(run->control.status, sizeof(run->control.status),
             "answering on %zu %s, with %u %s", run->listeners,
             run->listeners == 1 ? "address" : "addresses", run->loops,
             run->loops == 1 ? "thread" : "threads");
    uk_notify_ready(run->control.status);
}

/* In the reverse order; takes what was started half. */
static void
stop(struct running *run)
{
    atomic_store(&run->server.stopping, true);
    for (unsigned i = 0; i < run->loops; i++) {
        if (run->loop[i] != NULL)
            uk_loop_wake(run->loop[i]);
    }
    for (unsigned i = 0; i < run->loops; i++)
        uk_loop_join(run->loop[i]);
    uk_operate_stop(run->operate);
    for (unsigned i = 0; i < run->loops; i++)
        uk_loop_free(run->loop[i]);
    for (size_t i = 0; i < run->listeners; i++) {
        for (unsigned n = 0; n < run->loops; n++)
            uk_io_close(&run->listener[i].socket[n]);
    }
    uk_pool_stop(run->server.hashers);
    uk_pool_stop(run->server.writer);
    uk_store_close(run->server.write_store);
    uk_limit_free(run->server.limit);
    uk_limit_free(run->server.logins);
    uk_limit_free(run->server.lines);
    uk_tls_clear();
    uk_pulse_free(run->control.pulse);
    uk_control_clear(&run->control);
    uk_secrets_clear(&run->secrets);
}

/* Threads inherit the mask, so signals come to sigwaitinfo() only. */
static enum uk_code
serve(struct running *run, struct uk_err *err)
{
    enum uk_code code;
    sigset_t set;
    int got;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    code = start(run, err);
    if (code == UK_OK) {
        announce(run);
        run->control.signals = &set;
        got = uk_control_run(&run->control);
        uk_log_line(&run->log, UK_LEVEL_NOTICE, "stopping on %s",
                    got == SIGTERM ? "SIGTERM" : "SIGINT");
        uk_notify_stopping();
    }
    stop(run);
    return code;
}

static void
prepare(struct running *run, const struct uk_config *config)
{
    atomic_init(&run->server.config, config);
    run->log.fd = STDERR_FILENO;
    run->log.most = (enum uk_level)(UK_LEVEL_ERROR + config->log_level);
    run->log.prefix = uk_notify_is_journal();
    run->loops = threads_of(config->threads);
    run->control.server = &run->server;
    run->control.log = &run->log;
    run->server.loop = run->loop;
    run->server.loops = run->loops;
    run->server.secrets = &run->secrets;
    run->server.log = &run->log;
    uk_outage_init(&run->server.outage);
    run->server.started_s = uk_id_now_us() / 1000000;
    run->server.epoch_s =
        run->server.started_s - uk_deadline_in(0).at_ns / 1000000000;
}

enum uk_code
uk_server_run(const struct uk_config *config, struct uk_err *err)
{
    struct running *run = calloc(1, sizeof(*run));
    enum uk_code code;

    if (run == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the server");
    prepare(run, config);
    code = serve(run, err);
    uk_outage_clear(&run->server.outage);
    free(run);
    return code;
}
