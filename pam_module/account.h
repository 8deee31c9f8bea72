/* acct_mgmt: may this person come in now? */
#ifndef UK_PAM_MODULE_ACCOUNT_H
#define UK_PAM_MODULE_ACCOUNT_H

#include "core/attr.h"
#include "pam_module/call.h"

/* Decided from the machine's own files and from what authenticate remembered:
 * the service is not asked.  UK_OK with a verdict in the call's outcome. */
UK_MUST_USE enum uk_code uk_account_check(struct uk_call *call);

#endif
