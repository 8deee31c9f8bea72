/* What administrators set for an app, and its end, in SQLite. */
#include "service/store/sqlite.h"

enum uk_code
uk_sqlite_list_origins(struct uk_store *store, const char *app_id,
                       char out[UK_STORE_ORIGINS + 1], struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_LIST_ORIGINS, "SELECT origins FROM app WHERE id = ?");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, app_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK) {
        out[0] = '\0';
        if (row)
            uk_query_text(&query, 0, out, UK_STORE_ORIGINS + 1);
    }
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_set_providers(struct uk_store *store, const char *app_id,
                        unsigned which, bool off, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_SET_PROVIDERS,
                       "UPDATE app SET providers_off ="
                       " (providers_off & ~?1) | ?2 WHERE id = ?3");

    uk_query_put_int(&query, which);
    uk_query_put_int(&query, off ? which : 0);
    uk_query_put_text(&query, app_id);
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_set_refresh(struct uk_store *store, const char *app_id,
                      int64_t seconds, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_SET_REFRESH,
                       "UPDATE app SET refresh_lifetime = ? WHERE id = ?");

    uk_query_put_int(&query, seconds);
    uk_query_put_text(&query, app_id);
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_set_origins(struct uk_store *store, const char *app_id,
                      const char *lines, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_SET_ORIGINS, "UPDATE app SET origins = ? WHERE id = ?");

    uk_query_put_text(&query, lines);
    uk_query_put_text(&query, app_id);
    return uk_query_run(&query, NULL, err);
}

/* Whether it has been dropped already or not. */
static enum uk_code
find_any(struct uk_store *store, const char *app_id, struct uk_store_app *out,
         bool *found, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_FIND_ANY_APP,
                       "SELECT " UK_QUERY_APP " FROM app a WHERE a.id = ?");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, app_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK) {
        *found = row;
        if (row)
            uk_query_app(&query, 0, out);
    }
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_drop_app(struct uk_store *store, const char *app_id,
                   struct uk_store_app *out, bool *found, struct uk_err *err)
{
    enum uk_code code = find_any(store, app_id, out, found, err);
    struct uk_query query;

    if (code != UK_OK || !*found)
        return code;
    query = uk_query_start(store, UK_SQL_DROP_APP,
                           "UPDATE app SET deleted = 1 WHERE id = ?");
    uk_query_put_text(&query, app_id);
    return uk_query_run(&query, NULL, err);
}

/* The row of the app goes behind that of its last user: a user may have been
 * added by somebody who had found the app before it was dropped. */
enum uk_code
uk_sqlite_empty_app(struct uk_store *store, const char *app_id, unsigned most,
                    bool *more, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_EMPTY_APP,
        "DELETE FROM app_user WHERE id IN (SELECT u.id FROM app_user u"
        " JOIN app a ON a.id = u.app_id AND a.deleted = 1"
        " WHERE u.app_id = ? ORDER BY u.id LIMIT ?)");
    enum uk_code code;
    int users = 0;

    uk_query_put_text(&query, app_id);
    uk_query_put_int(&query, most);
    code = uk_query_run(&query, &users, err);
    if (code == UK_OK && users < (int)most) {
        query = uk_query_start(store, UK_SQL_DELETE_APP,
                               "DELETE FROM app WHERE id = ?1 AND deleted = 1");
        uk_query_put_text(&query, app_id);
        code = uk_query_run(&query, NULL, err);
    }
    if (code == UK_OK)
        *more = users == (int)most;
    return code;
}
