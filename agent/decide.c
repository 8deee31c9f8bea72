/* A request in, an answer out, whatever happens. */
#include "agent/decide.h"

#include <stdio.h>
#include <string.h>

#include "core/claims.h"

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

void
uk_decide_failure(enum uk_code code, const struct uk_err *err,
                  struct uk_answer *answer)
{
    uk_answer_clear(answer);
    *answer = (struct uk_answer){.code = code, .stage = err->stage};
    memcpy(answer->text, err->text, sizeof(answer->text));
}

void
uk_decide_start(struct uk_decide *d, const struct uk_request *request,
                const char *app_id)
{
    *d = (struct uk_decide){
        .request = request,
        /* What nobody is to have need not be ended either, where the service
         * knows how to open it so. */
        .service = {.app_id = app_id,
                    .brief = !request->keep,
                    .emails = request->want_emails},
        .step = request->op == UK_OP_LOGIN ? UK_DECIDE_LOGIN : UK_DECIDE_LOGOUT,
    };
}

/* It is over: what is there becomes an answer that can be sent, the session
 * the asker's or nobody's. */
static void
conclude(struct uk_decide *d, enum uk_code code, struct uk_err *err)
{
    struct uk_answer *answer = &d->answer;

    d->step = UK_DECIDE_DONE;
    if (code == UK_OK && answer->verdict == UK_THROTTLED_SERVICE)
        answer->retry_after_s = d->service.refusal.retry_after_s;
    if (answer->verdict != UK_GRANTED)
        memset(&answer->person, 0, sizeof(answer->person));
    if (code == UK_OK && answer->verdict == UK_GRANTED && d->request->keep) {
        uk_secret_move(&answer->tokens.access, &d->session.tokens.access);
        uk_secret_move(&answer->tokens.refresh, &d->session.tokens.refresh);
    }
    uk_secret_move(&d->leftover, &d->session.tokens.refresh);
    uk_session_clear(&d->session);
    if (code == UK_OK)
        code = uk_answer_check(answer, d->request, err);
    if (code != UK_OK) {
        uk_decide_unsent(d);
        uk_decide_failure(code, err, answer);
    }
    snprintf(answer->request_id, sizeof(answer->request_id), "%s",
             d->service.refusal.request_id);
}

void
uk_decide_unsent(struct uk_decide *d)
{
    if (d->answer.tokens.refresh.len > 0)
        uk_secret_move(&d->leftover, &d->answer.tokens.refresh);
}

/* What it was for stands in front of the sentence. */
static void
fail(struct uk_decide *d, enum uk_code code, struct uk_err *err)
{
    static const char *const doing[] = {
        [UK_DECIDE_DONE] = "answering",
        [UK_DECIDE_LOGIN] = "logging in",
        [UK_DECIDE_PROFILE] = "asking for the profile",
        [UK_DECIDE_LOGOUT] = "logging out",
    };

    uk_err_in(err, "%s", doing[d->step]);
    conclude(d, code, err);
}

static enum uk_code
put_question(struct uk_decide *d, struct uk_question *question,
             struct uk_err *err)
{
    const struct uk_secret *secret = &d->request->secret;

    switch (d->step) {
    case UK_DECIDE_LOGIN:
        return uk_sessionwords_ask_key(&d->service, secret, question, err);
    case UK_DECIDE_PROFILE:
        return uk_sessionwords_ask_profile(&d->session, question, err);
    case UK_DECIDE_LOGOUT:
        return uk_sessionwords_ask_close(secret, question, err);
    case UK_DECIDE_DONE:
        break;
    }
    return uk_err_set(err, UK_INVALID, "nothing is left to ask");
}

bool
uk_decide_ask(struct uk_decide *d, struct uk_question *question)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (d->step == UK_DECIDE_DONE)
        return false;
    code = put_question(d, question, &err);
    if (code == UK_OK)
        return true;
    uk_question_clear(question);
    conclude(d, code, &err);
    return false;
}

/* The session's user, with addresses only where they decide: each further
 * question is a round trip that a person waits for. */
static enum uk_code
take_login(struct uk_decide *d, const struct uk_https_reply *reply,
           struct uk_err *err)
{
    enum uk_code code = uk_sessionwords_take_login(
        &d->service, reply, &d->session, &d->answer.verdict, err);

    if (code == UK_OK)
        code = check_verdict(d->answer.verdict, err);
    if (code == UK_OK && d->answer.verdict == UK_REFUSED &&
        uk_api_is_off(&d->service))
        snprintf(d->answer.text, sizeof(d->answer.text),
                 "the service takes no keys: %s", UK_API_OFF("api-key"));
    if (code != UK_OK || d->answer.verdict != UK_GRANTED)
        return code;
    memcpy(d->answer.person.id, d->session.user_id,
           sizeof(d->answer.person.id));
    if (d->request->want_emails &&
        !uk_claims_emails(&d->session.tokens.access, &d->answer.person))
        d->step = UK_DECIDE_PROFILE;
    return code;
}

static enum uk_code
take_profile(struct uk_decide *d, const struct uk_https_reply *reply,
             struct uk_err *err)
{
    enum uk_code code = uk_sessionwords_take_profile(
        &d->service, reply, &d->session, &d->answer.person, &d->answer.verdict,
        err);

    if (code == UK_OK)
        code = check_verdict(d->answer.verdict, err);
    if (code == UK_OK && d->answer.verdict == UK_GRANTED &&
        strcmp(d->answer.person.id, d->session.user_id) != 0)
        code = uk_err_set(err, UK_BAD_ANSWER,
                          "the profile is another user's than the session");
    return code;
}

void
uk_decide_take(struct uk_decide *d, const struct uk_https_reply *reply)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;
    bool more = false;

    switch (d->step) {
    case UK_DECIDE_LOGIN:
        code = take_login(d, reply, &err);
        more = code == UK_OK && d->step == UK_DECIDE_PROFILE;
        break;
    case UK_DECIDE_PROFILE:
        code = take_profile(d, reply, &err);
        break;
    case UK_DECIDE_LOGOUT:
        code = uk_sessionwords_take_close(&d->service, reply, &err);
        break;
    case UK_DECIDE_DONE:
        return;
    }
    if (code != UK_OK)
        fail(d, code, &err);
    else if (!more)
        conclude(d, UK_OK, &err);
}

void
uk_decide_fail(struct uk_decide *d, const struct uk_err *err)
{
    struct uk_err why = *err;

    /* No answer, so no words of its own either. */
    d->service.refusal = (struct uk_refusal){.status = 0};
    fail(d, why.code, &why);
}

void
uk_decide_clear(struct uk_decide *d)
{
    uk_session_clear(&d->session);
    uk_answer_clear(&d->answer);
    uk_secret_clear(&d->leftover);
    *d = (struct uk_decide){.step = UK_DECIDE_DONE};
}
