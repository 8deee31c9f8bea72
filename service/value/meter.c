/* Counting, at the price of an addition. */
#include "service/value/meter.h"

#include <string.h>

#define MOST_TRIES 32 /* places that are looked at for one tally */

const struct uk_meter_scale uk_meter_seconds = {
    .step = {250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
             500000, 1000000, 2500000, 5000000, 10000000},
    .steps = 15,
    .unit = 1e-6,
};

const struct uk_meter_scale uk_meter_batch = {
    .step = {1, 2, 4, 8, 16, 32, 64},
    .steps = 7,
    .unit = 1,
};

void
uk_meter_observe(struct uk_meter_histogram *histogram,
                 const struct uk_meter_scale *scale, unsigned long value)
{
    size_t i = 0;

    while (i < scale->steps && value > scale->step[i])
        i++;
    uk_meter_add(&histogram->count[i], 1);
    uk_meter_add(&histogram->sum, value);
}

static size_t
place_of(const char *const word[UK_METER_WORDS])
{
    uint64_t mix = 0;

    for (size_t i = 0; i < UK_METER_WORDS; i++)
        mix = (mix ^ (uintptr_t)word[i]) * 0x9e3779b97f4a7c15U;
    return (size_t)(mix >> 40);
}

void
uk_meter_tally(struct uk_meter_tallies *tallies,
               const char *const word[UK_METER_WORDS])
{
    size_t place = place_of(word);

    for (size_t i = 0; i < MOST_TRIES; i++) {
        struct uk_meter_tally *at =
            &tallies->at[(place + i) % UK_METER_TALLIES];
        unsigned long count = uk_meter_get(&at->count);

        if (count == 0)
            memcpy(at->word, word, sizeof(at->word));
        else if (memcmp(at->word, word, sizeof(at->word)) != 0)
            continue;
        /* Who sees the first count sees the words. */
        atomic_store_explicit(&at->count, count + 1, memory_order_release);
        return;
    }
    uk_meter_add(&tallies->lost, 1);
}
