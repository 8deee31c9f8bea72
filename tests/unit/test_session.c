/* The session calls: what is sent, and what each answer means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/claims.h"
#include "core/json.h"
#include "core/session.h"
#include "core/str.h"
#include "core/version.h"
#include "tests/unit/exchange.h"

/* Tokens made with Python's base64 and json; their claims beside them. */
#define USER  "64f0c0ffee0123456789abcd"
#define OTHER "64f0c0ffee0123456789abce"
#define ALICE /* sub USER */                                                   \
    "eyJhbGciOiJIUzI1NiJ9.eyJ0eXAiOiJhY2Nlc3MiLCJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ" \
    "1Njc4OWFiY2QifQ.c2ln__4"
#define BOB /* sub OTHER */                                                    \
    "eyJhbGciOiJIUzI1NiJ9."                                                    \
    "eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWFiY2UifQ.c2ln__4"
#define NOBODY /* no sub */                                                    \
    "eyJhbGciOiJIUzI1NiJ9.eyJ0eXAiOiJhY2Nlc3MifQ.c2ln__4"
#define NUMBER /* sub 12 */ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjEyfQ.c2ln__4"
#define EVIL   /* sub "../root" */                                             \
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi9yb290In0.c2ln__4"
#define TWICE /* sub USER, two times */                                        \
    "e30.eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWFiY2QiLCJzdWIiOiI2NGYwYzBmZmVl" \
    "MDEyMzQ1Njc4OWFiY2QifQ.eA"
#define NOT_JSON /* "hello" */ "e30.aGVsbG8.eA"

#define ANSWER(id, access, refresh)                                            \
    "{\"user_id\":\"" id "\",\"access_token\":\"" access                       \
    "\",\"refresh_token\":\"" refresh "\",\"device_id\":\"0\"}"
#define REFUSAL(code) "{\"error\":\"no\",\"error_code\":\"" code "\"}"

static struct uk_service service = {.app_id = "demo-abcde"};
static struct uk_err err;

static int
reset(void **state)
{
    memset(&script, 0, sizeof(script));
    memset(&asked, 0, sizeof(asked));
    memset(&err, 0, sizeof(err));
    service.refusal = (struct uk_refusal){.status = 0};
    return 0;
}

static struct uk_secret
secret(const char *text)
{
    struct uk_secret made = UK_SECRET_NONE;

    assert_int_equal(uk_secret_set(&made, text, strlen(text), &err), UK_OK);
    return made;
}

static const struct {
    const char *what;
    const char *token;
    bool is_token;
    const char *subject; /* or NULL */
} tokens[] = {
    {"alice's", ALICE, true, USER},
    {"bob's", BOB, true, OTHER},
    {"no subject", NOBODY, true, NULL},
    {"a number", NUMBER, true, NULL},
    {"not an id", EVIL, true, NULL},
    {"two subjects", TWICE, true, NULL},
    {"not JSON", NOT_JSON, true, NULL},
    {"nothing", "", false, NULL},
    {"one part", "abc", false, NULL},
    {"two parts", "abc.def", false, NULL},
    {"an empty part", "abc..def", false, NULL},
    {"an empty first part", ".abc.def", false, NULL},
    {"an empty last part", "abc.def.", false, NULL},
    {"four parts", "abc.def.ghi.jkl", false, NULL},
    {"a space", "abc.d ef.ghi", false, NULL},
    {"a line feed", ALICE "\n", false, NULL},
    {"padding", "abc.def=.ghi", false, NULL},
    {"plus and slash", "abc.d+f/.ghi", false, NULL},
};

static void
test_claims(void **state)
{
    for (size_t i = 0; i < UK_COUNT(tokens); i++) {
        struct uk_secret token = secret(tokens[i].token);
        char subject[UK_USER_ID_MAX + 1] = "untouched";
        enum uk_code code = uk_claims_subject(&token, subject, &err);

        if (uk_claims_is_token(&token) != tokens[i].is_token)
            fail_msg("%s", tokens[i].what);
        if (code != (tokens[i].subject != NULL ? UK_OK : UK_BAD_ANSWER))
            fail_msg("%s: %s", tokens[i].what, err.text);
        assert_string_equal(subject, tokens[i].subject != NULL
                                         ? tokens[i].subject
                                         : "untouched");
        uk_secret_clear(&token);
    }
}

