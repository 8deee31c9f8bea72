/*
 * Counting, at the price of an addition.
 *
 * Each number is written by one thread, which needs no lock for it, and may be
 * read by any; they are summed when somebody asks (operate/scrape.h).
 */
#ifndef UK_SERVICE_VALUE_METER_H
#define UK_SERVICE_VALUE_METER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* One writer: no locked instruction. */
static inline void
uk_meter_add(atomic_ulong *count, unsigned long n)
{
    atomic_store_explicit(count,
                          atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline unsigned long
uk_meter_get(const atomic_ulong *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* How often values were in each range. */
#define UK_METER_STEPS 16

struct uk_meter_scale {
    unsigned long step[UK_METER_STEPS]; /* upper ends, which belong to it */
    size_t steps;
    double unit; /* what 1 is in the unit that people read */
};

struct uk_meter_histogram {
    atomic_ulong count[UK_METER_STEPS + 1]; /* the last: above all steps */
    atomic_ulong sum;
};

extern const struct uk_meter_scale uk_meter_seconds; /* of microseconds */
extern const struct uk_meter_scale uk_meter_batch;   /* of pieces */

void uk_meter_observe(struct uk_meter_histogram *histogram,
                      const struct uk_meter_scale *scale, unsigned long value);

/* Decisions by the words of their audit lines.  The words are static, so a
 * pointer is enough to know one again. */
#define UK_METER_WORDS   4
#define UK_METER_TALLIES 1024

struct uk_meter_tally {
    const char *word[UK_METER_WORDS]; /* or NULL */
    atomic_ulong count;               /* 0: the place is free */
};

struct uk_meter_tallies {
    struct uk_meter_tally at[UK_METER_TALLIES];
    atomic_ulong lost; /* that found no place any more */
};

void uk_meter_tally(struct uk_meter_tallies *tallies,
                    const char *const word[UK_METER_WORDS]);

#endif
