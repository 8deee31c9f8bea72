/* How a registration becomes a user, in PostgreSQL. */
#include "service/store/pg.h"

enum uk_code
uk_pg_confirm_user(struct uk_store *store, const char *user_id,
                   enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query;
    enum uk_code code = uk_pg_lock_user(store, user_id, err);

    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_CONFIRM_USER);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    return uk_pg_query_finish(&query, result, err);
}

enum uk_code
uk_pg_settle_user(struct uk_store *store, const char *user_id,
                  enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_SETTLE_USER);

    uk_pg_query_put_text(&query, user_id);
    return uk_pg_query_finish(&query, result, err);
}

/* Who logs in meanwhile, at another node, is one no more. */
enum uk_code
uk_pg_delete_pending(struct uk_store *store, const char *user_id,
                     enum uk_store_result *result, struct uk_err *err)
{
    const struct uk_store_ask ask = {
        .user_id = user_id, .key_id = "", .session_id = ""};
    struct uk_store_session now = {.user_there = false};
    enum uk_code code = uk_pg_lock_user(store, user_id, err);

    if (code == UK_OK)
        code = uk_pg_find_session(store, &ask, &now, err);
    if (code == UK_OK && now.user_there && now.user.pending)
        return uk_pg_delete_user(store, user_id, result, err);
    if (code == UK_OK)
        *result = UK_STORE_NOT_FOUND;
    return code;
}

/* May they become one, now that nobody else changes them?  DONE: yes. */
static enum uk_code
check_merge(struct uk_store *store, const char *pending_id, const char *user_id,
            enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LOCK_USERS);
    enum uk_code code;

    uk_pg_query_put_text(&query, pending_id);
    uk_pg_query_put_text(&query, user_id);
    code = uk_pg_query_defer(&query, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_CHECK_MERGE);
    uk_pg_query_put_text(&query, pending_id);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK)
        *result = uk_pg_query_rows(&query) == 0    ? UK_STORE_NOT_FOUND
                  : uk_pg_query_flag(&query, 0, 0) ? UK_STORE_TAKEN
                                                   : UK_STORE_DONE;
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_merge_user(struct uk_store *store, const char *pending_id,
                 const char *user_id, enum uk_store_result *result,
                 struct uk_err *err)
{
    enum uk_store_result found = UK_STORE_NONE;
    struct uk_pg_query query;
    enum uk_code code;

    code = check_merge(store, pending_id, user_id, &found, err);
    if (code != UK_OK || found != UK_STORE_DONE)
        goto out;
    query = uk_pg_query_start(store, UK_PG_MOVE_IDENTITY);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_text(&query, pending_id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_pg_query_finish(&query, &found, err);
    if (code != UK_OK || found != UK_STORE_DONE)
        goto out;
    query = uk_pg_query_start(store, UK_PG_DELETE_USER);
    uk_pg_query_put_text(&query, pending_id);
    code = uk_pg_query_finish(&query, &found, err);
out:
    if (code == UK_OK)
        *result = found;
    return code;
}
