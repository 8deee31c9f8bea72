/*
 * The calls of a session in words: questions made, answers judged.
 *
 * The pure halves of core/session, which has the contracts: what is asked and
 * what an answer means is the same for who waits for it and for who has an
 * event loop.  Source: docs/PROTOCOL.md, "The auth service".
 */
#ifndef UK_CORE_SESSIONWORDS_H
#define UK_CORE_SESSIONWORDS_H

#include "core/api.h"
#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/httpsask.h"
#include "core/identity.h"
#include "core/msg.h"
#include "core/secret.h"
#include "core/verdict.h"

/* A session; {0} is releasable. */
struct uk_session {
    char user_id[UK_USER_ID_MAX + 1];
    struct uk_tokens tokens;
};

void uk_session_clear(struct uk_session *session);

/* A question that is ready to be sent; {0} is releasable, and what every
 * function here takes to fill.  What was filled before a failure is the
 * caller's to clear too. */
struct uk_question {
    const char *method;
    struct uk_buf path;             /* owned */
    struct uk_buf body;             /* owned; empty for none */
    const struct uk_secret *bearer; /* borrowed, or NULL */
};

/* Wipes.  Takes the empty one, and twice. */
void uk_question_clear(struct uk_question *question);

/* Questions: of a service only the app id counts, and for ask_key whether the
 * session may be brief.  A service that knows how answers with one that is
 * over in some minutes: it has no refresh token, and nothing to log out. */
UK_MUST_USE enum uk_code
uk_sessionwords_ask_key(const struct uk_service *service,
                        const struct uk_secret *key,
                        struct uk_question *question, struct uk_err *err);
UK_MUST_USE enum uk_code
uk_sessionwords_ask_password(const struct uk_service *service,
                             const char *email,
                             const struct uk_secret *password,
                             struct uk_question *question, struct uk_err *err);
UK_MUST_USE enum uk_code
uk_sessionwords_ask_refresh(const struct uk_session *session,
                            struct uk_question *question, struct uk_err *err);
UK_MUST_USE enum uk_code
uk_sessionwords_ask_close(const struct uk_secret *refresh,
                          struct uk_question *question, struct uk_err *err);
UK_MUST_USE enum uk_code
uk_sessionwords_ask_profile(const struct uk_session *session,
                            struct uk_question *question, struct uk_err *err);

/* Where the app is served, as the SDKs ask first.  It needs no session; to ask
 * it brings a connection up, or shows that the service is there. */
UK_MUST_USE enum uk_code
uk_sessionwords_ask_location(const struct uk_service *service,
                             struct uk_question *question, struct uk_err *err);

/* Answers: service->refusal gets what was said beside them. */
UK_MUST_USE enum uk_code uk_sessionwords_take_login(
    struct uk_service *service, const struct uk_https_reply *reply,
    struct uk_session *out, enum uk_verdict *verdict, struct uk_err *err);
UK_MUST_USE enum uk_code uk_sessionwords_take_refresh(
    struct uk_service *service, const struct uk_https_reply *reply,
    struct uk_session *session, enum uk_verdict *verdict, struct uk_err *err);
UK_MUST_USE enum uk_code
uk_sessionwords_take_close(struct uk_service *service,
                           const struct uk_https_reply *reply,
                           struct uk_err *err);
UK_MUST_USE enum uk_code uk_sessionwords_take_profile(
    struct uk_service *service, const struct uk_https_reply *reply,
    const struct uk_session *session, struct uk_person *out,
    enum uk_verdict *verdict, struct uk_err *err);

#endif
