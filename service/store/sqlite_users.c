/* Users, their identities and what ends their sessions, in SQLite. */
#include "service/store/sqlite.h"

#include <string.h>

#include "service/value/email.h"

enum uk_code
uk_sqlite_find_password(struct uk_store *store, const char *app_id,
                        const char *email, struct uk_store_password *out,
                        bool *found, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_FIND_PASSWORD,
        "SELECT " UK_QUERY_USER ", i.id, i.address, i.confirmed, i.secret"
        " FROM identity i JOIN app_user u"
        " ON u.id = i.user_id"
        " WHERE i.app_id = ? AND i.provider = ? AND i.subject = ?");
    const int at = UK_QUERY_USER_COLUMNS;
    char subject[UK_EMAIL_MAX + 1];
    enum uk_code code;
    bool row;

    uk_email_fold(email, subject);
    uk_query_put_text(&query, app_id);
    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    uk_query_put_text(&query, subject);
    code = uk_query_step(&query, &row, err);
    if (code != UK_OK || !row)
        goto out;
    uk_query_user(&query, 0, &out->user);
    uk_query_text(&query, at, out->identity.id, sizeof(out->identity.id));
    uk_query_text(&query, at + 1, out->identity.email,
                  sizeof(out->identity.email));
    out->identity.provider = UK_PROVIDER_PASSWORD;
    out->identity.confirmed = uk_query_int(&query, at + 2) != 0;
    uk_query_text(&query, at + 3, out->hash, sizeof(out->hash));
out:
    uk_query_end(&query);
    if (code == UK_OK)
        *found = row;
    return code;
}

static void
read_session(const struct uk_query *query, struct uk_store_session *out)
{
    const int app = UK_QUERY_USER_COLUMNS, key = app + UK_QUERY_APP_COLUMNS;

    out->user_there = !uk_query_is_null(query, 0);
    uk_query_user(query, 0, &out->user);
    uk_query_app(query, app, &out->app);
    out->key_there = !uk_query_is_null(query, key);
    uk_query_key(query, key, &out->key);
    out->revoked = uk_query_int(query, key + UK_QUERY_KEY_COLUMNS) != 0;
}

enum uk_code
uk_sqlite_find_session(struct uk_store *store, const struct uk_store_ask *ask,
                       struct uk_store_session *out, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_FIND_SESSION,
        "SELECT " UK_QUERY_USER ", " UK_QUERY_APP ", " UK_QUERY_KEY
        ", EXISTS (SELECT 1 FROM revoked_session WHERE id = ?3)"
        " FROM (SELECT 1) LEFT JOIN (app_user u JOIN app a"
        " ON a.id = u.app_id AND a.deleted = 0) ON u.id = ?1"
        " LEFT JOIN api_key k ON k.id = ?2 AND k.user_id = u.id");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, ask->user_id);
    uk_query_put_text(&query, ask->key_id);
    uk_query_put_text(&query, ask->session_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK && row) {
        memset(out, 0, sizeof(*out));
        read_session(&query, out);
    }
    uk_query_end(&query);
    if (code == UK_OK && !row)
        code = uk_err_set(err, UK_SYSTEM, "the database: no answer");
    return code;
}

enum uk_code
uk_sqlite_list_identities(struct uk_store *store, const char *user_id,
                          struct uk_store_identity out[UK_STORE_IDENTITIES],
                          size_t *count, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_LIST_IDENTITIES,
                       "SELECT id, provider, address, confirmed FROM identity"
                       " WHERE user_id = ? ORDER BY created, id LIMIT ?");
    enum uk_code code;
    size_t n = 0;
    bool row;

    uk_query_put_text(&query, user_id);
    uk_query_put_int(&query, UK_STORE_IDENTITIES);
    while ((code = uk_query_step(&query, &row, err)) == UK_OK && row &&
           n < UK_STORE_IDENTITIES) {
        struct uk_store_identity *one = &out[n++];
        char provider[32];

        uk_query_text(&query, 0, one->id, sizeof(one->id));
        uk_query_text(&query, 1, provider, sizeof(provider));
        one->provider = uk_provider_by_word(provider);
        uk_query_text(&query, 2, one->email, sizeof(one->email));
        one->confirmed = uk_query_int(&query, 3) != 0;
    }
    uk_query_end(&query);
    if (code == UK_OK)
        *count = n;
    return code;
}

/* The user's row first: the identity refers to it. */
static enum uk_code
add_user_row(struct uk_store *store, const struct uk_store_user *user,
             struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_ADD_USER,
                       "INSERT INTO app_user(id, app_id, pending, created)"
                       " VALUES (?, ?, ?, ?)");

    uk_query_put_text(&query, user->id);
    uk_query_put_text(&query, user->app_id);
    uk_query_put_int(&query, user->pending);
    uk_query_put_int(&query, uk_id_now_us());
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_add_user(struct uk_store *store, const struct uk_store_user *user,
                   const struct uk_store_identity *identity, const char *hash,
                   enum uk_store_result *result, struct uk_err *err)
{
    char subject[UK_EMAIL_MAX + 1];
    struct uk_store_password old;
    struct uk_query query;
    enum uk_code code;
    bool taken = false;

