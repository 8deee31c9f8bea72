/*
 * Access and refresh tokens: what a session carries, signed by us.
 *
 * JSON Web Tokens (RFC 7519) in the form that the official clients read, with
 * one algorithm: HMAC-SHA256.  No row stands behind a session; what can end
 * one early (user, key, their epochs, session id) is in the claims and is
 * looked up in the database at each use.
 *
 * Reading is pure, and in this order: the header must be byte for byte the
 * one that we write, so there is nothing to negotiate; then the signature, in
 * constant time; only then anything inside is looked at.
 */
#ifndef UK_SERVICE_VALUE_TOKEN_H
#define UK_SERVICE_VALUE_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "service/value/crypto.h"
#include "service/value/id.h"
#include "service/value/provider.h"

#define UK_TOKEN_MAX 2048 /* longest token, in bytes */

enum uk_token_kind { UK_TOKEN_NONE = 0, UK_TOKEN_ACCESS, UK_TOKEN_REFRESH };

struct uk_claims {
    enum uk_token_kind kind;
    enum uk_provider provider;
    char app_id[UK_ID_SIZE];
    char user_id[UK_ID_SIZE];
    char session_id[UK_ID_SIZE];
    char identity_id[UK_ID_SIZE]; /* which identity logged in */
    char key_id[UK_ID_SIZE];      /* with UK_PROVIDER_KEY, else "" */
    char device_id[UK_ID_SIZE];
    int64_t epoch;           /* the user's, when the session began */
    int64_t key_epoch;       /* the key's, likewise; 0 without one */
    int64_t issued;          /* seconds since 1970 */
    int64_t expires;         /* the first second in which it is over */
    int64_t session_expires; /* of an access token: likewise its session */
    /* For an access token: the user's confirmed addresses, as a list in JSON;
     * borrowed.  NULL for none, and always when it was read. */
    const char *emails;
};

enum uk_token_state {
    UK_TOKEN_BAD = 0, /* not a token of ours */
    UK_TOKEN_EXPIRED, /* it was one; out is filled */
    UK_TOKEN_GOOD,
};

/* Append the token to buf; after a failure there may be a part of it. */
UK_MUST_USE enum uk_code uk_token_make(const struct uk_claims *claims,
                                       const unsigned char key[UK_CRYPTO_KEY],
                                       struct uk_buf *buf, struct uk_err *err);

/* now is in seconds since 1970.  A token that is more than a day younger than
 * now is bad: the clock was wrong then or is wrong now, so nothing is known
 * about when it is over. */
enum uk_token_state uk_token_read(const char *token, size_t len,
                                  const unsigned char key[UK_CRYPTO_KEY],
                                  int64_t now, struct uk_claims *out);

#endif
