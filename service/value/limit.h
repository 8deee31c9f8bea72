/*
 * How often something may happen, counted in memory of a fixed size.
 *
 * Each subject (a source, an address and a source) has a burst, and gets one
 * of it back in each interval.  One number a subject: the moment at which its
 * whole burst is there again.  When the table is full, the subject that has
 * used least is forgotten, so nobody gets blocked by others' tries.
 */
#ifndef UK_SERVICE_VALUE_LIMIT_H
#define UK_SERVICE_VALUE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"

struct uk_limit; /* safe from several threads */

struct uk_limit_rate {
    unsigned burst;       /* so many at once */
    unsigned interval_ms; /* and then one in each */
};

/* room subjects, a multiple of 4. */
UK_MUST_USE enum uk_code uk_limit_new(unsigned room, struct uk_limit **out,
                                      struct uk_err *err);
void uk_limit_free(struct uk_limit *limit);

/* Use one.  false when there is none left, and nothing is used: *wait_s is in
 * how many seconds there will be one.  now_ms is of any clock that does not
 * go back. */
bool uk_limit_take(struct uk_limit *limit, uint64_t subject,
                   struct uk_limit_rate rate, int64_t now_ms, unsigned *wait_s);

/* How many were refused to it since this was asked last.  It is forgotten
 * with the subject. */
unsigned uk_limit_missed(struct uk_limit *limit, uint64_t subject);

/* Undo one, for a try that succeeded. */
void uk_limit_give_back(struct uk_limit *limit, uint64_t subject,
                        struct uk_limit_rate rate);

#endif
