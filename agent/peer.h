/*
 * Who is asking, and about whom they may.
 *
 * The kernel says who made the socket's other end.  A parent that has started
 * this process for itself could do by itself all that it can ask for.  On a
 * connection that somebody else has made, root may ask about anyone, and
 * anyone else about themselves, as with unix_chkpwd.
 */
#ifndef UK_AGENT_PEER_H
#define UK_AGENT_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/msg.h"

struct uk_peer {
    pid_t pid;
    uid_t uid;
    bool parent; /* this process was started for it */
};

/* Whoever holds the other end of a connected socket. */
UK_MUST_USE enum uk_code uk_peer_find(int fd, struct uk_peer *out,
                                      struct uk_err *err);

/* May it ask this, as far as that can be told at once?  False where it is for
 * uk_peer_check_own(). */
bool uk_peer_may(const struct uk_peer *peer, const struct uk_request *request);

/* Is this uid's own account?  UK_INVALID if not; UK_SYSTEM when the name
 * service cannot say.  It may take as long as the name service does. */
UK_MUST_USE enum uk_code uk_peer_check_own(const char *name, uid_t uid,
                                           struct uk_err *err);

#endif
