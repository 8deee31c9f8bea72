/*
 * A new password, by a token that an administrator has handed out.
 *
 * Source: docs/PROTOCOL.md, "The auth service".
 */
#ifndef UK_CORE_RESET_H
#define UK_CORE_RESET_H

#include "core/api.h"
#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"
#include "core/verdict.h"

/* word is "ID.TOKEN".  UK_OK with *verdict UK_GRANTED: the password counts,
 * and sessions from before are over.  UK_REFUSED: the service does not take
 * this token or this password; it does not tell which.
 * UK_THROTTLED_SERVICE.  UK_INVALID for what is no such word. */
UK_MUST_USE enum uk_code uk_reset_password(struct uk_service *service,
                                           const struct uk_secret *word,
                                           const struct uk_secret *password,
                                           enum uk_verdict *verdict,
                                           struct uk_err *err);

#endif
