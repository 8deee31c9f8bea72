/*
 * Connections to a PostgreSQL server, made in a thread of their own.
 *
 * libpq waits for the name service, and for each silent address in turn, where
 * a loop that serves must not.  So who needs a connection waits a moment for
 * the thread, and the thread goes on without them.
 */
#include "service/store/pg.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "service/value/meter.h"

#define PATIENCE_MS 2000  /* of the callers together, with the first dial */
#define AGAIN_MS    100   /* and with those that follow one that failed */
#define OPENING_MS  10000 /* of who opens the store */
#define REST_MS     250   /* between a failure and the next dial */
#define SET_UP_MS   3000

struct uk_pg_dial {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;      /* the result is there */
    bool forgotten; /* and it is the thread's to free */
    struct uk_pg_place place;
    enum uk_store_mode mode;
    bool opening; /* nobody is waiting for an answer to a request */
    PGconn *conn; /* NULL: err says why */
    struct uk_err err;
};

/*
 * The session's settings.  Those that are wanted and not had are none the
 * worse: they are for the planner of PostgreSQL (the statements are simple,
 * the plan is always the one by the index, and planning would cost more than
 * running), and for CockroachDB's migrations.
 *
 * The server's timeouts are shorter than ours, so that a slow statement ends
 * with an answer.  A transaction whose node is gone must not hold its locks.
 */
static const struct {
    const char *name, *value;
    const char *only_if; /* it has this value now */
    bool needed, only_readers;
} settings[] = {
    {"statement_timeout", "6000", "", true, false},
    {"statement_timeout", "2500", "", true, true},
    {"lock_timeout", "5000", "", true, false},
    {"idle_in_transaction_session_timeout", "10000", "", true, false},
    {"default_transaction_read_only", "on", "", true, true},
    {"synchronous_commit", "on", "off", true, false},
    {"plan_cache_mode", "force_generic_plan", "", false, false},
    {"enable_seqscan", "off", "", false, false},
    {"jit", "off", "", false, false},
    {"autocommit_before_ddl", "off", "", false, false},
};

#define SET                                                                    \
    "SELECT set_config($1, $2, false)"                                         \
    " WHERE $3 = '' OR current_setting($1) = $3"

static bool
wants(const struct uk_pg_dial *dial, size_t i)
{
    return !settings[i].only_readers || dial->mode == UK_STORE_READ;
}

static bool
send_settings(struct uk_pg_dial *dial)
{
    static const Oid types[] = {25, 25, 25}; /* text */

    for (size_t i = 0; i < UK_COUNT(settings); i++) {
        const char *const values[] = {settings[i].name, settings[i].value,
                                      settings[i].only_if};

        if (!wants(dial, i))
            continue;
        if (PQsendQueryParams(dial->conn, SET, 3, types, values, NULL, NULL,
                              0) == 0 ||
            PQpipelineSync(dial->conn) == 0)
            return false;
    }
    return true;
}

/* The answer, its end, and the point of synchronization behind it. */
static enum uk_code
take_setting(struct uk_pg_dial *dial, struct uk_deadline by, bool needed)
{
    enum uk_pg_fault refused = UK_PG_FINE;

    for (;;) {
        ExecStatusType status;
        PGresult *result;

        if (uk_pg_next(dial->conn, by, &result, &dial->err) != UK_PG_FINE)
            return dial->err.code;
        status = PQresultStatus(result);
        if (result != NULL && status == PGRES_FATAL_ERROR && needed)
            refused = uk_pg_judge(result, &dial->err);
        PQclear(result);
        if (result != NULL && status == PGRES_PIPELINE_SYNC)
            return refused == UK_PG_FINE ? UK_OK : dial->err.code;
    }
}

static void
be_silent(void *context, const PGresult *result)
{
}

static enum uk_code
set_up(struct uk_pg_dial *dial)
{
    struct uk_deadline by = uk_deadline_in(SET_UP_MS);
    enum uk_code code = UK_OK;

    PQsetNoticeReceiver(dial->conn, be_silent, NULL);
    if (PQsetnonblocking(dial->conn, 1) != 0 ||
        PQenterPipelineMode(dial->conn) != 1 || !send_settings(dial))
        return uk_err_set(&dial->err, UK_UNREACHABLE,
                          "the connection is lost while it is set up");
    for (size_t i = 0; i < UK_COUNT(settings) && code == UK_OK; i++) {
        if (wants(dial, i))
            code = take_setting(dial, by, settings[i].needed);
    }
    return code;
}

/*
 * libpq says in words alone why there is no connection.  So a server that
 * answers "are you there", and then does not take us for a second time, is
 * taken to mean it: who we are or what we want is wrong.
 */
