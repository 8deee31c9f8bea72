/* When users and keys have logged in last. */
#include "service/request/seen.h"

#include <string.h>

/* A slot is filled and emptied by whoever has moved it to BUSY. */
enum { EMPTY = 0, BUSY, FULL };

/* Where a user, or a key, stands if at all: so that many logins of one are
 * one. */
static size_t
place_of(const char *id)
{
    uint32_t hash = 2166136261U;

    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619U;
    return hash % UK_SEEN_ROOM;
}

/* One from a clock that was wrong is not believed for ever. */
static bool
is_fresh(int64_t last_us, int64_t now_us)
{
    int64_t age = now_us - last_us;

    return age < UK_SEEN_US && age > -UK_SEEN_US;
}

void
uk_seen_note(struct uk_seen *seen, const struct uk_store_user *user,
             const struct uk_store_login *key, int64_t now_us)
{
    struct uk_store_seen *who;
    int empty = EMPTY;
    size_t n;

    if (is_fresh(user->last_login_us, now_us) &&
        (key == NULL || is_fresh(key->key_last_used_us, now_us)))
        return;
    n = place_of(key != NULL ? key->key_id : user->id);
    if (!atomic_compare_exchange_strong(&seen->slot[n].state, &empty, BUSY))
        return;
    who = &seen->slot[n].who;
    memcpy(who->user_id, user->id, UK_ID_SIZE);
    memset(who->key_id, 0, UK_ID_SIZE);
    if (key != NULL)
        memcpy(who->key_id, key->key_id, UK_ID_SIZE);
    atomic_store(&seen->slot[n].state, FULL);
    atomic_store(&seen->some, true);
}

void
uk_seen_send(struct uk_seen *seen, struct uk_pool *writer)
{
    if (!atomic_exchange(&seen->some, false) ||
        atomic_exchange(&seen->waits, true))
        return;
    if (uk_pool_put(writer, &seen->job))
        return;
    atomic_store(&seen->waits, false);
    atomic_store(&seen->some, true);
}

static size_t
take(struct uk_seen *seen, struct uk_store_seen out[UK_SEEN_ROOM])
{
    size_t count = 0;

    for (size_t i = 0; i < UK_SEEN_ROOM; i++) {
        int full = FULL;

        if (!atomic_compare_exchange_strong(&seen->slot[i].state, &full, BUSY))
            continue;
        out[count++] = seen->slot[i].who;
        atomic_store(&seen->slot[i].state, EMPTY);
    }
    return count;
}

enum uk_code
uk_seen_write(struct uk_seen *seen, struct uk_store *store, int64_t now_us,
              struct uk_err *err)
{
    struct uk_store_seen who[UK_SEEN_ROOM];
    struct uk_err ignored = UK_ERR_NONE;
    size_t count = take(seen, who);
    enum uk_code code;

    if (count == 0)
        return UK_OK;
    code = store->ops->save(store, err);
    if (code != UK_OK)
        return code;
    if (uk_store_call(store, note_logins, who, count, now_us, &ignored) !=
        UK_OK)
        return store->ops->undo(store, err);
    return store->ops->keep(store, err);
}
