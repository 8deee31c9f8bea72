/* Server API keys, each with a user of its own, in SQLite. */
#include "service/store/sqlite.h"

#define OF_APP                                                                 \
    " FROM app_user u JOIN api_key k ON k.user_id = u.id"                      \
    " WHERE u.app_id = ?1 AND u.server = 1"

enum uk_code
uk_sqlite_list_servers(struct uk_store *store, const char *app_id,
                       struct uk_store_server out[UK_STORE_SERVERS],
                       size_t *count, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_LIST_SERVERS,
                       "SELECT " UK_QUERY_KEY ", u.id" OF_APP
                       " ORDER BY k.created, k.id LIMIT ?2");
    enum uk_code code;
    size_t n = 0;
    bool row;

    uk_query_put_text(&query, app_id);
    uk_query_put_int(&query, UK_STORE_SERVERS);
    while ((code = uk_query_step(&query, &row, err)) == UK_OK && row &&
           n < UK_STORE_SERVERS) {
        struct uk_store_server *one = &out[n++];

        uk_query_key(&query, 0, &one->key);
        uk_query_text(&query, UK_QUERY_KEY_COLUMNS, one->user_id,
                      sizeof(one->user_id));
    }
    uk_query_end(&query);
    if (code == UK_OK)
        *count = n;
    return code;
}

enum uk_code
uk_sqlite_find_server(struct uk_store *store, const char *app_id,
                      const char *key_id, struct uk_store_user *out,
                      bool *found, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_FIND_SERVER,
                       "SELECT " UK_QUERY_USER OF_APP " AND k.id = ?2");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, app_id);
    uk_query_put_text(&query, key_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK) {
        *found = row;
        if (row)
            uk_query_user(&query, 0, out);
    }
    uk_query_end(&query);
    return code;
}

static enum uk_code
check_room(struct uk_store *store, const char *app_id, const char *name,
           enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_SERVER_ROOM,
                       "SELECT count(*), coalesce(sum(k.name = ?2), 0)" OF_APP);
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, app_id);
    uk_query_put_text(&query, name);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK)
        *result = uk_query_int(&query, 1) > 0                   ? UK_STORE_TAKEN
                  : uk_query_int(&query, 0) >= UK_STORE_SERVERS ? UK_STORE_FULL
                                                                : UK_STORE_DONE;
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_add_server(struct uk_store *store, const struct uk_store_user *user,
                     const struct uk_store_key *key,
                     const struct uk_store_hash *hash,
                     enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query;
    enum uk_code code = check_room(store, user->app_id, key->name, result, err);

    if (code != UK_OK || *result != UK_STORE_DONE)
        return code;
    query = uk_query_start(store, UK_SQL_ADD_SERVER,
                           "INSERT INTO app_user(id, app_id, created, server)"
                           " VALUES (?, ?, ?, 1)");
    uk_query_put_text(&query, user->id);
    uk_query_put_text(&query, user->app_id);
    uk_query_put_int(&query, uk_id_now_us());
    code = uk_query_run(&query, NULL, err);
    return code == UK_OK
               ? uk_sqlite_add_key(store, user, key, hash, result, err)
               : code;
}
