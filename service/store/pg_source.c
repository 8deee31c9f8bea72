/* Copies of everything: what is read from PostgreSQL. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "service/store/pg_copy.h"

#define SQL_MAX 1024

struct source {
    struct uk_copy_source source; /* first */
    struct uk_store *store;
};

static void
close_source(struct uk_copy_source *base)
{
    struct source *source = (struct source *)base;

    uk_store_close(source->store);
    free(source);
}

/* As the server sends it: the highest byte first. */
static bool
take_number(const char *bytes, int len, int64_t *out)
{
    uint64_t wide;

    if (len == 1 && (bytes[0] == 0 || bytes[0] == 1)) {
        *out = bytes[0] == 1;
        return true;
    }
    if (len != (int)sizeof(wide))
        return false;
    memcpy(&wide, bytes, sizeof(wide));
    *out = (int64_t)be64toh(wide);
    return true;
}

static enum uk_code
take_row(const PGresult *result, const struct uk_copy_table *table,
         struct uk_copy_value values[UK_COPY_COLUMNS], struct uk_err *err)
{
    for (int i = 0; i < (int)table->count; i++) {
        const struct uk_copy_column *column = &table->column[i];
        const char *bytes = PQgetvalue(result, 0, i);
        int len = PQgetlength(result, 0, i);
        bool good = !PQgetisnull(result, 0, i);

        values[i] = (struct uk_copy_value){.bytes = bytes, .len = (size_t)len};
        if (column->kind == UK_COPY_NUMBER || column->kind == UK_COPY_FLAG)
            good = good && take_number(bytes, len, &values[i].number);
        if (!good)
            return uk_err_set(err, UK_MISCONFIGURED,
                              "column '%s' has a value of another kind",
                              column->name);
    }
    return UK_OK;
}

static enum uk_code
ask_for_rows(struct uk_pg *pg, const struct uk_copy_table *table,
             struct uk_err *err)
{
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);
    enum uk_code code;

    uk_buf_add_text(&sql, "SELECT ");
    uk_copy_names(&sql, table);
    uk_buf_addf(&sql, " FROM %s ORDER BY %s", table->name,
                table->column[0].name);
    code = uk_buf_check(&sql, err);
    if (code == UK_OK && (PQsendQueryParams(pg->conn, uk_buf_peek(&sql), 0,
                                            NULL, NULL, NULL, NULL, 1) == 0 ||
                          PQsetSingleRowMode(pg->conn) == 0))
        code = uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
    uk_buf_clear(&sql);
    return code;
}

/* Row by row, so that what is on its way is all that is in memory. */
static enum uk_code
read_rows(struct uk_copy_source *base, const struct uk_copy_table *table,
          uk_copy_row *each, void *context, struct uk_err *err)
{
    struct uk_pg *pg = (struct uk_pg *)((struct source *)base)->store;
    struct uk_copy_value values[UK_COPY_COLUMNS];
    PGresult *result = NULL;
    enum uk_code code;

    code = ask_for_rows(pg, table, err);
    while (code == UK_OK) {
        code = uk_pg_copy_result(pg, &result, err);
        if (code != UK_OK || result == NULL)
            break;
        if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
            code = take_row(result, table, values, err);
            if (code == UK_OK)
                code = each(context, values, err);
        }
        PQclear(result);
    }
    return code;
}

static const struct uk_copy_source_ops ops = {
    .close = close_source,
    .read = read_rows,
};

enum uk_code
uk_pg_source_open(const char *url, struct uk_copy_source **out,
                  struct uk_err *err)
{
    struct source *source = calloc(1, sizeof(*source));
    enum uk_code code;

    if (source == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the database");
    source->source.ops = &ops;
    code = uk_store_open(url, UK_STORE_READ, &source->store, err);
    if (code == UK_OK)
        code = uk_pg_copy_start(
            (struct uk_pg *)source->store,
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            "SELECT version FROM userkey_schema WHERE one = 1", err);
    if (code != UK_OK) {
        close_source(&source->source);
        return code;
    }
    *out = &source->source;
    return UK_OK;
}
