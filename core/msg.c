/* The contract between module and agent, packed and unpacked. */
#include "core/msg.h"

#include <string.h>

#include "core/keytext.h"
#include "core/str.h"
#include "core/wire.h"

/* The layout is docs/PROTOCOL.md, "Module and agent". */
#define MAGIC      "UKEY"
#define MAGIC_LEN  4
#define HEADER_LEN 8
#define LENGTH_AT  6

enum kind { KIND_REQUEST = 1, KIND_ANSWER = 2 };

/* The fields' own rules, the same for what is sent and what is received.
 * Each returns the name of a field that is wrong, or NULL. */

/* Bytes that may stand in a header or in JSON as they are. */
static bool
is_token(const struct uk_secret *secret)
{
    for (size_t i = 0; i < secret->len; i++) {
        if (secret->bytes[i] <= 0x20 || secret->bytes[i] > 0x7e)
            return false;
    }
    return secret->len <= UK_SECRET_MAX;
}

static const char *
wrong_in_request(const struct uk_request *request)
{
    bool login = request->op == UK_OP_LOGIN;
    bool prepare = request->op == UK_OP_PREPARE;

    if (!login && request->op != UK_OP_LOGOUT && !prepare)
        return "operation";
    if (request->budget_ms == 0)
        return "budget";
    if (!login && (request->want_emails || request->keep))
        return "flags";
    if (request->user[0] != '\0' && !uk_str_is_user_name(request->user))
        return "user";
    if (!uk_str_is_printable(request->service))
        return "service";
    if (!uk_str_is_printable(request->rhost))
        return "remote host";
    if (!uk_str_is_printable(request->ruser))
        return "asking user";
    if (prepare != (request->secret.len == 0) || !is_token(&request->secret) ||
        (login && request->secret.len > UK_KEYTEXT_MAX))
        return "secret";
    return NULL;
}

/* What only the module can find out, the agent does not say: the words choose
 * the PAM code, and that the way through the host's stack. */
static const bool agent_may_say[] = {
    [UK_UNDECIDED] = true,         [UK_GRANTED] = true,
    [UK_REFUSED] = true,           [UK_USER_DISABLED] = true,
    [UK_NOT_A_KEY] = true,         [UK_THROTTLED_HERE] = true,
    [UK_THROTTLED_SERVICE] = true,
};

static const char *
wrong_in_person(const struct uk_answer *answer)
{
    const struct uk_person *person = &answer->person;

    if (answer->verdict != UK_GRANTED) {
        if (person->id[0] != '\0' || person->n_emails != 0)
            return "person";
        return NULL;
    }
    if (!uk_identity_is_id(person->id))
        return "person";
    if (person->n_emails > UK_PERSON_EMAILS)
        return "number of addresses";
    for (size_t i = 0; i < person->n_emails; i++) {
        if (!uk_identity_is_email(person->email[i]))
            return "address";
    }
    return NULL;
}

static const char *
wrong_in_tokens(const struct uk_answer *answer)
{
    const struct uk_tokens *tokens = &answer->tokens;

    if (tokens->access.len == 0 && tokens->refresh.len == 0)
        return NULL;
    if (answer->verdict != UK_GRANTED)
        return "tokens";
    if (tokens->access.len == 0 || !is_token(&tokens->access))
        return "access token";
    if (tokens->refresh.len == 0 || !is_token(&tokens->refresh))
        return "refresh token";
    return NULL;
}

/* Nobody has a session of a service that cannot be reached. */
static bool
is_wrong_offline(const struct uk_answer *answer)
{
    if (!answer->offline)
        return answer->offline_age_s != 0;
    return answer->verdict != UK_GRANTED || answer->tokens.refresh.len > 0 ||
           answer->request_id[0] != '\0';
}

static const char *
wrong_in_answer(const struct uk_answer *answer)
{
    bool failed = answer->code != UK_OK;
    bool throttled = answer->verdict == UK_THROTTLED_HERE ||
                     answer->verdict == UK_THROTTLED_SERVICE;
    const char *wrong;

    if (answer->code > UK_CANCELLED)
        return "code";
    if (answer->stage > UK_STAGE_ANSWER ||
        (!failed && answer->stage != UK_STAGE_NONE))
        return "stage";
    if (!uk_str_is_printable(answer->text) ||
        (!failed && answer->verdict != UK_REFUSED && answer->text[0] != '\0'))
        return "text";
    if (answer->verdict >= UK_COUNT(agent_may_say) ||
        !agent_may_say[answer->verdict] ||
        (failed && answer->verdict != UK_UNDECIDED))
        return "verdict";
    if (answer->request_id[0] != '\0' && !uk_identity_is_id(answer->request_id))
        return "request id";
    if (!throttled && answer->retry_after_s != 0)
        return "retry time";
    if (is_wrong_offline(answer))
        return "offline mark";
    wrong = wrong_in_person(answer);
    return wrong != NULL ? wrong : wrong_in_tokens(answer);
}

