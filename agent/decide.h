/*
 * A request in, an answer out, whatever happens.
 *
 * Between the two stand the questions to the service, one after the other:
 * they are handed out here and their answers taken, by whoever exchanges.
 * Pure.
 */
#ifndef UK_AGENT_DECIDE_H
#define UK_AGENT_DECIDE_H

#include <stdbool.h>

#include "core/msg.h"
#include "core/secret.h"
#include "core/sessionwords.h"

/* {0} is releasable. */
struct uk_decide {
    const struct uk_request *request; /* borrowed */
    struct uk_service service;        /* the app, and what was said last */
    enum {
        UK_DECIDE_DONE,
        UK_DECIDE_LOGIN,
        UK_DECIDE_PROFILE,
        UK_DECIDE_LOGOUT,
    } step;
    struct uk_session session;
    /* Whatever has happened so far, it is one that can be sent and that
     * answers this request once there is nothing more to ask. */
    struct uk_answer answer;
    /* The refresh token of a session that was opened and that nobody is to
     * have: it is to be ended when the answer has gone. */
    struct uk_secret leftover;
};

void uk_decide_start(struct uk_decide *decide, const struct uk_request *request,
                     const char *app_id);

/* Fill what is to be asked next, the caller's to clear; false when there is
 * nothing more to ask. */
bool uk_decide_ask(struct uk_decide *decide, struct uk_question *question);

/* What came of it: an answer, or none and why. */
void uk_decide_take(struct uk_decide *decide,
                    const struct uk_https_reply *reply);
void uk_decide_fail(struct uk_decide *decide, const struct uk_err *err);

/* The answer could not be sent: its session is nobody's. */
void uk_decide_unsent(struct uk_decide *decide);

/* Wipes.  Takes the empty one, and twice. */
void uk_decide_clear(struct uk_decide *decide);

/* The answer that says only why there is none. */
void uk_decide_failure(enum uk_code code, const struct uk_err *err,
                       struct uk_answer *answer);

#endif
