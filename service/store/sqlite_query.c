/* One run of a statement on SQLite. */
#include "service/store/sqlite.h"

#include <string.h>

#include "core/buf.h"

enum uk_code
uk_sqlite_prepare(struct uk_sqlite *lite, struct uk_buf *sql,
                  sqlite3_stmt **out, struct uk_err *err)
{
    enum uk_code code = uk_buf_check(sql, err);
    int status;

    if (code == UK_OK) {
        status = sqlite3_prepare_v2(lite->db, uk_buf_peek(sql), -1, out, NULL);
        if (status != SQLITE_OK)
            code = uk_sqlite_fail(lite, status, "the database", err);
    }
    uk_buf_clear(sql);
    return code;
}

struct uk_query
uk_query_start(struct uk_store *store, enum uk_sql which, const char *sql)
{
    struct uk_sqlite *lite = (struct uk_sqlite *)store;
    struct uk_query query = {.lite = lite, .status = SQLITE_OK};
    sqlite3_stmt **slot = &lite->statement[which];

    if (*slot == NULL)
        query.status = sqlite3_prepare_v3(
            lite->db, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
    query.statement = *slot;
    return query;
}

void
uk_query_put_text(struct uk_query *query, const char *text)
{
    if (query->status == SQLITE_OK)
        query->status = sqlite3_bind_text(query->statement, ++query->put, text,
                                          -1, SQLITE_STATIC);
}

void
uk_query_put_blob(struct uk_query *query, const void *bytes, size_t len)
{
    if (query->status == SQLITE_OK)
        query->status = sqlite3_bind_blob64(query->statement, ++query->put,
                                            bytes, len, SQLITE_STATIC);
}

void
uk_query_put_int(struct uk_query *query, int64_t number)
{
    if (query->status == SQLITE_OK)
        query->status =
            sqlite3_bind_int64(query->statement, ++query->put, number);
}

enum uk_code
uk_query_step(struct uk_query *query, bool *row, struct uk_err *err)
{
    if (query->status == SQLITE_OK || query->status == SQLITE_ROW)
        query->status = sqlite3_step(query->statement);
    if (query->status != SQLITE_ROW && query->status != SQLITE_DONE)
        return uk_sqlite_fail(query->lite, query->status, "the database", err);
    *row = query->status == SQLITE_ROW;
    return UK_OK;
}

void
uk_query_text(const struct uk_query *query, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    int len = sqlite3_column_bytes(query->statement, column);

    out[0] = '\0';
    if (text == NULL || len < 0 || (size_t)len >= size)
        return;
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
}

int64_t
uk_query_int(const struct uk_query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

bool
uk_query_is_null(const struct uk_query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

void
uk_query_end(struct uk_query *query)
{
    if (query->statement == NULL)
        return;
    sqlite3_reset(query->statement);
    sqlite3_clear_bindings(query->statement);
    query->statement = NULL;
}

enum uk_code
uk_query_run(struct uk_query *query, int *changed, struct uk_err *err)
{
    enum uk_code code;
    bool row;

    code = uk_query_step(query, &row, err);
    if (code == UK_OK && changed != NULL)
        *changed = sqlite3_changes(query->lite->db);
    uk_query_end(query);
    return code;
}

enum uk_code
uk_query_finish(struct uk_query *query, enum uk_store_result *result,
                struct uk_err *err)
{
    int changed;
    enum uk_code code = uk_query_run(query, &changed, err);

    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}

void
uk_query_app(const struct uk_query *query, int column, struct uk_store_app *out)
{
    uk_query_text(query, column, out->id, sizeof(out->id));
    uk_query_text(query, column + 1, out->client_id, sizeof(out->client_id));
    out->providers_off = (unsigned)uk_query_int(query, column + 2);
    out->refresh_s = uk_query_int(query, column + 3);
    out->limits_origins = uk_query_int(query, column + 4) != 0;
}

void
uk_query_user(const struct uk_query *query, int column,
              struct uk_store_user *out)
{
    uk_query_text(query, column, out->id, sizeof(out->id));
    uk_query_text(query, column + 1, out->app_id, sizeof(out->app_id));
    out->disabled = uk_query_int(query, column + 2) != 0;
    out->epoch = uk_query_int(query, column + 3);
    out->server = uk_query_int(query, column + 4) != 0;
    out->pending = uk_query_int(query, column + 5) != 0;
    out->last_login_us = uk_query_int(query, column + 6);
}

void
uk_query_key(const struct uk_query *query, int column, struct uk_store_key *out)
{
    uk_query_text(query, column, out->id, sizeof(out->id));
    uk_query_text(query, column + 1, out->name, sizeof(out->name));
    out->disabled = uk_query_int(query, column + 2) != 0;
    out->epoch = uk_query_int(query, column + 3);
    out->created_us = uk_query_int(query, column + 4);
    out->expires_us = uk_query_int(query, column + 5);
    out->last_used_us = uk_query_int(query, column + 6);
    out->disabled_us = uk_query_int(query, column + 7);
}
