/*
 * Passwords, as they stand in the database: Argon2id with 19 MiB and two
 * passes (the OWASP recommendation), about 10 ms of one core each.
 */
#ifndef UK_SERVICE_VALUE_PWHASH_H
#define UK_SERVICE_VALUE_PWHASH_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

#define UK_PWHASH_SIZE 128 /* room of one, with its NUL */

/* UK_NO_MEMORY. */
UK_MUST_USE enum uk_code uk_pwhash_make(const struct uk_secret *password,
                                        char out[UK_PWHASH_SIZE],
                                        struct uk_err *err);

/* Has it the form of one that uk_pwhash_make() writes?  To compare with another
 * could take any time and memory. */
bool uk_pwhash_is_ours(const char *text);

/* Is it the password of this hash? */
bool uk_pwhash_check(const char *hash, const struct uk_secret *password);

/* A hash that no password has, at the price of any other: what the password
 * of an unknown address is checked against.  Static. */
const char *uk_pwhash_decoy(void);

#endif
