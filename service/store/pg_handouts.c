/* Tokens that are handed out, in PostgreSQL. */
#include "service/store/pg.h"

static const char *const purposes[] = {
    [UK_STORE_CONFIRM] = "confirm",
    [UK_STORE_RESET] = "reset",
};

/* The user is not deleted meanwhile. */
static enum uk_code
lock_user(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LOCK_USER);

    uk_pg_query_put_text(&query, user_id);
    return uk_pg_query_defer(&query, err);
}

static enum uk_code
finish(struct uk_pg_query *query, enum uk_store_result *result,
       struct uk_err *err)
{
    unsigned long changed;
    enum uk_code code;

    code = uk_pg_query_change(query, &changed, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}

enum uk_code
uk_pg_add_handout(struct uk_store *store, const struct uk_store_handout *it,
                  enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query;
    enum uk_code code;

    code = lock_user(store, it->user_id, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_ADD_HANDOUT);
    uk_pg_query_put_text(&query, it->id);
    uk_pg_query_put_bytes(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_pg_query_put_text(&query, it->user_id);
    uk_pg_query_put_text(&query, purposes[it->purpose]);
    uk_pg_query_put_int(&query, it->expires);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    return finish(&query, result, err);
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

    code = lock_user(store, it->user_id, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_TAKE_HANDOUT);
    uk_pg_query_put_text(&query, it->id);
    uk_pg_query_put_text(&query, it->user_id);
    uk_pg_query_put_text(&query, purposes[it->purpose]);
    uk_pg_query_put_bytes(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_pg_query_put_int(&query, now);
    return finish(&query, result, err);
}
