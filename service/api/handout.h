/*
 * Tokens that an administrator hands out to a person, on whatever way there is
 * between them: the service itself sends nobody anything.
 */
#ifndef UK_SERVICE_API_HANDOUT_H
#define UK_SERVICE_API_HANDOUT_H

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"
#include "service/store/store.h"

/* Long enough for a person to be reached, and too short for a letter that is
 * found later. */
#define UK_HANDOUT_S ((int64_t)24 * 3600)

/* A new one for that user, from now on: all of out, for add_handout(), and the
 * token in its written form, which is nowhere else. */
UK_MUST_USE enum uk_code
uk_handout_make(const unsigned char pepper[UK_CRYPTO_KEY], const char *user_id,
                enum uk_store_purpose purpose, struct uk_store_handout *out,
                struct uk_secret *token, struct uk_err *err);

/* The one that somebody comes with, for find_handout(): false if the texts
 * cannot be an id and a token. */
bool uk_handout_read(const unsigned char pepper[UK_CRYPTO_KEY], const char *id,
                     const char *token, enum uk_store_purpose purpose,
                     struct uk_store_handout *out);

#endif
