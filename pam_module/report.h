/* What the log says about a call: one line. */
#ifndef UK_PAM_MODULE_REPORT_H
#define UK_PAM_MODULE_REPORT_H

#include "core/attr.h"
#include "core/err.h"
#include "pam_module/call.h"

/* The line of a call that ended like this, if its level is wanted. */
void uk_report(const struct uk_call *call, enum uk_code code, int result);

/* A failure on the way that does not decide the call, which goes on. */
void uk_report_aside(const struct uk_call *call, const struct uk_err *err);

#endif