static enum uk_code
connect_to(struct uk_pg_dial *dial)
{
    const char *names[UK_PG_PARAMS], *values[UK_PG_PARAMS];
    enum uk_code code = UK_UNREACHABLE;
    char words[UK_PG_WORDS];

    uk_pg_place_params(&dial->place, names, values);
    dial->conn = PQconnectdbParams(names, values, 1);
    if (PQstatus(dial->conn) != CONNECTION_OK && dial->opening &&
        PQpingParams(names, values, 1) == PQPING_OK) {
        PQfinish(dial->conn);
        dial->conn = PQconnectdbParams(names, values, 1);
        code = UK_MISCONFIGURED;
    }
    if (PQstatus(dial->conn) == CONNECTION_OK)
        return UK_OK;
    return uk_err_set(&dial->err, code, "there is no connection: '%s'",
                      uk_pg_words(words, PQerrorMessage(dial->conn)));
}

static void
free_dial(struct uk_pg_dial *dial)
{
    PQfinish(dial->conn);
    pthread_cond_destroy(&dial->over);
    pthread_mutex_destroy(&dial->lock);
    free(dial);
}

static void *
run(void *argument)
{
    struct uk_pg_dial *dial = argument;
    enum uk_code code;
    bool forgotten;

    code = connect_to(dial);
    if (code == UK_OK)
        code = set_up(dial);
    if (code != UK_OK) {
        PQfinish(dial->conn);
        dial->conn = NULL;
    }
    pthread_mutex_lock(&dial->lock);
    dial->done = true;
    forgotten = dial->forgotten;
    pthread_cond_signal(&dial->over);
    pthread_mutex_unlock(&dial->lock);
    if (forgotten)
        free_dial(dial);
    return NULL;
}

static enum uk_code
start(struct uk_pg *pg, struct uk_err *err)
{
    struct uk_pg_dial *dial = calloc(1, sizeof(*dial));
    pthread_condattr_t clock;
    pthread_attr_t detached;
    pthread_t thread;
    int failed;

    if (dial == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a connection");
    dial->place = pg->place;
    dial->mode = pg->mode;
    dial->opening = pg->opening;
    pthread_mutex_init(&dial->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&dial->over, &clock);
    pthread_condattr_destroy(&clock);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    failed = pthread_create(&thread, &detached, run, dial);
    pthread_attr_destroy(&detached);
    if (failed != 0) {
        free_dial(dial);
        return uk_err_sys(err, failed, "starting a thread");
    }
    pg->dial = dial;
    pg->patience = uk_deadline_in(pg->opening        ? OPENING_MS
                                  : pg->failures > 0 ? AGAIN_MS
                                                     : PATIENCE_MS);
    return UK_OK;
}

static bool
wait_done(struct uk_pg_dial *dial, struct uk_deadline by)
{
    const struct timespec at = {.tv_sec = by.at_ns / 1000000000,
                                .tv_nsec = by.at_ns % 1000000000};
    bool done;

    pthread_mutex_lock(&dial->lock);
    while (!dial->done &&
           pthread_cond_timedwait(&dial->over, &dial->lock, &at) == 0)
        continue;
    done = dial->done;
    pthread_mutex_unlock(&dial->lock);
    return done;
}

static void
take_notice(void *context, const PGresult *result)
{
    const char *severity =
        PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    struct uk_pg *pg = context;

    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        pg->warned = true;
}

/* What the dial has brought is ours. */
static enum uk_code
collect(struct uk_pg *pg, struct uk_err *err)
{
    struct uk_pg_dial *dial = pg->dial;

    pg->dial = NULL;
    pg->conn = dial->conn;
    dial->conn = NULL;
    pg->why = dial->err;
    free_dial(dial);
    if (pg->conn == NULL) {
        pg->failures++;
        pg->rest = uk_deadline_in(REST_MS);
        *err = pg->why;
        return err->code;
    }
    pg->failures = 0;
    uk_meter_add(&pg->store.connects, 1);
    memset(pg->prepared, 0, sizeof(pg->prepared));
    PQsetNoticeReceiver(pg->conn, take_notice, pg);
    pg->dials++;
    uk_pg_watch_conn(pg);
    return UK_OK;
}

enum uk_code
uk_pg_connect(struct uk_pg *pg, struct uk_deadline by, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    if (pg->conn != NULL)
        return UK_OK;
    if (pg->dial == NULL) {
        if (!uk_deadline_passed(pg->rest)) {
            *err = pg->why;
            return err->code;
        }
        code = start(pg, err);
    }
    if (code != UK_OK)
        return code;
    if (!wait_done(pg->dial, uk_deadline_sooner(by, pg->patience)))
        return uk_err_set(err, UK_UNREACHABLE,
                          "there is no connection: no server answers yet");
    return collect(pg, err);
}

void
uk_pg_hang_up(struct uk_pg *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->begun = false;
}

void
uk_pg_forget_dial(struct uk_pg *pg)
{
    struct uk_pg_dial *dial = pg->dial;
    bool done;

    if (dial == NULL)
        return;
    pg->dial = NULL;
    pthread_mutex_lock(&dial->lock);
    dial->forgotten = true;
    done = dial->done;
    pthread_mutex_unlock(&dial->lock);
    if (done)
        free_dial(dial);
}
