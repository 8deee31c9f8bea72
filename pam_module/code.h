/* Our answers as PAM's codes, in the numbers of the libpam at hand. */
#ifndef UK_PAM_MODULE_CODE_H
#define UK_PAM_MODULE_CODE_H

#include "core/pamcode.h"

/* uk_pamcode_of(), which see. */
int uk_code_to_pam(enum uk_code code, enum uk_verdict verdict,
                   enum uk_phase phase);

#endif
