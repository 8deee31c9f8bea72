/*
 * Sessions: how one begins, whether it still stands, how it ends.
 *
 * A session is in its tokens, no row stands for it.  It stands as long as its
 * token is not over, its user and the key that opened it exist, are enabled
 * and have the same epoch, the key has not expired, and it was not logged out;
 * all of this is looked up at each use, in one statement.
 */
#ifndef UK_SERVICE_REQUEST_SESSION_H
#define UK_SERVICE_REQUEST_SESSION_H

#include "service/request/call.h"

/* Fill the reply with a new session of this user.  identity_id is what logged
 * in; key is NULL unless it was one. */
enum uk_then uk_session_begin(struct uk_call *call,
                              const struct uk_store_user *user,
                              enum uk_provider provider,
                              const char *identity_id,
                              const struct uk_store_login *key);

/* The token of the Authorization header, borrowed; or NULL, and the reply is
 * filled. */
const char *uk_session_bearer(struct uk_call *call);

/* Fill the reply, 401, with what is wrong with a session, and return false;
 * reason is for the audit log. */
bool uk_session_deny(struct uk_call *call, const char *code, const char *text,
                     const char *reason);

/* Is the token of call->claims of the wanted kind, and not over?  Else the
 * reply is filled. */
bool uk_session_fits(struct uk_call *call, enum uk_token_kind want,
                     enum uk_token_state state);

/*
 * Read call->claims from the Authorization header: true, or the reply is
 * filled with what is wrong.  Does not ask the database.
 */
bool uk_session_read(struct uk_call *call, enum uk_token_kind want);

/* Why a session with these claims does not stand any more, by what the
 * database says; or NULL.  Static, for the audit log. */
const char *uk_session_fault(const struct uk_claims *claims,
                             const struct uk_store_session *session);

/* Ask the database whether the session of call->claims still stands, and fill
 * call->session: true, or the reply is filled. */
bool uk_session_check(struct uk_call *call);

#endif
