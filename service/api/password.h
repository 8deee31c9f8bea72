/* A new password: what is one, what is said of one that is none, its hash. */
#ifndef UK_SERVICE_API_PASSWORD_H
#define UK_SERVICE_API_PASSWORD_H

#include <stdbool.h>

#include "core/secret.h"
#include "service/request/call.h"

/* 6 to 128 characters (not bytes) of UTF-8. */
#define UK_PASSWORD_RULE "password must be between 6 and 128 characters"
bool uk_password_check(const struct uk_secret *password);

/* 400, and why. */
enum uk_then uk_password_refuse(struct uk_call *call);

/* A step among the hashers: call->secret becomes the person's hash.  next comes
 * on the writer then. */
enum uk_then uk_password_hash(struct uk_call *call, uk_step *next);

#endif
