/*
 * How many keys that the service does not take somebody may try through this
 * machine.
 *
 * Keys cannot be guessed; what is kept away is load, and the service's own
 * limit, which counts this machine as one source.  And it must keep nobody out
 * who has a good key, so nobody is locked, and who tries is limited before who
 * is tried:
 *
 *   - What counts is a key that the service refused.  An outage, an answer that
 *     is none, the service's own 429, a key that was let in: none of them does.
 *   - Counted are the source (the remote host, IPv6 by /64; on this machine the
 *     user who asks), the source together with the account, and the account.
 *     Each count is forgotten evenly over the period.
 *   - A pair of source and account that has failed too often waits.
 *   - A source that has failed too often waits, but for accounts that it has
 *     not failed at: who shares an address with an attacker still comes in, and
 *     the attacker gets one try more for each account, no more.
 *   - An account that has failed too often, from wherever, makes nobody wait
 *     who has not failed at it: pairs then wait after UK_TRIES_UNDER_ATTACK
 *     failures.  So an attack from many addresses cannot lock its victim out.
 *   - A key that was let in here lately is asked about in any case.  It is
 *     remembered as 32 bits of a keyed hash, which tell nothing of use about
 *     it, and forgotten when the service refuses it: it opens this door once.
 *
 * What remains: behind one address with an attacker who tries the same account,
 * a key that was never used on this machine waits like the attacker's.
 *
 * The host process says which remote host and which user, and root's host
 * processes are believed.  Anyone else is the source of their own uid, whatever
 * they say, and so feeds nobody else's count.
 *
 * The counts stand in a file of fixed size (agent/slots.h) that all agents of
 * this machine share; they outlive the process and the boot, and the clock that
 * they are forgotten by cannot be turned back (agent/clock.h).  Where there is
 * no such file they are kept in memory.
 */
#ifndef UK_AGENT_TRIES_H
#define UK_AGENT_TRIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"
#include "core/verdict.h"

#include "agent/clock.h"

#define UK_TRIES_UNDER_ATTACK 2

struct uk_tries;

struct uk_tries_limits {
    unsigned per_source; /* failures in a period; a pair may have half of it */
    unsigned per_user;
    unsigned period_ms;
};

/* Who asks about whom; everything is borrowed. */
struct uk_tries_who {
    const char *user;  /* the account; "" for none */
    const char *rhost; /* PAM_RHOST, or "" */
    const char *ruser; /* PAM_RUSER, or "" */
    uid_t uid;         /* the peer's: what 0 says is believed */
};

/* What has been asked: between before and after.  Nothing to release. */
struct uk_tries_ticket {
    uint64_t source, pair, user, key;
    bool fresh; /* the key was let in within the last day, and is remembered */
};

/*
 * Use (make, mend) the file, or memory where that cannot be, or where file is
 * NULL.  *note is a sentence for the log if something was wrong, else its code
 * is UK_OK.  Called after privileges were dropped.  *out is the caller's, for
 * uk_tries_close().  UK_NO_MEMORY, UK_SYSTEM (no random numbers).
 */
UK_MUST_USE enum uk_code uk_tries_open(const char *file,
                                       const struct uk_tries_limits *limits,
                                       struct uk_tries **out,
                                       struct uk_err *note, struct uk_err *err);
void uk_tries_close(struct uk_tries *tries);

/* May the service be asked about this key now?  false with *wait_s, for the
 * answer UK_THROTTLED_HERE.  *ticket is for uk_tries_after.  Takes some
 * microseconds; never waits for another process longer than 20 ms. */
bool uk_tries_before(struct uk_tries *tries, const struct uk_tries_who *who,
                     const struct uk_secret *key,
                     const struct uk_clock_reading *now,
                     struct uk_tries_ticket *ticket, unsigned *wait_s);

/* What came of it; to be told before the caller is. */
void uk_tries_after(struct uk_tries *tries,
                    const struct uk_tries_ticket *ticket,
                    const struct uk_clock_reading *now, enum uk_code code,
                    enum uk_verdict verdict);

#endif
