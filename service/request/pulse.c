/* Whether the threads that serve still turn. */
#include "service/request/pulse.h"

#include <stdlib.h>

#define MOST 600 /* threads: the most that the settings allow, and ours */

struct watched {
    const char *name;
    const struct uk_beat *beat;
    unsigned long from[UK_PULSE_FORS];
};

struct uk_pulse {
    size_t count;
    struct watched watched[MOST];
};

void
uk_beat_turn(struct uk_beat *beat)
{
    unsigned long turns =
        atomic_load_explicit(&beat->turns, memory_order_relaxed);

    /* In one order with the exchange of settings: operate/control.c. */
    atomic_store(&beat->turns, turns + 1);
}

enum uk_code
uk_pulse_new(struct uk_pulse **out, struct uk_err *err)
{
    struct uk_pulse *pulse = calloc(1, sizeof(*pulse));

    if (pulse == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to watch threads");
    *out = pulse;
    return UK_OK;
}

void
uk_pulse_free(struct uk_pulse *pulse)
{
    free(pulse);
}

enum uk_code
uk_pulse_add(struct uk_pulse *pulse, const char *name,
             const struct uk_beat *beat, struct uk_err *err)
{
    if (pulse->count == MOST)
        return uk_err_set(err, UK_INVALID, "more than %d threads", MOST);
    pulse->watched[pulse->count++] =
        (struct watched){.name = name, .beat = beat};
    return UK_OK;
}

void
uk_pulse_mark(struct uk_pulse *pulse, enum uk_pulse_for what)
{
    for (size_t i = 0; i < pulse->count; i++)
        pulse->watched[i].from[what] =
            atomic_load(&pulse->watched[i].beat->turns);
}

const char *
uk_pulse_late(const struct uk_pulse *pulse, enum uk_pulse_for what)
{
    for (size_t i = 0; i < pulse->count; i++) {
        const struct watched *one = &pulse->watched[i];

        if (atomic_load(&one->beat->turns) == one->from[what])
            return one->name;
    }
    return NULL;
}
