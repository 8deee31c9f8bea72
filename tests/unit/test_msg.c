/* core/msg: messages byte by byte, and what is not one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/msg.h"

/*
 * Written by hand (with Python's struct) from docs/PROTOCOL.md, "Module and
 * agent".
 */
static const unsigned char request_bytes[] =
    "UKEY\x02\x01\x00\x2d"         /* version, request, 45 bytes */
    "\x01\x00\x00\x11\x94\x01\x00" /* login, 4500 ms, emails, not keep */
    "\x00\x05"
    "alice"
    "\x00\x04"
    "sshd"
    "\x00\x08"
    "10.0.0.7"
    "\x00\x00"
    "\x00\x03"
    "k3y";

static const unsigned char granted_bytes[] =
    "UKEY\x02\x02\x00\x5f" /* version, answer, 95 bytes */
    "\x00\x00\x00\x00"     /* ok, no stage, no text */
    "\x01"                 /* granted */
    "\x00\x18"
    "64f0c0ffee0123456789abcd"
    "\x01\x00\x11"
    "alice@example.com"
    "\x00\x08"
    "acc.e.ss"
    "\x00\x09"
    "re.fre.sh"
    "\x00\x04"
    "5fe1"
    "\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00";

static const unsigned char offline_bytes[] =
    "UKEY\x02\x02\x00\x22" /* version, answer, 34 bytes */
    "\x00\x00\x00\x00"     /* ok, no stage, no text */
    "\x01"                 /* granted */
    "\x00\x03"
    "u-1"
    "\x00"                  /* no addresses, */
    "\x00\x00\x00\x00"      /* no tokens, */
    "\x00\x00"              /* no request id, */
    "\x00\x00\x00\x00"      /* no retry time */
    "\x01\x00\x00\xa8\xc0"; /* offline, 43200 s */

static const unsigned char throttled_bytes[] =
    "UKEY\x02\x02\x00\x23" /* version, answer, 35 bytes */
    "\x00\x00\x00\x00"     /* ok, no stage, no text */
    "\x0a"                 /* throttled by the service */
    "\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x04"
    "5fe1"
    "\x00\x00\x00\x1e" /* for 30 s */
    "\x00\x00\x00\x00\x00";

static const unsigned char failed_bytes[] =
    "UKEY\x02\x02\x00\x29" /* version, answer, 41 bytes */
    "\x03\x02"             /* timeout, resolve */
    "\x00\x0a"
    "no address"
    "\x00" /* undecided */
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00";

#define LEN(literal) (sizeof(literal) - 1)

static struct uk_secret
borrow(const char *text)
{
    union {
        const char *in;
        char *out;
    } bytes = {.in = text};

    return (struct uk_secret){.bytes = bytes.out, .len = strlen(text)};
}

static struct uk_request
some_request(void)
{
    return (struct uk_request){
        .op = UK_OP_LOGIN,
        .budget_ms = 4500,
        .want_emails = true,
        .user = "alice",
        .service = "sshd",
        .rhost = "10.0.0.7",
        .secret = borrow("k3y"),
    };
}

static struct uk_answer
some_grant(void)
{
    return (struct uk_answer){
        .code = UK_OK,
        .verdict = UK_GRANTED,
        .person = {.id = "64f0c0ffee0123456789abcd",
                   .n_emails = 1,
                   .email = {"alice@example.com"}},
        .tokens = {.access = borrow("acc.e.ss"),
                   .refresh = borrow("re.fre.sh")},
        .request_id = "5fe1",
    };
}

static struct uk_answer
some_throttling(void)
{
    return (struct uk_answer){.verdict = UK_THROTTLED_SERVICE,
                              .request_id = "5fe1",
                              .retry_after_s = 30};
}

static struct uk_answer
some_offline_grant(void)
{
    return (struct uk_answer){.verdict = UK_GRANTED,
                              .person = {.id = "u-1"},
                              .offline = true,
                              .offline_age_s = 43200};
}

static struct uk_answer
some_failure(void)
{
    return (struct uk_answer){
        .code = UK_TIMEOUT, .stage = UK_STAGE_RESOLVE, .text = "no address"};
}

