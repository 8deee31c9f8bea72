/* Answers of a PostgreSQL server, by a deadline. */
#include "service/store/pg.h"

#include <errno.h>
#include <poll.h>

#define LAST_WORDS 16 /* reads; nobody who waits for us says so much */

/* Until there is something to read, or room for what is still to be sent. */
static enum uk_pg_fault
wait_for(PGconn *conn, bool unsent, struct uk_deadline by, struct uk_err *err)
{
    struct pollfd fd = {.fd = PQsocket(conn),
                        .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
    int ready;

    do {
        ready = poll(&fd, 1, uk_deadline_left_ms(by));
    } while (ready < 0 && errno == EINTR);
    if (ready > 0)
        return UK_PG_FINE;
    if (ready == 0) {
        uk_err_set(err, UK_UNREACHABLE, "the server does not answer in time");
        return UK_PG_LATE;
    }
    uk_err_sys(err, errno, "waiting for the server");
    return UK_PG_LOST;
}

static enum uk_pg_fault
say_lost(PGconn *conn, struct uk_err *err)
{
    char words[UK_PG_WORDS];

    uk_err_set(err, UK_UNREACHABLE, "the connection is lost: '%s'",
               uk_pg_words(words, PQerrorMessage(conn)));
    return UK_PG_LOST;
}

enum uk_pg_fault
uk_pg_next(PGconn *conn, struct uk_deadline by, PGresult **out,
           struct uk_err *err)
{
    enum uk_pg_fault fault;
    int unsent;

    for (;;) {
        unsent = PQflush(conn);
        if (unsent < 0 || PQstatus(conn) == CONNECTION_BAD)
            return say_lost(conn, err);
        if (PQisBusy(conn) == 0)
            break;
        fault = wait_for(conn, unsent > 0, by, err);
        if (fault != UK_PG_FINE)
            return fault;
        if (PQconsumeInput(conn) == 0)
            return say_lost(conn, err);
    }
    *out = PQgetResult(conn);
    /* It makes a result of a broken connection, too. */
    if (PQstatus(conn) == CONNECTION_BAD) {
        PQclear(*out);
        return say_lost(conn, err);
    }
    return UK_PG_FINE;
}

/* A server that goes says a last word first: the end is behind it. */
bool
uk_pg_is_gone(PGconn *conn)
{
    for (int i = 0; i < LAST_WORDS; i++) {
        struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};

        if (PQstatus(conn) == CONNECTION_BAD)
            return true;
        if (poll(&fd, 1, 0) <= 0)
            return false;
        if (PQconsumeInput(conn) == 0)
            return true;
    }
    return true;
}
