/* The calls of a session in words: questions made, answers judged. */
#include "core/sessionwords.h"

#include <string.h>

#include "core/claims.h"
#include "core/clientinfo.h"
#include "core/json.h"
#include "core/str.h"

#define BODY_MAX  (2 * UK_SECRET_MAX)
#define PATH_ROOM 256
#define BY_KEY    "api-key"

/* Which refusals say something about the person, and what.  A code is compared
 * only together with its status; NULL is any, and none. */
struct meaning {
    int status;
    const char *code;
    enum uk_verdict verdict;
};
static const struct meaning of_login[] = {
    {401, "AuthError", UK_REFUSED},
    {401, "InvalidPassword", UK_REFUSED},
    {401, "UserDisabled", UK_USER_DISABLED},
    {403, "UserDisabled", UK_USER_DISABLED},
    /* An administrator's decision like the others: were it no answer, it would
     * open what a stack falls back on when there is none. */
    {404, "AuthProviderNotFound", UK_REFUSED},
    {429, NULL, UK_THROTTLED_SERVICE},
};
/* With a session at hand every 401 means that it is over. */
static const struct meaning of_session[] = {
    {401, NULL, UK_REFUSED},
    {403, "UserDisabled", UK_USER_DISABLED},
    {429, NULL, UK_THROTTLED_SERVICE},
};

/* What the last call says about the person; one that says nothing about them
 * is UK_BAD_ANSWER. */
static enum uk_code
decide(const struct uk_service *service, const struct meaning *meanings,
       size_t count, enum uk_verdict *verdict, struct uk_err *err)
{
    if (uk_api_succeeded(service)) {
        *verdict = UK_GRANTED;
        return UK_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (meanings[i].status == service->refusal.status &&
            (meanings[i].code == NULL ||
             uk_api_refused(service, meanings[i].code))) {
            *verdict = meanings[i].verdict;
            return UK_OK;
        }
    }
    return uk_api_odd(service, err);
}

/* A question about the session that a token stands for. */
static enum uk_code
ask_with(struct uk_question *question, const char *method, const char *path,
         const struct uk_secret *bearer, struct uk_err *err)
{
    question->method = method;
    question->bearer = bearer;
    uk_buf_init(&question->path, PATH_ROOM);
    uk_buf_addf(&question->path, UK_API_CLIENT "%s", path);
    return uk_buf_check(&question->path, err);
}

/* Begun by the caller with what proves who it is, ended here. */
static enum uk_code
ask_login(struct uk_question *question, const struct uk_service *service,
          const char *provider, struct uk_json_out *body, struct uk_err *err)
{
    bool by_key = strcmp(provider, BY_KEY) == 0;
    enum uk_code code;

    uk_clientinfo_put(
        body, service->app_id,
        (struct uk_clientinfo){.brief = by_key && service->brief,
                               .emails = by_key && service->emails});
    uk_json_end(body, '}');
    question->method = "POST";
    uk_buf_init(&question->path, PATH_ROOM);
    uk_buf_addf(&question->path,
                UK_API_CLIENT "/app/%s/auth/providers/%s/login",
                service->app_id, provider);
    code = uk_buf_check(&question->body, err);
    if (code == UK_OK)
        code = uk_buf_check(&question->path, err);
    return code;
}

enum uk_code
uk_sessionwords_ask_key(const struct uk_service *service,
                        const struct uk_secret *key,
                        struct uk_question *question, struct uk_err *err)
{
    struct uk_json_out body = {.buf = &question->body};
    enum uk_code code = uk_api_check_text(key, "key", err);

    if (code != UK_OK)
        return code;
    uk_buf_init(&question->body, BODY_MAX);
    uk_json_begin(&body, NULL, '{');
    uk_json_put_text(&body, "key", uk_secret_peek(key));
    return ask_login(question, service, BY_KEY, &body, err);
}

enum uk_code
uk_sessionwords_ask_password(const struct uk_service *service,
                             const char *email,
                             const struct uk_secret *password,
                             struct uk_question *question, struct uk_err *err)
{
    struct uk_json_out body = {.buf = &question->body};
    enum uk_code code = uk_api_check_text(password, "password", err);

