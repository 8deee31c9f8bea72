/* API keys in SQLite. */
#include "service/store/sqlite.h"

#include <string.h>

static enum uk_code
find_deleted(struct uk_store *store, const struct uk_store_hash *hash,
             struct uk_store_login *out, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_FIND_DELETED,
        "SELECT id, user_id, app_id FROM deleted_key WHERE hash = ?");
    enum uk_code code;
    bool row;

    uk_query_put_blob(&query, hash->bytes, sizeof(hash->bytes));
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK && row) {
        out->state = UK_STORE_DELETED;
        uk_query_text(&query, 0, out->key_id, sizeof(out->key_id));
        uk_query_text(&query, 1, out->user.id, sizeof(out->user.id));
        uk_query_text(&query, 2, out->user.app_id, sizeof(out->user.app_id));
    }
    uk_query_end(&query);
    return code;
}

static enum uk_code
find_one(struct uk_store *store, const struct uk_store_hash *hash,
         struct uk_store_login *out, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_FIND_LOGIN,
                       "SELECT " UK_QUERY_USER ", k.id, k.disabled, k.epoch,"
                       " k.expires, k.last_used"
                       " FROM api_key k JOIN app_user u"
                       " ON u.id = k.user_id WHERE k.hash = ?");
    const int at = UK_QUERY_USER_COLUMNS;
    enum uk_code code;
    bool row;

    memset(out, 0, sizeof(*out));
    uk_query_put_blob(&query, hash->bytes, sizeof(hash->bytes));
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK && row) {
        out->state = UK_STORE_THERE;
        uk_query_user(&query, 0, &out->user);
        uk_query_text(&query, at, out->key_id, sizeof(out->key_id));
        out->key_disabled = uk_query_int(&query, at + 1) != 0;
        out->key_epoch = uk_query_int(&query, at + 2);
        out->key_expires_us = uk_query_int(&query, at + 3);
        out->key_last_used_us = uk_query_int(&query, at + 4);
    }
    uk_query_end(&query);
    if (code == UK_OK && !row)
        code = find_deleted(store, hash, out, err);
    return code;
}

enum uk_code
uk_sqlite_find_keys(struct uk_store *store, const struct uk_store_hash *hashes,
                    size_t n, struct uk_store_login *out, struct uk_err *err)
{
    for (size_t i = 0; i < n; i++) {
        enum uk_code code = find_one(store, &hashes[i], &out[i], err);

        if (code != UK_OK)
            return code;
    }
    return UK_OK;
}

enum uk_code
uk_sqlite_find_key(struct uk_store *store, const char *user_id,
                   const char *key_id, struct uk_store_key *out, bool *found,
                   struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_FIND_KEY,
                       "SELECT " UK_QUERY_KEY " FROM api_key k"
                       " WHERE id = ? AND user_id = ?");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, key_id);
    uk_query_put_text(&query, user_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK) {
        *found = row;
        if (row)
            uk_query_key(&query, 0, out);
    }
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_list_keys(struct uk_store *store, const char *user_id,
                    struct uk_store_key out[UK_STORE_KEYS], size_t *count,
                    struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_LIST_KEYS,
                       "SELECT " UK_QUERY_KEY " FROM api_key k"
                       " WHERE user_id = ? ORDER BY created, id LIMIT ?");
    enum uk_code code;
    size_t n = 0;
    bool row;

    uk_query_put_text(&query, user_id);
    uk_query_put_int(&query, UK_STORE_KEYS);
    while ((code = uk_query_step(&query, &row, err)) == UK_OK && row &&
           n < UK_STORE_KEYS)
        uk_query_key(&query, 0, &out[n++]);
    uk_query_end(&query);
    if (code == UK_OK)
        *count = n;
    return code;
}

/* What has expired makes room: what has for long, and all of it where the user
 * has no other. */
#define ROOMY                                                                  \
    " FROM api_key WHERE user_id = ?1 AND expires > 0 AND expires <="          \
    " CASE WHEN (SELECT count(*) FROM api_key WHERE user_id = ?1) >= ?2"       \
    " THEN ?3 ELSE ?4 END"

static enum uk_code
run_roomy(struct uk_query query, const char *user_id, int64_t now_us,
          int *changed, struct uk_err *err)
{
    uk_query_put_text(&query, user_id);
    uk_query_put_int(&query, UK_STORE_KEYS);
    uk_query_put_int(&query, now_us);
    uk_query_put_int(&query, now_us - UK_STORE_EXPIRED_US);
    return uk_query_run(&query, changed, err);
}

static enum uk_code
make_room(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    int64_t now_us = uk_id_now_us();
    int buried = 0;
    enum uk_code code =
        run_roomy(uk_query_start(store, UK_SQL_BURY_EXPIRED,
                                 "INSERT OR REPLACE INTO deleted_key(hash, id,"
                                 " user_id, app_id, deleted)"
                                 " SELECT hash, id, user_id, app_id, ?3" ROOMY),
                  user_id, now_us, &buried, err);

    if (code != UK_OK || buried == 0)
        return code;
    code = run_roomy(uk_query_start(store, UK_SQL_DROP_EXPIRED, "DELETE" ROOMY),
                     user_id, now_us, NULL, err);
    return code == UK_OK ? uk_sqlite_purge_buried(store, user_id, err) : code;
}

