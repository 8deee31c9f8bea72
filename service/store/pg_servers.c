/* Server API keys, each with a user of its own, in PostgreSQL. */
#include "service/store/pg.h"

enum uk_code
uk_pg_list_servers(struct uk_store *store, const char *app_id,
                   struct uk_store_server out[UK_STORE_SERVERS], size_t *count,
                   struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LIST_SERVERS);
    enum uk_code code;
    size_t n = 0;

    uk_pg_query_put_text(&query, app_id);
    uk_pg_query_put_int(&query, UK_STORE_SERVERS);
    code = uk_pg_query_run(&query, err);
    for (int row = 0; code == UK_OK && row < uk_pg_query_rows(&query) &&
                      n < UK_STORE_SERVERS;
         row++) {
        struct uk_store_server *one = &out[n++];

        uk_pg_query_key(&query, row, 0, &one->key);
        uk_pg_query_text(&query, row, UK_PG_KEY_COLUMNS, one->user_id,
                         sizeof(one->user_id));
    }
    if (code == UK_OK)
        *count = n;
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_find_server(struct uk_store *store, const char *app_id,
                  const char *key_id, struct uk_store_user *out, bool *found,
                  struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_SERVER);
    enum uk_code code;

    uk_pg_query_put_text(&query, app_id);
    uk_pg_query_put_text(&query, key_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK) {
        *found = uk_pg_query_rows(&query) > 0;
        if (*found)
            uk_pg_query_user(&query, 0, 0, out);
    }
    uk_pg_query_end(&query);
    return code;
}

/* Two nodes that each add the hundredth must not both count 99, so the row of
 * the app is locked: administrators can wait for each other. */
static enum uk_code
check_room(struct uk_store *store, const char *app_id, const char *name,
           enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LOCK_APP);
    enum uk_code code;

    uk_pg_query_put_text(&query, app_id);
    code = uk_pg_query_defer(&query, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_SERVER_ROOM);
    uk_pg_query_put_text(&query, app_id);
    uk_pg_query_put_text(&query, name);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK)
        *result = uk_pg_query_int(&query, 0, 1) > 0 ? UK_STORE_TAKEN
                  : uk_pg_query_int(&query, 0, 0) >= UK_STORE_SERVERS
                      ? UK_STORE_FULL
                      : UK_STORE_DONE;
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_add_server(struct uk_store *store, const struct uk_store_user *user,
                 const struct uk_store_key *key,
                 const struct uk_store_hash *hash, enum uk_store_result *result,
                 struct uk_err *err)
{
    struct uk_pg_query query;
    enum uk_code code = check_room(store, user->app_id, key->name, result, err);

    if (code != UK_OK || *result != UK_STORE_DONE)
        return code;
    query = uk_pg_query_start(store, UK_PG_ADD_SERVER);
    uk_pg_query_put_text(&query, user->id);
    uk_pg_query_put_text(&query, user->app_id);
    uk_pg_query_put_int(&query, uk_id_now_us());
    code = uk_pg_query_defer(&query, err);
    return code == UK_OK ? uk_pg_add_key(store, user, key, hash, result, err)
                         : code;
}