static void
put_header(struct uk_buf *buf, enum kind kind)
{
    uk_buf_add(buf, MAGIC, MAGIC_LEN);
    uk_wire_put_number(buf, 1, UK_MSG_VERSION);
    uk_wire_put_number(buf, 1, kind);
    uk_wire_put_number(buf, 2, 0);
}

/* Write the length, now that it is known, into the header. */
static enum uk_code
finish(struct uk_buf *buf, size_t start, struct uk_err *err)
{
    enum uk_code code = uk_buf_check(buf, err);
    size_t len = buf->len - start;

    if (code != UK_OK)
        return uk_err_in(err, "packing a message for the agent's socket");
    if (len > UK_MSG_MAX)
        return uk_err_set(err, UK_INVALID,
                          "a message of %zu bytes is too long; allowed: %d",
                          len, UK_MSG_MAX);
    buf->bytes[start + LENGTH_AT] = (char)(len >> 8);
    buf->bytes[start + LENGTH_AT + 1] = (char)(len & 0xff);
    return UK_OK;
}

/* For counts and logs only: a strange byte in it is no reason to fail. */
static void
make_plain(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e)
            *text = '?';
    }
}

enum uk_code
uk_request_pack(const struct uk_request *request, struct uk_buf *buf,
                struct uk_err *err)
{
    struct uk_request plain = *request; /* borrows the secret */
    size_t start = buf->len;
    const char *wrong;

    make_plain(plain.service);
    make_plain(plain.rhost);
    make_plain(plain.ruser);
    wrong = wrong_in_request(&plain);
    if (wrong != NULL)
        return uk_err_set(err, UK_INVALID,
                          "the request's %s is not one that can be sent",
                          wrong);
    put_header(buf, KIND_REQUEST);
    uk_wire_put_number(buf, 1, plain.op);
    uk_wire_put_number(buf, 4, plain.budget_ms);
    uk_wire_put_number(buf, 1, plain.want_emails);
    uk_wire_put_number(buf, 1, plain.keep);
    uk_wire_put_text(buf, plain.user);
    uk_wire_put_text(buf, plain.service);
    uk_wire_put_text(buf, plain.rhost);
    uk_wire_put_text(buf, plain.ruser);
    uk_wire_put_secret(buf, &plain.secret);
    return finish(buf, start, err);
}

enum uk_code
uk_answer_pack(const struct uk_answer *answer, struct uk_buf *buf,
               struct uk_err *err)
{
    struct uk_answer plain = *answer; /* borrows the tokens */
    size_t start = buf->len;
    const char *wrong;

    make_plain(plain.text);
    wrong = wrong_in_answer(&plain);
    if (wrong != NULL)
        return uk_err_set(err, UK_INVALID,
                          "the answer's %s is not one that can be sent", wrong);
    put_header(buf, KIND_ANSWER);
    uk_wire_put_number(buf, 1, plain.code);
    uk_wire_put_number(buf, 1, plain.stage);
    uk_wire_put_text(buf, plain.text);
    uk_wire_put_number(buf, 1, plain.verdict);
    uk_wire_put_text(buf, plain.person.id);
    uk_wire_put_number(buf, 1, (uint32_t)plain.person.n_emails);
    for (size_t i = 0; i < plain.person.n_emails; i++)
        uk_wire_put_text(buf, plain.person.email[i]);
    uk_wire_put_secret(buf, &plain.tokens.access);
    uk_wire_put_secret(buf, &plain.tokens.refresh);
    uk_wire_put_text(buf, plain.request_id);
    uk_wire_put_number(buf, 4, plain.retry_after_s);
    uk_wire_put_number(buf, 1, plain.offline);
    uk_wire_put_number(buf, 4, plain.offline_age_s);
    return finish(buf, start, err);
}

static void
take_header(struct uk_wire *from, enum kind kind)
{
    size_t whole = from->left;
    const unsigned char *magic = uk_wire_take(from, MAGIC_LEN, "beginning");
    uint32_t version;

    if (magic == NULL)
        return;
    if (memcmp(magic, MAGIC, MAGIC_LEN) != 0)
        uk_wire_refuse(from, "beginning");
    version = uk_wire_take_number(from, 1, UINT8_MAX, "version");
    if (from->code == UK_OK && version != UK_MSG_VERSION)
        from->code = uk_err_set(from->err, UK_BAD_ANSWER,
                                "the other side speaks version %u, this one "
                                "version %d; install both from one package",
                                (unsigned)version, UK_MSG_VERSION);
    if (uk_wire_take_number(from, 1, KIND_ANSWER, "kind") != kind)
        uk_wire_refuse(from, "kind");
    if (uk_wire_take_number(from, 2, UK_MSG_MAX, "length") != whole)
        uk_wire_refuse(from, "length");
}

