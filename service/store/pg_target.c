/* Copies of everything: what is written into PostgreSQL. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/io.h"
#include "service/store/pg_copy.h"

#define SQL_MAX  1024
#define ROWS_MAX (32U << 20) /* bytes of a row, and of those before it */
#define SEND_AT  65536       /* bytes; what is behind them waits no longer */

struct target {
    struct uk_copy_target target; /* first */
    struct uk_store *store;
    const struct uk_copy_table *table; /* that is being filled */
    struct uk_buf rows;                /* in COPY's text form */
};

static struct uk_pg *
pg_of(const struct target *target)
{
    return (struct uk_pg *)target->store;
}

static void
close_target(struct uk_copy_target *base)
{
    struct target *target = (struct target *)base;

    uk_buf_clear(&target->rows);
    uk_store_close(target->store);
    free(target);
}

/* Run "SOMETHING table SOMETHING". */
static enum uk_code
ask_of_table(struct target *target, const char *before,
             const struct uk_copy_table *table, const char *behind,
             int64_t *first, int *rows, struct uk_err *err)
{
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);
    enum uk_code code;

    uk_buf_addf(&sql, "%s %s %s", before, table->name, behind);
    code = uk_buf_check(&sql, err);
    if (code == UK_OK)
        code =
            uk_pg_copy_ask(pg_of(target), uk_buf_peek(&sql), first, rows, err);
    uk_buf_clear(&sql);
    return code;
}

static enum uk_code
begin_table(struct uk_copy_target *base, const struct uk_copy_table *table,
            struct uk_err *err)
{
    struct target *target = (struct target *)base;
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);
    PGresult *result = NULL;
    enum uk_code code;

    target->table = table;
    uk_buf_addf(&sql, "COPY %s(", table->name);
    uk_copy_names(&sql, table);
    uk_buf_add_text(&sql, ") FROM STDIN");
    code = uk_buf_check(&sql, err);
    if (code == UK_OK &&
        PQsendQueryParams(pg_of(target)->conn, uk_buf_peek(&sql), 0, NULL, NULL,
                          NULL, NULL, 0) == 0)
        code = uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
    uk_buf_clear(&sql);
    if (code == UK_OK)
        code = uk_pg_copy_result(pg_of(target), &result, err);
    if (code == UK_OK &&
        (result == NULL || PQresultStatus(result) != PGRES_COPY_IN))
        code = uk_err_set(err, UK_SYSTEM, "the server takes no rows");
    PQclear(result);
    return code;
}

/* What libpq holds is on its way before more is given to it. */
static enum uk_code
drain(PGconn *conn, struct uk_err *err)
{
    struct uk_deadline by = uk_deadline_in(UK_PG_COPY_MS);
    enum uk_code code;
    int unsent;

    while ((unsent = PQflush(conn)) > 0) {
        code = uk_io_wait(PQsocket(conn), POLLIN | POLLOUT, by, err);
        if (code != UK_OK)
            return code;
        /* A server that complains wants to be heard first. */
        if (PQconsumeInput(conn) == 0)
            break;
    }
    return unsent == 0
               ? UK_OK
               : uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
}

static enum uk_code
send_rows(struct target *target, struct uk_err *err)
{
    PGconn *conn = pg_of(target)->conn;
    enum uk_code code = uk_buf_check(&target->rows, err);

    if (code != UK_OK)
        return code;
    if (PQputCopyData(conn, uk_buf_peek(&target->rows),
                      (int)target->rows.len) != 1)
        return uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
    target->rows.len = 0;
    return drain(conn, err);
}

static void
add_hex(struct uk_buf *to, const struct uk_copy_value *value)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = value->bytes;

    uk_buf_add_text(to, "\\\\x");
    for (size_t i = 0; i < value->len; i++) {
        const char pair[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};

        uk_buf_add(to, pair, sizeof(pair));
    }
}

