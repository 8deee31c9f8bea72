/* The key calls: what is sent, and what each answer means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/keys.h"
#include "core/str.h"
#include "tests/unit/exchange.h"

#define ID     "64f0c0ffee0123456789abcd"
#define OTHER  "64f0c0ffee0123456789abce"
#define KEY    "{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":false}"
#define PATH   "/api/client/v2.0/auth/api_keys"
#define NEVER  ((struct uk_expiry){.in_s = 0})
#define SECRET "a-secret-of-some-service"

static struct uk_service service = {.app_id = "demo"};
static struct uk_session session = {.user_id = ID};
static struct uk_keys keys = {.service = &service, .session = &session};
static struct uk_err err;

static int
reset(void **state)
{
    memset(&script, 0, sizeof(script));
    memset(&asked, 0, sizeof(asked));
    memset(&err, 0, sizeof(err));
    keys.reply = UK_KEYS_NONE;
    return 0;
}

static int
start(void **state)
{
    if (uk_secret_set(&session.tokens.access, "a.a.a", 5, &err) != UK_OK ||
        uk_secret_set(&session.tokens.refresh, "r.r.r", 5, &err) != UK_OK)
        return -1;
    return 0;
}

static int
stop(void **state)
{
    uk_session_clear(&session);
    return 0;
}

/* The refusals that all calls share; a code alone, or a status alone where
 * both are asked for, is none of them. */
static const struct {
    int status;
    const char *body;
    enum uk_code code;
    enum uk_keys_reply reply;
} refusals[] = {
    {404, "{\"error\":\"x\",\"error_code\":\"APIKeyNotFound\"}", UK_OK,
     UK_KEYS_NOT_FOUND},
    {409, "{\"error\":\"x\",\"error_code\":\"APIKeyAlreadyExists\"}", UK_OK,
     UK_KEYS_CONFLICT},
    {400, "{\"error\":\"x\",\"error_code\":\"APIKeyLimitExceeded\"}", UK_OK,
     UK_KEYS_LIMIT},
    {400, "{\"error\":\"x\",\"error_code\":\"InvalidParameter\"}", UK_OK,
     UK_KEYS_BAD_NAME},
    {401, "{\"error\":\"x\",\"error_code\":\"InvalidSession\"}", UK_OK,
     UK_KEYS_NOT_LOGGED_IN},
    {401, NULL, UK_OK, UK_KEYS_NOT_LOGGED_IN},
    {403, NULL, UK_OK, UK_KEYS_DENIED},
    {403, "{\"error\":\"x\"}", UK_OK, UK_KEYS_DENIED},
    {429, NULL, UK_OK, UK_KEYS_THROTTLED},
    {404, NULL, UK_BAD_ANSWER, UK_KEYS_NONE},
    {404, "{\"error\":\"no such page\"}", UK_BAD_ANSWER, UK_KEYS_NONE},
    {400, "{\"error\":\"x\",\"error_code\":\"APIKeyNotFound\"}", UK_BAD_ANSWER,
     UK_KEYS_NONE},
    {409, NULL, UK_BAD_ANSWER, UK_KEYS_NONE},
    {302, NULL, UK_BAD_ANSWER, UK_KEYS_NONE},
    {500, NULL, UK_BAD_ANSWER, UK_KEYS_NONE},
    {503, "{}", UK_BAD_ANSWER, UK_KEYS_NONE},
};

static enum uk_code
do_create(void)
{
    struct uk_key key = {.name = "before"};
    struct uk_secret value = UK_SECRET_NONE;
    enum uk_code code = uk_keys_create(&keys, "ci", NEVER, &key, &value, &err);

    assert_string_equal(key.name, "before");
    assert_null(value.bytes);
    return code;
}

static enum uk_code
do_list(void)
{
    struct uk_key *list = NULL;
    size_t count = 77;
    enum uk_code code = uk_keys_list(&keys, &list, &count, &err);

    assert_null(list);
    assert_int_equal(count, 77);
    return code;
}

static enum uk_code
do_fetch(void)
{
    struct uk_key key = {.name = "before"};
    enum uk_code code = uk_keys_fetch(&keys, ID, &key, &err);

    assert_string_equal(key.name, "before");
    return code;
}

static enum uk_code
do_enable(void)
{
    return uk_keys_enable(&keys, ID, &err);
}

static enum uk_code
do_disable(void)
{
    return uk_keys_disable(&keys, ID, &err);
}

static enum uk_code
do_delete(void)
{
    return uk_keys_delete(&keys, ID, &err);
}

static enum uk_code
do_expire(void)
{
    return uk_keys_expire(&keys, ID, (struct uk_expiry){.in_s = 77, .at_s = 9},
                          &err);
}

