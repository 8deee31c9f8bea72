/*
 * Keys that the service took not long ago, for a time when no server can be
 * reached.  Off unless the settings say 'offline_grace'.
 *
 * Only the long-lived agent has this.  One that a login starts for itself runs
 * in its caller's cgroup and can be kept from the network there (a limit of
 * tasks is enough: no thread, no name), so its outage may be its caller's work.
 *
 * When it may be used, the caller of uk_grace_check has to know: every server
 * has failed a try that the agent made of its own accord, with its own
 * deadline (never with a request's budget, which its sender chooses), and
 * failed by the network: an error that the machine itself makes (no descriptor,
 * no port, no memory) is no outage.  It must have been so for
 * UK_GRACE_SETTLE_MS, and ends with the first answer, whatever that says.
 *
 * What is kept of a key: an Argon2id hash, mixed with a secret of this machine
 * that only root can read (so the file is worth nothing without it); 32 bits of
 * a keyed hash, by which the entry is found; whose key it is, as the service
 * said; and when.  Whether that person may be the account is the module's to
 * decide, as ever.
 *
 * A refusal (of the key, or of its user) removes what it is about at once, from
 * memory and disk.  A wrong key in an outage is no refusal, because nobody
 * knows what the service would say: the answer is the outage's.  Such tries
 * have the limits of agent/tries.h, in a count of their own.
 *
 * Times are those of agent/clock.h.  An entry whose age nobody can tell (the
 * wall clock was set back) waits for its next login online.
 */
#ifndef UK_AGENT_GRACE_H
#define UK_AGENT_GRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/msg.h"
#include "core/settings.h"

#include "agent/clock.h"
#include "agent/graceseal.h"
#include "agent/tries.h"

#define UK_GRACE_SETTLE_MS 5000
struct uk_grace;

/*
 * Use (or begin) the file "offline" in the settings' state_folder, after
 * privileges were dropped.  One that is damaged is begun anew: *note is a
 * sentence for the log then, else its code is UK_OK.  Where grace is off, *out
 * is NULL, which all functions here take, and what an earlier agent kept is
 * removed.  The settings are borrowed, the key stays the caller's to wipe.
 * UK_MISCONFIGURED for a folder that cannot be believed, UK_SYSTEM for one
 * that cannot be written, UK_NO_MEMORY.
 */
UK_MUST_USE enum uk_code uk_grace_open(const struct uk_settings *settings,
                                       const struct uk_grace_key *key,
                                       const struct uk_clock_reading *now,
                                       struct uk_grace **out,
                                       struct uk_err *note, struct uk_err *err);
void uk_grace_close(struct uk_grace *grace);

/*
 * The service has answered about the request's key: remember it, or forget it.
 * Forgetting is done, on the disk too, when this returns.  Remembering a key
 * that is known already takes microseconds; a new one is queued for
 * uk_grace_work (when the queue is full it is left for its next login).
 * UK_SYSTEM: the file could not be written, or not even removed; for the log.
 */
UK_MUST_USE enum uk_code uk_grace_learn(struct uk_grace *grace,
                                        const struct uk_request *request,
                                        const struct uk_answer *answer,
                                        const struct uk_clock_reading *now,
                                        struct uk_err *err);

/* Do a piece of what is queued (some 30 ms: one hash, one file), or note the
 * time in the file.  *more: something is left.  When nobody waits for an
 * answer, and at least once a minute.  UK_SYSTEM as above. */
UK_MUST_USE enum uk_code uk_grace_work(struct uk_grace *grace,
                                       const struct uk_clock_reading *now,
                                       bool *more, struct uk_err *err);

/*
 * No server can be reached (see above): may this key log in all the same?
 * true fills *answer, which was cleared.  Takes some 30 ms for a key that is
 * known, else microseconds.  false for a service that is none of the
 * settings'.
 */
bool uk_grace_check(struct uk_grace *grace, const struct uk_request *request,
                    const struct uk_tries_who *who,
                    const struct uk_clock_reading *now,
                    struct uk_answer *answer);

/* How many keys there are. */
unsigned uk_grace_count(const struct uk_grace *grace);

#endif
