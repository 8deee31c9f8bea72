/* Users, as administrators list and change them, in PostgreSQL. */
#include <string.h>

#include "service/store/pg.h"
#include "service/value/email.h"

static void
read_listed(const struct uk_pg_query *query, int row,
            struct uk_store_listed *out)
{
    const int at = UK_PG_USER_COLUMNS;

    memset(out, 0, sizeof(*out));
    uk_pg_query_user(query, row, 0, &out->user);
    out->created_us = uk_pg_query_int(query, row, at);
    uk_pg_query_text(query, row, at + 1, out->email, sizeof(out->email));
    out->keys = (unsigned)uk_pg_query_int(query, row, at + 2);
    uk_pg_query_text(query, row, at + 3, out->server, sizeof(out->server));
}

enum uk_code
uk_pg_page_users(struct uk_store *store, const struct uk_store_page *page,
                 uk_store_lister *each, void *context, struct uk_err *err)
{
    struct uk_pg_query query =
        uk_pg_query_start(store, page->pending    ? UK_PG_PAGE_PENDING
                                 : page->backward ? UK_PG_PAGE_BACK
                                                  : UK_PG_PAGE_USERS);
    struct uk_store_listed one;
    enum uk_code code;

    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    uk_pg_query_put_text(&query, page->app_id);
    uk_pg_query_put_text(&query, page->after);
    uk_pg_query_put_int(&query, UK_STORE_PAGE);
    uk_pg_query_put_int(&query, page->disabled);
    uk_pg_query_put_int(&query, page->providers);
    code = uk_pg_query_run(&query, err);
    for (int row = 0; code == UK_OK && row < uk_pg_query_rows(&query); row++) {
        read_listed(&query, row, &one);
        each(context, &one);
    }
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_find_user(struct uk_store *store, const char *app_id, const char *user_id,
                struct uk_store_listed *out, bool *found, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_USER);
    enum uk_code code;

    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    uk_pg_query_put_text(&query, app_id);
    uk_pg_query_put_text(&query, user_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK) {
        *found = uk_pg_query_rows(&query) > 0;
        if (*found)
            read_listed(&query, 0, out);
    }
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_note_logins(struct uk_store *store, const struct uk_store_seen *seen,
                  size_t n, int64_t when_us, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_NOTE_LOGINS);
    unsigned long changed;
    enum uk_code code;

    uk_pg_query_put_array(&query, seen->user_id, UK_ID_LEN, sizeof(*seen), n);
    uk_pg_query_put_int(&query, when_us);
    code = uk_pg_query_change(&query, &changed, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_NOTE_KEYS); /* "" is no key's id */
    uk_pg_query_put_array(&query, seen->key_id, UK_ID_LEN, sizeof(*seen), n);
    uk_pg_query_put_int(&query, when_us);
    return uk_pg_query_change(&query, &changed, err);
}

/* Whose is it: DONE for this user's own, TAKEN, NOT_FOUND. */
static enum uk_code
find_owner(struct uk_store *store, const struct uk_store_user *user,
           const char *email, enum uk_store_result *result, struct uk_err *err)
{
    struct uk_store_password owner;
    bool found = false;
    enum uk_code code =
        uk_pg_find_password(store, user->app_id, email, &owner, &found, err);

    if (code == UK_OK)
        *result = !found                                 ? UK_STORE_NOT_FOUND
                  : strcmp(owner.user.id, user->id) == 0 ? UK_STORE_DONE
                                                         : UK_STORE_TAKEN;
    return code;
}

/*
 * Two nodes that give it at the same moment meet in the index, where an UPDATE
 * fails, and with it the transaction.  So a row is put there first: it waits
 * for the other one's end, and is not put where the place is taken by then.
 * Then it makes room.
 */
static enum uk_code
hold_address(struct uk_store *store, const struct uk_store_user *user,
             const char *subject, bool *held, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_HOLD_ADDRESS);
    char id[UK_ID_SIZE];
    unsigned long added;
    enum uk_code code;

    uk_id_make(id);
    uk_pg_query_put_text(&query, id);
    uk_pg_query_put_text(&query, subject);
    uk_pg_query_put_text(&query, user->id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    code = uk_pg_query_change(&query, &added, err);
    if (code != UK_OK)
        return code;
    *held = added > 0;
    if (!*held)
        return UK_OK;
    query = uk_pg_query_start(store, UK_PG_DROP_IDENTITY);
    uk_pg_query_put_text(&query, id);
    return uk_pg_query_defer(&query, err);
}

/* DONE: it is this user's, or nobody else gets it before we are done. */
static enum uk_code
take_address(struct uk_store *store, const struct uk_store_user *user,
             const char *email, const char *subject,
             enum uk_store_result *result, struct uk_err *err)
{
    bool held = false;
    enum uk_code code = find_owner(store, user, email, result, err);

    if (code != UK_OK || *result != UK_STORE_NOT_FOUND)
        return code;
    code = hold_address(store, user, subject, &held, err);
    if (code == UK_OK && held)
        *result = UK_STORE_DONE;
    /* The user has no address, or somebody has taken this one. */
    return code == UK_OK && !held ? find_owner(store, user, email, result, err)
                                  : code;
}

enum uk_code
uk_pg_set_email(struct uk_store *store, const struct uk_store_user *user,
                const char *email, enum uk_store_result *result,
                struct uk_err *err)
{
    struct uk_pg_query query;
    char subject[UK_EMAIL_MAX + 1];
    enum uk_code code;
    enum uk_store_result taken = UK_STORE_NONE;

    uk_email_fold(email, subject);
    code = uk_pg_lock_user(store, user->id, err);
    if (code == UK_OK)
        code = take_address(store, user, email, subject, &taken, err);
    if (code == UK_OK && taken != UK_STORE_DONE)
        *result = taken;
    if (code != UK_OK || taken != UK_STORE_DONE)
        return code;
    query = uk_pg_query_start(store, UK_PG_VOID_HANDOUTS);
    uk_pg_query_put_text(&query, user->id);
    code = uk_pg_query_defer(&query, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_SET_EMAIL);
    uk_pg_query_put_text(&query, subject);
    uk_pg_query_put_text(&query, email);
    uk_pg_query_put_text(&query, user->id);
    uk_pg_query_put_text(&query, uk_provider_word(UK_PROVIDER_PASSWORD));
    return uk_pg_query_finish(&query, result, err);
}
