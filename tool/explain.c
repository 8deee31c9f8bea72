/* What a decision about a login means: PAM's code for it, and what to do. */
#include "tool/explain.h"

static const char *
verdict_pam(enum uk_verdict verdict)
{
    switch (verdict) {
    case UK_GRANTED:
        return "PAM_SUCCESS";
    case UK_REFUSED:
    case UK_NOT_A_KEY:
    case UK_JUNK:
    case UK_USER_DISABLED:
    case UK_NOT_MAPPED:
        return "PAM_AUTH_ERR";
    case UK_NOT_ALLOWED:
        return "PAM_PERM_DENIED";
    case UK_UNKNOWN_USER:
        return "PAM_USER_UNKNOWN";
    case UK_THROTTLED_HERE:
        return "PAM_MAXTRIES";
    case UK_UNDECIDED:
    case UK_THROTTLED_SERVICE:
        break;
    }
    return "PAM_AUTHINFO_UNAVAIL";
}

const char *
uk_explain_pam(enum uk_code code, enum uk_verdict verdict)
{
    switch (code) {
    case UK_OK:
        return verdict_pam(verdict);
    case UK_MISCONFIGURED:
        return "PAM_SERVICE_ERR";
    case UK_UNREACHABLE:
    case UK_TIMEOUT:
    case UK_TLS:
    case UK_BAD_ANSWER:
        return "PAM_AUTHINFO_UNAVAIL";
    case UK_NO_MEMORY:
        return "PAM_BUF_ERR";
    case UK_CANCELLED:
        return "PAM_CONV_ERR";
    case UK_SYSTEM:
    case UK_INVALID:
        break;
    }
    return "PAM_SYSTEM_ERR";
}

const char *
uk_explain_verdict(enum uk_verdict verdict)
{
    switch (verdict) {
    case UK_GRANTED:
        return "the key's user may log in to this account";
    case UK_REFUSED:
        return "the service does not take this key: it is unknown, disabled or "
               "deleted; the service's audit log says which, under the request "
               "id";
    case UK_USER_DISABLED:
        return "the service has disabled the key's user; 'userkey-server user "
               "enable' there lets them in again";
    case UK_NOT_MAPPED:
        return "the key is good, but its user has no line for this account in "
               "'users_file'";
    case UK_NOT_ALLOWED:
        return "this account takes no keys, whoever has one; nothing was asked";
    case UK_UNKNOWN_USER:
        return "there is no such account on this machine; nothing was asked";
    case UK_NOT_A_KEY:
        return "that is not a key, so it was not sent; 'key_format = any' "
               "takes "
               "keys of other services";
    case UK_JUNK:
        return "that is what sshd puts in place of the password of a user whom "
               "it has refused";
    case UK_THROTTLED_HERE:
        return "too many attempts on this machine; wait";
    case UK_THROTTLED_SERVICE:
        return "the service has seen too many attempts; wait";
    case UK_UNDECIDED:
        break;
    }
    return "nobody has decided";
}
