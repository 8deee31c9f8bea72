/* The tables in PostgreSQL: how each version of them becomes the next. */
#include "service/store/pg.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"

#define MIGRATE_MS 600000 /* an index over millions of rows takes its time */
#define TRIES      16     /* of nodes that start at the same moment */

/*
 * Ids, names and addresses are the same text as in SQLite, as bytes; times are
 * microseconds since 1970 (revoked_session.expires: seconds, as in a token).
 * In psql `SET bytea_output = escape` makes them readable, and `WHERE id =
 * '64f0c0ffee0123456789abcd'` finds them.
 *
 * Only a user's row refers to its app's: a reference is a lock on what it
 * refers to, and every new key would queue for the one of the app.
 */
static const char *const version_1[] = {
    "CREATE TABLE app(id BYTEA PRIMARY KEY, client_id BYTEA NOT NULL UNIQUE,"
    " name BYTEA NOT NULL, created INT8 NOT NULL)",

    "CREATE TABLE app_user(id BYTEA PRIMARY KEY,"
    " app_id BYTEA NOT NULL REFERENCES app(id),"
    " disabled BOOLEAN NOT NULL DEFAULT FALSE,"
    " epoch INT8 NOT NULL DEFAULT 0, created INT8 NOT NULL)",
    "CREATE INDEX app_user_order ON app_user(app_id, created, id)",

    "CREATE TABLE identity(id BYTEA PRIMARY KEY, app_id BYTEA NOT NULL,"
    " user_id BYTEA NOT NULL REFERENCES app_user(id) ON DELETE CASCADE,"
    " provider BYTEA NOT NULL, subject BYTEA NOT NULL,"
    " address BYTEA NOT NULL, secret BYTEA NOT NULL,"
    " confirmed BOOLEAN NOT NULL, created INT8 NOT NULL,"
    " UNIQUE (app_id, provider, subject))",
    "CREATE INDEX identity_user ON identity(user_id)",

    "CREATE TABLE api_key(hash BYTEA PRIMARY KEY, id BYTEA NOT NULL UNIQUE,"
    " app_id BYTEA NOT NULL,"
    " user_id BYTEA NOT NULL REFERENCES app_user(id) ON DELETE CASCADE,"
    " name BYTEA NOT NULL, disabled BOOLEAN NOT NULL DEFAULT FALSE,"
    " created INT8 NOT NULL, UNIQUE (user_id, name))",

    "CREATE TABLE deleted_key(hash BYTEA PRIMARY KEY, id BYTEA NOT NULL,"
    " user_id BYTEA NOT NULL, app_id BYTEA NOT NULL, deleted INT8 NOT NULL)",
    "CREATE INDEX deleted_key_when ON deleted_key(deleted)",
    "CREATE INDEX deleted_key_user ON deleted_key(user_id, deleted)",

    "CREATE TABLE revoked_session(id BYTEA PRIMARY KEY,"
    " expires INT8 NOT NULL)",
    NULL,
};

/* Administrators; and users in the order in which they are listed to them. */
static const char *const version_2[] = {
    "CREATE TABLE admin_key(id BYTEA PRIMARY KEY, name BYTEA NOT NULL UNIQUE,"
    " hash BYTEA NOT NULL, created INT8 NOT NULL)",
    "CREATE INDEX app_user_page ON app_user(app_id, id)",
    NULL,
};

/* A key that is disabled ends its sessions for good. */
static const char *const version_3[] = {
    "ALTER TABLE api_key ADD COLUMN epoch INT8 NOT NULL DEFAULT 0",
    NULL,
};

/* What administrators set for an app, users of server keys, users that have
 * registered and not logged in yet, and tokens that are handed out. */
static const char *const version_4[] = {
    "ALTER TABLE app ADD COLUMN providers_off INT8 NOT NULL DEFAULT 0",
    "ALTER TABLE app ADD COLUMN refresh_lifetime INT8 NOT NULL DEFAULT 0",
    "ALTER TABLE app ADD COLUMN origins BYTEA NOT NULL DEFAULT ''",
    "ALTER TABLE app ADD COLUMN deleted BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE app_user ADD COLUMN server BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE app_user ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE app_user ADD COLUMN last_login INT8 NOT NULL DEFAULT 0",
    "CREATE INDEX app_user_server ON app_user(app_id, id) WHERE server",
    "CREATE INDEX app_user_pending ON app_user(app_id, id) WHERE pending",
    ("CREATE TABLE handout(id BYTEA PRIMARY KEY, hash BYTEA NOT NULL,"
     " user_id BYTEA NOT NULL REFERENCES app_user(id) ON DELETE CASCADE,"
     " purpose BYTEA NOT NULL, expires INT8 NOT NULL,"
     " UNIQUE (user_id, purpose))"),
    NULL,
};