/* A NUL inside a token ends nothing. */
static void
test_claims_nul(void **state)
{
    struct uk_secret token = UK_SECRET_NONE;

    assert_int_equal(uk_secret_set(&token, "a.b.c\0d", 7, &err), UK_OK);
    assert_false(uk_claims_is_token(&token));
    uk_secret_clear(&token);
}

static const struct {
    const char *what;
    int status;
    const char *body;
    enum uk_code code;
    enum uk_verdict verdict;
    const char *words; /* in the sentence of a failure */
} logins[] = {
    {"yes", 200, ANSWER(USER, ALICE, BOB), UK_OK, UK_GRANTED, NULL},
    {"yes, as 201", 201, ANSWER(USER, ALICE, BOB), UK_OK, UK_GRANTED, NULL},
    {"no", 401, REFUSAL("AuthError"), UK_OK, UK_REFUSED, NULL},
    {"wrong password", 401, REFUSAL("InvalidPassword"), UK_OK, UK_REFUSED,
     NULL},
    {"disabled", 401, REFUSAL("UserDisabled"), UK_OK, UK_USER_DISABLED, NULL},
    {"disabled, as 403", 403, REFUSAL("UserDisabled"), UK_OK, UK_USER_DISABLED,
     NULL},
    {"too many", 429, NULL, UK_OK, UK_THROTTLED_SERVICE, NULL},
    {"too many, in words", 429, REFUSAL("Slower"), UK_OK, UK_THROTTLED_SERVICE,
     NULL},
    /* Not a word about the key. */
    {"401 without words", 401, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "401"},
    {"401 of a proxy", 401, "{\"error\":\"login first\"}", UK_BAD_ANSWER,
     UK_UNDECIDED, "401"},
    {"401, another code", 401, REFUSAL("InvalidSession"), UK_BAD_ANSWER,
     UK_UNDECIDED, "InvalidSession"},
    {"the code in another place", 400, REFUSAL("AuthError"), UK_BAD_ANSWER,
     UK_UNDECIDED, "400"},
    {"403 without words", 403, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "403"},
    {"no such app", 404, "{\"error\":\"cannot find app\"}", UK_BAD_ANSWER,
     UK_UNDECIDED, "app_id"},
    {"the provider is off", 404, REFUSAL("AuthProviderNotFound"), UK_OK,
     UK_REFUSED, NULL},
    {"not there, of a proxy", 404, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "404"},
    {"the code with another status", 400, REFUSAL("AuthProviderNotFound"),
     UK_BAD_ANSWER, UK_UNDECIDED, "400"},
    {"a redirect", 302, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "redirects"},
    {"not modified", 304, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "304"},
    {"broken", 500, "{}", UK_BAD_ANSWER, UK_UNDECIDED, "500"},
    {"a yes in a broken one", 500, ANSWER(USER, ALICE, BOB), UK_BAD_ANSWER,
     UK_UNDECIDED, "500"},
    {"busy", 503, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "503"},
    /* A yes that is none. */
    {"accepted", 202, ANSWER(USER, ALICE, BOB), UK_BAD_ANSWER, UK_UNDECIDED,
     "202"},
    {"a part", 206, ANSWER(USER, ALICE, BOB), UK_BAD_ANSWER, UK_UNDECIDED,
     "206"},
    {"nothing", 200, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "user_id"},
    {"204", 204, NULL, UK_BAD_ANSWER, UK_UNDECIDED, "user_id"},
    {"an empty object", 200, "{}", UK_BAD_ANSWER, UK_UNDECIDED, "user_id"},
    {"an array", 200, "[]", UK_BAD_ANSWER, UK_UNDECIDED, "user_id"},
    {"ok", 200, "{\"ok\":true}", UK_BAD_ANSWER, UK_UNDECIDED, "user_id"},
    {"not JSON", 200, "hello", UK_BAD_ANSWER, UK_UNDECIDED, "JSON"},
    {"a name twice", 200,
     "{\"user_id\":\"" OTHER "\"," /* json-c would take the last */
     "\"user_id\":\"" USER "\",\"access_token\":\"" ALICE
     "\",\"refresh_token\":\"" BOB "\"}",
     UK_BAD_ANSWER, UK_UNDECIDED, "twice"},
    {"no access token", 200,
     "{\"user_id\":\"" USER "\",\"refresh_token\":\"" ALICE "\"}",
     UK_BAD_ANSWER, UK_UNDECIDED, "access_token"},
    {"no refresh token", 200,
     "{\"user_id\":\"" USER "\",\"access_token\":\"" ALICE "\"}", UK_BAD_ANSWER,
     UK_UNDECIDED, "refresh_token"},
    {"another's token", 200, ANSWER(USER, BOB, ALICE), UK_BAD_ANSWER,
     UK_UNDECIDED, OTHER},
    {"another's id", 200, ANSWER(OTHER, ALICE, BOB), UK_BAD_ANSWER,
     UK_UNDECIDED, OTHER},
    {"nobody's token", 200, ANSWER(USER, NOBODY, ALICE), UK_BAD_ANSWER,
     UK_UNDECIDED, "subject"},
    {"an evil token", 200, ANSWER("../root", EVIL, ALICE), UK_BAD_ANSWER,
     UK_UNDECIDED, "user_id"},
    {"an empty id", 200, ANSWER("", ALICE, BOB), UK_BAD_ANSWER, UK_UNDECIDED,
     "user_id"},
    {"an id with a NUL", 200, ANSWER(USER "\\u0000x", ALICE, BOB),
     UK_BAD_ANSWER, UK_UNDECIDED, "NUL"},
    {"a number for an id", 200,
     "{\"user_id\":0,\"access_token\":\"" ALICE "\",\"refresh_token\":\"" BOB
     "\"}",
     UK_BAD_ANSWER, UK_UNDECIDED, "user_id"},
    {"null for an id", 200,
     "{\"user_id\":null,\"access_token\":\"" ALICE "\",\"refresh_token\":\"" BOB
     "\"}",
     UK_BAD_ANSWER, UK_UNDECIDED, "user_id"},
    {"an opaque access token", 200, ANSWER(USER, "abcdef", BOB), UK_BAD_ANSWER,
     UK_UNDECIDED, "access_token"},
    {"a token that is two lines", 200,
     ANSWER(USER, ALICE, "a.b.c\\r\\nX-Evil: 1"), UK_BAD_ANSWER, UK_UNDECIDED,
     "refresh_token"},
};

