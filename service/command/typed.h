/* A new password as an administrator types it; UK_INVALID if it is none. */
#ifndef UK_SERVICE_COMMAND_TYPED_H
#define UK_SERVICE_COMMAND_TYPED_H

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

/* All of standard input, without the new line at its end. */
UK_MUST_USE enum uk_code uk_typed_password(struct uk_secret *out,
                                           struct uk_err *err);

/* At the terminal, twice, without being shown; whose stands in the prompt. */
UK_MUST_USE enum uk_code uk_typed_password_twice(const char *whose,
                                                 struct uk_secret *out,
                                                 struct uk_err *err);

#endif