/* Sessions end in another order than they began in: those of one app live
 * longer than those of another. */
static const char *const version_5[] = {
    "CREATE INDEX revoked_session_when ON revoked_session(expires)",
    NULL,
};

/* When a key is over, when it opened a session last, and when it was disabled
 * last (microseconds; 0 is never, or not known). */
static const char *const version_6[] = {
    "ALTER TABLE api_key ADD COLUMN expires INT8 NOT NULL DEFAULT 0",
    "ALTER TABLE api_key ADD COLUMN last_used INT8 NOT NULL DEFAULT 0",
    "ALTER TABLE api_key ADD COLUMN disabled_at INT8 NOT NULL DEFAULT 0",
    NULL,
};

/* A step that anybody has made stays as it is; steps are only added. */
static const char *const *const steps[] = {version_1, version_2, version_3,
                                           version_4, version_5, version_6};

const struct uk_pg_schema uk_pg_schema = {steps, UK_COUNT(steps)};

#define NEWEST ((int64_t)schema->count)

struct answer {
    enum uk_pg_fault fault;
    char state[6];  /* SQLSTATE of a refusal */
    int64_t number; /* the first, 0 for none */
};

static void
note_result(PGresult *result, struct answer *answer, struct uk_err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    unsigned long number;

    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        answer->fault = uk_pg_judge(result, err);
        if (state != NULL && !uk_str_copy(answer->state, 6, state))
            answer->state[0] = '\0';
    } else if (PQntuples(result) == 1 &&
               uk_str_to_ulong(PQgetvalue(result, 0, 0), INT32_MAX, &number)) {
        answer->number = (int64_t)number;
    }
}

/* One statement that is not prepared; value is its $1, if it has one. */
static struct answer
run(struct uk_pg *pg, const char *sql, int64_t value, struct uk_err *err)
{
    struct uk_deadline by = uk_deadline_in(MIGRATE_MS);
    struct answer answer = {.fault = UK_PG_FINE};
    char text[24];
    const char *const values[] = {text};
    bool ready = false;

    snprintf(text, sizeof(text), "%lld", (long long)value);
    if (PQsendQueryParams(pg->conn, sql, strchr(sql, '$') != NULL, NULL, values,
                          NULL, NULL, 0) == 0 ||
        PQpipelineSync(pg->conn) == 0) {
        uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
        answer.fault = UK_PG_LOST;
    }
    while (!ready && answer.fault != UK_PG_LOST && answer.fault != UK_PG_LATE) {
        PGresult *result = NULL;
        enum uk_pg_fault fault = uk_pg_next(pg->conn, by, &result, err);

        if (fault != UK_PG_FINE)
            answer.fault = fault;
        else if (result != NULL)
            note_result(result, &answer, err);
        ready = result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        PQclear(result);
    }
    return answer;
}

/* No such table is version 0. */
static struct answer
read_version(struct uk_pg *pg, const char *sql,
             const struct uk_pg_schema *schema, struct uk_err *err)
{
    struct answer answer = run(pg, sql, 0, err);

    if (strcmp(answer.state, "42P01") == 0)
        return (struct answer){.fault = UK_PG_FINE};
    if (answer.fault == UK_PG_REFUSED && uk_str_starts(answer.state, "42"))
        uk_err_in(err, "the database is of another program");
    if (answer.fault == UK_PG_FINE && answer.number > NEWEST) {
        uk_err_set(err, UK_MISCONFIGURED,
                   "the database has schema %lld, made by a newer "
                   "userkey-server; this one knows schemas up to %lld",
                   (long long)answer.number, (long long)NEWEST);
        answer.fault = UK_PG_REFUSED;
    }
    return answer;
}

/* The row that is locked while one node migrates.  Two that make the table at
 * the same moment can meet in the server's catalogue: then once more. */
static struct answer
make_row(struct uk_pg *pg, struct uk_err *err)
{
    static const char *const again[] = {"23505", "42P07", "42710", "XX000"};
    static const char *const make[] = {
        "CREATE TABLE IF NOT EXISTS userkey_schema(one INT8 PRIMARY KEY,"
        " version INT8 NOT NULL)",
        "INSERT INTO userkey_schema(one, version) VALUES (1, 0)"
        " ON CONFLICT (one) DO NOTHING",
    };
    struct answer answer = {.fault = UK_PG_FINE};

    for (size_t i = 0; i < UK_COUNT(make) && answer.fault == UK_PG_FINE; i++)
        answer = run(pg, make[i], 0, err);
    for (size_t i = 0; i < UK_COUNT(again); i++) {
        if (strcmp(answer.state, again[i]) == 0)
            answer.fault = UK_PG_CONFLICT;
    }
    return answer;
}