    if (code == UK_OK && !uk_json_is_text(email))
        code = uk_err_set(err, UK_INVALID, "the address is not UTF-8 text");
    if (code != UK_OK)
        return code;
    uk_buf_init(&question->body, BODY_MAX);
    uk_json_begin(&body, NULL, '{');
    uk_json_put_text(&body, "username", email);
    uk_json_put_text(&body, "password", uk_secret_peek(password));
    return ask_login(question, service, "local-userpass", &body, err);
}

enum uk_code
uk_sessionwords_ask_refresh(const struct uk_session *session,
                            struct uk_question *question, struct uk_err *err)
{
    return ask_with(question, "POST", "/auth/session", &session->tokens.refresh,
                    err);
}

enum uk_code
uk_sessionwords_ask_close(const struct uk_secret *refresh,
                          struct uk_question *question, struct uk_err *err)
{
    return ask_with(question, "DELETE", "/auth/session", refresh, err);
}

enum uk_code
uk_sessionwords_ask_profile(const struct uk_session *session,
                            struct uk_question *question, struct uk_err *err)
{
    return ask_with(question, "GET", "/auth/profile", &session->tokens.access,
                    err);
}

enum uk_code
uk_sessionwords_ask_location(const struct uk_service *service,
                             struct uk_question *question, struct uk_err *err)
{
    question->method = "GET";
    uk_buf_init(&question->path, PATH_ROOM);
    uk_buf_addf(&question->path, UK_API_CLIENT "/app/%s/location",
                service->app_id);
    return uk_buf_check(&question->path, err);
}

/* A member that is a token. */
static enum uk_code
take_token(const struct uk_json *document, const char *name,
           struct uk_secret *out, struct uk_err *err)
{
    const char *text;
    enum uk_code code;

    if (!uk_json_text(document, name, &text))
        return uk_err_set(err, UK_BAD_ANSWER, "the answer has no '%s'", name);
    code = uk_secret_set(out, text, strlen(text), err);
    if (code == UK_INVALID)
        code = uk_err_recode(err, UK_BAD_ANSWER);
    if (code == UK_OK && !uk_claims_is_token(out))
        code = uk_err_set(err, UK_BAD_ANSWER, "'%s' is not a token", name);
    return code;
}

/* Two halves of one answer must speak of one person. */
static enum uk_code
check_subject(const struct uk_session *session, struct uk_err *err)
{
    char subject[UK_USER_ID_MAX + 1];
    enum uk_code code;

    code = uk_claims_subject(&session->tokens.access, subject, err);
    if (code == UK_OK && strcmp(subject, session->user_id) != 0)
        code = uk_err_set(err, UK_BAD_ANSWER,
                          "the access token is of user '%s' and the answer of "
                          "user '%s'",
                          subject, session->user_id);
    return code;
}

static enum uk_code
take_session(const struct uk_json *document, bool may_be_brief,
             struct uk_session *out, struct uk_err *err)
{
    struct uk_session session = {.user_id = ""};
    const char *id;
    enum uk_code code;

    if (!uk_json_text(document, "user_id", &id) || !uk_identity_is_id(id) ||
        !uk_str_copy(session.user_id, sizeof(session.user_id), id))
        return uk_err_set(err, UK_BAD_ANSWER, "the answer has no 'user_id'");
    code = take_token(document, "access_token", &session.tokens.access, err);
    if (code == UK_OK && !(may_be_brief && uk_clientinfo_is_brief(document)))
        code =
            take_token(document, "refresh_token", &session.tokens.refresh, err);
    if (code == UK_OK)
        code = check_subject(&session, err);
    if (code == UK_OK) {
        uk_session_clear(out);
        *out = session;
        session = (struct uk_session){.user_id = ""};
    }
    uk_session_clear(&session);
    return code;
}

enum uk_code
uk_sessionwords_take_login(struct uk_service *service,
                           const struct uk_https_reply *reply,
                           struct uk_session *out, enum uk_verdict *verdict,
                           struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_verdict found = UK_UNDECIDED;
    enum uk_code code = uk_api_take(service, reply, &document, err);

    if (code == UK_OK)
        code = decide(service, of_login, UK_COUNT(of_login), &found, err);
    if (code == UK_OK && found == UK_GRANTED)
        code = take_session(document, service->brief, out, err);
    if (code == UK_OK)
        *verdict = found;
    uk_json_free(document);
    return code;
}

static enum uk_code
take_access(const struct uk_json *document, struct uk_session *session,
            struct uk_err *err)
{
    struct uk_session fresh = {.user_id = ""};
    enum uk_code code;