static enum uk_code
open_by_key(struct uk_session *session, enum uk_verdict *verdict)
{
    struct uk_secret key = secret("key-1");
    enum uk_code code = uk_session_open(&service, &key, session, verdict, &err);

    uk_secret_clear(&key);
    return code;
}

static enum uk_code
open_by_password(struct uk_session *session, enum uk_verdict *verdict)
{
    struct uk_secret password = secret("pass\"word");
    enum uk_code code = uk_session_open_password(
        &service, "alice@example.com", &password, session, verdict, &err);

    uk_secret_clear(&password);
    return code;
}

static void
check_login(size_t i,
            enum uk_code (*open)(struct uk_session *, enum uk_verdict *))
{
    struct uk_session session = {.user_id = "before"};
    enum uk_verdict verdict = UK_UNDECIDED;
    enum uk_code code;

    script.status = logins[i].status;
    script.body = logins[i].body;
    code = open(&session, &verdict);
    if (code != logins[i].code)
        fail_msg("%s: %s: %s", logins[i].what, uk_code_word(code), err.text);
    if (logins[i].words != NULL && strstr(err.text, logins[i].words) == NULL)
        fail_msg("%s: '%s'", logins[i].what, err.text);
    assert_true(uk_str_is_printable(err.text));
    assert_int_equal(verdict, logins[i].verdict);
    assert_string_equal(service.refusal.request_id, "req-1");
    if (logins[i].verdict == UK_GRANTED) {
        assert_string_equal(session.user_id, USER);
        assert_string_equal(uk_secret_peek(&session.tokens.access), ALICE);
        assert_string_equal(uk_secret_peek(&session.tokens.refresh), BOB);
    } else {
        assert_string_equal(session.user_id, "before");
        assert_null(session.tokens.access.bytes);
    }
    uk_session_clear(&session);
    uk_session_clear(&session);
}

static void
test_logins(void **state)
{
    for (size_t i = 0; i < UK_COUNT(logins); i++) {
        reset(state);
        check_login(i, open_by_key);
        reset(state);
        check_login(i, open_by_password);
    }
}