/* Packing gives these bytes; unpacking them and packing again, too. */
static void
check_answer(const struct uk_answer *answer, const unsigned char *bytes,
             size_t len)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    struct uk_answer read = {.code = UK_INVALID};
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_answer_pack(answer, &buf, &err), UK_OK);
    assert_int_equal(buf.len, len);
    assert_memory_equal(buf.bytes, bytes, len);
    uk_buf_clear(&buf);
    assert_int_equal(uk_answer_unpack(bytes, len, &read, &err), UK_OK);
    assert_int_equal(read.code, answer->code);
    assert_int_equal(read.stage, answer->stage);
    assert_int_equal(read.verdict, answer->verdict);
    assert_int_equal(read.retry_after_s, answer->retry_after_s);
    assert_int_equal(read.offline, answer->offline);
    assert_int_equal(read.offline_age_s, answer->offline_age_s);
    assert_string_equal(read.person.id, answer->person.id);
    assert_int_equal(uk_answer_pack(&read, &buf, &err), UK_OK);
    assert_memory_equal(buf.bytes, bytes, len);
    uk_buf_clear(&buf);
    uk_answer_clear(&read);
    uk_answer_clear(&read);
}

static void
packs_what_the_protocol_says(void **state)
{
    struct uk_request request = some_request();
    struct uk_answer granted = some_grant();
    struct uk_answer throttled = some_throttling();
    struct uk_answer failed = some_failure();
    struct uk_answer offline = some_offline_grant();
    struct uk_request read = {.op = 0};
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_request_pack(&request, &buf, &err), UK_OK);
    assert_int_equal(buf.len, LEN(request_bytes));
    assert_memory_equal(buf.bytes, request_bytes, buf.len);
    assert_int_equal(uk_request_unpack(buf.bytes, buf.len, &read, &err), UK_OK);
    assert_int_equal(read.op, UK_OP_LOGIN);
    assert_int_equal(read.budget_ms, 4500);
    assert_true(read.want_emails);
    assert_false(read.keep);
    assert_string_equal(read.user, "alice");
    assert_string_equal(read.service, "sshd");
    assert_string_equal(read.rhost, "10.0.0.7");
    assert_string_equal(uk_secret_peek(&read.secret), "k3y");
    uk_request_clear(&read);
    uk_request_clear(&read);
    uk_buf_clear(&buf);
    check_answer(&granted, granted_bytes, LEN(granted_bytes));
    check_answer(&throttled, throttled_bytes, LEN(throttled_bytes));
    check_answer(&failed, failed_bytes, LEN(failed_bytes));
    check_answer(&offline, offline_bytes, LEN(offline_bytes));
}

/* The largest of everything has room. */
static void
has_room_for_the_longest(void **state)
{
    static char token[UK_SECRET_MAX];
    struct uk_answer answer = some_grant();
    struct uk_answer read;
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    struct uk_err err = UK_ERR_NONE;

    memset(token, 't', sizeof(token));
    answer.tokens.access = (struct uk_secret){token, sizeof(token)};
    answer.tokens.refresh = (struct uk_secret){token, sizeof(token)};
    memset(answer.person.id, 'i', UK_USER_ID_MAX);
    memset(answer.request_id, 'r', UK_MSG_REQUEST_ID);
    answer.person.n_emails = UK_PERSON_EMAILS;
    for (size_t i = 0; i < UK_PERSON_EMAILS; i++) {
        memset(answer.person.email[i], 'e', UK_EMAIL_MAX);
        answer.person.email[i][1] = '@';
    }
    assert_int_equal(uk_answer_pack(&answer, &buf, &err), UK_OK);
    assert_int_equal(uk_answer_unpack(buf.bytes, buf.len, &read, &err), UK_OK);
    assert_int_equal(read.tokens.refresh.len, UK_SECRET_MAX);
    assert_int_equal(strlen(read.person.email[7]), UK_EMAIL_MAX);
    uk_answer_clear(&read);
    uk_buf_clear(&buf);
}

