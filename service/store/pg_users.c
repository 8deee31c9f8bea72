/* Users, their identities and what ends their sessions, in PostgreSQL. */
#include "service/store/pg.h"

#include <string.h>

#include "service/value/email.h"

/* Sessions that are long over are forgotten once so many have come. */
#define PURGE_AFTER 256 /* sessions that were revoked, or */
#define PURGE_S     60  /* seconds; then those that are over go */

enum uk_code
uk_pg_find_password(struct uk_store *store, const char *app_id,
                    const char *email, struct uk_store_password *out,
                    bool *found, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_PASSWORD);
    struct uk_store_identity *identity = &out->identity;
    const int at = UK_PG_USER_COLUMNS;
    char subject[UK_EMAIL_MAX + 1];
    enum uk_code code;

    uk_email_fold(email, subject);
    uk_pg_query_put_text(&query, app_id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    uk_pg_query_put_text(&query, subject);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK)
        *found = uk_pg_query_rows(&query) > 0;
    if (code == UK_OK && *found) {
        uk_pg_query_user(&query, 0, 0, &out->user);
        uk_pg_query_text(&query, 0, at, identity->id, sizeof(identity->id));
        uk_pg_query_text(&query, 0, at + 1, identity->email,
                         sizeof(identity->email));
        identity->provider = UK_PROVIDER_PASSWORD;
        identity->confirmed = uk_pg_query_flag(&query, 0, at + 2);
        uk_pg_query_text(&query, 0, at + 3, out->hash, sizeof(out->hash));
    }
    uk_pg_query_end(&query);
    return code;
}

static void
read_session(const struct uk_pg_query *query, struct uk_store_session *out)
{
    const int app = UK_PG_USER_COLUMNS, at = app + UK_PG_APP_COLUMNS;

    memset(out, 0, sizeof(*out));
    out->user_there = !uk_pg_query_is_null(query, 0, 0);
    uk_pg_query_user(query, 0, 0, &out->user);
    uk_pg_query_app(query, 0, app, &out->app);
    out->key_there = !uk_pg_query_is_null(query, 0, at);
    uk_pg_query_key(query, 0, at, &out->key);
    out->revoked = uk_pg_query_flag(query, 0, at + UK_PG_KEY_COLUMNS);
}

enum uk_code
uk_pg_find_session(struct uk_store *store, const struct uk_store_ask *ask,
                   struct uk_store_session *out, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_SESSION);
    enum uk_code code;

    uk_pg_query_put_text(&query, ask->user_id);
    uk_pg_query_put_text(&query, ask->key_id);
    uk_pg_query_put_text(&query, ask->session_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK && uk_pg_query_rows(&query) == 1)
        read_session(&query, out);
    else if (code == UK_OK)
        code = uk_err_set(err, UK_SYSTEM, "the database: no answer");
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_list_identities(struct uk_store *store, const char *user_id,
                      struct uk_store_identity out[UK_STORE_IDENTITIES],
                      size_t *count, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LIST_IDENTITIES);
    enum uk_code code;
    size_t n = 0;

    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_int(&query, UK_STORE_IDENTITIES);
    code = uk_pg_query_run(&query, err);
    for (int row = 0; code == UK_OK && row < uk_pg_query_rows(&query) &&
                      n < UK_STORE_IDENTITIES;
         row++) {
        struct uk_store_identity *one = &out[n++];
        char provider[32];

        uk_pg_query_text(&query, row, 0, one->id, sizeof(one->id));
        uk_pg_query_text(&query, row, 1, provider, sizeof(provider));
        one->provider = uk_provider_by_word(provider);
        uk_pg_query_text(&query, row, 2, one->email, sizeof(one->email));
        one->confirmed = uk_pg_query_flag(&query, row, 3);
    }
    if (code == UK_OK)
        *count = n;
    uk_pg_query_end(&query);
    return code;
}

/* The user's row first: the identity refers to it. */
static enum uk_code
add_user_row(struct uk_store *store, const struct uk_store_user *user,
             struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_ADD_USER);

    uk_pg_query_put_text(&query, user->id);
    uk_pg_query_put_text(&query, user->app_id);
    uk_pg_query_put_flag(&query, user->pending);
    uk_pg_query_put_int(&query, uk_id_now_us());
    return uk_pg_query_defer(&query, err);
}

