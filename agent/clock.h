/*
 * Time that nobody can turn back: how long this machine has been seen running.
 *
 * The wall clock is root's, a dead battery's and the network's to set, and what
 * it says is worth nothing as a limit.  CLOCK_BOOTTIME cannot be set, but
 * begins anew at each boot.  So a state file keeps what was seen last (a mark),
 * and time goes on from there: within a boot by CLOCK_BOOTTIME, over a reboot
 * by what the new boot has lasted so far, which is less than what has passed.
 * Where too little would be a danger (how old is this?), the wall clock may
 * make it more, never less: see uk_clock_age.
 */
#ifndef UK_AGENT_CLOCK_H
#define UK_AGENT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define UK_CLOCK_BOOT_ID 16

/* What the machine's clocks say now. */
struct uk_clock_reading {
    unsigned char boot_id[UK_CLOCK_BOOT_ID]; /* zeros: not known */
    int64_t boot_ms;                         /* CLOCK_BOOTTIME */
    int64_t wall_ms;                         /* CLOCK_REALTIME */
};

/* What was seen last.  {0}: nothing yet. */
struct uk_clock_mark {
    struct uk_clock_reading last; /* its wall_ms is the highest ever seen */
    int64_t ran_ms;               /* all that the machine was seen running */
};

/* When something happened. */
struct uk_clock_moment {
    int64_t ran_ms;
    int64_t wall_ms;
};

void uk_clock_read(struct uk_clock_reading *out);

/* Go on from the mark.  Pure.  ran_ms never becomes less. */
void uk_clock_advance(struct uk_clock_mark *mark,
                      const struct uk_clock_reading *now);

/*
 * How long ago a moment was, in ms: the longer one of what the machine ran
 * since and what the wall clock says.  Pure.  false: nobody can tell, because
 * the wall clock stands before where it was seen already (by more than it may
 * be corrected), so that the time while the machine was off is not known; or
 * because the moment has not come yet.
 */
bool uk_clock_age(const struct uk_clock_mark *mark,
                  const struct uk_clock_reading *now,
                  const struct uk_clock_moment *then, int64_t *age_ms);

/* Does the wall clock stand before where it was seen already, by more than it
 * may be corrected?  Pure. */
bool uk_clock_went_back(const struct uk_clock_mark *mark,
                        const struct uk_clock_reading *now);

/* Believe it all the same from now on: for a clock that had been set too far,
 * once nothing depends on it any more. */
void uk_clock_believe(struct uk_clock_mark *mark,
                      const struct uk_clock_reading *now);

#endif