/* Every row is a good request but for the field that it names. */
static void
does_not_pack_a_wrong_request(void **state)
{
    char key[] = "k3y";
    char spaces[] = "k 3y";
    char controls[] = "k\n3y";
    char deleted[] = "k\177";
    char umlaut[] = "k\303\244";
    char longer[513];
    const struct {
        const char *field;
        struct uk_request request;
    } rows[] = {
        {"operation", {0, 1, .secret = {key, 3}}},
        {"operation", {4, 1, .secret = {key, 3}}},
        {"budget", {UK_OP_LOGIN, 0, .secret = {key, 3}}},
        {"flags", {UK_OP_LOGOUT, 1, .want_emails = true, .secret = {key, 3}}},
        {"flags", {UK_OP_LOGOUT, 1, .keep = true, .secret = {key, 3}}},
        {"user", {UK_OP_LOGIN, 1, .user = "Alice", .secret = {key, 3}}},
        {"user", {UK_OP_LOGIN, 1, .user = "a\n", .secret = {key, 3}}},
        {"secret", {UK_OP_LOGIN, 1, .secret = {NULL, 0}}},
        {"secret", {UK_OP_LOGIN, 1, .secret = {key, 4}}}, /* its NUL */
        {"secret", {UK_OP_LOGIN, 1, .secret = {spaces, 4}}},
        {"secret", {UK_OP_LOGIN, 1, .secret = {controls, 4}}},
        {"secret", {UK_OP_LOGIN, 1, .secret = {deleted, 2}}},
        {"secret", {UK_OP_LOGIN, 1, .secret = {umlaut, 3}}},
        {"secret", {UK_OP_LOGIN, 1, .secret = {longer, 513}}},
        {"secret", {UK_OP_LOGOUT, 1, .secret = {NULL, 0}}},
        {"secret", {UK_OP_PREPARE, 1, .secret = {key, 3}}},
        {"flags", {UK_OP_PREPARE, 1, .keep = true}},
    };

    memset(longer, 'k', sizeof(longer));
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
        struct uk_err err = UK_ERR_NONE;
        char want[100];

        snprintf(want, sizeof(want),
                 "the request's %s is not one that can be sent", rows[i].field);
        if (uk_request_pack(&rows[i].request, &buf, &err) != UK_INVALID)
            fail_msg("request %zu was packed", i);
        assert_string_equal(err.text, want);
        assert_int_equal(buf.len, 0);
    }
}

/* The same for answers. */
static void
does_not_pack_an_answer_that_contradicts_itself(void **state)
{
#define NOBODY  .person = {.n_emails = 0 }
#define SOMEONE .person = {.id = "u1"}
    char token[] = "t";
    char spaces[] = "t t";
    const struct {
        const char *field;
        struct uk_answer answer;
    } rows[] = {
        {"code", {.code = UK_CANCELLED + 1}},
        {"stage", {.code = UK_TIMEOUT, .stage = UK_STAGE_ANSWER + 1}},
        {"stage", {.stage = UK_STAGE_TLS, .verdict = UK_GRANTED, SOMEONE}},
        {"text", {.text = "x", .verdict = UK_GRANTED, SOMEONE}},
        {"text", {.text = "x", .verdict = UK_USER_DISABLED}},
        {"text", {.text = "x", .verdict = UK_THROTTLED_SERVICE}},
        {"verdict", {.code = UK_TLS, .verdict = UK_GRANTED, SOMEONE}},
        {"verdict", {.code = UK_TLS, .verdict = UK_REFUSED}},
        {"verdict", {.verdict = UK_THROTTLED_SERVICE + 1}},
        {"verdict", {.verdict = UK_NOT_MAPPED}},
        {"verdict", {.verdict = UK_NOT_ALLOWED}},
        {"verdict", {.verdict = UK_UNKNOWN_USER}},
        {"verdict", {.verdict = UK_JUNK}},
        {"person", {.verdict = UK_GRANTED, NOBODY}},
        {"person", {.verdict = UK_GRANTED, .person = {.id = "u'1"}}},
        {"person", {.verdict = UK_REFUSED, SOMEONE}},
        {"person", {.verdict = UK_UNDECIDED, SOMEONE}},
        {"person", {.code = UK_TLS, SOMEONE}},
        {"person", {.verdict = UK_REFUSED, .person = {.n_emails = 1}}},
        {"number of addresses",
         {.verdict = UK_GRANTED, .person = {.id = "u1", .n_emails = 9}}},
        {"address",
         {.verdict = UK_GRANTED, .person = {.id = "u1", .n_emails = 1}}},
        {"address",
         {.verdict = UK_GRANTED,
          .person = {.id = "u1", .n_emails = 1, .email = {"a@b@c"}}}},
        {"tokens", {.verdict = UK_REFUSED, .tokens = {{token, 1}, {token, 1}}}},
        {"tokens", {.verdict = UK_REFUSED, .tokens = {{NULL, 0}, {token, 1}}}},
        {"access token",
         {.verdict = UK_GRANTED, SOMEONE, .tokens = {{NULL, 0}, {token, 1}}}},
        {"refresh token",
         {.verdict = UK_GRANTED, SOMEONE, .tokens = {{token, 1}, {NULL, 0}}}},
        {"refresh token",
         {.verdict = UK_GRANTED, SOMEONE, .tokens = {{token, 1}, {spaces, 3}}}},
        {"request id", {.verdict = UK_REFUSED, .request_id = "a\nb"}},
        {"request id", {.verdict = UK_REFUSED, .request_id = "1 time=2ms: x"}},
        {"request id", {.verdict = UK_REFUSED, .request_id = "a;b"}},
        {"request id", {.verdict = UK_REFUSED, .request_id = "a'b"}},
        {"retry time", {.verdict = UK_REFUSED, .retry_after_s = 1}},
        {"retry time", {.verdict = UK_GRANTED, SOMEONE, .retry_after_s = 1}},
        {"retry time", {.code = UK_TLS, .retry_after_s = 1}},
        {"offline mark", {.verdict = UK_REFUSED, .offline = true}},
        {"offline mark", {.code = UK_TLS, .offline = true}},
        {"offline mark",
         {.verdict = UK_GRANTED,
          SOMEONE,
          .tokens = {{token, 1}, {token, 1}},
          .offline = true}},
        {"offline mark",
         {.verdict = UK_GRANTED, SOMEONE, .request_id = "r", .offline = true}},
        {"offline mark", {.verdict = UK_GRANTED, SOMEONE, .offline_age_s = 1}},
        {"offline mark", {.code = UK_TLS, .offline_age_s = 1}},
    };
#undef NOBODY
#undef SOMEONE

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
        struct uk_err err = UK_ERR_NONE;
        char want[100];

        snprintf(want, sizeof(want),
                 "the answer's %s is not one that can be sent", rows[i].field);
        if (uk_answer_pack(&rows[i].answer, &buf, &err) != UK_INVALID)
            fail_msg("answer %zu was packed", i);
        assert_string_equal(err.text, want);
        assert_int_equal(buf.len, 0);
    }
}

