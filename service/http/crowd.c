/* How many connections each source has. */
#include "service/http/crowd.h"

#include <stdlib.h>

struct source {
    struct source *next; /* in its bucket */
    uint64_t subject;
    unsigned count; /* never 0 */
};

struct uk_crowd {
    unsigned most;
    unsigned buckets;
    struct source *bucket[];
};

enum uk_code
uk_crowd_new(unsigned room, unsigned most, struct uk_crowd **out,
             struct uk_err *err)
{
    struct uk_crowd *crowd;

    crowd = calloc(1, sizeof(*crowd) + room * sizeof(crowd->bucket[0]));
    if (crowd == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to count connections");
    crowd->buckets = room;
    crowd->most = most;
    *out = crowd;
    return UK_OK;
}

void
uk_crowd_free(struct uk_crowd *crowd)
{
    if (crowd == NULL)
        return;
    for (unsigned i = 0; i < crowd->buckets; i++) {
        for (struct source *next, *at = crowd->bucket[i]; at != NULL;
             at = next) {
            next = at->next;
            free(at);
        }
    }
    free(crowd);
}

/* The source, or NULL. */
static struct source *
find(const struct uk_crowd *crowd, uint64_t subject)
{
    struct source *at = crowd->bucket[subject % crowd->buckets];

    while (at != NULL && at->subject != subject)
        at = at->next;
    return at;
}

void
uk_crowd_limit(struct uk_crowd *crowd, unsigned most)
{
    crowd->most = most;
}

bool
uk_crowd_check(const struct uk_crowd *crowd, uint64_t subject)
{
    const struct source *source = find(crowd, subject);

    return crowd->most == 0 || source == NULL || source->count < crowd->most;
}

bool
uk_crowd_add(struct uk_crowd *crowd, uint64_t subject)
{
    struct source **bucket = &crowd->bucket[subject % crowd->buckets];
    struct source *source = find(crowd, subject);

    if (source == NULL) {
        source = calloc(1, sizeof(*source));
        if (source == NULL)
            return false;
        source->subject = subject;
        source->next = *bucket;
        *bucket = source;
    }
    source->count++;
    return true;
}

void
uk_crowd_remove(struct uk_crowd *crowd, uint64_t subject)
{
    struct source **at = &crowd->bucket[subject % crowd->buckets];
    struct source *source;

    while (*at != NULL && (*at)->subject != subject)
        at = &(*at)->next;
    source = *at;
    if (source == NULL || --source->count > 0)
        return;
    *at = source->next;
    free(source);
}
