/* One run of a prepared statement on PostgreSQL. */
#include "service/store/pg.h"

#include <string.h>

#include "core/str.h"

#define BYTEA      17
#define ARRAY_HEAD 20 /* bytes before the first element */

struct uk_pg_query
uk_pg_query_start(struct uk_store *store, enum uk_pg_sql which)
{
    struct uk_pg_query query = {.pg = (struct uk_pg *)store, .which = which};

    uk_pg_script_open(query.pg, which);
    return query;
}

void
uk_pg_query_put_bytes(struct uk_pg_query *query, const void *bytes, size_t len)
{
    uk_pg_script_put(query->pg, bytes, len);
}

void
uk_pg_query_put_text(struct uk_pg_query *query, const char *text)
{
    uk_pg_script_put(query->pg, text, strlen(text));
}

/* Numbers are in the order of bytes of networks. */
void
uk_pg_query_put_int(struct uk_pg_query *query, int64_t number)
{
    unsigned char wire[8];

    for (size_t i = 0; i < sizeof(wire); i++)
        wire[i] = (unsigned char)((uint64_t)number >> (56 - 8 * i));
    uk_pg_script_put(query->pg, wire, sizeof(wire));
}

void
uk_pg_query_put_flag(struct uk_pg_query *query, bool flag)
{
    unsigned char wire = flag;

    uk_pg_script_put(query->pg, &wire, sizeof(wire));
}

static void
put_u32(struct uk_buf *buf, uint32_t number)
{
    for (unsigned shift = 32; shift > 0; shift -= 8)
        uk_buf_add_byte(buf, (unsigned char)(number >> (shift - 8)));
}

/* As it goes over the wire: dimensions, NULLs, type; length and first index of
 * the one dimension; each with its length. */
void
uk_pg_query_put_array(struct uk_pg_query *query, const void *items, size_t size,
                      size_t stride, size_t n)
{
    struct uk_buf array = UK_BUF_UP_TO(ARRAY_HEAD + n * (4 + size));

    put_u32(&array, 1);
    put_u32(&array, 0);
    put_u32(&array, BYTEA);
    put_u32(&array, (uint32_t)n);
    put_u32(&array, 1);
    for (size_t i = 0; i < n; i++) {
        put_u32(&array, (uint32_t)size);
        uk_buf_add(&array, (const char *)items + i * stride, size);
    }
    uk_pg_query_put_bytes(query, uk_buf_peek(&array), array.len);
    uk_buf_clear(&array);
}

/* Outside of a transaction a statement may be sent twice. */
static enum uk_code
finish(struct uk_pg_query *query, struct uk_err *err)
{
    struct uk_pg *pg = query->pg;

    if (uk_pg_statement(query->which)->effect != UK_PG_READS && !pg->open)
        return uk_err_set(err, UK_SYSTEM, "the database: %s",
                          pg->mode == UK_STORE_READ
                              ? "it was opened for reading alone"
                              : "a change outside of a transaction");
    return uk_pg_script_close(pg, err);
}

enum uk_code
uk_pg_query_run(struct uk_pg_query *query, struct uk_err *err)
{
    enum uk_code code = finish(query, err);

    return code == UK_OK ? uk_pg_play(query->pg, &query->result, err) : code;
}

enum uk_code
uk_pg_query_defer(struct uk_pg_query *query, struct uk_err *err)
{
    struct uk_pg *pg = query->pg;
    enum uk_code code = finish(query, err);

    if (code == UK_OK && pg->broken) {
        *err = pg->cause;
        code = err->code;
    }
    return code;
}

enum uk_code
uk_pg_query_change(struct uk_pg_query *query, unsigned long *changed,
                   struct uk_err *err)
{
    enum uk_code code = uk_pg_query_run(query, err);
    unsigned long n = 0;

    if (code == UK_OK &&
        !uk_str_to_ulong(PQcmdTuples(query->result), UINT32_MAX, &n))
        code = uk_err_set(err, UK_SYSTEM,
                          "the database: a change without its extent");
    if (code == UK_OK)
        *changed = n;
    uk_pg_query_end(query);
    return code;
}

