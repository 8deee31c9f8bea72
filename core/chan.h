/*
 * One exchange of messages between module and agent on a descriptor.
 *
 * One request, one answer, end of file.  An answer counts when the end has
 * come behind it: a second one makes both worthless.
 */
#ifndef UK_CORE_CHAN_H
#define UK_CORE_CHAN_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/msg.h"

/* The asking side: send the request.  UK_TIMEOUT with stage agent.  After
 * UK_UNREACHABLE the other side has nothing of it, and will not get it. */
UK_MUST_USE enum uk_code uk_chan_send(int fd, const struct uk_request *request,
                                      struct uk_deadline by,
                                      struct uk_err *err);

/* Receive the one answer to it, and the end.  UK_TIMEOUT with stage agent,
 * UK_UNREACHABLE when the agent went without an answer, UK_BAD_ANSWER for an
 * answer that is none. */
UK_MUST_USE enum uk_code uk_chan_hear(int fd, const struct uk_request *request,
                                      struct uk_deadline by,
                                      struct uk_answer *out,
                                      struct uk_err *err);

/* The answering side. */
UK_MUST_USE enum uk_code uk_chan_receive(int fd, struct uk_deadline by,
                                         struct uk_request *out,
                                         struct uk_err *err);

/* Take a request off the descriptor and wipe it unread: for one that cannot be
 * served, whose sender is to have an answer all the same.  *more: it only says
 * that another will follow. */
UK_MUST_USE enum uk_code uk_chan_discard(int fd, struct uk_deadline by,
                                         bool *more, struct uk_err *err);

/* Send the answer, and the end behind it. */
UK_MUST_USE enum uk_code uk_chan_reply(int fd, const struct uk_answer *answer,
                                       struct uk_deadline by,
                                       struct uk_err *err);

#endif
