/*
 * Questions to PostgreSQL that nobody waits for.
 *
 * They go out on the connection that everything else uses, so whatever else is
 * to be said on it takes their answers first.  A question that is lost on its
 * way is asked again as any reading call is: by one who waits.
 */
#include "service/store/pg.h"

#include <string.h>
#include <sys/epoll.h>

#define ANSWER_MS 3000

static bool
is_lost(const struct uk_pg *pg, const struct uk_pg_flight *flight)
{
    return flight->lost || pg->conn == NULL || flight->dial != pg->dials;
}

static bool
send_query(struct uk_pg_query *query, bool known[UK_PG_SQL_COUNT])
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_pg_record record;

    if (uk_pg_script_close(query->pg, &err) != UK_OK)
        return false;
    uk_pg_script_read(query->pg, 0, &record);
    return uk_pg_send(query->pg, &record, known);
}

static bool
send_question(struct uk_pg *pg, const struct uk_question *question)
{
    bool known[UK_PG_SQL_COUNT];
    struct uk_pg_query query;

    memcpy(known, pg->prepared, sizeof(known));
    for (size_t i = 0; i < question->apps; i++) {
        query = uk_pg_query_start(&pg->store, UK_PG_FIND_APP);
        uk_pg_query_put_text(&query, question->app[i].client_id);
        if (!send_query(&query, known))
            return false;
    }
    if (question->keys > 0) {
        query = uk_pg_start_keys(&pg->store, question->hash, question->keys);
        if (!send_query(&query, known))
            return false;
    }
    return PQpipelineSync(pg->conn) != 0;
}

/* The answers to all of its statements. */
static enum uk_pg_fault
take_question(struct uk_pg *pg, struct uk_question *question,
              struct uk_deadline by, struct uk_err *err)
{
    struct uk_pg_query query = {.pg = pg};
    enum uk_pg_fault fault = UK_PG_FINE;

    for (size_t i = 0; i < question->apps && fault == UK_PG_FINE; i++) {
        fault = uk_pg_take(pg, UK_PG_FIND_APP, by, &query.result, err);
        if (fault != UK_PG_FINE)
            break;
        question->app[i].found = uk_pg_query_rows(&query) > 0;
        if (question->app[i].found)
            uk_pg_query_app(&query, 0, 0, &question->app[i].app);
        uk_pg_query_end(&query);
    }
    if (question->keys > 0 && fault == UK_PG_FINE)
        fault = uk_pg_take(pg, UK_PG_FIND_KEYS, by, &query.result, err);
    if (question->keys > 0 && fault == UK_PG_FINE)
        uk_pg_read_logins(&query, question->hash, question->keys,
                          question->login);
    uk_pg_query_end(&query);
    return fault;
}

/* Wait for the answer to the first of the flights.  Then it is answered, or
 * known to be lost. */
static void
take_flight(struct uk_pg *pg, struct uk_pg_flight *flight)
{
    struct uk_question *question = flight->question;
    enum uk_pg_fault fault, rest = UK_PG_FINE;
    struct uk_err err = UK_ERR_NONE, second = UK_ERR_NONE;

    fault = take_question(pg, question, flight->by, &err);
    if (fault != UK_PG_LOST && fault != UK_PG_LATE)
        rest = uk_pg_take_rest(pg, flight->by, &second);
    if (fault == UK_PG_LOST || fault == UK_PG_LATE || rest != UK_PG_FINE)
        uk_pg_hang_up(pg);
    if (fault == UK_PG_LOST || fault == UK_PG_CONFLICT) {
        flight->lost = true;
        return;
    }
    if (fault != UK_PG_FINE)
        uk_err_in(&err, "the database");
    question->err = err;
    question->answered = true;
}

/* A flight has landed: from now on its question is the asker's alone. */
static struct uk_question *
land(struct uk_pg *pg, size_t at)
{
    struct uk_question *question = pg->flight[at].question;

    pg->flights--;
    memmove(&pg->flight[at], &pg->flight[at + 1],
            (pg->flights - at) * sizeof(pg->flight[0]));
    return question;
}

/* What is lost is left to uk_pg_listen(): here somebody is about to ask
 * something else. */
void
uk_pg_settle(struct uk_pg *pg)
{
    size_t at = 0;

    while (at < pg->flights) {
        struct uk_pg_flight *flight = &pg->flight[at];

        if (!is_lost(pg, flight))
            take_flight(pg, flight);
        if (flight->question->answered)
            land(pg, at);
        else
            at++;
    }
}

/* Can the next answer be had without waiting for it?  What was lost, or has
 * taken too long, can. */
static bool
is_ready(struct uk_pg *pg)
{
    const struct uk_pg_flight *flight = &pg->flight[0];

    if (is_lost(pg, flight) || uk_deadline_passed(flight->by))
        return true;
    if (PQconsumeInput(pg->conn) == 0) {
        uk_pg_hang_up(pg);
        return true;
    }
    return PQisBusy(pg->conn) == 0;
}

void
uk_pg_listen(struct uk_store *store)
{
    struct uk_pg *pg = (struct uk_pg *)store;

    /* Nothing is expected, so it is the end. */
    if (pg->flights == 0 && pg->conn != NULL && uk_pg_is_gone(pg->conn))
        uk_pg_hang_up(pg);
    while (pg->flights > 0 && is_ready(pg)) {
        struct uk_pg_flight *flight = &pg->flight[0];

        if (!is_lost(pg, flight))
            take_flight(pg, flight);
        if (flight->question->answered)
            land(pg, 0);
        else
            uk_question_answer(store, land(pg, 0));
    }
}

/* A second question may go out behind one that prepares nothing. */
static bool
has_room(const struct uk_pg *pg)
{
    return pg->flights == 0 ||
           (pg->flights < UK_PG_FLIGHTS && pg->prepared[UK_PG_FIND_APP] &&
            pg->prepared[UK_PG_FIND_KEYS]);
}

void
uk_pg_ask(struct uk_store *store, struct uk_question *question)
{
    struct uk_pg *pg = (struct uk_pg *)store;
    struct uk_pg_flight *flight = &pg->flight[pg->flights];

    if (!has_room(pg) || pg->conn == NULL || !pg->watched) {
        uk_question_answer(store, question);
        return;
    }
    if (!send_question(pg, question)) {
        uk_pg_hang_up(pg);
        uk_question_answer(store, question);
        return;
    }
    pg->flights++;
    flight->question = question;
    flight->by = uk_deadline_in(ANSWER_MS);
    flight->dial = pg->dials;
    flight->lost = false;
}

void
uk_pg_watch(struct uk_store *store, int epoll)
{
    struct uk_pg *pg = (struct uk_pg *)store;

    pg->epoll = epoll;
    uk_pg_watch_conn(pg);
}

/* Closing the connection ends this, too. */
void
uk_pg_watch_conn(struct uk_pg *pg)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = UK_STORE_EVENT};

    pg->watched =
        pg->epoll >= 0 && pg->conn != NULL &&
        epoll_ctl(pg->epoll, EPOLL_CTL_ADD, PQsocket(pg->conn), &event) == 0;
}
