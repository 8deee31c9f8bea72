/*
 * One question to the agent, by whatever way there is to one.
 *
 * The next way is tried if, and only if, nobody has taken the request on the
 * way before: a question that has been sent is not asked again.
 */
#ifndef UK_CORE_AGENT_H
#define UK_CORE_AGENT_H

#include "core/attr.h"
#include "core/deadline.h"
#include "core/early.h"
#include "core/err.h"
#include "core/msg.h"
#include "core/settings.h"

/* How to come to an agent.  Everything is borrowed. */
struct uk_agent_way {
    const struct uk_settings *settings;
    const char *conf_file;  /* one that is started reads the same */
    struct uk_early *early; /* one that has got ready, or NULL */
};

/* request->budget_ms is set here.  *out is the caller's, for
 * uk_answer_clear().  As uk_helper_start(), uk_chan_send() and uk_chan_hear(). */
UK_MUST_USE enum uk_code
uk_agent_ask(const struct uk_agent_way *way, struct uk_request *request,
             struct uk_deadline by, struct uk_answer *out, struct uk_err *err);

#endif
