/*
 * The tokens of a session, for users or for administrators.
 *
 * Both kinds of session are written by the same hand, and a row of a table
 * says in what they differ.  They are signed with keys of their own, so that
 * neither is ever taken for the other.
 */
#ifndef UK_SERVICE_REQUEST_GRANT_H
#define UK_SERVICE_REQUEST_GRANT_H

#include "service/request/call.h"

enum uk_grant { UK_GRANT_USER, UK_GRANT_ADMIN };

/* Fill the reply with a new session: claims says whose, with what it was
 * opened and on what device, and the rest is made.  A session of a user is
 * as long as that of call->app. */
enum uk_then uk_grant_session(struct uk_call *call,
                              const struct uk_claims *claims);

/* The same for a client that keeps nothing: an access token for some minutes,
 * and nothing to renew or to log out, so that no row is left of it. */
enum uk_then uk_grant_brief(struct uk_call *call,
                            const struct uk_claims *claims);

/* Fill the reply with a new access token of the session of these claims. */
enum uk_then uk_grant_access(struct uk_call *call,
                             const struct uk_claims *claims, int status);

/* Fill the reply as for a new session, with new tokens of the session that
 * this access token is of: it ends when it would have ended. */
enum uk_then uk_grant_again(struct uk_call *call,
                            const struct uk_claims *access);

/* As uk_token_read(), now; a token of the other kind is bad. */
enum uk_token_state uk_grant_read(const struct uk_call *call,
                                  enum uk_grant kind, const char *token,
                                  struct uk_claims *out);

#endif
