/*
 * One moment on the monotonic clock, by which something must be over.
 *
 * It is made once, at the edge, and handed down; nobody below invents a
 * timeout of their own.  A cleared deadline has passed.
 */
#ifndef UK_CORE_DEADLINE_H
#define UK_CORE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct uk_deadline {
    int64_t at_ns; /* CLOCK_MONOTONIC */
};

/* ms milliseconds from now. */
struct uk_deadline uk_deadline_in(unsigned ms);

/* Milliseconds left, rounded up so that poll() does not spin; 0 when passed;
 * never negative, never more than INT_MAX. */
int uk_deadline_left_ms(struct uk_deadline by);

bool uk_deadline_passed(struct uk_deadline by);

struct uk_deadline uk_deadline_sooner(struct uk_deadline a,
                                      struct uk_deadline b);

/* Sleep until then, whatever signals come. */
void uk_deadline_wait(struct uk_deadline until);

#endif
