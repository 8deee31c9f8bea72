/* What a decision about a login means: PAM's code for it, and what to do. */
#ifndef UK_TOOL_EXPLAIN_MEANING_H
#define UK_TOOL_EXPLAIN_MEANING_H

#include "core/err.h"
#include "core/verdict.h"

/* What a login gets from PAM in its auth phase ("PAM_SUCCESS"): static. */
const char *uk_explain_pam(enum uk_code code, enum uk_verdict verdict);

/* One sentence for the administrator: static. */
const char *uk_explain_meaning(enum uk_code code, enum uk_verdict verdict);

#endif
