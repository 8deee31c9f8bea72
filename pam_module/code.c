/* Our answers as PAM's codes: the only such table. */
#include "pam_module/code.h"

#include <security/pam_modules.h>

/* A row of the table: one verdict, in each phase that has verdicts. */
struct row {
    int auth;
    int account;
    int account_ours;
};

/*
 * Why these: hosts and stacks act on the code.  AUTHINFO_UNAVAIL is the one
 * that an administrator may let fall through to another module
 * (authinfo_unavail=ignore), so it means "could not find out" and nothing
 * else.  A refusal is never IGNORE: behind `required` and after any success,
 * that is a grant.
 */
static struct row
verdict_row(enum uk_verdict verdict)
{
    switch (verdict) {
    case UK_GRANTED:
        return (struct row){PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS};
    case UK_REFUSED:
    case UK_NOT_A_KEY:
    case UK_JUNK:
        return (struct row){PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_PERM_DENIED};
    case UK_USER_DISABLED:
        return (struct row){PAM_AUTH_ERR, PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED};
    case UK_NOT_MAPPED:
        return (struct row){PAM_AUTH_ERR, PAM_IGNORE, PAM_PERM_DENIED};
    case UK_NOT_ALLOWED:
        return (struct row){PAM_PERM_DENIED, PAM_IGNORE, PAM_PERM_DENIED};
    case UK_UNKNOWN_USER:
        return (struct row){PAM_USER_UNKNOWN, PAM_USER_UNKNOWN,
                            PAM_USER_UNKNOWN};
    case UK_THROTTLED_HERE:
        return (struct row){PAM_MAXTRIES, PAM_MAXTRIES, PAM_MAXTRIES};
    case UK_UNDECIDED:
    case UK_THROTTLED_SERVICE:
        break;
    }
    return (struct row){PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
                        PAM_AUTHINFO_UNAVAIL};
}

static int
from_verdict(enum uk_verdict verdict, enum uk_phase phase)
{
    struct row row = verdict_row(verdict);

    switch (phase) {
    case UK_PHASE_AUTH:
        return row.auth;
    case UK_PHASE_ACCOUNT:
        return row.account;
    case UK_PHASE_ACCOUNT_OURS:
        return row.account_ours;
    case UK_PHASE_SESSION:
        return verdict == UK_GRANTED ? PAM_SUCCESS : PAM_SESSION_ERR;
    case UK_PHASE_PASSWORD:
        break;
    }
    return PAM_AUTHTOK_ERR;
}

static int
from_failure(enum uk_code code)
{
    switch (code) {
    case UK_MISCONFIGURED:
        return PAM_SERVICE_ERR;
    case UK_UNREACHABLE:
    case UK_TIMEOUT:
    case UK_TLS:
    case UK_BAD_ANSWER:
        return PAM_AUTHINFO_UNAVAIL;
    case UK_NO_MEMORY:
        return PAM_BUF_ERR;
    case UK_CANCELLED:
        return PAM_CONV_ERR;
    case UK_OK: /* is not a failure, so is a mistake here */
    case UK_SYSTEM:
    case UK_INVALID:
        break;
    }
    return PAM_SYSTEM_ERR;
}

int
uk_code_to_pam(enum uk_code code, enum uk_verdict verdict, enum uk_phase phase)
{
    if (code == UK_OK)
        return from_verdict(verdict, phase);
    if (phase == UK_PHASE_SESSION)
        return PAM_SESSION_ERR; /* the only failure that hosts expect there */
    if (phase == UK_PHASE_PASSWORD)
        return PAM_AUTHTOK_ERR;
    return from_failure(code);
}
