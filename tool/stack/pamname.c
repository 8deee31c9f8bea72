/* The names of PAM's codes, as programs and as stacks write them. */
#include "tool/stack/pamname.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *word;
} codes[UK_PAM_CODES] = {
    [UK_PAM_SUCCESS] = {"PAM_SUCCESS", "success"},
    [UK_PAM_OPEN_ERR] = {"PAM_OPEN_ERR", "open_err"},
    [UK_PAM_SYMBOL_ERR] = {"PAM_SYMBOL_ERR", "symbol_err"},
    [UK_PAM_SERVICE_ERR] = {"PAM_SERVICE_ERR", "service_err"},
    [UK_PAM_SYSTEM_ERR] = {"PAM_SYSTEM_ERR", "system_err"},
    [UK_PAM_BUF_ERR] = {"PAM_BUF_ERR", "buf_err"},
    [UK_PAM_PERM_DENIED] = {"PAM_PERM_DENIED", "perm_denied"},
    [UK_PAM_AUTH_ERR] = {"PAM_AUTH_ERR", "auth_err"},
    [UK_PAM_CRED_INSUFFICIENT] = {"PAM_CRED_INSUFFICIENT", "cred_insufficient"},
    [UK_PAM_AUTHINFO_UNAVAIL] = {"PAM_AUTHINFO_UNAVAIL", "authinfo_unavail"},
    [UK_PAM_USER_UNKNOWN] = {"PAM_USER_UNKNOWN", "user_unknown"},
    [UK_PAM_MAXTRIES] = {"PAM_MAXTRIES", "maxtries"},
    [UK_PAM_NEW_AUTHTOK_REQD] = {"PAM_NEW_AUTHTOK_REQD", "new_authtok_reqd"},
    [UK_PAM_ACCT_EXPIRED] = {"PAM_ACCT_EXPIRED", "acct_expired"},
    [UK_PAM_SESSION_ERR] = {"PAM_SESSION_ERR", "session_err"},
    [UK_PAM_CRED_UNAVAIL] = {"PAM_CRED_UNAVAIL", "cred_unavail"},
    [UK_PAM_CRED_EXPIRED] = {"PAM_CRED_EXPIRED", "cred_expired"},
    [UK_PAM_CRED_ERR] = {"PAM_CRED_ERR", "cred_err"},
    [UK_PAM_NO_MODULE_DATA] = {"PAM_NO_MODULE_DATA", "no_module_data"},
    [UK_PAM_CONV_ERR] = {"PAM_CONV_ERR", "conv_err"},
    [UK_PAM_AUTHTOK_ERR] = {"PAM_AUTHTOK_ERR", "authtok_err"},
    [UK_PAM_AUTHTOK_RECOVERY_ERR] = {"PAM_AUTHTOK_RECOVERY_ERR",
                                     "authtok_recover_err"},
    [UK_PAM_AUTHTOK_LOCK_BUSY] = {"PAM_AUTHTOK_LOCK_BUSY", "authtok_lock_busy"},
    [UK_PAM_AUTHTOK_DISABLE_AGING] = {"PAM_AUTHTOK_DISABLE_AGING",
                                      "authtok_disable_aging"},
    [UK_PAM_TRY_AGAIN] = {"PAM_TRY_AGAIN", "try_again"},
    [UK_PAM_IGNORE] = {"PAM_IGNORE", "ignore"},
    [UK_PAM_ABORT] = {"PAM_ABORT", "abort"},
    [UK_PAM_AUTHTOK_EXPIRED] = {"PAM_AUTHTOK_EXPIRED", "authtok_expired"},
    [UK_PAM_MODULE_UNKNOWN] = {"PAM_MODULE_UNKNOWN", "module_unknown"},
    [UK_PAM_BAD_ITEM] = {"PAM_BAD_ITEM", "bad_item"},
    [UK_PAM_CONV_AGAIN] = {"PAM_CONV_AGAIN", "conv_again"},
    [UK_PAM_INCOMPLETE] = {"PAM_INCOMPLETE", "incomplete"},
};

const char *
uk_pamname(enum uk_pamcode code)
{
    return (size_t)code < UK_PAM_CODES ? codes[code].name : "PAM_?";
}

const char *
uk_pamname_word(enum uk_pamcode code)
{
    return (size_t)code < UK_PAM_CODES ? codes[code].word : "?";
}
