/* The six doors of the module: begin, do, end. */
#include <security/pam_modules.h>

#include "core/secret.h"
#include "pam_module/account.h"
#include "pam_module/call.h"
#include "pam_module/converse.h"
#include "pam_module/login.h"
#include "pam_module/report.h"
#include "pam_module/session.h"

/* Every refusal takes as long as the slowest of them, so that the time of the
 * answer does not tell who exists.  Counted from one moment: what a lookup
 * took is in it, not on top of it. */
static void
wait_for_floor(const struct uk_call *call)
{
    struct uk_deadline floor = call->start;

    floor.at_ns += (int64_t)call->settings.failure_floor * 1000000;
    uk_deadline_wait(floor);
}

/* One line in the log, a refusal that lasts, and the PAM code.  Nothing of the
 * call is left in memory. */
static int
end_call(struct uk_call *call, enum uk_code code)
{
    int result = uk_code_to_pam(code, call->outcome.verdict, call->phase);
    bool must_wait = call->phase == UK_PHASE_AUTH && result != PAM_SUCCESS;

    uk_call_borrow(call); /* the last conversation may have failed */
    uk_report(call, code, result);
    uk_outcome_clear(&call->outcome);
    if (must_wait)
        wait_for_floor(call);
    uk_wipe(call, sizeof(*call));
    return result;
}

/* The build hides everything; these are what libpam looks up. */
#define UK_DOOR __attribute__((visibility("default")))

UK_DOOR int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code = uk_call_begin(&call, pamh, UK_PHASE_AUTH, argc, argv);

    if (code == UK_OK)
        code = uk_login_at_prompt(&call);
    return end_call(&call, code);
}

UK_DOOR int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code =
        uk_call_begin(&call, pamh, UK_PHASE_ACCOUNT, argc, argv);

    if (code == UK_OK)
        code = uk_account_check(&call);
    return end_call(&call, code);
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
    return end_call(&call, code);
}

UK_DOOR int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct uk_call call;
    enum uk_code code =
        uk_call_begin(&call, pamh, UK_PHASE_SESSION, argc, argv);

    if (code == UK_OK)
        code = uk_session_take_back(&call);
    return end_call(&call, code);
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
    return end_call(&call, code);
}
