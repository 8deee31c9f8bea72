/* What administrators set for an app, and its end, in PostgreSQL. */
#include "service/store/pg.h"

enum uk_code
uk_pg_list_origins(struct uk_store *store, const char *app_id,
                   char out[UK_STORE_ORIGINS + 1], struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LIST_ORIGINS);
    enum uk_code code;

    uk_pg_query_put_text(&query, app_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK) {
        out[0] = '\0';
        if (uk_pg_query_rows(&query) > 0)
            uk_pg_query_text(&query, 0, 0, out, UK_STORE_ORIGINS + 1);
    }
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_set_providers(struct uk_store *store, const char *app_id, unsigned which,
                    bool off, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_SET_PROVIDERS);
    unsigned long changed;

    uk_pg_query_put_int(&query, which);
    uk_pg_query_put_int(&query, off ? which : 0);
    uk_pg_query_put_text(&query, app_id);
    return uk_pg_query_change(&query, &changed, err);
}

enum uk_code
uk_pg_set_refresh(struct uk_store *store, const char *app_id, int64_t seconds,
                  struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_SET_REFRESH);
    unsigned long changed;

    uk_pg_query_put_int(&query, seconds);
    uk_pg_query_put_text(&query, app_id);
    return uk_pg_query_change(&query, &changed, err);
}

enum uk_code
uk_pg_set_origins(struct uk_store *store, const char *app_id, const char *lines,
                  struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_SET_ORIGINS);
    unsigned long changed;

    uk_pg_query_put_text(&query, lines);
    uk_pg_query_put_text(&query, app_id);
    return uk_pg_query_change(&query, &changed, err);
}

enum uk_code
uk_pg_drop_app(struct uk_store *store, const char *app_id,
               struct uk_store_app *out, bool *found, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_DROP_APP);
    enum uk_code code;

    uk_pg_query_put_text(&query, app_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK) {
        *found = uk_pg_query_rows(&query) > 0;
        if (*found)
            uk_pg_query_app(&query, 0, 0, out);
    }
    uk_pg_query_end(&query);
    return code;
}

/* The row of the app goes behind that of its last user: one may have been
 * added by a node that had found the app before it was dropped.  It goes by
 * itself: who waits for such a node has no row that it could want. */
enum uk_code
uk_pg_empty_app(struct uk_store *store, const char *app_id, unsigned most,
                bool *more, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_EMPTY_APP);
    unsigned long users, apps;
    enum uk_code code;

    uk_pg_query_put_text(&query, app_id);
    uk_pg_query_put_int(&query, most);
    code = uk_pg_query_change(&query, &users, err);
    if (code == UK_OK && users == 0) {
        query = uk_pg_query_start(store, UK_PG_DELETE_APP);
        uk_pg_query_put_text(&query, app_id);
        code = uk_pg_query_change(&query, &apps, err);
    }
    if (code == UK_OK)
        *more = users > 0;
    return code;
}
