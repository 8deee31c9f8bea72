/*
 * What stands between a caller and the service: the limit of tries, the grace
 * of an outage, and the numbers about both.
 *
 * NULL is a guard without limits and numbers.  One who decides goes through it
 * twice: before the service is asked (uk_guard_admit), and when it is known
 * what came of that (uk_guard_settle).
 */
#ifndef UK_AGENT_GUARD_H
#define UK_AGENT_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/log.h"
#include "core/msg.h"
#include "core/settings.h"

#include "agent/count.h"
#include "agent/graceseal.h"
#include "agent/loop.h"
#include "agent/tries.h"
#include "agent/upstream.h"

struct uk_guard;

/* One request's way through; {0} before it begins. */
struct uk_guard_pass {
    struct uk_tries_ticket ticket;
    struct uk_tries_who who; /* borrows from the request */
    struct uk_deadline begun;
    bool login; /* else nothing is limited, and nothing counted */
    bool waits; /* it is one of those that have no answer yet */
    char service[UK_MSG_SERVICE + 1];
};

/*
 * After privileges were dropped.  settings, loop, log and upstream are borrowed.
 * key is that of uk_grace_load_key() for a long-lived agent, which counts
 * numbers and may have grace; NULL for one that lives for one caller.  UK_OK
 * with notes in the log where something does not work that a login can do
 * without; UK_MISCONFIGURED, UK_SYSTEM where 'offline_grace' is set and cannot
 * be had; UK_NO_MEMORY.
 */
UK_MUST_USE enum uk_code
uk_guard_new(const struct uk_settings *settings, const struct uk_grace_key *key,
             struct uk_loop *loop, const struct uk_log *log,
             struct uk_upstream *upstream, struct uk_guard **out,
             struct uk_err *err);
void uk_guard_free(struct uk_guard *guard);

/* Say the numbers to who connects to this listening socket, which is
 * borrowed. */
UK_MUST_USE enum uk_code uk_guard_listen(struct uk_guard *guard, int fd,
                                         struct uk_err *err);

/* A request of this uid's has come: may the service be asked?  false with the
 * *answer that says why not. */
bool uk_guard_admit(struct uk_guard *guard, const struct uk_request *request,
                    uid_t uid, struct uk_guard_pass *pass,
                    struct uk_answer *answer);

/* The request has its answer, from the service or because there was none; in an
 * outage it may get another one now. */
void uk_guard_settle(struct uk_guard *guard, const struct uk_request *request,
                     const struct uk_guard_pass *pass,
                     struct uk_answer *answer);

/* The answer has gone to who asked. */
void uk_guard_answered(struct uk_guard *guard, struct uk_guard_pass *pass,
                       const struct uk_answer *answer);

#endif