static struct answer
climb(struct uk_pg *pg, const struct uk_pg_schema *schema, int64_t version,
      struct uk_err *err)
{
    struct answer answer = {.fault = UK_PG_FINE};

    for (; version < NEWEST && answer.fault == UK_PG_FINE; version++) {
        for (const char *const *sql = schema->steps[version];
             *sql != NULL && answer.fault == UK_PG_FINE; sql++)
            answer = run(pg, *sql, 0, err);
    }
    if (strcmp(answer.state, "42P07") == 0)
        uk_err_in(err, "the database has a table of another program");
    if (answer.fault == UK_PG_FINE)
        answer = run(pg, "UPDATE userkey_schema SET version = $1 WHERE one = 1",
                     NEWEST, err);
    return answer;
}

/* One try.  SERIALIZABLE, since CockroachDB changes tables in no other. */
static struct answer
migrate(struct uk_pg *pg, const struct uk_pg_schema *schema, struct uk_err *err)
{
    struct answer answer = make_row(pg, err);
    struct uk_err second = UK_ERR_NONE;

    if (answer.fault == UK_PG_FINE)
        answer = run(pg, "BEGIN ISOLATION LEVEL SERIALIZABLE", 0, err);
    if (answer.fault != UK_PG_FINE)
        return answer;
    answer = read_version(pg,
                          "SELECT version FROM userkey_schema WHERE one = 1"
                          " FOR UPDATE",
                          schema, err);
    if (answer.fault == UK_PG_FINE && answer.number > 0 &&
        pg->mode == UK_STORE_CREATE)
        answer.fault = UK_PG_CHANGED;
    else if (answer.fault == UK_PG_FINE)
        answer = climb(pg, schema, answer.number, err);
    if (answer.fault == UK_PG_FINE)
        answer = run(pg, "COMMIT", 0, err);
    if (answer.fault == UK_PG_REFUSED || answer.fault == UK_PG_CONFLICT ||
        answer.fault == UK_PG_CHANGED)
        (void)run(pg, "ROLLBACK", 0, &second);
    return answer;
}

static enum uk_code
say_there(struct uk_err *err)
{
    return uk_err_set(err, UK_INVALID,
                      "it has the tables of userkey already, and nothing is "
                      "overwritten");
}

/* As often as other nodes come in between. */
static enum uk_code
migrate_patiently(struct uk_pg *pg, const struct uk_pg_schema *schema,
                  struct uk_err *err)
{
    static const char *const patience[] = {
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT set_config('lock_timeout', '0', false)",
    };
    struct answer answer = {.fault = UK_PG_FINE};
    unsigned pause_ms;

    for (size_t i = 0; i < UK_COUNT(patience); i++) {
        if (answer.fault == UK_PG_FINE)
            answer = run(pg, patience[i], 0, err);
    }
    for (unsigned tries = 0; tries < TRIES && answer.fault == UK_PG_FINE;
         tries++) {
        answer = migrate(pg, schema, err);
        if (answer.fault != UK_PG_CONFLICT)
            break;
        answer.fault = tries + 1 < TRIES ? UK_PG_FINE : UK_PG_CONFLICT;
        uk_crypto_random(&pause_ms, sizeof(pause_ms));
        uk_deadline_wait(uk_deadline_in(10 + pause_ms % 100));
    }
    uk_pg_hang_up(pg); /* and its patience with it */
    if (answer.fault == UK_PG_CHANGED)
        return say_there(err);
    if (answer.fault != UK_PG_FINE)
        return uk_err_in(err, "bringing the database to schema %lld",
                         (long long)NEWEST);
    return uk_pg_connect(pg, uk_deadline_in(MIGRATE_MS), err);
}

enum uk_code
uk_pg_migrate(struct uk_pg *pg, const struct uk_pg_schema *schema,
              struct uk_err *err)
{
    struct answer answer = read_version(
        pg, "SELECT version FROM userkey_schema WHERE one = 1", schema, err);

    if (answer.fault != UK_PG_FINE)
        return err->code;
    if (pg->mode == UK_STORE_CREATE && answer.number > 0)
        return say_there(err);
    if (answer.number == NEWEST)
        return UK_OK;
    if (pg->mode == UK_STORE_WRITE && answer.number == 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "it has no tables; `userkey-server init` makes them");
    if (pg->mode == UK_STORE_READ)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "it has schema %lld, and %lld is needed",
                          (long long)answer.number, (long long)NEWEST);
    return migrate_patiently(pg, schema, err);
}
