/*
 * Keys that logged in online not long ago, for a time when no server can be
 * reached.  Off unless the settings say 'offline_grace'.
 *
 * Only the long-lived agent has this.  One that a login starts for itself runs
 * in its caller's cgroup and can be kept from the network there (a limit of
 * tasks is enough: no thread, no name), so its outage may be its caller's work.
 *
 * When it may be used, the caller of uk_grace_check has to know: every server
 * has failed a try that the agent made of its own accord, with its own
 * deadline (never with a request's budget, which its sender chooses), and
 * failed by the network: an error number that the machine itself gives (no
 * descriptor, no port, no memory) is no outage.  It must have been so for
 * UK_GRACE_SETTLE_MS, and end with the first answer, whatever it says.
 *
 * What is kept, for an account and a key: an Argon2id hash of the key, mixed
 * with a secret of this machine (so the file is worth nothing elsewhere);
 * 32 bits of a keyed hash, by which the entry is found; whose key it was, as
 * the service said; and when.  Whether that person may be the account is the
 * module's to decide, as ever.
 *
 * A refusal (the key, or its user) removes what it is about at once, from
 * memory and disk.  A wrong key in an outage is no refusal: the answer is the
 * outage's.
 */
#ifndef AGENT_GRACE_H
#define AGENT_GRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/msg.h"
#include "core/secret.h"
#include "core/settings.h"
#include "core/verdict.h"

#include "agent/clock.h"

#define UK_GRACE_SETTLE_MS 5000
#define UK_GRACE_KEY_SIZE  32

/* A secret that only root can read. */
struct uk_grace_key {
    unsigned char bytes[UK_GRACE_KEY_SIZE];
};

struct uk_grace;

/* Read it, as root; make it when it is not there.  UK_MISCONFIGURED for a file
 * that others could have written or read. */
UK_MUST_USE enum uk_code uk_grace_load_key(const char *file,
                                           struct uk_grace_key *out,
                                           struct uk_err *err);

/* Use (or begin) the file "offline" in the folder, which is the agent's own.
 * One that cannot be read is begun anew: *note is a sentence for the log, else
 * "".  The settings are borrowed, the key is copied and then the caller's to
 * wipe.  UK_SYSTEM for a folder that cannot be written. */
UK_MUST_USE enum uk_code uk_grace_open(const char *folder,
                                       const struct uk_grace_key *key,
                                       const struct uk_settings *settings,
                                       struct uk_grace **out,
                                       struct uk_err *note, struct uk_err *err);
void uk_grace_close(struct uk_grace *grace);

/* Is grace on, and for this PAM service?  Pure. */
bool uk_grace_covers(const struct uk_settings *settings, const char *service);

/*
 * The service has answered about the request's key: remember it, or forget it.
 * Forgetting is done, on the disk too, when this returns.  Remembering a key
 * that is known already takes microseconds; a new one is queued for
 * uk_grace_work (when the queue is full it is left for its next login).
 */
void uk_grace_learn(struct uk_grace *grace, const struct uk_request *request,
                    const struct uk_answer *answer,
                    const struct uk_clock_reading *now);

/* Do a piece of what is queued (some 30 ms: one hash, one file); false when
 * nothing is left.  From the same thread, when nobody waits for an answer. */
bool uk_grace_work(struct uk_grace *grace, const struct uk_clock_reading *now);

/*
 * No server can be reached (see above): may this key log in all the same?
 * true fills verdict, person and age of *answer.  Takes some 30 ms when the
 * account has such a key, else microseconds.  The request's service must be
 * one of the settings'.
 */
bool uk_grace_check(struct uk_grace *grace, const struct uk_request *request,
                    const struct uk_clock_reading *now,
                    struct uk_answer *answer);

/* Keys that could log in now. */
unsigned uk_grace_count(const struct uk_grace *grace,
                        const struct uk_clock_reading *now);

#endif