    memcpy(fresh.user_id, session->user_id, sizeof(fresh.user_id));
    code = take_token(document, "access_token", &fresh.tokens.access, err);
    if (code == UK_OK)
        code = check_subject(&fresh, err);
    if (code == UK_OK)
        uk_secret_move(&session->tokens.access, &fresh.tokens.access);
    uk_session_clear(&fresh);
    return code;
}

enum uk_code
uk_sessionwords_take_refresh(struct uk_service *service,
                             const struct uk_https_reply *reply,
                             struct uk_session *session,
                             enum uk_verdict *verdict, struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_verdict found = UK_UNDECIDED;
    enum uk_code code = uk_api_take(service, reply, &document, err);

    if (code == UK_OK)
        code = decide(service, of_session, UK_COUNT(of_session), &found, err);
    if (code == UK_OK && found == UK_GRANTED)
        code = take_access(document, session, err);
    if (code == UK_OK)
        *verdict = found;
    uk_json_free(document);
    return code;
}

enum uk_code
uk_sessionwords_take_close(struct uk_service *service,
                           const struct uk_https_reply *reply,
                           struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_verdict verdict = UK_UNDECIDED;
    enum uk_code code = uk_api_take(service, reply, &document, err);

    if (code == UK_OK)
        code = decide(service, of_session, UK_COUNT(of_session), &verdict, err);
    if (code == UK_OK && verdict == UK_THROTTLED_SERVICE)
        code = uk_api_odd(service, err);
    uk_json_free(document);
    return code;
}

/* An identity of provider local-userpass whose address has been confirmed
 * gives that address; one of any other form gives none. */
static void
take_identity(const struct uk_json *identity, struct uk_person *person)
{
    const struct uk_json *data;
    const char *provider, *email;
    bool confirmed;

    if (person->n_emails == UK_PERSON_EMAILS ||
        !uk_json_text(identity, "provider_type", &provider) ||
        strcmp(provider, "local-userpass") != 0 ||
        !uk_json_object(identity, "provider_data", &data) ||
        !uk_json_bool(data, "confirmed", &confirmed) || !confirmed ||
        !uk_json_text(data, "email", &email) || !uk_identity_is_email(email))
        return;
    if (uk_str_copy(person->email[person->n_emails], UK_EMAIL_MAX + 1, email))
        person->n_emails++;
}

static enum uk_code
take_person(const struct uk_json *document, const struct uk_session *session,
            struct uk_person *out, struct uk_err *err)
{
    struct uk_person person = {.n_emails = 0};
    const struct uk_json *identities;
    const char *id;

    if (!uk_json_text(document, "user_id", &id) || !uk_identity_is_id(id) ||
        !uk_str_copy(person.id, sizeof(person.id), id))
        return uk_err_set(err, UK_BAD_ANSWER, "the answer has no 'user_id'");
    if (strcmp(person.id, session->user_id) != 0)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "the profile is of user '%s' and the session of "
                          "user '%s'",
                          person.id, session->user_id);
    if (!uk_json_array(document, "identities", &identities))
        return uk_err_set(err, UK_BAD_ANSWER, "the answer has no 'identities'");
    for (size_t i = 0; i < uk_json_count(identities); i++)
        take_identity(uk_json_item(identities, i), &person);
    *out = person;
    return UK_OK;
}

enum uk_code
uk_sessionwords_take_profile(struct uk_service *service,
                             const struct uk_https_reply *reply,
                             const struct uk_session *session,
                             struct uk_person *out, enum uk_verdict *verdict,
                             struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_verdict found = UK_UNDECIDED;
    enum uk_code code = uk_api_take(service, reply, &document, err);

    if (code == UK_OK)
        code = decide(service, of_session, UK_COUNT(of_session), &found, err);
    if (code == UK_OK && found == UK_GRANTED)
        code = take_person(document, session, out, err);
    if (code == UK_OK)
        *verdict = found;
    uk_json_free(document);
    return code;
}

void
uk_question_clear(struct uk_question *question)
{
    uk_buf_clear(&question->path);
    uk_buf_clear(&question->body);
    *question = (struct uk_question){.method = NULL};
}

void
uk_session_clear(struct uk_session *session)
{
    uk_tokens_clear(&session->tokens);
    session->user_id[0] = '\0';
}
