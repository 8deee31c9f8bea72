/*
 * The two secrets of an installation, each in a file of its own beside the
 * database and never in it: 64 hexadecimal digits and a new line.
 *
 * `signing_key` makes the tokens: whoever has it is every user.  `pepper` is
 * the key of the hashes of API keys: without it a stolen database is useless.
 */
#ifndef UK_SERVICE_VALUE_SECRETS_H
#define UK_SERVICE_VALUE_SECRETS_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "service/value/crypto.h"

struct uk_secrets {
    unsigned char signing_key[UK_CRYPTO_KEY];
    unsigned char pepper[UK_CRYPTO_KEY];
};

#define UK_SECRETS_FILES 2
extern const char *const uk_secrets_names[UK_SECRETS_FILES];

/* Write the files that are missing, each whole or not at all; made says which
 * are new, whatever is returned.  One that is there is kept, and is a failure
 * if it cannot be used.  folder is an absolute path; two of these calls on the
 * same folder must not run at once. */
UK_MUST_USE enum uk_code uk_secrets_create(const char *folder,
                                           bool made[UK_SECRETS_FILES],
                                           struct uk_err *err);

/* UK_MISCONFIGURED for a file that others can read, or of another form. */
UK_MUST_USE enum uk_code
uk_secrets_load(const char *folder, struct uk_secrets *out, struct uk_err *err);

void uk_secrets_clear(struct uk_secrets *secrets);

#endif
