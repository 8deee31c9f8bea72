/*
 * Whether the threads that serve still turn.
 *
 * Each has a beat, which it raises when it comes round and holds nothing from
 * before.  So who has turned since a moment hangs nowhere, and uses nothing
 * any more that was taken away before that moment.
 */
#ifndef UK_SERVICE_REQUEST_PULSE_H
#define UK_SERVICE_REQUEST_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_PULSE_LINE 64 /* bytes that two cores cannot write at once */

/* Of one thread, which alone writes it. */
struct uk_beat {
    atomic_ulong turns;
    char apart[UK_PULSE_LINE - sizeof(atomic_ulong)];
};

void uk_beat_turn(struct uk_beat *beat);

/* Who is watched, by one other thread. */
struct uk_pulse;

UK_MUST_USE enum uk_code uk_pulse_new(struct uk_pulse **out,
                                      struct uk_err *err);
/* Takes NULL. */
void uk_pulse_free(struct uk_pulse *pulse);

/* Watch one more; name is static, the beat outlives the pulse. */
UK_MUST_USE enum uk_code uk_pulse_add(struct uk_pulse *pulse, const char *name,
                                      const struct uk_beat *beat,
                                      struct uk_err *err);

/* What is asked of the threads, each from a moment of its own. */
enum uk_pulse_for {
    UK_PULSE_LIVE,     /* do they turn at all? */
    UK_PULSE_WATCHDOG, /* since the last word to the service manager */
    UK_PULSE_SETTINGS, /* since settings were exchanged */
};
#define UK_PULSE_FORS 3

/* That moment is now. */
void uk_pulse_mark(struct uk_pulse *pulse, enum uk_pulse_for what);

/* Who has not turned since; NULL when everybody has. */
const char *uk_pulse_late(const struct uk_pulse *pulse, enum uk_pulse_for what);

#endif
