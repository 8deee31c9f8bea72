/*
 * An agent that gets ready while the person types.
 *
 * Before the prompt the agent is reached, or started, and told what is coming:
 * names, TCP and TLS are then paid for by the time that typing takes.  What
 * would be done for a stranger's prompt as well is kept small: the service is
 * connected to only for accounts that a key can let in, by an agent that
 * listens once for all who type, and by those that are started for one prompt
 * UK_EARLY_MOST at a time on this machine.  For an account that no key can let
 * in everything else is the same, so that the time until the prompt does not
 * tell which ones are.
 */
#ifndef UK_CORE_EARLY_H
#define UK_CORE_EARLY_H

#include "core/helper.h"
#include "core/settings.h"

#define UK_EARLY_MOST 16

/* Whose turn it is: a file of locks, which root makes. */
#define UK_EARLY_FILE "/run/userkey/early.lock"

struct uk_early {
    struct uk_helper agent; /* owned; none where nobody gets ready */
    int turn;               /* owned: one of the locks, or -1 */
};

#define UK_EARLY_NONE                                                          \
    {                                                                          \
        .agent = UK_HELPER_NONE, .turn = -1                                    \
    }

/* user: the account, or "" for one that no key can let in.  What cannot be done
 * now will be done later, so there is no failure.  Takes a millisecond where an
 * agent is started. */
void uk_early_begin(struct uk_early *early, const struct uk_settings *settings,
                    const char *conf_file, const char *user);

/* Hand the agent over to who has a request for it. */
struct uk_helper uk_early_take(struct uk_early *early);

/* Nobody needs it any more.  Takes the empty one, and twice. */
void uk_early_end(struct uk_early *early);

#endif
