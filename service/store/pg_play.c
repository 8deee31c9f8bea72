/* Playing a script to the server, as often as it is right to. */
#include "service/store/pg.h"

#include <string.h>

#define READ_MS    3000
#define WRITE_MS   7000 /* locks are waited for up to five seconds */
#define CONFLICTS  8    /* most tries after conflicts */
#define LOSSES     2    /* most tries after lost connections */
#define BACKOFF_MS 200  /* longest pause before a further try */

/* By the letters of uk_pg_statement. */
static Oid
type_of(char letter)
{
    switch (letter) {
    case 'a':
        return 1001; /* bytea[] */
    case 'f':
        return 16; /* bool */
    case 'i':
        return 20; /* int8 */
    default:
        return 17; /* bytea */
    }
}

static bool
send_prepare(PGconn *conn, const struct uk_pg_statement *statement)
{
    Oid types[UK_PG_VALUES];
    int n = (int)strlen(statement->types);

    for (int i = 0; i < n; i++)
        types[i] = type_of(statement->types[i]);
    return PQsendPrepare(conn, statement->name, statement->sql, n, types) != 0;
}

/* known: what has been prepared, or is by what is already on its way. */
bool
uk_pg_send(struct uk_pg *pg, const struct uk_pg_record *record,
           bool known[UK_PG_SQL_COUNT])
{
    static const int binary[UK_PG_VALUES] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct uk_pg_statement *statement = uk_pg_statement(record->which);

    if (!known[record->which] && !send_prepare(pg->conn, statement))
        return false;
    known[record->which] = true;
    if (record->which == UK_PG_BEGIN)
        pg->begun = true;
    return PQsendQueryPrepared(pg->conn, statement->name, record->values,
                               record->value, record->len, binary, 1) != 0;
}

static const struct uk_pg_record undone = {.which = UK_PG_ROLLBACK};

/* What the server has begun and we start anew is undone first. */
static bool
send_script(struct uk_pg *pg, bool anew)
{
    bool known[UK_PG_SQL_COUNT];
    struct uk_pg_record record;

    memcpy(known, pg->prepared, sizeof(known));
    if (anew && !uk_pg_send(pg, &undone, known))
        return false;
    for (size_t at = pg->played; at < pg->script.len; at += record.size) {
        uk_pg_script_read(pg, at, &record);
        if (record.which == UK_PG_COMMIT || record.which == UK_PG_ROLLBACK)
            pg->ending = true;
        if (!uk_pg_send(pg, &record, known))
            return false;
    }
    return PQpipelineSync(pg->conn) != 0;
}

/* Rows in their order, or how many were changed. */
static uint64_t
digest(PGresult *result)
{
    int rows = PQntuples(result), columns = PQnfields(result);
    const char *status = PQcmdStatus(result);
    uint64_t mix[2] = {0, uk_crypto_short(status, strlen(status))};

    for (int i = 0; i < rows * columns; i++) {
        int len = PQgetlength(result, i / columns, i % columns);

        mix[0] = uk_crypto_short(mix, sizeof(mix));
        mix[1] =
            PQgetisnull(result, i / columns, i % columns) != 0
                ? 0
                : uk_crypto_short(PQgetvalue(result, i / columns, i % columns),
                                  (size_t)len);
    }
    return uk_crypto_short(mix, sizeof(mix));
}

/* One answer and its end.  *out is the caller's. */
static enum uk_pg_fault
take_answer(struct uk_pg *pg, struct uk_deadline by, PGresult **out,
            struct uk_err *err)
{
    PGresult *result = NULL, *end = NULL;
    enum uk_pg_fault fault;
    ExecStatusType status;

    fault = uk_pg_next(pg->conn, by, &result, err);
    if (fault != UK_PG_FINE)
        return fault;
    status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fault = uk_pg_judge(result, err);
    else
        fault = uk_pg_next(pg->conn, by, &end, err);
    if (fault == UK_PG_FINE && end != NULL) {
        uk_err_set(err, UK_SYSTEM, "the server has answered twice");
        fault = UK_PG_LOST;
    }
    PQclear(end);
    if (fault == UK_PG_FINE)
        *out = result;
    else
        PQclear(result);
    return fault;
}

/* The answer to a statement, in front of it that to its preparation. */
enum uk_pg_fault
uk_pg_take(struct uk_pg *pg, enum uk_pg_sql which, struct uk_deadline by,
           PGresult **out, struct uk_err *err)
{
    enum uk_pg_fault fault;

    if (!pg->prepared[which]) {
        PGresult *prepared = NULL;

        fault = take_answer(pg, by, &prepared, err);
        PQclear(prepared);
        if (fault != UK_PG_FINE)
            return fault;
        pg->prepared[which] = true;
    }
    return take_answer(pg, by, out, err);
}

/* Whatever still comes, up to where the server is ready for more. */
enum uk_pg_fault
uk_pg_take_rest(struct uk_pg *pg, struct uk_deadline by, struct uk_err *err)
{
    enum uk_pg_fault fault;
    unsigned ends = 0;
    bool ready = false;

    while (!ready) {
        PGresult *result = NULL;

        fault = uk_pg_next(pg->conn, by, &result, err);
        if (fault != UK_PG_FINE)
            return fault;
        ready = result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        ends = result == NULL ? ends + 1 : 0;
        PQclear(result);
        if (ends > 1) {
            /* Nothing is on its way, and it would say so for ever. */
            uk_err_set(err, UK_SYSTEM, "the server has answered too little");
            return UK_PG_LOST;
        }
    }
    return UK_PG_FINE;
}

