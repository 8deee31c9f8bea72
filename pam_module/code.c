/* Our answers as PAM's codes, in the numbers of the libpam at hand. */
#include "pam_module/code.h"

#include <security/pam_modules.h>

#define SAME(name)                                                             \
    _Static_assert((int)UK_PAM_##name == PAM_##name,                           \
                   "PAM_" #name " has another number here")

SAME(SUCCESS);
SAME(OPEN_ERR);
SAME(SYMBOL_ERR);
SAME(SERVICE_ERR);
SAME(SYSTEM_ERR);
SAME(BUF_ERR);
SAME(PERM_DENIED);
SAME(AUTH_ERR);
SAME(CRED_INSUFFICIENT);
SAME(AUTHINFO_UNAVAIL);
SAME(USER_UNKNOWN);
SAME(MAXTRIES);
SAME(NEW_AUTHTOK_REQD);
SAME(ACCT_EXPIRED);
SAME(SESSION_ERR);
SAME(CRED_UNAVAIL);
SAME(CRED_EXPIRED);
SAME(CRED_ERR);
SAME(NO_MODULE_DATA);
SAME(CONV_ERR);
SAME(AUTHTOK_ERR);
SAME(AUTHTOK_RECOVERY_ERR);
SAME(AUTHTOK_LOCK_BUSY);
SAME(AUTHTOK_DISABLE_AGING);
SAME(TRY_AGAIN);
SAME(IGNORE);
SAME(ABORT);
SAME(AUTHTOK_EXPIRED);
SAME(MODULE_UNKNOWN);
SAME(BAD_ITEM);
SAME(CONV_AGAIN);
SAME(INCOMPLETE);

int
uk_code_to_pam(enum uk_code code, enum uk_verdict verdict, enum uk_phase phase)
{
    return (int)uk_pamcode_of(code, verdict, phase);
}