    uk_email_fold(identity->email[0] != '\0' ? identity->email : identity->id,
                  subject);
    if (identity->provider == UK_PROVIDER_PASSWORD) {
        code = uk_sqlite_find_password(store, user->app_id, subject, &old,
                                       &taken, err);
        if (code != UK_OK)
            return code;
    }
    if (taken) {
        *result = UK_STORE_TAKEN;
        return UK_OK;
    }
    code = add_user_row(store, user, err);
    if (code != UK_OK)
        return code;
    query = uk_query_start(
        store, UK_SQL_ADD_IDENTITY,
        "INSERT INTO identity(id, app_id, user_id, provider, subject,"
        " address, secret, confirmed, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    uk_query_put_text(&query, identity->id);
    uk_query_put_text(&query, user->app_id);
    uk_query_put_text(&query, user->id);
    uk_query_put_text(&query, uk_provider_word(identity->provider));
    uk_query_put_text(&query, subject);
    uk_query_put_text(&query, identity->email);
    uk_query_put_text(&query, hash);
    uk_query_put_int(&query, identity->confirmed);
    uk_query_put_int(&query, uk_id_now_us());
    code = uk_query_run(&query, NULL, err);
    if (code == UK_OK)
        *result = UK_STORE_DONE;
    return code;
}

enum uk_code
uk_sqlite_set_user(struct uk_store *store, const char *user_id, bool disabled,
                   enum uk_store_result *result, struct uk_err *err)
{
    /* The epoch ends the sessions for good: enabling does not bring them
     * back. */
    struct uk_query query =
        uk_query_start(store, UK_SQL_SET_USER,
                       "UPDATE app_user SET disabled = ?1, epoch = epoch + ?1"
                       " WHERE id = ?2");

    uk_query_put_int(&query, disabled);
    uk_query_put_text(&query, user_id);
    return uk_query_finish(&query, result, err);
}

/* Of a user whose address nobody has confirmed. */
#define DOUBTFUL                                                               \
    " FROM api_key WHERE user_id = ?1 AND EXISTS (SELECT 1 FROM identity"      \
    " WHERE user_id = ?1 AND provider = ?2 AND confirmed = 0)"

static enum uk_code
drop_doubtful(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    const char *provider = uk_provider_word(UK_PROVIDER_PASSWORD);
    struct uk_query query = uk_query_start(
        store, UK_SQL_BURY_DOUBTFUL,
        "INSERT OR REPLACE INTO deleted_key(hash, id, user_id, app_id, deleted)"
        " SELECT hash, id, user_id, app_id, ?3" DOUBTFUL);
    enum uk_code code;
    int changed;

    uk_query_put_text(&query, user_id);
    uk_query_put_text(&query, provider);
    uk_query_put_int(&query, uk_id_now_us());
    code = uk_query_run(&query, &changed, err);
    if (code != UK_OK || changed == 0)
        return code;
    query = uk_query_start(store, UK_SQL_DROP_DOUBTFUL, "DELETE" DOUBTFUL);
    uk_query_put_text(&query, user_id);
    uk_query_put_text(&query, provider);
    code = uk_query_run(&query, NULL, err);
    return code == UK_OK ? uk_sqlite_purge_buried(store, user_id, err) : code;
}

static enum uk_code
void_reset(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_VOID_RESET,
        "DELETE FROM handout WHERE user_id = ? AND purpose = 'reset'");

    uk_query_put_text(&query, user_id);
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_set_password(struct uk_store *store, const char *user_id,
                       const char *hash, enum uk_store_result *result,
                       struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_SET_PASSWORD,
        "UPDATE identity SET secret = ? WHERE user_id = ? AND provider = ?");
    enum uk_code code;
    int changed;

    uk_query_put_text(&query, hash);
    uk_query_put_text(&query, user_id);
    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_query_run(&query, &changed, err);
    if (code == UK_OK)
        code = void_reset(store, user_id, err);
    if (code == UK_OK)
        code = drop_doubtful(store, user_id, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}

enum uk_code
uk_sqlite_delete_user(struct uk_store *store, const char *user_id,
                      enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query;
    enum uk_code code;

    query = uk_query_start(
        store, UK_SQL_BURY_USER,
        "INSERT OR REPLACE INTO deleted_key(hash, id, user_id, app_id, deleted)"
        " SELECT hash, id, user_id, app_id, ? FROM api_key WHERE user_id = ?");
    uk_query_put_int(&query, uk_id_now_us());
    uk_query_put_text(&query, user_id);
    code = uk_query_run(&query, NULL, err);
    if (code == UK_OK)
        code = uk_sqlite_purge_buried(store, user_id, err);
    if (code != UK_OK)
        return code;
    query = uk_query_start(store, UK_SQL_DELETE_USER,
                           "DELETE FROM app_user WHERE id = ?");
    uk_query_put_text(&query, user_id);
    return uk_query_finish(&query, result, err);
}

enum uk_code
uk_sqlite_revoke(struct uk_store *store, const char *session_id,
                 int64_t expires, int64_t now, struct uk_err *err)
{
    struct uk_query query;
    enum uk_code code;

    query = uk_query_start(store, UK_SQL_REVOKE,
                           "INSERT OR IGNORE INTO revoked_session(id, expires)"
                           " VALUES (?, ?)");
    uk_query_put_text(&query, session_id);
    uk_query_put_int(&query, expires);
    code = uk_query_run(&query, NULL, err);
    if (code != UK_OK)
        return code;
    /* A few at a time, more than come. */
    query = uk_query_start(store, UK_SQL_PURGE_REVOKED,
                           "DELETE FROM revoked_session WHERE id IN"
                           " (SELECT id FROM revoked_session WHERE expires < ?"
                           " ORDER BY expires LIMIT 16)");
    uk_query_put_int(&query, now - UK_STORE_PATIENCE_S);
    return uk_query_run(&query, NULL, err);
}