static enum uk_code
put_row(struct uk_copy_target *base,
        const struct uk_copy_value values[UK_COPY_COLUMNS], struct uk_err *err)
{
    struct target *target = (struct target *)base;
    struct uk_buf *rows = &target->rows;

    for (size_t i = 0; i < target->table->count; i++) {
        switch (target->table->column[i].kind) {
        case UK_COPY_TEXT:
        case UK_COPY_BYTES:
            add_hex(rows, &values[i]);
            break;
        case UK_COPY_NUMBER:
            uk_buf_addf(rows, "%lld", (long long)values[i].number);
            break;
        case UK_COPY_FLAG:
            uk_buf_add_byte(rows, values[i].number != 0 ? 't' : 'f');
            break;
        }
        uk_buf_add_byte(rows, i + 1 < target->table->count ? '\t' : '\n');
    }
    return rows->len < SEND_AT && !rows->bad ? UK_OK : send_rows(target, err);
}

static enum uk_code
end_table(struct uk_copy_target *base, uint64_t *rows, struct uk_err *err)
{
    struct target *target = (struct target *)base;
    PGresult *result = NULL;
    int64_t count = 0;
    enum uk_code code;

    code = send_rows(target, err);
    if (code == UK_OK && PQputCopyEnd(pg_of(target)->conn, NULL) != 1)
        code = uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
    while (code == UK_OK) {
        code = uk_pg_copy_result(pg_of(target), &result, err);
        if (code != UK_OK || result == NULL)
            break;
        PQclear(result);
    }
    if (code == UK_OK)
        code = ask_of_table(target, "SELECT count(*) FROM", target->table, "",
                            &count, NULL, err);
    if (code == UK_OK)
        *rows = (uint64_t)count;
    return code;
}

/* A transaction that has failed answers COMMIT with ROLLBACK, and no failure
 * comes this far.  A connection that is lost now has done it, or has not. */
static enum uk_code
finish(struct uk_copy_target *base, struct uk_err *err)
{
    struct target *target = (struct target *)base;
    enum uk_code code =
        uk_pg_copy_ask(pg_of(target), "COMMIT", NULL, NULL, err);

    return code == UK_OK
               ? UK_OK
               : uk_err_in(err, "the end was not confirmed; a second try says "
                                "whether everything is there");
}

static const struct uk_copy_target_ops ops = {
    .close = close_target,
    .begin = begin_table,
    .put = put_row,
    .end = end_table,
    .finish = finish,
};

static enum uk_code
check_empty(struct target *target, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (size_t i = 0; i < UK_COPY_TABLES && code == UK_OK; i++) {
        int rows = 0;

        code = ask_of_table(target, "SELECT 1 FROM", &uk_copy_tables[i],
                            "LIMIT 1", NULL, &rows, err);
        if (code == UK_OK && rows > 0)
            code = uk_err_set(err, UK_INVALID,
                              "it is not empty: there are rows in table '%s', "
                              "and nothing is overwritten",
                              uk_copy_tables[i].name);
    }
    return code;
}

enum uk_code
uk_pg_target_open(const char *url, struct uk_copy_target **out,
                  struct uk_err *err)
{
    struct target *target = calloc(1, sizeof(*target));
    enum uk_code code;

    if (target == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the database");
    target->target.ops = &ops;
    uk_buf_init(&target->rows, ROWS_MAX);
    code = uk_store_open(url, UK_STORE_CLAIM, &target->store, err);
    if (code == UK_OK)
        code = uk_pg_copy_start(
            pg_of(target), "BEGIN",
            "SELECT version FROM userkey_schema WHERE one = 1 FOR UPDATE", err);
    if (code == UK_OK)
        code = check_empty(target, err);
    if (code != UK_OK) {
        if (target->store != NULL)
            uk_err_in(err, "the database %s", pg_of(target)->place.name);
        close_target(&target->target);
        return code;
    }
    *out = &target->target;
    return UK_OK;
}

enum uk_code
uk_pg_claim(struct uk_store *store, bool *taken, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LOCK_SCHEMA);
    enum uk_code code = uk_pg_query_defer(&query, err);

    /* A statement of its own sees what others did before they let go. */
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_ANY_APP);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK)
        *taken = uk_pg_query_rows(&query) > 0;
    uk_pg_query_end(&query);
    return code;
}