/* Was that all of it, all right? */
static enum uk_code
judge(struct uk_wire *from, const char *wrong)
{
    if (from->left > 0)
        uk_wire_refuse(from, "end");
    if (wrong != NULL)
        uk_wire_refuse(from, wrong);
    return from->code;
}

enum uk_code
uk_request_unpack(const void *bytes, size_t len, struct uk_request *out,
                  struct uk_err *err)
{
    struct uk_wire from;
    struct uk_request request = {.op = 0};
    enum uk_code code;

    uk_wire_init(&from, bytes, len, err);
    take_header(&from, KIND_REQUEST);
    request.op = uk_wire_take_number(&from, 1, UK_OP_PREPARE, "operation");
    request.budget_ms = uk_wire_take_number(&from, 4, UINT32_MAX, "budget");
    request.want_emails = uk_wire_take_number(&from, 1, 1, "flags") == 1;
    request.keep = uk_wire_take_number(&from, 1, 1, "flags") == 1;
    uk_wire_take_text(&from, request.user, sizeof(request.user), "user");
    uk_wire_take_text(&from, request.service, sizeof(request.service),
                      "service");
    uk_wire_take_text(&from, request.rhost, sizeof(request.rhost),
                      "remote host");
    uk_wire_take_text(&from, request.ruser, sizeof(request.ruser),
                      "asking user");
    uk_wire_take_secret(&from, &request.secret, "secret");
    code = judge(&from, wrong_in_request(&request));
    if (code == UK_OK)
        *out = request;
    else
        uk_request_clear(&request);
    return code;
}

bool
uk_request_is_prepare(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    return len > HEADER_LEN && at[HEADER_LEN] == UK_OP_PREPARE;
}

static void
take_person(struct uk_wire *from, struct uk_person *person)
{
    uk_wire_take_text(from, person->id, sizeof(person->id), "person");
    person->n_emails =
        uk_wire_take_number(from, 1, UK_PERSON_EMAILS, "number of addresses");
    for (size_t i = 0; i < person->n_emails; i++)
        uk_wire_take_text(from, person->email[i], sizeof(person->email[i]),
                          "address");
}

enum uk_code
uk_answer_unpack(const void *bytes, size_t len, struct uk_answer *out,
                 struct uk_err *err)
{
    struct uk_wire from;
    struct uk_answer answer = {.code = UK_OK};
    enum uk_code code;

    uk_wire_init(&from, bytes, len, err);
    take_header(&from, KIND_ANSWER);
    answer.code = uk_wire_take_number(&from, 1, UK_CANCELLED, "code");
    answer.stage = uk_wire_take_number(&from, 1, UK_STAGE_ANSWER, "stage");
    uk_wire_take_text(&from, answer.text, sizeof(answer.text), "text");
    answer.verdict =
        uk_wire_take_number(&from, 1, UK_THROTTLED_SERVICE, "verdict");
    take_person(&from, &answer.person);
    uk_wire_take_secret(&from, &answer.tokens.access, "access token");
    uk_wire_take_secret(&from, &answer.tokens.refresh, "refresh token");
    uk_wire_take_text(&from, answer.request_id, sizeof(answer.request_id),
                      "request id");
    answer.retry_after_s =
        uk_wire_take_number(&from, 4, UINT32_MAX, "retry time");
    answer.offline = uk_wire_take_number(&from, 1, 1, "offline mark") == 1;
    answer.offline_age_s =
        uk_wire_take_number(&from, 4, UINT32_MAX, "offline age");
    code = judge(&from, wrong_in_answer(&answer));
    if (code == UK_OK)
        *out = answer;
    else
        uk_answer_clear(&answer);
    return code;
}

enum uk_code
uk_answer_check(const struct uk_answer *answer,
                const struct uk_request *request, struct uk_err *err)
{
    bool login = request->op == UK_OP_LOGIN;
    const char *wrong = NULL;

    if (answer->code == UK_OK && login == (answer->verdict == UK_UNDECIDED))
        wrong = "verdict";
    else if (answer->person.n_emails > 0 && !request->want_emails)
        wrong = "address";
    else if (answer->tokens.refresh.len > 0 && !request->keep)
        wrong = "token";
    if (wrong == NULL)
        return UK_OK;
    return uk_err_set(err, UK_BAD_ANSWER,
                      "the answer's %s is not what was asked for", wrong);
}

void
uk_request_clear(struct uk_request *request)
{
    uk_secret_clear(&request->secret);
    uk_wipe(request, sizeof(*request));
}

void
uk_tokens_clear(struct uk_tokens *tokens)
{
    uk_secret_clear(&tokens->access);
    uk_secret_clear(&tokens->refresh);
}

void
uk_answer_clear(struct uk_answer *answer)
{
    uk_tokens_clear(&answer->tokens);
    uk_wipe(answer, sizeof(*answer));
}
