/* A new password: what is one. */
#ifndef UK_PASSWORD_H
#define UK_PASSWORD_H

#include <stdbool.h>

#include "core/secret.h"

/* 6 to 128 characters (not bytes) of UTF-8. */
#define UK_PASSWORD_RULE "password must be between 6 and 128 characters"
bool uk_password_check(const struct uk_secret *password);

#endif
