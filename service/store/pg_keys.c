/* API keys in PostgreSQL. */
#include "service/store/pg.h"

#include <string.h>

#define PURGE_AFTER 64 /* keys that were deleted; old ones go then */
#define HASH        UK_PG_USER_COLUMNS /* the column of a login's hash */

static void
read_login(const struct uk_pg_query *query, int row, struct uk_store_login *out)
{
    uk_pg_query_user(query, row, 0, &out->user);
    out->state = uk_pg_query_flag(query, row, HASH + 1) ? UK_STORE_DELETED
                                                        : UK_STORE_THERE;
    uk_pg_query_text(query, row, HASH + 2, out->key_id, sizeof(out->key_id));
    out->key_disabled = uk_pg_query_flag(query, row, HASH + 3);
    out->key_epoch = uk_pg_query_int(query, row, HASH + 4);
    out->key_expires_us = uk_pg_query_int(query, row, HASH + 5);
    out->key_last_used_us = uk_pg_query_int(query, row, HASH + 6);
}

/* Rows come in any order, and one for a hash that was asked for twice.  A key
 * that is there counts more than one of the same hash that was deleted. */
static void
place_row(const struct uk_pg_query *query, int row,
          const struct uk_store_hash *hashes, size_t n,
          struct uk_store_login *out)
{
    const unsigned char *hash =
        uk_pg_query_bytes(query, row, HASH, sizeof(hashes->bytes));

    for (size_t i = 0; i < n && hash != NULL; i++) {
        if (memcmp(hash, hashes[i].bytes, sizeof(hashes[i].bytes)) == 0 &&
            out[i].state != UK_STORE_THERE)
            read_login(query, row, &out[i]);
    }
}

struct uk_pg_query
uk_pg_start_keys(struct uk_store *store, const struct uk_store_hash *hashes,
                 size_t n)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_KEYS);

    uk_pg_query_put_array(&query, hashes, sizeof(hashes->bytes),
                          sizeof(*hashes), n);
    return query;
}

void
uk_pg_read_logins(const struct uk_pg_query *query,
                  const struct uk_store_hash *hashes, size_t n,
                  struct uk_store_login *out)
{
    if (n > 0)
        memset(out, 0, n * sizeof(*out));
    for (int row = 0; row < uk_pg_query_rows(query); row++)
        place_row(query, row, hashes, n, out);
}

enum uk_code
uk_pg_find_keys(struct uk_store *store, const struct uk_store_hash *hashes,
                size_t n, struct uk_store_login *out, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_start_keys(store, hashes, n);
    enum uk_code code = uk_pg_query_run(&query, err);

    if (code == UK_OK)
        uk_pg_read_logins(&query, hashes, n, out);
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_find_key(struct uk_store *store, const char *user_id, const char *key_id,
               struct uk_store_key *out, bool *found, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_KEY);
    enum uk_code code;

    uk_pg_query_put_text(&query, key_id);
    uk_pg_query_put_text(&query, user_id);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK) {
        *found = uk_pg_query_rows(&query) > 0;
        if (*found)
            uk_pg_query_key(&query, 0, 0, out);
    }
    uk_pg_query_end(&query);
    return code;
}

enum uk_code
uk_pg_list_keys(struct uk_store *store, const char *user_id,
                struct uk_store_key out[UK_STORE_KEYS], size_t *count,
                struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_LIST_KEYS);
    enum uk_code code;
    size_t n = 0;

    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_int(&query, UK_STORE_KEYS);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK) {
        for (int row = 0; row < uk_pg_query_rows(&query) && n < UK_STORE_KEYS;
             row++)
            uk_pg_query_key(&query, row, 0, &out[n++]);
        *count = n;
    }
    uk_pg_query_end(&query);
    return code;
}

/* Why there was no room: the name is taken, or all of them are. */
static enum uk_code
find_why(struct uk_store *store, const char *user_id, const char *name,
         enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_KEY_NAMED);
    enum uk_code code;

    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_text(&query, name);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK)
        *result = uk_pg_query_rows(&query) > 0 ? UK_STORE_TAKEN : UK_STORE_FULL;
    uk_pg_query_end(&query);
    return code;
}

/* What has expired makes room: what has for long, and all of it where the user
 * has no other. */
