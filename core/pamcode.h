/*
 * What PAM is told about a decision: the codes of PAM, and the only table from
 * our outcomes to them.
 *
 * The numbers are Linux-PAM's, whose stacks are read by them too; the module
 * holds them to those of the library that it is built with.  libpam is not
 * needed here.
 */
#ifndef UK_CORE_PAMCODE_H
#define UK_CORE_PAMCODE_H

#include "core/err.h"
#include "core/verdict.h"

enum uk_pamcode {
    UK_PAM_SUCCESS = 0,
    UK_PAM_OPEN_ERR,
    UK_PAM_SYMBOL_ERR,
    UK_PAM_SERVICE_ERR,
    UK_PAM_SYSTEM_ERR,
    UK_PAM_BUF_ERR,
    UK_PAM_PERM_DENIED,
    UK_PAM_AUTH_ERR,
    UK_PAM_CRED_INSUFFICIENT,
    UK_PAM_AUTHINFO_UNAVAIL,
    UK_PAM_USER_UNKNOWN,
    UK_PAM_MAXTRIES,
    UK_PAM_NEW_AUTHTOK_REQD,
    UK_PAM_ACCT_EXPIRED,
    UK_PAM_SESSION_ERR,
    UK_PAM_CRED_UNAVAIL,
    UK_PAM_CRED_EXPIRED,
    UK_PAM_CRED_ERR,
    UK_PAM_NO_MODULE_DATA,
    UK_PAM_CONV_ERR,
    UK_PAM_AUTHTOK_ERR,
    UK_PAM_AUTHTOK_RECOVERY_ERR,
    UK_PAM_AUTHTOK_LOCK_BUSY,
    UK_PAM_AUTHTOK_DISABLE_AGING,
    UK_PAM_TRY_AGAIN,
    UK_PAM_IGNORE,
    UK_PAM_ABORT,
    UK_PAM_AUTHTOK_EXPIRED,
    UK_PAM_MODULE_UNKNOWN,
    UK_PAM_BAD_ITEM,
    UK_PAM_CONV_AGAIN,
    UK_PAM_INCOMPLETE,
    UK_PAM_CODES /* how many there are */
};

/* What the host asked us for; the same verdict means different things. */
enum uk_phase {
    UK_PHASE_AUTH,
    UK_PHASE_ACCOUNT,      /* of somebody who came in by other means */
    UK_PHASE_ACCOUNT_OURS, /* of somebody whose key we took in this handle */
    UK_PHASE_SESSION,
    UK_PHASE_PASSWORD,
};

/* UK_PAM_SUCCESS for nothing but UK_OK with UK_GRANTED; UK_PAM_IGNORE only in
 * UK_PHASE_ACCOUNT, where the local configuration says that keys are not for
 * this account. */
enum uk_pamcode uk_pamcode_of(enum uk_code code, enum uk_verdict verdict,
                              enum uk_phase phase);

#endif
