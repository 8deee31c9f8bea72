/* Tokens that are handed out, in SQLite. */
#include "service/store/sqlite.h"

static const char *const purposes[] = {
    [UK_STORE_CONFIRM] = "confirm",
    [UK_STORE_RESET] = "reset",
};

enum uk_code
uk_sqlite_add_handout(struct uk_store *store, const struct uk_store_handout *it,
                      enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_ADD_HANDOUT,
        "INSERT OR REPLACE INTO handout(id, hash, user_id, purpose, expires)"
        " SELECT ?1, ?2, user_id, ?4, ?5 FROM identity"
        " WHERE user_id = ?3 AND provider = ?6");

    uk_query_put_text(&query, it->id);
    uk_query_put_blob(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_query_put_text(&query, it->user_id);
    uk_query_put_text(&query, purposes[it->purpose]);
    uk_query_put_int(&query, it->expires);
    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    return uk_query_finish(&query, result, err);
}

enum uk_code
uk_sqlite_find_handout(struct uk_store *store, const char *app_id, int64_t now,
                       struct uk_store_handout *it, bool *found,
                       struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_FIND_HANDOUT,
        "SELECT h.user_id FROM handout h JOIN app_user u ON u.id = h.user_id"
        " WHERE h.id = ? AND h.purpose = ? AND h.hash = ? AND h.expires > ?"
        " AND u.app_id = ?");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, it->id);
    uk_query_put_text(&query, purposes[it->purpose]);
    uk_query_put_blob(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_query_put_int(&query, now);
    uk_query_put_text(&query, app_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK && row)
        uk_query_text(&query, 0, it->user_id, sizeof(it->user_id));
    uk_query_end(&query);
    if (code == UK_OK)
        *found = row;
    return code;
}

enum uk_code
uk_sqlite_take_handout(struct uk_store *store,
                       const struct uk_store_handout *it, int64_t now,
                       enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_TAKE_HANDOUT,
        "DELETE FROM handout WHERE id = ? AND user_id = ? AND purpose = ?"
        " AND hash = ? AND expires > ?");

    uk_query_put_text(&query, it->id);
    uk_query_put_text(&query, it->user_id);
    uk_query_put_text(&query, purposes[it->purpose]);
    uk_query_put_blob(&query, it->hash.bytes, sizeof(it->hash.bytes));
    uk_query_put_int(&query, now);
    return uk_query_finish(&query, result, err);
}