static void
needs_room_for_all_of_it(void **state)
{
    struct uk_answer answer = some_grant();
    struct uk_err err = UK_ERR_NONE;

    for (size_t room = 0; room < LEN(granted_bytes); room++) {
        struct uk_buf buf = UK_BUF_UP_TO(room);

        assert_int_equal(uk_answer_pack(&answer, &buf, &err), UK_INVALID);
        uk_buf_clear(&buf);
    }
}

/* What is for logs only is no reason not to ask. */
static void
makes_log_texts_plain(void **state)
{
    struct uk_request request = some_request();
    struct uk_answer answer = some_failure();
    struct uk_request asked;
    struct uk_answer answered;
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    struct uk_err err = UK_ERR_NONE;

    memcpy(request.service, "s\nd", 4);
    memcpy(request.rhost, "h\303\244\x1b", 5);
    memcpy(request.ruser, "m\tm", 4);
    memcpy(answer.text, "no\tway", 7);
    assert_int_equal(uk_request_pack(&request, &buf, &err), UK_OK);
    assert_int_equal(uk_request_unpack(buf.bytes, buf.len, &asked, &err),
                     UK_OK);
    assert_string_equal(asked.service, "s?d");
    assert_string_equal(asked.rhost, "h???");
    assert_string_equal(asked.ruser, "m?m");
    uk_buf_clear(&buf);
    assert_int_equal(uk_answer_pack(&answer, &buf, &err), UK_OK);
    assert_int_equal(uk_answer_unpack(buf.bytes, buf.len, &answered, &err),
                     UK_OK);
    assert_string_equal(answered.text, "no?way");
    uk_buf_clear(&buf);
    uk_request_clear(&asked);
    uk_answer_clear(&answered);
}

/* Unpack a copy of exactly this length, so that the sanitizer sees a byte
 * too far; true if it was taken. */
static bool
take_answer(const unsigned char *bytes, size_t len, struct uk_answer *out)
{
    unsigned char *copy = malloc(len > 0 ? len : 1);
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    code = uk_answer_unpack(copy, len, out, &err);
    free(copy);
    if (code == UK_OK)
        return true;
    assert_int_equal(code, UK_BAD_ANSWER);
    assert_int_equal(err.code, UK_BAD_ANSWER);
    assert_true(strlen(err.text) > 0);
    return false;
}