static enum uk_code
do_expire_at(void)
{
    return uk_keys_expire(&keys, ID, (struct uk_expiry){.at_s = 99}, &err);
}

static enum uk_code
do_expire_never(void)
{
    return uk_keys_expire(&keys, ID, NEVER, &err);
}

static const struct {
    const char *sent;
    const char *body;
    enum uk_code (*run)(void);
} calls[] = {
    {"POST " PATH " r.r.r", "{\"name\":\"ci\"}", do_create},
    {"GET " PATH "?times=true r.r.r", "-", do_list},
    {"GET " PATH "/" ID "?times=true r.r.r", "-", do_fetch},
    {"PUT " PATH "/" ID "/enable r.r.r", "-", do_enable},
    {"PUT " PATH "/" ID "/disable r.r.r", "-", do_disable},
    {"PUT " PATH "/" ID "/expiry r.r.r", "{\"expires_in\":77}", do_expire},
    {"PUT " PATH "/" ID "/expiry r.r.r", "{\"expires_at\":99}", do_expire_at},
    {"PUT " PATH "/" ID "/expiry r.r.r", "{\"expires_at\":0}", do_expire_never},
    {"DELETE " PATH "/" ID " r.r.r", "-", do_delete},
};

static void
test_refusals(void **state)
{
    for (size_t i = 0; i < UK_COUNT(calls); i++) {
        for (size_t j = 0; j < UK_COUNT(refusals); j++) {
            reset(state);
            script.status = refusals[j].status;
            script.body = refusals[j].body;
            if (calls[i].run() != refusals[j].code ||
                keys.reply != refusals[j].reply)
                fail_msg("%s, status %d, %s: reply %d, %s", calls[i].sent,
                         refusals[j].status, refusals[j].body, keys.reply,
                         err.text);
            assert_string_equal(asked.line, calls[i].sent);
            assert_string_equal(asked.body, calls[i].body);
        }
    }
}

/* A call that fails on its way has no reply. */
static void
test_failures(void **state)
{
    for (size_t i = 0; i < UK_COUNT(calls); i++) {
        reset(state);
        keys.reply = UK_KEYS_DONE;
        script.code = UK_TIMEOUT;
        assert_int_equal(calls[i].run(), UK_TIMEOUT);
        assert_int_equal(keys.reply, UK_KEYS_NONE);
        assert_non_null(strstr(err.text, ": as scripted"));
    }
}

static const struct {
    const char *what;
    const char *body;
    bool good;
} created[] = {
    {"yes",
     "{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":false,\"key\":\"" SECRET
     "\"}",
     true},
    {"no value", KEY, false},
    {"null",
     "{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":false,"
     "\"key\":null}",
     false},
    {"an empty value",
     "{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":false,\"key\":\"\"}",
     false},
    {"two lines",
     "{\"_id\":\"" ID
     "\",\"name\":\"ci\",\"disabled\":false,\"key\":\"a\\nb\"}",
     false},
    {"another name",
     "{\"_id\":\"" ID "\",\"name\":\"cd\",\"disabled\":false,\"key\":\"" SECRET
     "\"}",
     false},
    {"disabled",
     "{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":true,\"key\":\"" SECRET
     "\"}",
     false},
    {"no id", "{\"name\":\"ci\",\"disabled\":false,\"key\":\"" SECRET "\"}",
     false},
    {"an id that leads elsewhere",
     "{\"_id\":\"../../x\",\"name\":\"ci\",\"disabled\":false,\"key\":\"" SECRET
     "\"}",
     false},
    {"nothing", NULL, false},
    {"a list", "[" KEY "]", false},
};

static void
test_create(void **state)
{
    for (size_t i = 0; i < UK_COUNT(created); i++) {
        struct uk_key key = {.name = "before"};
        struct uk_secret value = UK_SECRET_NONE;
        enum uk_code code;

        reset(state);
        script.status = 201;
        script.body = created[i].body;
        code = uk_keys_create(&keys, "ci", NEVER, &key, &value, &err);
        if (code != (created[i].good ? UK_OK : UK_BAD_ANSWER))
            fail_msg("%s: %s", created[i].what, err.text);
        assert_null(strstr(err.text, SECRET));
        assert_string_equal(key.name, created[i].good ? "ci" : "before");
        assert_string_equal(uk_secret_peek(&value),
                            created[i].good ? SECRET : "");
        if (created[i].good) {
            assert_string_equal(key.id, ID);
            assert_false(key.disabled);
        }
        uk_secret_clear(&value);
    }
}

