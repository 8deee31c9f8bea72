/* Our answers as PAM's codes: the only such table. */
#ifndef UK_CODE_H
#define UK_CODE_H

#include "core/err.h"
#include "core/verdict.h"

/* What the host asked us for; the same verdict means different things. */
enum uk_phase {
    UK_PHASE_AUTH,
    UK_PHASE_ACCOUNT,      /* of somebody who came in by other means */
    UK_PHASE_ACCOUNT_OURS, /* of somebody whose key we took in this handle */
    UK_PHASE_SESSION,
    UK_PHASE_PASSWORD,
};

/* PAM_SUCCESS for nothing but UK_OK with UK_GRANTED; PAM_IGNORE only in
 * UK_PHASE_ACCOUNT, where the local configuration says that keys are not for
 * this account. */
int uk_code_to_pam(enum uk_code code, enum uk_verdict verdict,
                   enum uk_phase phase);

#endif