static enum uk_code
make_room(struct uk_store *store, const char *user_id, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_DROP_EXPIRED);
    int64_t now_us = uk_id_now_us();
    enum uk_code code;

    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_int(&query, UK_STORE_KEYS);
    uk_pg_query_put_int(&query, now_us);
    uk_pg_query_put_int(&query, now_us - UK_STORE_EXPIRED_US);
    code = uk_pg_query_defer(&query, err);
    return code == UK_OK ? uk_pg_purge_buried(store, user_id, err) : code;
}

enum uk_code
uk_pg_add_key(struct uk_store *store, const struct uk_store_user *user,
              const struct uk_store_key *key, const struct uk_store_hash *hash,
              enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query;
    unsigned long changed;
    enum uk_code code;

    /* Two nodes that each add the twentieth key must not both count 19. */
    code = uk_pg_lock_user(store, user->id, err);
    if (code == UK_OK)
        code = make_room(store, user->id, err);
    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_ADD_KEY);
    uk_pg_query_put_bytes(&query, hash->bytes, sizeof(hash->bytes));
    uk_pg_query_put_text(&query, key->id);
    uk_pg_query_put_text(&query, user->app_id);
    uk_pg_query_put_text(&query, user->id);
    uk_pg_query_put_text(&query, key->name);
    uk_pg_query_put_int(&query, uk_id_now_us());
    uk_pg_query_put_int(&query, UK_STORE_KEYS);
    uk_pg_query_put_int(&query, key->expires_us);
    code = uk_pg_query_change(&query, &changed, err);
    if (code == UK_OK && changed == 0)
        return find_why(store, user->id, key->name, result, err);
    if (code == UK_OK)
        *result = UK_STORE_DONE;
    return code;
}

enum uk_code
uk_pg_set_key(struct uk_store *store, const char *user_id, const char *key_id,
              bool disabled, enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query;
    enum uk_code code = uk_pg_lock_user(store, user_id, err);

    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_SET_KEY);
    uk_pg_query_put_flag(&query, disabled);
    uk_pg_query_put_text(&query, key_id);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_int(&query, uk_id_now_us());
    return uk_pg_query_finish(&query, result, err);
}

enum uk_code
uk_pg_set_expiry(struct uk_store *store, const char *user_id,
                 const char *key_id, int64_t expires_us, int64_t now_us,
                 enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query;
    enum uk_code code = uk_pg_lock_user(store, user_id, err);

    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_SET_EXPIRY);
    uk_pg_query_put_int(&query, expires_us);
    uk_pg_query_put_int(&query, now_us);
    uk_pg_query_put_text(&query, key_id);
    uk_pg_query_put_text(&query, user_id);
    return uk_pg_query_finish(&query, result, err);
}

/* Only so many of a user, at once; those of everybody that are too old, now
 * and then. */
enum uk_code
uk_pg_purge_buried(struct uk_store *store, const char *user_id,
                   struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_CAP_BURIED);
    struct uk_pg *pg = (struct uk_pg *)store;
    enum uk_code code;

    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_int(&query, UK_STORE_TOMBSTONES);
    code = uk_pg_query_defer(&query, err);
    if (code != UK_OK || pg->buried++ % PURGE_AFTER != 0)
        return code;
    query = uk_pg_query_start(store, UK_PG_PURGE_BURIED);
    uk_pg_query_put_int(&query, uk_id_now_us() - UK_STORE_TOMBSTONE_US);
    return uk_pg_query_defer(&query, err);
}

enum uk_code
uk_pg_delete_key(struct uk_store *store, const char *user_id,
                 const char *key_id, enum uk_store_result *result,
                 struct uk_err *err)
{
    struct uk_pg_query query;
    unsigned long changed;
    enum uk_code code = uk_pg_lock_user(store, user_id, err);

    if (code != UK_OK)
        return code;
    query = uk_pg_query_start(store, UK_PG_DELETE_KEY);
    uk_pg_query_put_text(&query, key_id);
    uk_pg_query_put_text(&query, user_id);
    uk_pg_query_put_int(&query, uk_id_now_us());
    code = uk_pg_query_change(&query, &changed, err);
    if (code == UK_OK)
        code = uk_pg_purge_buried(store, user_id, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}