static enum uk_code
add_identity_row(struct uk_store *store, const struct uk_store_user *user,
                 const struct uk_store_identity *identity, const char *hash,
                 unsigned long *added, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_ADD_IDENTITY);
    char subject[UK_EMAIL_MAX + 1];

    uk_email_fold(identity->email[0] != '\0' ? identity->email : identity->id,
                  subject);
    uk_pg_query_put_text(&query, identity->id);
    uk_pg_query_put_text(&query, user->app_id);
    uk_pg_query_put_text(&query, user->id);
    uk_pg_query_put_text(&query, uk_provider_word(identity->provider));
    uk_pg_query_put_text(&query, subject);
    uk_pg_query_put_text(&query, identity->email);
    uk_pg_query_put_text(&query, hash);
    uk_pg_query_put_flag(&query, identity->confirmed);
    uk_pg_query_put_int(&query, uk_id_now_us());
    return uk_pg_query_change(&query, added, err);
}

enum uk_code
uk_pg_add_user(struct uk_store *store, const struct uk_store_user *user,
               const struct uk_store_identity *identity, const char *hash,
               enum uk_store_result *result, struct uk_err *err)
{
    unsigned long added = 0, dropped;
    struct uk_pg_query query;
    enum uk_code code;

    code = add_user_row(store, user, err);
    if (code == UK_OK)
        code = add_identity_row(store, user, identity, hash, &added, err);
    if (code != UK_OK || added > 0) {
        if (code == UK_OK)
            *result = UK_STORE_DONE;
        return code;
    }
    /* The address is somebody's, perhaps since a moment ago. */
    query = uk_pg_query_start(store, UK_PG_DELETE_USER);
    uk_pg_query_put_text(&query, user->id);
    code = uk_pg_query_change(&query, &dropped, err);
    if (code == UK_OK)
        *result = UK_STORE_TAKEN;
    return code;
}

enum uk_code
uk_pg_set_user(struct uk_store *store, const char *user_id, bool disabled,
               enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_SET_USER);

    uk_pg_query_put_flag(&query, disabled);
    uk_pg_query_put_text(&query, user_id);
    return uk_pg_query_finish(&query, result, err);
}

static enum uk_code
drop_doubtful(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_VOID_RESET);
    unsigned long changed;
    enum uk_code code;

    uk_pg_query_put_text(&query, user_id);
    code = uk_pg_query_defer(&query, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_DROP_DOUBTFUL);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    uk_pg_query_put_int(&query, uk_id_now_us());
    code = uk_pg_query_change(&query, &changed, err);
    return code == UK_OK && changed > 0
               ? uk_pg_purge_buried(store, user_id, err)
               : code;
}

enum uk_code
uk_pg_set_password(struct uk_store *store, const char *user_id,
                   const char *hash, enum uk_store_result *result,
                   struct uk_err *err)
{
    struct uk_pg_query query;
    unsigned long changed;
    enum uk_code code;

    /* No key and no token comes in between. */
    code = uk_pg_lock_user(store, user_id, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_SET_PASSWORD);
    uk_pg_query_put_text(&query, hash);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_pg_query_change(&query, &changed, err);
    if (code == UK_OK && changed > 0)
        code = drop_doubtful(store, user_id, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}

enum uk_code
uk_pg_delete_user(struct uk_store *store, const char *user_id,
                  enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query;
    unsigned long changed;
    enum uk_code code;

    /* No key comes in between its burial and its deletion. */
    code = uk_pg_lock_user(store, user_id, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_BURY_KEYS);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_int(&query, uk_id_now_us());
    code = uk_pg_query_defer(&query, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_DELETE_USER);
    uk_pg_query_put_text(&query, user_id);
    code = uk_pg_query_change(&query, &changed, err);
    if (code == UK_OK)
        code = uk_pg_purge_buried(store, user_id, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}

enum uk_code
uk_pg_revoke(struct uk_store *store, const char *session_id, int64_t expires,
             int64_t now, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_REVOKE);
    struct uk_pg *pg = (struct uk_pg *)store;
    unsigned long changed;
    enum uk_code code;

    uk_pg_query_put_text(&query, session_id);
    uk_pg_query_put_int(&query, expires);
    code = uk_pg_query_change(&query, &changed, err);
    if (code != UK_OK)
        return code;
    if (++pg->revoked < PURGE_AFTER && pg->purged != 0 &&
        now < pg->purged + PURGE_S)
        return UK_OK;
    pg->revoked = 0;
    pg->purged = now;
    query = uk_pg_query_start(store, UK_PG_PURGE_REVOKED);
    uk_pg_query_put_int(&query, now - UK_STORE_PATIENCE_S);
    return uk_pg_query_defer(&query, err);
}
