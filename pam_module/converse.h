/* Prompts and messages through the host; an answer becomes a secret at once. */
#ifndef UK_PAM_MODULE_CONVERSE_H
#define UK_PAM_MODULE_CONVERSE_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

struct uk_typed {
    struct uk_secret text; /* owned; the beginning, where cut is set */
    bool cut;              /* more than a secret holds was typed */
};

#define UK_TYPED_NONE                                                          \
    {                                                                          \
        .cut = false                                                           \
    }

/* Ask without echo.  The host's own copy is wiped.  An empty answer is one;
 * none at all, or a host that cannot ask, is UK_CANCELLED. */
UK_MUST_USE enum uk_code uk_converse_ask(pam_handle_t *pamh, const char *prompt,
                                         struct uk_typed *out,
                                         struct uk_err *err);

/* Take what an earlier module has asked for.  False if none has. */
UK_MUST_USE enum uk_code uk_converse_reuse(pam_handle_t *pamh,
                                           struct uk_typed *out, bool *found,
                                           struct uk_err *err);

/* Leave it for the next module. */
UK_MUST_USE enum uk_code uk_converse_leave(pam_handle_t *pamh,
                                           const struct uk_typed *typed,
                                           struct uk_err *err);

/* Show an error message, unless the flags ask for silence.  Nobody stops
 * because it could not be shown. */
void uk_converse_tell(pam_handle_t *pamh, int flags, const char *text);

void uk_typed_clear(struct uk_typed *typed);

#endif
