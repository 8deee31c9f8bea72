/* When users have logged in last. */
#include "service/seen.h"

#include <string.h>

/* A slot is filled and emptied by whoever has moved it to BUSY. */
enum { EMPTY = 0, BUSY, FULL };

/* Where a user stands, if at all: so that many logins of one are one. */
static size_t
place_of(const char *user_id)
{
    uint32_t hash = 2166136261U;

    for (; *user_id != '\0'; user_id++)
        hash = (hash ^ (unsigned char)*user_id) * 16777619U;
    return hash % UK_SEEN_ROOM;
}

void
uk_seen_note(struct uk_seen *seen, const struct uk_store_user *user,
             int64_t now_us)
{
    int64_t age = now_us - user->last_login_us;
    size_t n = place_of(user->id);
    int empty = EMPTY;

    /* One from a clock that was wrong is not believed for ever. */
    if (age < UK_SEEN_US && age > -UK_SEEN_US)
        return;
    if (!atomic_compare_exchange_strong(&seen->slot[n].state, &empty, BUSY))
        return;
    memcpy(seen->slot[n].user_id, user->id, UK_ID_SIZE);
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
take(struct uk_seen *seen, char out[UK_SEEN_ROOM][UK_ID_SIZE])
{
    size_t count = 0;

    for (size_t i = 0; i < UK_SEEN_ROOM; i++) {
        int full = FULL;

        if (!atomic_compare_exchange_strong(&seen->slot[i].state, &full, BUSY))
            continue;
        memcpy(out[count++], seen->slot[i].user_id, UK_ID_SIZE);
        atomic_store(&seen->slot[i].state, EMPTY);
    }
    return count;
}

enum uk_code
uk_seen_write(struct uk_seen *seen, struct uk_store *store, int64_t now_us,
              struct uk_err *err)
{
    char users[UK_SEEN_ROOM][UK_ID_SIZE];
    struct uk_err ignored = UK_ERR_NONE;
    size_t count = take(seen, users);
    enum uk_code code;

    if (count == 0)
        return UK_OK;
    code = store->ops->save(store, err);
    if (code != UK_OK)
        return code;
    if (uk_store_call(store, note_logins, (const char(*)[UK_ID_SIZE])users,
                      count, now_us, &ignored) != UK_OK)
        return store->ops->undo(store, err);
    return store->ops->keep(store, err);
}
