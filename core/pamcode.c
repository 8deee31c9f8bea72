/* What PAM is told about a decision. */
#include "core/pamcode.h"

/* A row of the table: one verdict, in each phase that has verdicts. */
struct row {
    enum uk_pamcode auth;
    enum uk_pamcode account;
    enum uk_pamcode account_ours;
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
        return (struct row){UK_PAM_SUCCESS, UK_PAM_SUCCESS, UK_PAM_SUCCESS};
    case UK_REFUSED:
    case UK_NOT_A_KEY:
    case UK_JUNK:
        return (struct row){UK_PAM_AUTH_ERR, UK_PAM_PERM_DENIED,
                            UK_PAM_PERM_DENIED};
    case UK_USER_DISABLED:
        return (struct row){UK_PAM_AUTH_ERR, UK_PAM_ACCT_EXPIRED,
                            UK_PAM_ACCT_EXPIRED};
    case UK_NOT_MAPPED:
        return (struct row){UK_PAM_AUTH_ERR, UK_PAM_IGNORE, UK_PAM_PERM_DENIED};
    case UK_NOT_ALLOWED:
        return (struct row){UK_PAM_PERM_DENIED, UK_PAM_IGNORE,
                            UK_PAM_PERM_DENIED};
    case UK_UNKNOWN_USER:
        return (struct row){UK_PAM_USER_UNKNOWN, UK_PAM_USER_UNKNOWN,
                            UK_PAM_USER_UNKNOWN};
    case UK_THROTTLED_HERE:
        return (struct row){UK_PAM_MAXTRIES, UK_PAM_MAXTRIES, UK_PAM_MAXTRIES};
    case UK_UNDECIDED:
    case UK_THROTTLED_SERVICE:
        break;
    }
    return (struct row){UK_PAM_AUTHINFO_UNAVAIL, UK_PAM_AUTHINFO_UNAVAIL,
                        UK_PAM_AUTHINFO_UNAVAIL};
}

static enum uk_pamcode
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
        return verdict == UK_GRANTED ? UK_PAM_SUCCESS : UK_PAM_SESSION_ERR;
    case UK_PHASE_PASSWORD:
        break;
    }
    return UK_PAM_AUTHTOK_ERR;
}

static enum uk_pamcode
from_failure(enum uk_code code)
{
    switch (code) {
    case UK_MISCONFIGURED:
        return UK_PAM_SERVICE_ERR;
    case UK_UNREACHABLE:
    case UK_TIMEOUT:
    case UK_TLS:
    case UK_BAD_ANSWER:
        return UK_PAM_AUTHINFO_UNAVAIL;
    case UK_NO_MEMORY:
        return UK_PAM_BUF_ERR;
    case UK_CANCELLED:
        return UK_PAM_CONV_ERR;
    case UK_OK: /* is not a failure, so is a mistake here */
    case UK_SYSTEM:
    case UK_INVALID:
        break;
    }
    return UK_PAM_SYSTEM_ERR;
}

enum uk_pamcode
uk_pamcode_of(enum uk_code code, enum uk_verdict verdict, enum uk_phase phase)
{
    if (code == UK_OK)
        return from_verdict(verdict, phase);
    if (phase == UK_PHASE_SESSION)
        return UK_PAM_SESSION_ERR; /* the only failure that hosts expect there */
    if (phase == UK_PHASE_PASSWORD)
        return UK_PAM_AUTHTOK_ERR;
    return from_failure(code);
}
