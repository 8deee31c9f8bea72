/* A new password: what is one, and where the administrator types it. */
#ifndef UK_PASSWORD_H
#define UK_PASSWORD_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

/* 6 to 128 characters (not bytes) of UTF-8. */
#define UK_PASSWORD_RULE "password must be between 6 and 128 characters"
bool uk_password_check(const struct uk_secret *password);

/* All of standard input, without the new line at its end. */
UK_MUST_USE enum uk_code uk_password_from_stdin(struct uk_secret *out,
                                                struct uk_err *err);

/* Typed twice, without being shown; whose stands in the prompt. */
UK_MUST_USE enum uk_code uk_password_from_terminal(const char *whose,
                                                   struct uk_secret *out,
                                                   struct uk_err *err);

#endif