/* The body of a login, as the SDKs send it; read back with our own reader. */
static void
test_login_request(void **state)
{
    struct uk_session session = {.user_id = ""};
    enum uk_verdict verdict;
    struct uk_json *body;
    const struct uk_json *options, *device;
    const char *text;

    script.status = 200;
    script.body = ANSWER(USER, ALICE, BOB);
    assert_int_equal(open_by_key(&session, &verdict), UK_OK);
    assert_string_equal(asked.line, "POST /api/client/v2.0/app/demo-abcde/auth/"
                                    "providers/api-key/login -");
    assert_int_equal(uk_json_parse(asked.body, strlen(asked.body), &body, &err),
                     UK_OK);
    assert_true(uk_json_text(body, "key", &text));
    assert_string_equal(text, "key-1");
    assert_true(uk_json_object(body, "options", &options));
    assert_true(uk_json_object(options, "device", &device));
    assert_true(uk_json_text(device, "appId", &text));
    assert_string_equal(text, "demo-abcde");
    assert_true(uk_json_text(device, "platform", &text));
    assert_true(uk_json_text(device, "platformVersion", &text));
    assert_true(uk_json_text(device, "sdkVersion", &text));
    assert_string_equal(text, UK_VERSION);
    uk_json_free(body);
    uk_session_clear(&session);

    assert_int_equal(open_by_password(&session, &verdict), UK_OK);
    assert_string_equal(asked.line, "POST /api/client/v2.0/app/demo-abcde/auth/"
                                    "providers/local-userpass/login -");
    assert_int_equal(uk_json_parse(asked.body, strlen(asked.body), &body, &err),
                     UK_OK);
    assert_true(uk_json_text(body, "username", &text));
    assert_string_equal(text, "alice@example.com");
    assert_true(uk_json_text(body, "password", &text));
    assert_string_equal(text, "pass\"word");
    assert_false(uk_json_has(body, "email"));
    uk_json_free(body);
    uk_session_clear(&session);
}

/* What cannot be sent is not sent in part. */
static void
test_login_not_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {{"caf\xe9", 4}, {"a\0b", 3}};

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_session session = {.user_id = ""};
        struct uk_secret key = UK_SECRET_NONE;
        enum uk_verdict verdict = UK_UNDECIDED;

        assert_int_equal(uk_secret_set(&key, rows[i].bytes, rows[i].len, &err),
                         UK_OK);
        assert_int_equal(
            uk_session_open(&service, &key, &session, &verdict, &err),
            UK_INVALID);
        assert_int_equal(uk_session_open_password(&service, "a@b.c", &key,
                                                  &session, &verdict, &err),
                         UK_INVALID);
        assert_int_equal(asked.count, 0);
        assert_int_equal(verdict, UK_UNDECIDED);
        uk_secret_clear(&key);
    }
}

/* The failure of an exchange is passed on, with what it was for in front. */
static void
test_exchange_fails(void **state)
{
    static const enum uk_code codes[] = {UK_UNREACHABLE, UK_TIMEOUT, UK_TLS,
                                         UK_BAD_ANSWER};

    for (size_t i = 0; i < UK_COUNT(codes); i++) {
        struct uk_session session = {.user_id = ""};
        enum uk_verdict verdict = UK_UNDECIDED;

        script.code = codes[i];
        assert_int_equal(open_by_key(&session, &verdict), codes[i]);
        assert_string_equal(err.text, "logging in: as scripted");
        assert_int_equal(verdict, UK_UNDECIDED);
    }
}