static void
test_create_with_an_end(void **state)
{
    static const struct {
        struct uk_expiry expiry;
        const char *sent, *answered;
        int64_t want;
    } rows[] = {
        {{.in_s = 0}, "{\"name\":\"ci\"}", "", 0},
        {{.in_s = 60, .at_s = 9},
         "{\"name\":\"ci\",\"expires_in\":60}",
         ",\"expires_at\":1600000000",
         1600000000},
        {{.at_s = 9},
         "{\"name\":\"ci\",\"expires_at\":9}",
         ",\"expires_at\":9",
         9},
        {{.at_s = 9}, "{\"name\":\"ci\",\"expires_at\":9}", "", 0},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_secret value = UK_SECRET_NONE;
        struct uk_key key;
        char body[256];

        reset(state);
        snprintf(body, sizeof(body),
                 "{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":false,"
                 "\"key\":\"" SECRET "\"%s}",
                 rows[i].answered);
        script.status = 201;
        script.body = body;
        assert_int_equal(
            uk_keys_create(&keys, "ci", rows[i].expiry, &key, &value, &err),
            UK_OK);
        assert_string_equal(asked.body, rows[i].sent);
        assert_int_equal(key.expires_s, rows[i].want);
        uk_secret_clear(&value);
    }
}

/* A time that can be none is as one that was not told. */
static void
test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"1", 1},
        {"1600000000", 1600000000},
        {"253402300799", 253402300799},
        {"253402300800", 0},
        {"0", 0},
        {"-1", 0},
        {"9223372036854775807", 0},
        {"1e9", 0},
        {"1.5", 0},
        {"\"1600000000\"", 0},
        {"null", 0},
        {"{}", 0},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_key key;
        char body[512];

        reset(state);
        snprintf(body, sizeof(body),
                 "{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":true,"
                 "\"created_at\":%s,\"expires_at\":%s,"
                 "\"last_used_at\":%s,\"disabled_at\":%s}",
                 rows[i].text, rows[i].text, rows[i].text, rows[i].text);
        script.status = 200;
        script.body = body;
        assert_int_equal(uk_keys_fetch(&keys, ID, &key, &err), UK_OK);
        assert_int_equal(key.created_s, rows[i].want);
        assert_int_equal(key.expires_s, rows[i].want);
        assert_int_equal(key.used_s, rows[i].want);
        assert_int_equal(key.disabled_s, rows[i].want);
    }
}

/* A name is a value, whatever is in it; one that is no text is not sent. */
static void
test_create_names(void **state)
{
    struct uk_key key;
    struct uk_secret value = UK_SECRET_NONE;

    script.status = 400;
    script.body = "{\"error_code\":\"InvalidParameter\"}";
    assert_int_equal(
        uk_keys_create(&keys, "a\",\"b\":\"c\n", NEVER, &key, &value, &err),
        UK_OK);
    assert_int_equal(keys.reply, UK_KEYS_BAD_NAME);
    assert_string_equal(asked.body,
                        "{\"name\":\"a\\\",\\\"b\\\":\\\"c\\u000a\"}");
    reset(state);
    assert_int_equal(
        uk_keys_create(&keys, "caf\xe9", NEVER, &key, &value, &err),
        UK_INVALID);
    assert_int_equal(asked.count, 0);
}

static const struct {
    const char *what;
    const char *body;
    bool good;
    size_t count;
} lists[] = {
    {"none", "[]", true, 0},
    {"one", "[" KEY "]", true, 1},
    {"two",
     "[" KEY ",{\"_id\":\"" OTHER "\",\"name\":\"cd\",\"disabled\":true}]",
     true, 2},
    {"more members than we know",
     "[{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":false,\"x\":[1]}]",
     true, 1},
    {"nothing", NULL, false, 0},
    {"an object", KEY, false, 0},
    {"a list of names", "[\"ci\"]", false, 0},
    {"one without an id", "[{\"name\":\"ci\",\"disabled\":false}]", false, 0},
    {"one whose id is an object",
     "[{\"_id\":{\"$oid\":\"" ID "\"},\"name\":\"ci\",\"disabled\":false}]",
     false, 0},
    {"one without a name", "[{\"_id\":\"" ID "\",\"disabled\":false}]", false,
     0},
    {"one with an empty name",
     "[{\"_id\":\"" ID "\",\"name\":\"\",\"disabled\":false}]", false, 0},
    {"one with a name for the terminal",
     "[{\"_id\":\"" ID "\",\"name\":\"\\u001b[31m\",\"disabled\":false}]",
     false, 0},
    {"one that does not say", "[{\"_id\":\"" ID "\",\"name\":\"ci\"}]", false,
     0},
    {"one that says it in words",
     "[{\"_id\":\"" ID "\",\"name\":\"ci\",\"disabled\":\"false\"}]", false, 0},
    {"a good one and a bad one", "[" KEY ",{}]", false, 0},
};

