/* What administrators ask for, in PostgreSQL. */
#include <string.h>

#include "service/store/pg.h"

enum uk_code
uk_pg_list_apps(struct uk_store *store, const char *app_id,
                uk_store_app_lister *each, void *context, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LIST_APPS);
    char name[UK_STORE_APP_NAME + 1];
    struct uk_store_app app;
    enum uk_code code;

    uk_pg_query_put_text(&query, app_id);
    uk_pg_query_put_flag(&query, app_id[0] == '\0');
    code = uk_pg_query_run(&query, err);
    for (int row = 0; code == UK_OK && row < uk_pg_query_rows(&query); row++) {
        uk_pg_query_app(&query, row, 0, &app);
        uk_pg_query_text(&query, row, UK_PG_APP_COLUMNS, name, sizeof(name));
        each(context, &app, name);
    }
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_count_users(struct uk_store *store, const char *app_id, uint64_t *count,
                  struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_COUNT_USERS);
    enum uk_code code;

    uk_pg_query_put_text(&query, app_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK)
        *count = uk_pg_query_rows(&query) > 0
                     ? (uint64_t)uk_pg_query_int(&query, 0, 0)
                     : 0;
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_end_sessions(struct uk_store *store, const char *user_id,
                   enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_END_SESSIONS);

    uk_pg_query_put_text(&query, user_id);
    return uk_pg_query_finish(&query, result, err);
}

static void
read_admin(const struct uk_pg_query *query, int row, struct uk_store_admin *out)
{
    uk_pg_query_text(query, row, 0, out->id, sizeof(out->id));
    uk_pg_query_text(query, row, 1, out->name, sizeof(out->name));
    out->created_us = uk_pg_query_int(query, row, 2);
}

enum uk_code
uk_pg_find_admin(struct uk_store *store, const struct uk_store_admin_ask *ask,
                 struct uk_store_admin_found *out, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_ADMIN);
    enum uk_code code;

    uk_pg_query_put_text(&query, ask->id);
    uk_pg_query_put_bytes(
        &query, ask->hash != NULL ? ask->hash->bytes : (const void *)"",
        ask->hash != NULL ? sizeof(ask->hash->bytes) : 0);
    uk_pg_query_put_text(&query, ask->session_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK) {
        memset(out, 0, sizeof(*out));
        out->there = uk_pg_query_rows(&query) > 0;
    }
    if (code == UK_OK && out->there) {
        read_admin(&query, 0, &out->admin);
        out->right = ask->hash != NULL && uk_pg_query_flag(&query, 0, 3);
        out->revoked = uk_pg_query_flag(&query, 0, 4);
    }
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_list_admins(struct uk_store *store, uk_store_admin_lister *each,
                  void *context, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LIST_ADMINS);
    enum uk_code code = uk_pg_query_run(&query, err);
    struct uk_store_admin admin;

    for (int row = 0; code == UK_OK && row < uk_pg_query_rows(&query); row++) {
        read_admin(&query, row, &admin);
        each(context, &admin);
    }
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_add_admin(struct uk_store *store, const struct uk_store_admin *admin,
                const struct uk_store_hash *hash, enum uk_store_result *result,
                struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_ADD_ADMIN);
    unsigned long changed;
    enum uk_code code;

    uk_pg_query_put_text(&query, admin->id);
    uk_pg_query_put_text(&query, admin->name);
    uk_pg_query_put_bytes(&query, hash->bytes, sizeof(hash->bytes));
    uk_pg_query_put_int(&query, uk_id_now_us());
    code = uk_pg_query_change(&query, &changed, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_TAKEN;
    return code;
}

enum uk_code
uk_pg_delete_admin(struct uk_store *store, const char *id,
                   enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_DELETE_ADMIN);

    uk_pg_query_put_text(&query, id);
    return uk_pg_query_finish(&query, result, err);
}