static bool
take_request(const unsigned char *bytes, size_t len, struct uk_request *out)
{
    unsigned char *copy = malloc(len > 0 ? len : 1);
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    code = uk_request_unpack(copy, len, out, &err);
    free(copy);
    assert_true(code == UK_OK || code == UK_BAD_ANSWER);
    return code == UK_OK;
}

static const struct {
    const unsigned char *bytes;
    size_t len;
    enum uk_verdict verdict;
} answers[] = {
    {granted_bytes, LEN(granted_bytes), UK_GRANTED},
    {throttled_bytes, LEN(throttled_bytes), UK_THROTTLED_SERVICE},
    {failed_bytes, LEN(failed_bytes), UK_UNDECIDED},
    {offline_bytes, LEN(offline_bytes), UK_GRANTED},
};

static void
takes_no_part_of_a_message(void **state)
{
    struct uk_answer answer;
    struct uk_request request;

    for (size_t i = 0; i < UK_COUNT(answers); i++) {
        unsigned char bytes[200] = {0};

        memcpy(bytes, answers[i].bytes, answers[i].len);
        for (size_t len = 0; len < sizeof(bytes); len++) {
            /* Once as it was cut, once with a length that fits. */
            assert_int_equal(take_answer(bytes, len, &answer),
                             len == answers[i].len);
            if (len < 8 || len == answers[i].len) {
                if (len >= 8)
                    uk_answer_clear(&answer);
                continue;
            }
            bytes[7] = (unsigned char)len;
            assert_false(take_answer(bytes, len, &answer));
            bytes[7] = answers[i].bytes[7];
        }
    }
    for (size_t len = 0; len < LEN(request_bytes); len++)
        assert_false(take_request(request_bytes, len, &request));
}

/* Each byte of each message as each other byte: nothing crashes, and what was
 * no grant never becomes one. */
static void
grants_nothing_by_a_damaged_byte(void **state)
{
    size_t taken = 0;

    for (size_t i = 0; i < UK_COUNT(answers); i++) {
        unsigned char bytes[200];

        memcpy(bytes, answers[i].bytes, answers[i].len);
        for (size_t n = 0; n < 256 * answers[i].len; n++) {
            struct uk_answer answer;
            size_t at = n / 256;

            bytes[at] = (unsigned char)(n % 256);
            if (bytes[at] != answers[i].bytes[at] &&
                take_answer(bytes, answers[i].len, &answer)) {
                taken++;
                assert_true(at >= 8); /* nothing in the header may change */
                assert_true(answer.request_id[0] == '\0' ||
                            uk_identity_is_id(answer.request_id));
                if (answer.verdict == UK_GRANTED) {
                    assert_int_equal(answers[i].verdict, UK_GRANTED);
                    assert_int_equal(answer.code, UK_OK);
                    assert_true(uk_identity_is_id(answer.person.id));
                }
                uk_answer_clear(&answer);
            }
            bytes[at] = answers[i].bytes[at];
        }
    }
    assert_true(taken > 0); /* a letter of a text may change */
}

static void
survives_damaged_requests(void **state)
{
    unsigned char bytes[LEN(request_bytes)];

    memcpy(bytes, request_bytes, sizeof(bytes));
    for (size_t n = 0; n < 256 * sizeof(bytes); n++) {
        struct uk_request request;
        size_t at = n / 256;

        bytes[at] = (unsigned char)(n % 256);
        if (take_request(bytes, sizeof(bytes), &request)) {
            assert_true(at >= 8 || bytes[at] == request_bytes[at]);
            assert_true(request.op == UK_OP_LOGIN ||
                        request.op == UK_OP_LOGOUT);
            assert_true(request.budget_ms > 0);
            assert_true(request.secret.len > 0);
            uk_request_clear(&request);
        }
        bytes[at] = request_bytes[at];
    }
}

