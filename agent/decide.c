/* A request in, an answer out, whatever happens. */
#include "agent/decide.h"

#include <stdio.h>
#include <string.h>

/* The verdict is one of those that end here; anything else than a session or a
 * refusal of it is no outcome of asking. */
static enum uk_code
check_verdict(enum uk_verdict verdict, struct uk_err *err)
{
    switch (verdict) {
    case UK_GRANTED:
    case UK_REFUSED:
    case UK_USER_DISABLED:
    case UK_THROTTLED_SERVICE:
        return UK_OK;
    case UK_UNDECIDED:
    case UK_NOT_MAPPED:
    case UK_NOT_ALLOWED:
    case UK_UNKNOWN_USER:
    case UK_NOT_A_KEY:
    case UK_JUNK:
    case UK_THROTTLED_HERE:
        break;
    }
    return uk_err_set(err, UK_BAD_ANSWER, "the service's answer is '%s'",
                      uk_verdict_word(verdict));
}

/* The session's user, with addresses only where they decide: each further
 * question is a round trip that a person waits for. */
static enum uk_code
find_person(const struct uk_request *request, struct uk_service *service,
            const struct uk_session *session, struct uk_answer *answer,
            struct uk_err *err)
{
    enum uk_code code = UK_OK;

    memcpy(answer->person.id, session->user_id, sizeof(answer->person.id));
    if (request->want_emails)
        code = uk_session_profile(service, session, &answer->person,
                                  &answer->verdict, err);
    if (code == UK_OK)
        code = check_verdict(answer->verdict, err);
    if (code == UK_OK && answer->verdict == UK_GRANTED &&
        strcmp(answer->person.id, session->user_id) != 0)
        code = uk_err_set(err, UK_BAD_ANSWER,
                          "the profile is another user's than the session");
    return code;
}

static enum uk_code
log_in(const struct uk_request *request, struct uk_service *service,
       struct uk_session *session, struct uk_answer *answer, struct uk_err *err)
{
    enum uk_code code;

    code = uk_session_open(service, &request->secret, session, &answer->verdict,
                           err);
    if (code == UK_OK)
        code = check_verdict(answer->verdict, err);
    if (code == UK_OK && answer->verdict == UK_GRANTED)
        code = find_person(request, service, session, answer, err);
    if (code != UK_OK)
        return code;
    if (answer->verdict == UK_THROTTLED_SERVICE)
        answer->retry_after_s = service->refusal.retry_after_s;
    if (answer->verdict != UK_GRANTED)
        memset(&answer->person, 0, sizeof(answer->person));
    return UK_OK;
}

static enum uk_code
decide_login(const struct uk_request *request, struct uk_service *service,
             struct uk_answer *answer, struct uk_secret *leftover,
             struct uk_err *err)
{
    struct uk_session session = {.user_id = ""};
    enum uk_code code;

    code = log_in(request, service, &session, answer, err);
    if (code == UK_OK && answer->verdict == UK_GRANTED && request->keep) {
        uk_secret_move(&answer->tokens.access, &session.tokens.access);
        uk_secret_move(&answer->tokens.refresh, &session.tokens.refresh);
    }
    uk_secret_move(leftover, &session.tokens.refresh);
    uk_session_clear(&session);
    return code;
}

void
uk_decide_failure(enum uk_code code, const struct uk_err *err,
                  struct uk_answer *answer)
{
    uk_answer_clear(answer);
    *answer = (struct uk_answer){.code = code, .stage = err->stage};
    memcpy(answer->text, err->text, sizeof(answer->text));
}

void
uk_decide(const struct uk_request *request, struct uk_service *service,
          struct uk_answer *answer, struct uk_secret *leftover)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;

    *answer = (struct uk_answer){.code = UK_OK};
    switch (request->op) {
    case UK_OP_LOGIN:
        code = decide_login(request, service, answer, leftover, &err);
        break;
    case UK_OP_LOGOUT:
        code = uk_session_close(service, &request->secret, &err);
        break;
    }
    if (code == UK_OK)
        code = uk_answer_check(answer, request, &err);
    if (code != UK_OK) {
        if (answer->tokens.refresh.len > 0)
            uk_secret_move(leftover, &answer->tokens.refresh);
        uk_decide_failure(code, &err, answer);
    }
    snprintf(answer->request_id, sizeof(answer->request_id), "%s",
             service->refusal.request_id);
}
