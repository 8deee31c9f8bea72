/* Users, as administrators list and change them, in SQLite. */
#include <string.h>

#include "service/store/sqlite.h"
#include "service/value/email.h"

/* One user, with the address of provider ?1. */
#define LISTED                                                                 \
    "SELECT " UK_QUERY_USER ", u.created,"                                     \
    " coalesce((SELECT address FROM identity WHERE user_id = u.id"             \
    " AND provider = ?1 ORDER BY created, id LIMIT 1), ''),"                   \
    " (SELECT count(*) FROM api_key WHERE user_id = u.id),"                    \
    " coalesce((SELECT name FROM api_key WHERE user_id = u.id"                 \
    " AND u.server = 1 ORDER BY created, id LIMIT 1), '') FROM app_user u"

static void
read_listed(const struct uk_query *query, struct uk_store_listed *out)
{
    const int at = UK_QUERY_USER_COLUMNS;

    memset(out, 0, sizeof(*out));
    uk_query_user(query, 0, &out->user);
    out->created_us = uk_query_int(query, at);
    uk_query_text(query, at + 1, out->email, sizeof(out->email));
    out->keys = (unsigned)uk_query_int(query, at + 2);
    uk_query_text(query, at + 3, out->server, sizeof(out->server));
}

/* Numbers are bits of enum uk_provider; a server's user has no identity but
 * its key. */
#define WANTED                                                                 \
    " AND (?5 < 0 OR u.disabled = ?5) AND (?6 = 0"                             \
    " OR (?6 & 8 AND u.server = 1) OR EXISTS (SELECT 1 FROM identity f"        \
    " WHERE f.user_id = u.id AND ((?6 & 2 AND f.provider = 'anon-user')"       \
    " OR (?6 & 4 AND f.provider = 'local-userpass'))))"

_Static_assert(1 << UK_PROVIDER_ANON == 2 && 1 << UK_PROVIDER_PASSWORD == 4 &&
                   1 << UK_PROVIDER_KEY == 8,
               "the statement has them as numbers");

static struct uk_query
start_page(struct uk_store *store, const struct uk_store_page *page)
{
    if (page->pending)
        return uk_query_start(store, UK_SQL_PAGE_PENDING,
                              LISTED " WHERE u.app_id = ?2 AND u.pending = 1"
                                     " AND u.id > ?3" WANTED
                                     " ORDER BY u.id LIMIT ?4");
    if (page->backward)
        return uk_query_start(
            store, UK_SQL_PAGE_BACK,
            LISTED " WHERE u.app_id = ?2 AND (u.id < ?3 OR ?3 = '')" WANTED
                   " ORDER BY u.id DESC LIMIT ?4");
    return uk_query_start(store, UK_SQL_PAGE_USERS,
                          LISTED " WHERE u.app_id = ?2 AND u.id > ?3" WANTED
                                 " ORDER BY u.id LIMIT ?4");
}

enum uk_code
uk_sqlite_page_users(struct uk_store *store, const struct uk_store_page *page,
                     uk_store_lister *each, void *context, struct uk_err *err)
{
    struct uk_query query = start_page(store, page);
    struct uk_store_listed one;
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    uk_query_put_text(&query, page->app_id);
    uk_query_put_text(&query, page->after);
    uk_query_put_int(&query, UK_STORE_PAGE);
    uk_query_put_int(&query, page->disabled);
    uk_query_put_int(&query, page->providers);
    while ((code = uk_query_step(&query, &row, err)) == UK_OK && row) {
        read_listed(&query, &one);
        each(context, &one);
    }
    uk_query_end(&query);
    return code;
}

enum uk_code
uk_sqlite_find_user(struct uk_store *store, const char *app_id,
                    const char *user_id, struct uk_store_listed *out,
                    bool *found, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_FIND_USER, LISTED " WHERE u.app_id = ?2 AND u.id = ?3");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    uk_query_put_text(&query, app_id);
    uk_query_put_text(&query, user_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK) {
        *found = row;
        if (row)
            read_listed(&query, out);
    }
    uk_query_end(&query);
    return code;
}

static enum uk_code
note_one(struct uk_store *store, enum uk_sql which, const char *sql,
         const char *id, int64_t when_us, struct uk_err *err)
{
    struct uk_query query = uk_query_start(store, which, sql);

    uk_query_put_int(&query, when_us);
    uk_query_put_text(&query, id);
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_note_logins(struct uk_store *store, const struct uk_store_seen *seen,
                      size_t n, int64_t when_us, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (size_t i = 0; i < n && code == UK_OK; i++) {
        code = note_one(store, UK_SQL_NOTE_LOGIN,
                        "UPDATE app_user SET last_login = ? WHERE id = ?",
                        seen[i].user_id, when_us, err);
        if (code == UK_OK && seen[i].key_id[0] != '\0')
            code = note_one(store, UK_SQL_NOTE_KEY,
                            "UPDATE api_key SET last_used = ? WHERE id = ?",
                            seen[i].key_id, when_us, err);
    }
    return code;
}

/* What was handed out went to who had the address before. */
static enum uk_code
void_handouts(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_VOID_HANDOUTS, "DELETE FROM handout WHERE user_id = ?");

    uk_query_put_text(&query, user_id);
    return uk_query_run(&query, NULL, err);
}

enum uk_code
uk_sqlite_set_email(struct uk_store *store, const struct uk_store_user *user,
                    const char *email, enum uk_store_result *result,
                    struct uk_err *err)
{
    char subject[UK_EMAIL_MAX + 1];
    struct uk_store_password other;
    struct uk_query query;
    enum uk_code code;
    bool found;
    int changed;

    code = uk_sqlite_find_password(store, user->app_id, email, &other, &found,
                                   err);
    if (code != UK_OK)
        return code;
    if (found && strcmp(other.user.id, user->id) != 0) {
        *result = UK_STORE_TAKEN;
        return UK_OK;
    }
    uk_email_fold(email, subject);
    query = uk_query_start(store, UK_SQL_SET_EMAIL,
                           "UPDATE identity SET subject = ?, address = ?,"
                           " confirmed = 1 WHERE user_id = ? AND provider = ?");
    uk_query_put_text(&query, subject);
    uk_query_put_text(&query, email);
    uk_query_put_text(&query, user->id);
    uk_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_query_run(&query, &changed, err);
    if (code == UK_OK)
        code = void_handouts(store, user->id, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}