/* Of what a service says only what the protocol has is kept. */
static void
test_refusal_words(void **state)
{
    static const char *const others[] = {
        "{\"error_code\":\"grantedForRootByTheService\"}",
        "{\"error_code\":\"autherror\"}",
        "{\"error_code\":\"Auth Error\"}",
        "{\"error_code\":\"\"}",
        "{\"error_code\":\"x) user='root' (\"}",
    };
    struct uk_session session = {.user_id = ""};
    enum uk_verdict verdict;

    script.status = 401;
    script.retry_after_s = 9;
    script.body = "{\"error\":\"no\\nAccepted \\u001b[31m 'x' \xc3\xa9\","
                  "\"error_code\":\"AuthError\",\"link\":\"http://x\"}";
    assert_int_equal(open_by_key(&session, &verdict), UK_OK);
    assert_string_equal(service.refusal.code, "AuthError");
    assert_int_equal(service.refusal.status, 401);
    assert_int_equal(service.refusal.retry_after_s, 9);
    script.status = 500;
    script.body = "{\"error\":\"granted\"}";
    assert_int_equal(open_by_key(&session, &verdict), UK_BAD_ANSWER);
    assert_null(service.refusal.code);
    assert_string_equal(err.text, "logging in: the service answered with "
                                  "status 500: the service has a problem; its "
                                  "log says which");
    script.body = "{\"error\":\"granted\","
                  "\"error_code\":\"FunctionExecutionError\"}";
    assert_int_equal(open_by_key(&session, &verdict), UK_BAD_ANSWER);
    assert_string_equal(err.text, "logging in: the service answered with "
                                  "status 500 (FunctionExecutionError): the "
                                  "service has a problem; its log says which");
    for (size_t i = 0; i < UK_COUNT(others); i++) {
        script.body = others[i];
        assert_int_equal(open_by_key(&session, &verdict), UK_BAD_ANSWER);
        assert_string_equal(service.refusal.code, "another code");
        assert_string_equal(err.text, "logging in: the service answered with "
                                      "status 500 (another code): the service "
                                      "has a problem; its log says which");
    }
}

static struct uk_session
a_session(void)
{
    struct uk_session session = {.user_id = USER};

    session.tokens.access = secret(ALICE);
    session.tokens.refresh = secret("r.r.r");
    return session;
}

static const struct {
    const char *what;
    int status;
    const char *body;
    enum uk_code code;
    enum uk_verdict verdict;
} refreshes[] = {
    {"yes", 201, "{\"access_token\":\"" ALICE "\"}", UK_OK, UK_GRANTED},
    {"yes, as 200", 200, "{\"access_token\":\"" ALICE "\"}", UK_OK, UK_GRANTED},
    {"over", 401, REFUSAL("InvalidSession"), UK_OK, UK_REFUSED},
    {"over, without words", 401, NULL, UK_OK, UK_REFUSED},
    {"too many", 429, NULL, UK_OK, UK_THROTTLED_SERVICE},
    {"broken", 500, NULL, UK_BAD_ANSWER, UK_UNDECIDED},
    {"not there", 404, NULL, UK_BAD_ANSWER, UK_UNDECIDED},
    {"nothing", 201, NULL, UK_BAD_ANSWER, UK_UNDECIDED},
    {"another's", 201, "{\"access_token\":\"" BOB "\"}", UK_BAD_ANSWER,
     UK_UNDECIDED},
    {"nobody's", 201, "{\"access_token\":\"" NOBODY "\"}", UK_BAD_ANSWER,
     UK_UNDECIDED},
};

static void
test_refresh(void **state)
{
    for (size_t i = 0; i < UK_COUNT(refreshes); i++) {
        struct uk_session session = a_session();
        enum uk_verdict verdict = UK_UNDECIDED;
        struct uk_secret old = secret("o.l.d");

        uk_secret_move(&session.tokens.access, &old);
        script.status = refreshes[i].status;
        script.body = refreshes[i].body;
        if (uk_session_refresh(&service, &session, &verdict, &err) !=
            refreshes[i].code)
            fail_msg("%s: %s", refreshes[i].what, err.text);
        assert_int_equal(verdict, refreshes[i].verdict);
        assert_string_equal(asked.line,
                            "POST /api/client/v2.0/auth/session r.r.r");
        assert_string_equal(asked.body, "-");
        assert_string_equal(uk_secret_peek(&session.tokens.access),
                            verdict == UK_GRANTED ? ALICE : "o.l.d");
        assert_string_equal(uk_secret_peek(&session.tokens.refresh), "r.r.r");
        uk_session_clear(&session);
    }
}

static void
test_close(void **state)
{
    static const struct {
        int status;
        enum uk_code code;
    } rows[] = {
        {204, UK_OK},         {200, UK_OK},         {401, UK_OK},
        {404, UK_BAD_ANSWER}, {429, UK_BAD_ANSWER}, {500, UK_BAD_ANSWER},
    };
    struct uk_secret refresh = secret("r.r.r");

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        script.status = rows[i].status;
        assert_int_equal(uk_session_close(&service, &refresh, &err),
                         rows[i].code);
        assert_string_equal(asked.line,
                            "DELETE /api/client/v2.0/auth/session r.r.r");
    }
    uk_secret_clear(&refresh);
}