/* Two bytes at a time, where one cannot make a contradiction. */
static void
grants_nothing_by_two_damaged_bytes(void **state)
{
    unsigned char bytes[LEN(throttled_bytes)];

    memcpy(bytes, throttled_bytes, sizeof(bytes));
    bytes[12] = UK_GRANTED;
    for (size_t n = 0; n < 256 * sizeof(bytes); n++) {
        struct uk_answer answer;
        size_t at = n / 256;

        if (at == 12)
            continue;
        bytes[at] = (unsigned char)(n % 256);
        assert_false(take_answer(bytes, sizeof(bytes), &answer));
        bytes[at] = throttled_bytes[at];
    }
}

static void
writes_only_on_success(void **state)
{
    struct uk_answer answer = {.verdict = UK_JUNK};
    struct uk_request request = {.op = UK_OP_LOGOUT};

    assert_false(take_answer(granted_bytes, 40, &answer));
    assert_int_equal(answer.verdict, UK_JUNK);
    assert_false(take_answer(request_bytes, LEN(request_bytes), &answer));
    assert_false(take_request(request_bytes, 40, &request));
    assert_false(take_request(failed_bytes, LEN(failed_bytes), &request));
    assert_int_equal(request.op, UK_OP_LOGOUT);
}

static void
says_when_the_version_is_another(void **state)
{
    unsigned char bytes[LEN(failed_bytes)];
    struct uk_answer answer;
    struct uk_err err = UK_ERR_NONE;

    memcpy(bytes, failed_bytes, sizeof(bytes));
    bytes[4] = 1;
    assert_int_equal(uk_answer_unpack(bytes, sizeof(bytes), &answer, &err),
                     UK_BAD_ANSWER);
    assert_non_null(strstr(err.text, "version 1"));
}

static void
knows_answers_to_another_question(void **state)
{
    struct uk_request login = some_request();
    struct uk_request plain = some_request();
    struct uk_request keep = some_request();
    struct uk_request logout = {.op = UK_OP_LOGOUT};
    struct uk_answer granted = some_grant();
    struct uk_answer bare = {.verdict = UK_GRANTED, .person = {.id = "u1"}};
    struct uk_answer refused = {.verdict = UK_REFUSED};
    struct uk_answer done = {.verdict = UK_UNDECIDED};
    struct uk_answer failed = some_failure();
    struct uk_err err = UK_ERR_NONE;

    plain.want_emails = false;
    keep.keep = true;
    assert_int_equal(uk_answer_check(&granted, &keep, &err), UK_OK);
    assert_int_equal(uk_answer_check(&bare, &keep, &err), UK_OK);
    assert_int_equal(uk_answer_check(&bare, &plain, &err), UK_OK);
    assert_int_equal(uk_answer_check(&refused, &plain, &err), UK_OK);
    assert_int_equal(uk_answer_check(&failed, &plain, &err), UK_OK);
    assert_int_equal(uk_answer_check(&failed, &logout, &err), UK_OK);
    assert_int_equal(uk_answer_check(&done, &logout, &err), UK_OK);
    assert_int_equal(uk_answer_check(&done, &login, &err), UK_BAD_ANSWER);
    assert_int_equal(uk_answer_check(&bare, &logout, &err), UK_BAD_ANSWER);
    assert_int_equal(uk_answer_check(&refused, &logout, &err), UK_BAD_ANSWER);
    assert_int_equal(uk_answer_check(&granted, &login, &err), UK_BAD_ANSWER);
    assert_string_equal(err.text,
                        "the answer's token is not what was asked for");
    granted.tokens = (struct uk_tokens){{0}, {0}};
    assert_int_equal(uk_answer_check(&granted, &login, &err), UK_OK);
    assert_int_equal(uk_answer_check(&granted, &plain, &err), UK_BAD_ANSWER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_what_the_protocol_says),
        cmocka_unit_test(has_room_for_the_longest),
        cmocka_unit_test(does_not_pack_a_wrong_request),
        cmocka_unit_test(does_not_pack_an_answer_that_contradicts_itself),
        cmocka_unit_test(needs_room_for_all_of_it),
        cmocka_unit_test(makes_log_texts_plain),
        cmocka_unit_test(takes_no_part_of_a_message),
        cmocka_unit_test(grants_nothing_by_a_damaged_byte),
        cmocka_unit_test(grants_nothing_by_two_damaged_bytes),
        cmocka_unit_test(survives_damaged_requests),
        cmocka_unit_test(writes_only_on_success),
        cmocka_unit_test(says_when_the_version_is_another),
        cmocka_unit_test(knows_answers_to_another_question),
    };

    return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
