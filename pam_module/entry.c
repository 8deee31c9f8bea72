/* The six doors of the module: begin, do, end. */
#include <security/pam_modules.h>

#include "pam_module/account.h"
#include "pam_module/call.h"
#include "pam_module/converse.h"
#include "pam_module/login.h"
#include "pam_module/session.h"

/* The build hides everything; these are what libpam looks up. */
#define UK_DOOR __attribute__((visibility("default")))

UK_DOOR int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code = uk_call_begin(&call, pamh, UK_PHASE_AUTH, argc, argv);

    if (code == UK_OK)
        code = uk_login_at_prompt(&call);
    return uk_call_end(&call, code);
}

UK_DOOR int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code =
        uk_call_begin(&call, pamh, UK_PHASE_ACCOUNT, argc, argv);

    if (code == UK_OK)
        code = uk_account_check(&call);
    return uk_call_end(&call, code);
}

/*
 * A key leaves no credentials in the process (a kept session is a file), so
 * there is nothing to set, and that is success.
 *
 * Not PAM_IGNORE: libpam takes the way through the stack that authenticate
 * took, and where the module is alone, or the last that jumps lead to, IGNORE
 * means that nobody has answered, which is a failure.  Not an error either
 * where another module authenticated the user: hosts give up the whole login
 * for it.  And nothing is looked at here, so that no flag (hosts call this
 * with PAM_REINITIALIZE_CRED and no authentication before) opens anything.
 */
UK_DOOR int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return PAM_SUCCESS;
}

UK_DOOR int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code =
        uk_call_begin(&call, pamh, UK_PHASE_SESSION, argc, argv);

    if (code == UK_OK)
        code = uk_session_hand_over(&call);
    return uk_call_end(&call, code);
}

UK_DOOR int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code =
        uk_call_begin(&call, pamh, UK_PHASE_SESSION, argc, argv);

    if (code == UK_OK)
        code = uk_session_take_back(&call);
    return uk_call_end(&call, code);
}

/*
 * Keys are managed by their owner at the service; there is nothing here that
 * could be changed, and no success may be said about it.  The host asks twice
 * (may it be changed, change it); once is enough for the explanation.
 */
UK_DOOR int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code =
        uk_call_begin(&call, pamh, UK_PHASE_PASSWORD, argc, argv);

    if (code == UK_OK)
        code = uk_err_set(&call.err, UK_INVALID,
                          "keys are not changed here; they are managed with "
                          "'userkey create' and 'userkey delete'");
    if ((flags & PAM_PRELIM_CHECK) != 0)
        uk_converse_tell(pamh, flags,
                         "User API keys are not changed here: make a new one "
                         "with 'userkey create', revoke the old one with "
                         "'userkey delete'.");
    return uk_call_end(&call, code);
}
