/*
 * An outage of the database in the log: one line a second with how many
 * requests it has cost, not one for each of them.
 */
#ifndef UK_SERVICE_REQUEST_OUTAGE_H
#define UK_SERVICE_REQUEST_OUTAGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/deadline.h"
#include "core/err.h"
#include "core/log.h"

struct uk_outage {
    pthread_mutex_t lock;
    struct uk_deadline next; /* no line before */
    unsigned long untold;    /* requests since the last one */
    struct uk_err last;      /* of these */
    struct uk_deadline over; /* unless there is one more until then */
    atomic_ulong outages;    /* that there have been */
    atomic_ulong requests;   /* that they have cost */
};

void uk_outage_init(struct uk_outage *outage);
void uk_outage_clear(struct uk_outage *outage);

/* A request has failed for this reason.  The first is told at once. */
void uk_outage_note(struct uk_outage *outage, const char *request,
                    const struct uk_err *err, const struct uk_log *log);

/* Tell of those of which no line has told, if it is time; to be called every
 * second or so, from any thread. */
void uk_outage_tell(struct uk_outage *outage, const struct uk_log *log);

#endif
