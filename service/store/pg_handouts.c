/* Tokens that are handed out, in PostgreSQL. */
#include "service/store/pg.h"

static const char *const purposes[] = {
    [UK_STORE_CONFIRM] = "confirm",
    [UK_STORE_RESET] = "reset",
};

enum uk_code
uk_pg_add_handout(struct uk_store *store, const struct uk_store_handout *it,
                  enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query;
    enum uk_code code;

    /* The user is not deleted meanwhile. */
    code = uk_pg_lock_user(store, it->user_id, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_ADD_HANDOUT);
    uk_pg_query_put_text(&query, it->id);
    uk_pg_query_put_bytes(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_pg_query_put_text(&query, it->user_id);
    uk_pg_query_put_text(&query, purposes[it->purpose]);
    uk_pg_query_put_int(&query, it->expires);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    return uk_pg_query_finish(&query, result, err);
}

enum uk_code
uk_pg_find_handout(struct uk_store *store, const char *app_id, int64_t now,
                   struct uk_store_handout *it, bool *found, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_HANDOUT);
    enum uk_code code;

    uk_pg_query_put_text(&query, it->id);
    uk_pg_query_put_text(&query, purposes[it->purpose]);
    uk_pg_query_put_bytes(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_pg_query_put_int(&query, now);
    uk_pg_query_put_text(&query, app_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK)
        *found = uk_pg_query_rows(&query) > 0;
    if (code == UK_OK && *found)
        uk_pg_query_text(&query, 0, 0, it->user_id, sizeof(it->user_id));
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_take_handout(struct uk_store *store, const struct uk_store_handout *it,
                   int64_t now, enum uk_store_result *result,
                   struct uk_err *err)
{
    struct uk_pg_query query;
    enum uk_code code;

    /* The user is not deleted meanwhile. */
    code = uk_pg_lock_user(store, it->user_id, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_TAKE_HANDOUT);
    uk_pg_query_put_text(&query, it->id);
    uk_pg_query_put_text(&query, it->user_id);
    uk_pg_query_put_text(&query, purposes[it->purpose]);
    uk_pg_query_put_bytes(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_pg_query_put_int(&query, now);
    return uk_pg_query_finish(&query, result, err);
}
