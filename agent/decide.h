/* A request in, an answer out, whatever happens. */
#ifndef AGENT_DECIDE_H
#define AGENT_DECIDE_H

#include "core/msg.h"
#include "core/secret.h"
#include "core/session.h"

/*
 * Fill *answer, the caller's for uk_answer_clear(), by service->by.  It is one
 * that can be sent and that answers this request, whatever the service does.
 * *leftover gets the refresh token of a session that was opened and that
 * nobody is to have: it is to be ended when the answer has gone.
 */
void uk_decide(const struct uk_request *request, struct uk_service *service,
               struct uk_answer *answer, struct uk_secret *leftover);

/* The answer that says only why there is none. */
void uk_decide_failure(enum uk_code code, const struct uk_err *err,
                       struct uk_answer *answer);

#endif
