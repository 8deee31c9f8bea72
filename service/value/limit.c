/* How often something may happen. */
#include "service/value/limit.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#define WAYS 4 /* places in which a subject may stand */

struct slot {
    uint64_t subject;
    int64_t full_at; /* when the whole burst is there again */
    unsigned missed; /* since somebody asked */
};

struct uk_limit {
    pthread_mutex_t lock;
    unsigned sets;
    struct slot slot[];
};

enum uk_code
uk_limit_new(unsigned room, struct uk_limit **out, struct uk_err *err)
{
    struct uk_limit *limit;

    limit = calloc(1, sizeof(*limit) + room * sizeof(limit->slot[0]));
    if (limit == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to count tries");
    pthread_mutex_init(&limit->lock, NULL);
    limit->sets = room / WAYS;
    *out = limit;
    return UK_OK;
}

void
uk_limit_free(struct uk_limit *limit)
{
    if (limit == NULL)
        return;
    pthread_mutex_destroy(&limit->lock);
    free(limit);
}

/* Its place, or NULL. */
static struct slot *
find(struct uk_limit *limit, uint64_t subject)
{
    struct slot *set = &limit->slot[subject % limit->sets * WAYS];

    for (int i = 0; i < WAYS; i++) {
        if (set[i].subject == subject)
            return &set[i];
    }
    return NULL;
}

/* A place for a new one: that of whoever is soonest unburdened. */
static struct slot *
claim(struct uk_limit *limit, uint64_t subject)
{
    struct slot *set = &limit->slot[subject % limit->sets * WAYS];
    struct slot *least = set;

    for (int i = 1; i < WAYS; i++) {
        if (set[i].full_at < least->full_at)
            least = &set[i];
    }
    least->subject = subject;
    least->full_at = 0;
    least->missed = 0;
    return least;
}

bool
uk_limit_take(struct uk_limit *limit, uint64_t subject,
              struct uk_limit_rate rate, int64_t now_ms, unsigned *wait_s)
{
    int64_t used_up = (int64_t)rate.burst * rate.interval_ms;
    struct slot *slot;
    int64_t full_at;
    bool taken;

    pthread_mutex_lock(&limit->lock);
    slot = find(limit, subject);
    if (slot == NULL)
        slot = claim(limit, subject);
    full_at = slot->full_at > now_ms ? slot->full_at : now_ms;
    full_at += rate.interval_ms;
    taken = full_at - now_ms <= used_up;
    if (taken)
        slot->full_at = full_at;
    else if (slot->missed < UINT_MAX)
        slot->missed++;
    pthread_mutex_unlock(&limit->lock);
    if (!taken)
        *wait_s = (unsigned)((full_at - now_ms - used_up + 999) / 1000);
    return taken;
}

unsigned
uk_limit_missed(struct uk_limit *limit, uint64_t subject)
{
    unsigned missed = 0;
    struct slot *slot;

    pthread_mutex_lock(&limit->lock);
    slot = find(limit, subject);
    if (slot != NULL) {
        missed = slot->missed;
        slot->missed = 0;
    }
    pthread_mutex_unlock(&limit->lock);
    return missed;
}

void
uk_limit_give_back(struct uk_limit *limit, uint64_t subject,
                   struct uk_limit_rate rate)
{
    struct slot *slot;

    pthread_mutex_lock(&limit->lock);
    slot = find(limit, subject);
    if (slot != NULL)
        slot->full_at -= rate.interval_ms;
    pthread_mutex_unlock(&limit->lock);
}