#define PROFILE(id, identities)                                                \
    "{\"user_id\":\"" id "\",\"domain_id\":\"d\",\"data\":{\"email\":"         \
    "\"evil@example.com\"},\"type\":\"normal\",\"identities\":[" identities    \
    "]}"
#define LOCAL(email, confirmed)                                                \
    "{\"id\":\"1\",\"provider_type\":\"local-userpass\",\"provider_data\":{"   \
    "\"email\":" email ",\"confirmed\":" confirmed "}}"

#define NINE                                                                                                 \
    LOCAL("\"1@b\"", "true")                                                                                 \
    "," LOCAL("\"2@b\"", "true") "," LOCAL("\"3@b\"", "true") "," LOCAL(                                     \
        "\"4@b\"",                                                                                           \
        "true") "," LOCAL("\"5@b\"",                                                                         \
                          "true") "," LOCAL("\"6@b\"",                                                       \
                                            "true") "," LOCAL("\"7@b\"",                                     \
                                                              "true") "," LOCAL("\"8@b\"",                   \
                                                                                "true") "," LOCAL("\"9@b\"", \
                                                                                                  "true")

static const struct {
    const char *what;
    int status;
    const char *body;
    enum uk_code code;
    enum uk_verdict verdict;
    const char *emails; /* with a space behind each */
} profiles[] = {
    {"one", 200, PROFILE(USER, LOCAL("\"a@b.c\"", "true")), UK_OK, UK_GRANTED,
     "a@b.c "},
    {"none: data.email is nothing", 200, PROFILE(USER, ""), UK_OK, UK_GRANTED,
     ""},
    {"two", 200,
     PROFILE(USER, LOCAL("\"a@b.c\"", "true") "," LOCAL("\"d@e.f\"", "true")),
     UK_OK, UK_GRANTED, "a@b.c d@e.f "},
    {"not confirmed", 200, PROFILE(USER, LOCAL("\"a@b.c\"", "false")), UK_OK,
     UK_GRANTED, ""},
    {"confirmed by a text", 200, PROFILE(USER, LOCAL("\"a@b.c\"", "\"true\"")),
     UK_OK, UK_GRANTED, ""},
    {"confirmed by a number", 200, PROFILE(USER, LOCAL("\"a@b.c\"", "1")),
     UK_OK, UK_GRANTED, ""},
    {"an address that is none", 200, PROFILE(USER, LOCAL("\"a b\"", "true")),
     UK_OK, UK_GRANTED, ""},
    {"an address that is a list", 200, PROFILE(USER, LOCAL("[]", "true")),
     UK_OK, UK_GRANTED, ""},
    {"another provider's", 200,
     PROFILE(USER, "{\"provider_type\":\"oauth2-google\",\"provider_data\":{"
                   "\"email\":\"a@b.c\",\"confirmed\":true}}"),
     UK_OK, UK_GRANTED, ""},
    {"no data", 200, PROFILE(USER, "{\"provider_type\":\"local-userpass\"}"),
     UK_OK, UK_GRANTED, ""},
    {"no objects", 200, PROFILE(USER, "1,null,\"x\",[]"), UK_OK, UK_GRANTED,
     ""},
    {"more than we keep", 200, PROFILE(USER, NINE), UK_OK, UK_GRANTED,
     "1@b 2@b 3@b 4@b 5@b 6@b 7@b 8@b "},
    {"another's", 200, PROFILE(OTHER, ""), UK_BAD_ANSWER, UK_UNDECIDED, NULL},
    {"nobody's", 200, "{\"identities\":[]}", UK_BAD_ANSWER, UK_UNDECIDED, NULL},
    {"no identities", 200, "{\"user_id\":\"" USER "\"}", UK_BAD_ANSWER,
     UK_UNDECIDED, NULL},
    {"nothing", 204, NULL, UK_BAD_ANSWER, UK_UNDECIDED, NULL},
    {"over", 401, REFUSAL("InvalidSession"), UK_OK, UK_REFUSED, NULL},
    {"disabled", 403, REFUSAL("UserDisabled"), UK_OK, UK_USER_DISABLED, NULL},
    {"too many", 429, NULL, UK_OK, UK_THROTTLED_SERVICE, NULL},
    {"forbidden", 403, NULL, UK_BAD_ANSWER, UK_UNDECIDED, NULL},
    {"broken", 502, NULL, UK_BAD_ANSWER, UK_UNDECIDED, NULL},
};

