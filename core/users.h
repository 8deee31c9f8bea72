/* The users file, taken apart.  Pure. */
#ifndef UK_CORE_USERS_H
#define UK_CORE_USERS_H

#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"

#define UK_USERS_MAX_LINES 100000

/*
 * Parse the users file: `account  id:ID email:ADDRESS ...`, '#' comments.
 * file is kept by reference.  UK_MISCONFIGURED with file and line for a name
 * that is none, an identity of another kind, an account that stands twice, a
 * NUL or a control character.  On failure out is untouched.
 */
UK_MUST_USE enum uk_code uk_users_parse(const char *text, size_t len,
                                        const char *file, struct uk_users *out,
                                        struct uk_err *err);
void uk_users_clear(struct uk_users *users);

#endif