static void
test_list(void **state)
{
    for (size_t i = 0; i < UK_COUNT(lists); i++) {
        struct uk_key *list = NULL;
        size_t count = 77;

        reset(state);
        script.status = 200;
        script.body = lists[i].body;
        if (uk_keys_list(&keys, &list, &count, &err) !=
            (lists[i].good ? UK_OK : UK_BAD_ANSWER))
            fail_msg("%s: %s", lists[i].what, err.text);
        assert_int_equal(count, lists[i].good ? lists[i].count : 77);
        assert_true(uk_str_is_printable(err.text));
        if (count == 1 || count == 2) {
            assert_string_equal(list[0].id, ID);
            assert_string_equal(list[0].name, "ci");
            assert_false(list[0].disabled);
        }
        if (count == 2) {
            assert_string_equal(list[1].id, OTHER);
            assert_string_equal(list[1].name, "cd");
            assert_true(list[1].disabled);
        }
        free(list);
    }
}

/* As many as may be, and one more. */
static void
test_long_list(void **state)
{
    static char body[(UK_KEYS_MAX + 1) * sizeof(KEY) + 3];

    for (size_t n = UK_KEYS_MAX; n <= UK_KEYS_MAX + 1; n++) {
        struct uk_key *list = NULL;
        size_t count = 0;

        strcpy(body, "[");
        for (size_t i = 0; i < n; i++)
            strcat(body, i + 1 < n ? KEY "," : KEY "]");
        reset(state);
        script.status = 200;
        script.body = body;
        assert_int_equal(uk_keys_list(&keys, &list, &count, &err),
                         n == UK_KEYS_MAX ? UK_OK : UK_BAD_ANSWER);
        assert_int_equal(count, n == UK_KEYS_MAX ? n : 0);
        free(list);
    }
}

static void
test_fetch(void **state)
{
    struct uk_key key = {.name = "before"};

    script.status = 200;
    script.body = KEY;
    assert_int_equal(uk_keys_fetch(&keys, ID, &key, &err), UK_OK);
    assert_string_equal(key.name, "ci");
    assert_int_equal(uk_keys_fetch(&keys, OTHER, &key, &err), UK_BAD_ANSWER);
    script.body = "{}";
    assert_int_equal(uk_keys_fetch(&keys, ID, &key, &err), UK_BAD_ANSWER);
    script.body = NULL;
    assert_int_equal(uk_keys_fetch(&keys, ID, &key, &err), UK_BAD_ANSWER);
}

static void
test_changes(void **state)
{
    static const int done[] = {204, 200};

    for (size_t i = 0; i < UK_COUNT(done); i++) {
        script.status = done[i];
        assert_int_equal(uk_keys_enable(&keys, ID, &err), UK_OK);
        assert_int_equal(keys.reply, UK_KEYS_DONE);
        assert_int_equal(uk_keys_disable(&keys, ID, &err), UK_OK);
        assert_int_equal(keys.reply, UK_KEYS_DONE);
        assert_int_equal(uk_keys_delete(&keys, ID, &err), UK_OK);
        assert_int_equal(keys.reply, UK_KEYS_DONE);
    }
}

/* What is not an id is not put into an address. */
static void
test_ids(void **state)
{
    static const char too_long[] = "1234567890123456789012345678901234567890"
                                   "1234567890123456789012345";
    const char *const rows[] = {"",    "..",    "a/b",  "a?b=c",
                                "a b", "a%2fb", "a\nb", too_long};
    struct uk_key key;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_int_equal(uk_keys_fetch(&keys, rows[i], &key, &err), UK_INVALID);
        assert_int_equal(uk_keys_enable(&keys, rows[i], &err), UK_INVALID);
        assert_int_equal(uk_keys_disable(&keys, rows[i], &err), UK_INVALID);
        assert_int_equal(uk_keys_delete(&keys, rows[i], &err), UK_INVALID);
        assert_true(uk_str_is_printable(err.text));
    }
    assert_int_equal(asked.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_refusals, reset),
        cmocka_unit_test_setup(test_failures, reset),
        cmocka_unit_test_setup(test_create, reset),
        cmocka_unit_test_setup(test_create_with_an_end, reset),
        cmocka_unit_test_setup(test_times, reset),
        cmocka_unit_test_setup(test_create_names, reset),
        cmocka_unit_test_setup(test_list, reset),
        cmocka_unit_test_setup(test_long_list, reset),
        cmocka_unit_test_setup(test_fetch, reset),
        cmocka_unit_test_setup(test_changes, reset),
        cmocka_unit_test_setup(test_ids, reset),
    };

    return cmocka_run_group_tests_name("keys", tests, start, stop);
}