enum uk_code
uk_pg_query_finish(struct uk_pg_query *query, enum uk_store_result *result,
                   struct uk_err *err)
{
    unsigned long changed;
    enum uk_code code = uk_pg_query_change(query, &changed, err);

    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}

enum uk_code
uk_pg_lock_user(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LOCK_USER);

    uk_pg_query_put_text(&query, user_id);
    return uk_pg_query_defer(&query, err);
}

void
uk_pg_query_end(struct uk_pg_query *query)
{
    PQclear(query->result);
    query->result = NULL;
}

int
uk_pg_query_rows(const struct uk_pg_query *query)
{
    return PQntuples(query->result);
}

void
uk_pg_query_text(const struct uk_pg_query *query, int row, int column,
                 char *out, size_t size)
{
    int len = PQgetlength(query->result, row, column);

    out[0] = '\0';
    if (len <= 0 || (size_t)len >= size)
        return;
    memcpy(out, PQgetvalue(query->result, row, column), (size_t)len);
    out[len] = '\0';
}

const unsigned char *
uk_pg_query_bytes(const struct uk_pg_query *query, int row, int column,
                  size_t len)
{
    if (PQgetisnull(query->result, row, column) != 0 ||
        (size_t)PQgetlength(query->result, row, column) != len)
        return NULL;
    return (const unsigned char *)PQgetvalue(query->result, row, column);
}

int64_t
uk_pg_query_int(const struct uk_pg_query *query, int row, int column)
{
    const unsigned char *wire = uk_pg_query_bytes(query, row, column, 8);
    uint64_t number = 0;

    for (size_t i = 0; wire != NULL && i < 8; i++)
        number = number << 8 | wire[i];
    return (int64_t)number;
}

bool
uk_pg_query_flag(const struct uk_pg_query *query, int row, int column)
{
    const unsigned char *byte = uk_pg_query_bytes(query, row, column, 1);

    return byte != NULL && byte[0] != 0;
}

bool
uk_pg_query_is_null(const struct uk_pg_query *query, int row, int column)
{
    return PQgetisnull(query->result, row, column) != 0;
}

void
uk_pg_query_app(const struct uk_pg_query *query, int row, int column,
                struct uk_store_app *out)
{
    uk_pg_query_text(query, row, column, out->id, sizeof(out->id));
    uk_pg_query_text(query, row, column + 1, out->client_id,
                     sizeof(out->client_id));
    out->providers_off = (unsigned)uk_pg_query_int(query, row, column + 2);
    out->refresh_s = uk_pg_query_int(query, row, column + 3);
    out->limits_origins = uk_pg_query_flag(query, row, column + 4);
}

void
uk_pg_query_user(const struct uk_pg_query *query, int row, int column,
                 struct uk_store_user *out)
{
    uk_pg_query_text(query, row, column, out->id, sizeof(out->id));
    uk_pg_query_text(query, row, column + 1, out->app_id, sizeof(out->app_id));
    out->disabled = uk_pg_query_flag(query, row, column + 2);
    out->epoch = uk_pg_query_int(query, row, column + 3);
    out->server = uk_pg_query_flag(query, row, column + 4);
    out->pending = uk_pg_query_flag(query, row, column + 5);
    out->last_login_us = uk_pg_query_int(query, row, column + 6);
}

void
uk_pg_query_key(const struct uk_pg_query *query, int row, int column,
                struct uk_store_key *out)
{
    uk_pg_query_text(query, row, column, out->id, sizeof(out->id));
    uk_pg_query_text(query, row, column + 1, out->name, sizeof(out->name));
    out->disabled = uk_pg_query_flag(query, row, column + 2);
    out->epoch = uk_pg_query_int(query, row, column + 3);
    out->created_us = uk_pg_query_int(query, row, column + 4);
    out->expires_us = uk_pg_query_int(query, row, column + 5);
    out->last_used_us = uk_pg_query_int(query, row, column + 6);
    out->disabled_us = uk_pg_query_int(query, row, column + 7);
}