/* Played again, a statement must have answered as it did. */
static enum uk_pg_fault
compare(struct uk_pg *pg, size_t at, const struct uk_pg_record *record,
        PGresult *result, struct uk_err *err)
{
    uint64_t now;

    if (!pg->open || record->which == UK_PG_COMMIT ||
        uk_pg_statement(record->which)->effect == UK_PG_TIDIES)
        return UK_PG_FINE;
    now = digest(result);
    if (record->answered && record->digest != now) {
        uk_err_set(err, UK_UNREACHABLE,
                   "other changes came in between; try again");
        return UK_PG_CHANGED;
    }
    uk_pg_script_answer(pg, at, now);
    return UK_PG_FINE;
}

static enum uk_pg_fault
take_script(struct uk_pg *pg, bool anew, struct uk_deadline by, PGresult **last,
            struct uk_err *err)
{
    enum uk_pg_fault fault = UK_PG_FINE;
    struct uk_pg_record record;
    PGresult *result = NULL;

    if (anew)
        fault = uk_pg_take(pg, UK_PG_ROLLBACK, by, &result, err);
    while (fault == UK_PG_FINE && pg->played < pg->script.len) {
        PQclear(result);
        result = NULL;
        uk_pg_script_read(pg, pg->played, &record);
        fault = uk_pg_take(pg, record.which, by, &result, err);
        if (fault == UK_PG_FINE)
            fault = compare(pg, pg->played, &record, result, err);
        if (fault == UK_PG_FINE)
            pg->played += record.size;
    }
    *last = result;
    return fault;
}

/* One try.  *last is the caller's in any case. */
static enum uk_pg_fault
play(struct uk_pg *pg, struct uk_deadline by, PGresult **last,
     struct uk_err *err)
{
    bool anew = pg->begun && pg->played == 0;
    struct uk_err second = UK_ERR_NONE;
    enum uk_pg_fault fault, rest;

    /* What is seen now has not cost the certainty about a commit. */
    if (pg->open && uk_pg_is_gone(pg->conn)) {
        uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
        return UK_PG_LOST;
    }
    if (!send_script(pg, anew)) {
        char words[UK_PG_WORDS];

        uk_err_set(err, UK_UNREACHABLE, "sending to the server: '%s'",
                   uk_pg_words(words, PQerrorMessage(pg->conn)));
        return UK_PG_LOST;
    }
    fault = take_script(pg, anew, by, last, err);
    if (fault == UK_PG_LOST || fault == UK_PG_LATE)
        return fault;
    rest = uk_pg_take_rest(pg, by, &second);
    if (rest == UK_PG_FINE)
        return fault;
    if (fault == UK_PG_FINE)
        *err = second;
    /* It has all been answered: what comes next will see the loss. */
    return fault == UK_PG_FINE && pg->ending ? UK_PG_FINE : rest;
}

static void
pause_before(unsigned tries, struct uk_deadline by)
{
    unsigned most = BACKOFF_MS, ms;

    if (tries < 6 && 5u << tries < most)
        most = 5u << tries;
    uk_crypto_random(&ms, sizeof(ms)); /* so that two do not meet again */
    uk_deadline_wait(uk_deadline_sooner(uk_deadline_in(1 + ms % most), by));
}

/* Make ready for a further try, if there is to be one. */
static bool
try_again(struct uk_pg *pg, enum uk_pg_fault fault, unsigned tries,
          struct uk_deadline by)
{
    if (fault == UK_PG_LOST || fault == UK_PG_LATE || fault == UK_PG_CHANGED)
        uk_pg_hang_up(pg);
    if ((fault == UK_PG_LOST && (pg->ending || tries > LOSSES)) ||
        (fault == UK_PG_CONFLICT && tries > CONFLICTS) ||
        (fault != UK_PG_LOST && fault != UK_PG_CONFLICT) ||
        uk_deadline_passed(by))
        return false;
    if (fault == UK_PG_CONFLICT)
        pause_before(tries, by);
    pg->ending = false;
    pg->played = 0;
    return true;
}

/* It is over with this statement, or with the whole transaction. */
static enum uk_code
give_up(struct uk_pg *pg, enum uk_pg_fault fault, struct uk_err *err)
{
    uk_err_in(err, pg->ending && fault != UK_PG_REFUSED
                       ? "the database: it is not known whether a change was "
                         "made"
                       : "the database");
    if (fault == UK_PG_REFUSED) {
        uk_pg_script_cut(pg, pg->played);
    } else if (pg->open) {
        pg->broken = true;
        pg->cause = *err;
    }
    return err->code;
}

enum uk_code
uk_pg_play(struct uk_pg *pg, PGresult **last, struct uk_err *err)
{
    struct uk_deadline by =
        uk_deadline_in(pg->mode == UK_STORE_READ ? READ_MS : WRITE_MS);
    PGresult *result = NULL;
    enum uk_pg_fault fault;

    if (pg->broken) {
        *err = pg->cause;
        return err->code;
    }
    if (pg->open)
        by = uk_deadline_sooner(by, pg->by);
    pg->ending = false;
    uk_pg_settle(pg);
    for (unsigned tries = 1;; tries++) {
        struct uk_err why = UK_ERR_NONE;

        PQclear(result);
        result = NULL;
        fault = uk_pg_connect(pg, by, &why) == UK_OK
                    ? play(pg, by, &result, &why)
                    : UK_PG_AWAY;
        if (fault == UK_PG_FINE)
            break;
        if (!try_again(pg, fault, tries, by)) {
            PQclear(result);
            *err = why;
            return give_up(pg, fault, err);
        }
    }
    if (last != NULL)
        *last = result;
    else
        PQclear(result);
    return UK_OK;
}
