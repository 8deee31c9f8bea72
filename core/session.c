/* Log in, refresh, log out, profile: the session part of the client API. */
#include "core/session.h"

/* Ask, and have the answer. */
static enum uk_code
exchange(struct uk_service *service, const struct uk_question *question,
         struct uk_https_reply *reply, struct uk_err *err)
{
    const struct uk_https_ask ask = {
        .method = question->method,
        .path = uk_buf_peek(&question->path),
        .bearer = question->bearer,
        .body = question->body.len > 0 ? &question->body : NULL,
    };

    service->refusal = (struct uk_refusal){.status = 0};
    return uk_https_exchange(service->https, &ask, service->by, reply, err);
}

/* A login that has been put into words, if code says so; ends with them. */
static enum uk_code
log_in(struct uk_service *service, enum uk_code code,
       struct uk_question *question, struct uk_session *out,
       enum uk_verdict *verdict, struct uk_err *err)
{
    struct uk_https_reply reply = {.status = 0};

    if (code == UK_OK) {
        code = exchange(service, question, &reply, err);
        if (code == UK_OK)
            code =
                uk_sessionwords_take_login(service, &reply, out, verdict, err);
        if (code != UK_OK)
            uk_err_in(err, "logging in");
    }
    uk_https_reply_clear(&reply);
    uk_question_clear(question);
    return code;
}

enum uk_code
uk_session_open(struct uk_service *service, const struct uk_secret *key,
                struct uk_session *out, enum uk_verdict *verdict,
                struct uk_err *err)
{
    struct uk_question question = {.method = NULL};
    enum uk_code code = uk_sessionwords_ask_key(service, key, &question, err);

    return log_in(service, code, &question, out, verdict, err);
}

enum uk_code
uk_session_open_password(struct uk_service *service, const char *email,
                         const struct uk_secret *password,
                         struct uk_session *out, enum uk_verdict *verdict,
                         struct uk_err *err)
{
    struct uk_question question = {.method = NULL};
    enum uk_code code =
        uk_sessionwords_ask_password(service, email, password, &question, err);

    return log_in(service, code, &question, out, verdict, err);
}

enum uk_code
uk_session_refresh(struct uk_service *service, struct uk_session *session,
                   enum uk_verdict *verdict, struct uk_err *err)
{
    struct uk_question question = {.method = NULL};
    struct uk_https_reply reply = {.status = 0};
    enum uk_code code = uk_sessionwords_ask_refresh(session, &question, err);

    if (code == UK_OK)
        code = exchange(service, &question, &reply, err);
    if (code == UK_OK)
        code = uk_sessionwords_take_refresh(service, &reply, session, verdict,
                                            err);
    uk_https_reply_clear(&reply);
    uk_question_clear(&question);
    return code == UK_OK ? code : uk_err_in(err, "refreshing the session");
}

enum uk_code
uk_session_close(struct uk_service *service, const struct uk_secret *refresh,
                 struct uk_err *err)
{
    struct uk_question question = {.method = NULL};
    struct uk_https_reply reply = {.status = 0};
    enum uk_code code = uk_sessionwords_ask_close(refresh, &question, err);

    if (code == UK_OK)
        code = exchange(service, &question, &reply, err);
    if (code == UK_OK)
        code = uk_sessionwords_take_close(service, &reply, err);
    uk_https_reply_clear(&reply);
    uk_question_clear(&question);
    return code == UK_OK ? code : uk_err_in(err, "logging out");
}

enum uk_code
uk_session_profile(struct uk_service *service, const struct uk_session *session,
                   struct uk_person *out, enum uk_verdict *verdict,
                   struct uk_err *err)
{
    struct uk_question question = {.method = NULL};
    struct uk_https_reply reply = {.status = 0};
    enum uk_code code = uk_sessionwords_ask_profile(session, &question, err);

    if (code == UK_OK)
        code = exchange(service, &question, &reply, err);
    if (code == UK_OK)
        code = uk_sessionwords_take_profile(service, &reply, session, out,
                                            verdict, err);
    uk_https_reply_clear(&reply);
    uk_question_clear(&question);
    return code == UK_OK ? code : uk_err_in(err, "asking for the profile");
}
