/* authenticate: ask for the key, have it decided, remember. */
#ifndef UK_PAM_MODULE_LOGIN_H
#define UK_PAM_MODULE_LOGIN_H

#include "core/attr.h"
#include "pam_module/call.h"

/* UK_OK with a verdict in the call's outcome; any other code means that it
 * could not be found out. */
UK_MUST_USE enum uk_code uk_login_at_prompt(struct uk_call *call);

#endif
