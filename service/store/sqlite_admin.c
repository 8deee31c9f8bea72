/* What administrators ask for, in SQLite. */
#include <string.h>

#include "service/store/sqlite.h"

enum uk_code
uk_sqlite_list_apps(struct uk_store *store, const char *app_id,
                    uk_store_app_lister *each, void *context,
                    struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_LIST_APPS,
                       "SELECT " UK_QUERY_APP ", a.name FROM app a"
                       " WHERE (a.id = ?1 OR ?1 = '') AND a.deleted = 0"
                       " ORDER BY a.created, a.id");
    char name[UK_STORE_APP_NAME + 1];
    struct uk_store_app app;
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, app_id);
    while ((code = uk_query_step(&query, &row, err)) == UK_OK && row) {
        uk_query_app(&query, 0, &app);
        uk_query_text(&query, UK_QUERY_APP_COLUMNS, name, sizeof(name));
        each(context, &app, name);
    }
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_count_users(struct uk_store *store, const char *app_id,
                      uint64_t *count, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_COUNT_USERS,
                       "SELECT count(*) FROM app_user WHERE app_id = ?");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, app_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK)
        *count = row ? (uint64_t)uk_query_int(&query, 0) : 0;
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_end_sessions(struct uk_store *store, const char *user_id,
                       enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_END_SESSIONS,
                       "UPDATE app_user SET epoch = epoch + 1 WHERE id = ?");

    uk_query_put_text(&query, user_id);
    return uk_query_finish(&query, result, err);
}

static void
read_admin(const struct uk_query *query, struct uk_store_admin *out)
{
    uk_query_text(query, 0, out->id, sizeof(out->id));
    uk_query_text(query, 1, out->name, sizeof(out->name));
    out->created_us = uk_query_int(query, 2);
}

enum uk_code
uk_sqlite_find_admin(struct uk_store *store,
                     const struct uk_store_admin_ask *ask,
                     struct uk_store_admin_found *out, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_FIND_ADMIN,
                       "SELECT id, name, created, hash = ?2,"
                       " EXISTS (SELECT 1 FROM revoked_session WHERE id = ?3)"
                       " FROM admin_key WHERE id = ?1");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, ask->id);
    uk_query_put_blob(&query, ask->hash != NULL ? ask->hash->bytes : NULL,
                      ask->hash != NULL ? sizeof(ask->hash->bytes) : 0);
    uk_query_put_text(&query, ask->session_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK) {
        memset(out, 0, sizeof(*out));
        out->there = row;
    }
    if (code == UK_OK && row) {
        read_admin(&query, &out->admin);
        out->right = ask->hash != NULL && uk_query_int(&query, 3) != 0;
        out->revoked = uk_query_int(&query, 4) != 0;
    }
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_list_admins(struct uk_store *store, uk_store_admin_lister *each,
                      void *context, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_LIST_ADMINS,
        "SELECT id, name, created FROM admin_key ORDER BY created, id");
    struct uk_store_admin admin;
    enum uk_code code;
    bool row;

    while ((code = uk_query_step(&query, &row, err)) == UK_OK && row) {
        read_admin(&query, &admin);
        each(context, &admin);
    }
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_add_admin(struct uk_store *store, const struct uk_store_admin *admin,
                    const struct uk_store_hash *hash,
                    enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_ADD_ADMIN,
                       "INSERT INTO admin_key(id, name, hash, created)"
                       " VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING");
    enum uk_code code;
    int changed;

    uk_query_put_text(&query, admin->id);
    uk_query_put_text(&query, admin->name);
    uk_query_put_blob(&query, hash->bytes, sizeof(hash->bytes));
    uk_query_put_int(&query, uk_id_now_us());
    code = uk_query_run(&query, &changed, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_TAKEN;
    return code;
}

enum uk_code
uk_sqlite_delete_admin(struct uk_store *store, const char *id,
                       enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_DELETE_ADMIN, "DELETE FROM admin_key WHERE id = ?");

    uk_query_put_text(&query, id);
    return uk_query_finish(&query, result, err);
}
