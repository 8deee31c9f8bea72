/*
 * What a session token says about itself.
 *
 * Tokens are JSON web tokens (RFC 7519).  Only the service can verify one; we
 * read whose it is, to compare that with what the service says beside it.
 * Pure.
 */
#ifndef UK_CORE_CLAIMS_H
#define UK_CORE_CLAIMS_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/secret.h"

/* Three parts of base64url with dots between?  Anything else could not be
 * sent as a token. */
bool uk_claims_is_token(const struct uk_secret *token);

/* The token's subject (claim "sub"), which is a well-formed id. */
UK_MUST_USE enum uk_code uk_claims_subject(const struct uk_secret *token,
                                           char subject[UK_USER_ID_MAX + 1],
                                           struct uk_err *err);

/* The user's confirmed addresses, where our own service has put them into its
 * access token (claim "uk_email"): only to be believed of a token that has come
 * straight from the service.  False, with nothing written, where there are
 * none, and for a claim that is not exactly a list of addresses. */
bool uk_claims_emails(const struct uk_secret *token, struct uk_person *out);

/* The id of the key that has opened the session, where our own service has put
 * it into its access token (claim "key_id"): likewise. */
bool uk_claims_key(const struct uk_secret *token, char id[UK_USER_ID_MAX + 1]);

#endif
