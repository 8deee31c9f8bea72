/*
 * Log in, refresh, log out, profile: the session part of the client API.
 *
 * Source: docs/PROTOCOL.md, "The auth service".
 */
#ifndef UK_CORE_SESSION_H
#define UK_CORE_SESSION_H

#include "core/api.h"
#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/msg.h"
#include "core/secret.h"
#include "core/sessionwords.h"
#include "core/verdict.h"

/*
 * Exchange a user API key for a session.  key stays the caller's.  UK_OK with
 * *verdict UK_GRANTED fills *out, the caller's, for uk_session_clear(): the
 * subject of the access token and the answer's user id have been compared.
 * With UK_REFUSED the service does not take the key (unknown, disabled,
 * expired or deleted: it does not tell which), or none at all (uk_api_is_off());
 * UK_USER_DISABLED; UK_THROTTLED_SERVICE.
 * UK_TIMEOUT by the deadline, UK_UNREACHABLE, UK_TLS, UK_BAD_ANSWER; a status
 * that is neither yes nor one of these refusals (404: no such app; 5xx) is
 * UK_BAD_ANSWER with the status in the sentence.
 */
UK_MUST_USE enum uk_code uk_session_open(struct uk_service *service,
                                         const struct uk_secret *key,
                                         struct uk_session *out,
                                         enum uk_verdict *verdict,
                                         struct uk_err *err);

/* The same with an address and a password (provider local-userpass). */
UK_MUST_USE enum uk_code
uk_session_open_password(struct uk_service *service, const char *email,
                         const struct uk_secret *password,
                         struct uk_session *out, enum uk_verdict *verdict,
                         struct uk_err *err);

/* A new access token by the refresh token.  UK_REFUSED: the session is over. */
UK_MUST_USE enum uk_code uk_session_refresh(struct uk_service *service,
                                            struct uk_session *session,
                                            enum uk_verdict *verdict,
                                            struct uk_err *err);

/* Log out.  A session that is over already is UK_OK. */
UK_MUST_USE enum uk_code uk_session_close(struct uk_service *service,
                                          const struct uk_secret *refresh,
                                          struct uk_err *err);

/* Who the session's user is: id (compared with the session's: UK_BAD_ANSWER
 * if it is another) and the confirmed addresses of provider local-userpass.
 * UK_REFUSED: the session is over. */
UK_MUST_USE enum uk_code uk_session_profile(struct uk_service *service,
                                            const struct uk_session *session,
                                            struct uk_person *out,
                                            enum uk_verdict *verdict,
                                            struct uk_err *err);

#endif
