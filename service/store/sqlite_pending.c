/* How a registration becomes a user, in SQLite. */
#include "service/store/sqlite.h"

enum uk_code
uk_sqlite_confirm_user(struct uk_store *store, const char *user_id,
                       enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_CONFIRM_USER,
        "UPDATE identity SET confirmed = 1 WHERE user_id = ? AND provider = ?");

    uk_query_put_text(&query, user_id);
    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    return uk_query_finish(&query, result, err);
}

enum uk_code
uk_sqlite_settle_user(struct uk_store *store, const char *user_id,
                      enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_SETTLE_USER,
                       "UPDATE app_user SET pending = 0 WHERE id = ?");

    uk_query_put_text(&query, user_id);
    return uk_query_finish(&query, result, err);
}

enum uk_code
uk_sqlite_delete_pending(struct uk_store *store, const char *user_id,
                         enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_IS_PENDING,
                       "SELECT 1 FROM app_user WHERE id = ? AND pending = 1");
    enum uk_code code;
    bool found = false;

    uk_query_put_text(&query, user_id);
    code = uk_query_step(&query, &found, err);
    uk_query_end(&query);
    if (code == UK_OK && found)
        return uk_sqlite_delete_user(store, user_id, result, err);
    if (code == UK_OK)
        *result = UK_STORE_NOT_FOUND;
    return code;
}

/* May they become one?  DONE: yes. */
static enum uk_code
check_merge(struct uk_store *store, const char *pending_id, const char *user_id,
            enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_CHECK_MERGE,
        "SELECT EXISTS (SELECT 1 FROM identity WHERE user_id = u.id"
        " AND provider = ?3) FROM app_user p JOIN app_user u"
        " ON u.app_id = p.app_id AND u.id <> p.id"
        " WHERE p.id = ?1 AND u.id = ?2 AND p.pending = 1 AND p.disabled = 0"
        " AND NOT EXISTS (SELECT 1 FROM api_key WHERE user_id = p.id)");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, pending_id);
    uk_query_put_text(&query, user_id);
    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK)
        *result = !row                           ? UK_STORE_NOT_FOUND
                  : uk_query_int(&query, 0) != 0 ? UK_STORE_TAKEN
                                                 : UK_STORE_DONE;
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_merge_user(struct uk_store *store, const char *pending_id,
                     const char *user_id, enum uk_store_result *result,
                     struct uk_err *err)
{
    enum uk_store_result found = UK_STORE_NONE;
    struct uk_query query;
    enum uk_code code;

    code = check_merge(store, pending_id, user_id, &found, err);
    if (code != UK_OK || found != UK_STORE_DONE)
        goto out;
    query = uk_query_start(
        store, UK_SQL_MOVE_IDENTITY,
        "UPDATE identity SET user_id = ? WHERE user_id = ? AND provider = ?");
    uk_query_put_text(&query, user_id);
    uk_query_put_text(&query, pending_id);
    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_query_finish(&query, &found, err);
    if (code != UK_OK || found != UK_STORE_DONE)
        goto out;
    query = uk_query_start(store, UK_SQL_DROP_USER,
                           "DELETE FROM app_user WHERE id = ?");
    uk_query_put_text(&query, pending_id);
    code = uk_query_finish(&query, &found, err);
out:
    if (code == UK_OK)
        *result = found;
    return code;
}