/* May the user have one more key, and of this name? */
static enum uk_code
check_room(struct uk_store *store, const char *user_id, const char *name,
           enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query named =
        uk_query_start(store, UK_SQL_KEY_NAMED,
                       "SELECT 1 FROM api_key WHERE user_id = ? AND name = ?");
    struct uk_query count =
        uk_query_start(store, UK_SQL_COUNT_KEYS,
                       "SELECT count(*) FROM api_key WHERE user_id = ?");
    enum uk_code code;
    bool taken, row;

    uk_query_put_text(&named, user_id);
    uk_query_put_text(&named, name);
    uk_query_put_text(&count, user_id);
    code = uk_query_step(&named, &taken, err);
    if (code == UK_OK)
        code = uk_query_step(&count, &row, err);
    if (code == UK_OK)
        *result = taken                                      ? UK_STORE_TAKEN
                  : uk_query_int(&count, 0) >= UK_STORE_KEYS ? UK_STORE_FULL
                                                             : UK_STORE_DONE;
    uk_query_end(&named);
    uk_query_end(&count);
    return code;
}

enum uk_code
uk_sqlite_add_key(struct uk_store *store, const struct uk_store_user *user,
                  const struct uk_store_key *key,
                  const struct uk_store_hash *hash,
                  enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query;
    enum uk_code code;

    code = make_room(store, user->id, err);
    if (code == UK_OK)
        code = check_room(store, user->id, key->name, result, err);
    if (code != UK_OK || *result != UK_STORE_DONE)
        return code;
    /* Later than the user's last one, whatever the clock does: lists are in
     * order of creation. */
    query = uk_query_start(
        store, UK_SQL_ADD_KEY,
        "INSERT INTO api_key(hash, id, app_id, user_id, name, expires, created)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, max(?7, coalesce((SELECT max(created)"
        " + 1 FROM api_key WHERE user_id = ?4), 0)))");
    uk_query_put_blob(&query, hash->bytes, sizeof(hash->bytes));
    uk_query_put_text(&query, key->id);
    uk_query_put_text(&query, user->app_id);
    uk_query_put_text(&query, user->id);
    uk_query_put_text(&query, key->name);
    uk_query_put_int(&query, key->expires_us);
    uk_query_put_int(&query, uk_id_now_us());
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_set_key(struct uk_store *store, const char *user_id,
                  const char *key_id, bool disabled,
                  enum uk_store_result *result, struct uk_err *err)
{
    /* The epoch ends the sessions for good: enabling does not bring them
     * back. */
    struct uk_query query =
        uk_query_start(store, UK_SQL_SET_KEY,
                       "UPDATE api_key SET disabled = ?1, epoch = epoch + ?1,"
                       " disabled_at = CASE ?1 WHEN 0 THEN disabled_at"
                       " ELSE ?4 END WHERE id = ?2 AND user_id = ?3");

    uk_query_put_int(&query, disabled);
    uk_query_put_text(&query, key_id);
    uk_query_put_text(&query, user_id);
    uk_query_put_int(&query, uk_id_now_us());
    return uk_query_finish(&query, result, err);
}

enum uk_code
uk_sqlite_set_expiry(struct uk_store *store, const char *user_id,
                     const char *key_id, int64_t expires_us, int64_t now_us,
                     enum uk_store_result *result, struct uk_err *err)
{
    /* What had ended with the key stays so. */
    struct uk_query query =
        uk_query_start(store, UK_SQL_SET_EXPIRY,
                       "UPDATE api_key SET expires = ?1,"
                       " epoch = epoch + (expires > 0 AND expires <= ?2)"
                       " WHERE id = ?3 AND user_id = ?4");

    uk_query_put_int(&query, expires_us);
    uk_query_put_int(&query, now_us);
    uk_query_put_text(&query, key_id);
    uk_query_put_text(&query, user_id);
    return uk_query_finish(&query, result, err);
}

/* Deleted keys are kept for a while, and only so many of a user: nobody can
 * fill the disk by making and deleting keys. */
enum uk_code
uk_sqlite_purge_buried(struct uk_store *store, const char *user_id,
                       struct uk_err *err)
{
    struct uk_query query;
    enum uk_code code;

    query = uk_query_start(store, UK_SQL_PURGE_BURIED,
                           "DELETE FROM deleted_key WHERE deleted < ?");
    uk_query_put_int(&query, uk_id_now_us() - UK_STORE_TOMBSTONE_US);
    code = uk_query_run(&query, NULL, err);
    if (code != UK_OK)
        return code;
    query = uk_query_start(store, UK_SQL_CAP_BURIED,
                           "DELETE FROM deleted_key WHERE user_id = ?1 AND"
                           " deleted <= (SELECT deleted FROM deleted_key"
                           " WHERE user_id = ?1 ORDER BY deleted DESC"
                           " LIMIT 1 OFFSET ?2)");
    uk_query_put_text(&query, user_id);
    uk_query_put_int(&query, UK_STORE_TOMBSTONES);
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_delete_key(struct uk_store *store, const char *user_id,
                     const char *key_id, enum uk_store_result *result,
                     struct uk_err *err)
{
    struct uk_query query;
    enum uk_code code;
    int changed = 0;

    query = uk_query_start(
        store, UK_SQL_BURY_KEY,
        "INSERT OR REPLACE INTO deleted_key(hash, id, user_id, app_id, deleted)"
        " SELECT hash, id, user_id, app_id, ? FROM api_key"
        " WHERE id = ? AND user_id = ?");
    uk_query_put_int(&query, uk_id_now_us());
    uk_query_put_text(&query, key_id);
    uk_query_put_text(&query, user_id);
    code = uk_query_run(&query, NULL, err);
    if (code != UK_OK)
        return code;
    query = uk_query_start(store, UK_SQL_DELETE_KEY,
                           "DELETE FROM api_key WHERE id = ? AND user_id = ?");
    uk_query_put_text(&query, key_id);
    uk_query_put_text(&query, user_id);
    code = uk_query_run(&query, &changed, err);
    if (code == UK_OK)
        code = uk_sqlite_purge_buried(store, user_id, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}
