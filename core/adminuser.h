/*
 * A user as the Admin API writes one: bytes of a service, checked.
 */
#ifndef UK_CORE_ADMINUSER_H
#define UK_CORE_ADMINUSER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/json.h"
#include "core/keys.h"

struct uk_admin_user {
    char id[UK_USER_ID_MAX + 1];
    char email[UK_EMAIL_MAX + 1]; /* to log in with; "" for none */
    bool server;                  /* of a server key, which has this name: */
    char name[UK_KEYS_NAME + 1];  /* "" if not told */
    bool disabled;
    int64_t created; /* seconds since 1970; 0 if not told */
};

/* UK_BAD_ANSWER for what is no user. */
UK_MUST_USE enum uk_code uk_adminuser_take(const struct uk_json *item,
                                           struct uk_admin_user *out,
                                           struct uk_err *err);

/* A member that may stand between slashes of a path, borrowed.
 * UK_BAD_ANSWER if there is none. */
UK_MUST_USE enum uk_code uk_adminuser_id(const struct uk_json *object,
                                         const char *name, const char **out,
                                         struct uk_err *err);

#endif
