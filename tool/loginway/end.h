/*
 * The login by key, taken out again: when somebody wants it, or when a trial is
 * over.
 */
#ifndef UK_TOOL_LOGINWAY_END_H
#define UK_TOOL_LOGINWAY_END_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/conf.h"
#include "core/err.h"

/* With expired only a trial that is over, and then whatever stands in the way
 * (uk_loginway_take).  *names are the files that were changed, *was says
 * whether there was anything to take out.  The caller holds the lock.  A state
 * that cannot be read keeps nobody out. */
UK_MUST_USE enum uk_code uk_loginend(bool expired, struct uk_conf_list *names,
                                     bool *was, struct uk_err *err);

/* The same as 'userkey disable-login --expired', for a process that nobody
 * watches: what comes of it goes to the log. */
void uk_loginend_trial(void);

#endif
