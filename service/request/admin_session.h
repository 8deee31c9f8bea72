/*
 * Sessions of administrators, and what they may reach.
 *
 * Their tokens have the form of users' tokens, and nothing else in common with
 * them: they are signed with a key of their own and carry a provider of their
 * own, so neither kind is ever taken for the other.  Behind one stands the key
 * pair that opened it: when that is deleted, the session is over.
 */
#ifndef UK_SERVICE_REQUEST_ADMIN_SESSION_H
#define UK_SERVICE_REQUEST_ADMIN_SESSION_H

#include "service/request/call.h"

/* Read call->claims from the Authorization header: true, or the reply is
 * filled: 403 for a session of a user.  Does not ask the database. */
bool uk_admin_read(struct uk_call *call, enum uk_token_kind want);

/*
 * Ask the database whether the session of call->claims still stands, and
 * whether all that the path names is there: call->admin, call->app and
 * call->target are filled, or the reply is.
 */
bool uk_admin_admit(struct uk_call *call);

/* 404: there is no such app. */
enum uk_then uk_admin_no_app(struct uk_call *call);

/* The private key as it stands in the database. */
void uk_admin_hash(const unsigned char pepper[UK_CRYPTO_KEY], const char *key,
                   struct uk_store_hash *out);

/* The id of the group that all apps are in: the same for all nodes. */
void uk_admin_group(const struct uk_secrets *secrets, char out[UK_ID_SIZE]);

#endif
