/*
 * Whose account is this name?  Asked in a thread of its own, because a name
 * service may take as long as it likes and an event loop may not.
 *
 * Only callers that are not root make it necessary, so that all that a name
 * service that hangs can hold up is them.
 */
#ifndef UK_AGENT_WHOIS_H
#define UK_AGENT_WHOIS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/str.h"

#include "agent/loop.h"

struct uk_whois;
struct uk_whois_ask;

/* code is UK_OK where the account has this uid; else why the caller may not
 * ask, or why it cannot be found out. */
typedef void uk_whois_done(void *own, enum uk_code code,
                           const struct uk_err *err);

/* The thread begins with the first question. */
UK_MUST_USE enum uk_code
uk_whois_new(struct uk_loop *loop, struct uk_whois **out, struct uk_err *err);
/* Right before the process ends: the thread may be inside the name service, and
 * what it uses is left to that end. */
void uk_whois_free(struct uk_whois *whois);

/* Ask whether name is uid's own account.  *out is to be forgotten if the
 * caller goes before it is done; done is called from the loop.  UK_SYSTEM,
 * UK_NO_MEMORY: it will not be.  As many wait as there are callers: of one who
 * has gone nothing is left. */
UK_MUST_USE enum uk_code uk_whois_check(struct uk_whois *whois,
                                        const char *name, uid_t uid,
                                        uk_whois_done *done, void *own,
                                        struct uk_whois_ask **out,
                                        struct uk_err *err);
void uk_whois_forget(struct uk_whois *whois, struct uk_whois_ask *ask);

#endif