static void
test_profile(void **state)
{
    for (size_t i = 0; i < UK_COUNT(profiles); i++) {
        struct uk_session session = a_session();
        struct uk_person person = {.id = "before"};
        enum uk_verdict verdict = UK_UNDECIDED;
        char emails[512] = "";

        script.status = profiles[i].status;
        script.body = profiles[i].body;
        if (uk_session_profile(&service, &session, &person, &verdict, &err) !=
            profiles[i].code)
            fail_msg("%s: %s", profiles[i].what, err.text);
        assert_int_equal(verdict, profiles[i].verdict);
        assert_string_equal(asked.line,
                            "GET /api/client/v2.0/auth/profile " ALICE);
        if (verdict == UK_GRANTED) {
            assert_string_equal(person.id, USER);
            for (size_t j = 0; j < person.n_emails; j++) {
                strcat(emails, person.email[j]);
                strcat(emails, " ");
            }
            if (strcmp(emails, profiles[i].emails) != 0)
                fail_msg("%s: '%s'", profiles[i].what, emails);
        } else {
            assert_string_equal(person.id, "before");
        }
        uk_session_clear(&session);
    }
}

#define BRIEF(word)                                                            \
    "{\"user_id\":\"" USER "\",\"access_token\":\"" ALICE                      \
    "\",\"userkey\":{\"session\":" word "}"

/* Only what was asked for may come without a refresh token, and only where the
 * answer says that it is that. */
static const struct {
    const char *what;
    bool brief;
    const char *body;
    bool granted, refresh;
} brief_logins[] = {
    {"brief", true, BRIEF("\"brief\"") "}", true, false},
    {"a service that does not know it", true, ANSWER(USER, ALICE, BOB), true,
     true},
    {"brief, and a token that is nobody's", true,
     BRIEF("\"brief\"") ",\"refresh_token\":\"" BOB "\"}", true, false},
    {"another word", true, BRIEF("\"short\"") "}", false, false},
    {"another kind", true, BRIEF("true") "}", false, false},
    {"not asked for", false, BRIEF("\"brief\"") "}", false, false},
    {"not asked for, with a token", false,
     BRIEF("\"brief\"") ",\"refresh_token\":\"" BOB "\"}", true, true},
};

static void
test_brief(void **state)
{
    for (size_t i = 0; i < UK_COUNT(brief_logins); i++) {
        struct uk_session session = {.user_id = ""};
        enum uk_verdict verdict = UK_UNDECIDED;
        enum uk_code code;

        reset(state);
        service.brief = brief_logins[i].brief;
        script.status = 200;
        script.body = brief_logins[i].body;
        code = open_by_key(&session, &verdict);
        service.brief = false;
        if ((code == UK_OK) != brief_logins[i].granted ||
            (verdict == UK_GRANTED) != brief_logins[i].granted ||
            (session.tokens.refresh.len > 0) != brief_logins[i].refresh)
            fail_msg("%s: %s", brief_logins[i].what, err.text);
        if ((strstr(asked.body, "\"userkey\":{\"session\":\"brief\"}") !=
             NULL) != brief_logins[i].brief)
            fail_msg("%s: asked '%s'", brief_logins[i].what, asked.body);
        uk_session_clear(&session);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_claims, reset),
        cmocka_unit_test_setup(test_claims_nul, reset),
        cmocka_unit_test_setup(test_logins, reset),
        cmocka_unit_test_setup(test_brief, reset),
        cmocka_unit_test_setup(test_login_request, reset),
        cmocka_unit_test_setup(test_login_not_text, reset),
        cmocka_unit_test_setup(test_exchange_fails, reset),
        cmocka_unit_test_setup(test_refusal_words, reset),
        cmocka_unit_test_setup(test_refresh, reset),
        cmocka_unit_test_setup(test_close, reset),
        cmocka_unit_test_setup(test_profile, reset),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
