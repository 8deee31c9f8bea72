/*
 * One answer on a descriptor, whatever becomes of it.
 */
#ifndef UK_AGENT_REPLY_H
#define UK_AGENT_REPLY_H

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/msg.h"

/* Send it, and the end behind it.  One that cannot be put into a message
 * becomes a failure that can: then, and when nobody is there to take it, this
 * is not UK_OK, and nobody has what the answer held. */
UK_MUST_USE enum uk_code uk_reply_send(int fd, const struct uk_answer *answer);

/*
 * The request is not served: take it unread if it comes by then, and answer
 * why.  One that is only announced has typing_ms more.  When that is over, the
 * other side cannot send one any more, and knows that it has not.  fd stays the
 * caller's.
 */
void uk_reply_refuse(int fd, struct uk_deadline by, unsigned typing_ms,
                     const struct uk_answer *answer);

#endif
