/* The content of a kept session's file, and the form of its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pam_module/kept.c"
#include "pam_module/keptjson.c"

static struct uk_err err;

static struct uk_tokens
make_tokens(const char *access, const char *refresh)
{
    struct uk_tokens tokens = {.access = UK_SECRET_NONE};

    assert_int_equal(
        uk_secret_set(&tokens.access, access, strlen(access), &err), UK_OK);
    assert_int_equal(
        uk_secret_set(&tokens.refresh, refresh, strlen(refresh), &err), UK_OK);
    return tokens;
}

static void
test_pack(void **state)
{
    struct uk_tokens tokens = make_tokens("aa.bb-cc_", "r\"e\\f/");
    const struct uk_kept kept = {"https://auth.example/x", "app-1", "64f0",
                                 &tokens};
    struct uk_buf buf = UK_BUF_UP_TO(UK_KEPT_MAX);

    assert_int_equal(uk_kept_pack(&kept, &buf, &err), UK_OK);
    assert_string_equal(
        uk_buf_peek(&buf),
        "{\"url\":\"https://auth.example/x\",\"app_id\":\"app-1\","
        "\"user_id\":\"64f0\",\"access_token\":\"aa.bb-cc_\","
        "\"refresh_token\":\"r\\\"e\\\\f/\"}\n");
    uk_buf_clear(&buf);
    uk_tokens_clear(&tokens);
}

static void
test_pack_refuses(void **state)
{
    struct uk_tokens tokens = make_tokens("a\nb", "r");
    const struct uk_kept kept = {"https://auth.example", "app", "64f0",
                                 &tokens};
    const struct uk_kept big = {"https://auth.example", "app", "64f0", &tokens};
    struct uk_buf buf = UK_BUF_UP_TO(UK_KEPT_MAX);
    struct uk_buf small = UK_BUF_UP_TO(64);

    assert_int_equal(uk_kept_pack(&kept, &buf, &err), UK_INVALID);
    uk_tokens_clear(&tokens);
    tokens = make_tokens("a", "r");
    assert_int_equal(uk_kept_pack(&big, &small, &err), UK_INVALID);
    uk_buf_clear(&small);
    uk_buf_clear(&buf);
    uk_tokens_clear(&tokens);
}

static void
test_longest_tokens(void **state)
{
    struct uk_tokens tokens;
    struct uk_secret back = UK_SECRET_NONE;
    struct uk_buf buf = UK_BUF_UP_TO(UK_KEPT_MAX);
    char *long_one = malloc(UK_SECRET_MAX + 1);
    struct uk_kept kept = {"https://auth.example", "app", "64f0", &tokens};

    assert_non_null(long_one);
    memset(long_one, '"', UK_SECRET_MAX);
    long_one[UK_SECRET_MAX] = '\0';
    /* One of the two may be of nothing but quotes; both would not fit. */
    tokens = make_tokens("a", long_one);
    assert_int_equal(uk_kept_pack(&kept, &buf, &err), UK_OK);
    assert_int_equal(uk_kept_unpack(buf.bytes, buf.len, &back, &err), UK_OK);
    assert_true(uk_secret_equal(&back, &tokens.refresh));
    uk_secret_clear(&back);
    uk_buf_clear(&buf);
    uk_tokens_clear(&tokens);
    free(long_one);
}

static const struct {
    const char *text;
    const char *refresh;
} good[] = {
    {"{\"refresh_token\":\"r\"}", "r"},
    {" {\n\t\"refresh_token\" :\r\"r\" } \n", "r"},
    {"{\"a\":\"b\",\"refresh_token\":\"r\",\"c\":\"\"}", "r"},
    {"{\"refresh_token\":\"\\\"\\\\\\/\"}", "\"\\/"},
    {"{\"a\":\"refresh_token\",\"refresh_token\":\"r\"}", "r"},
};

static const char *const bad[] = {
    "",
    "{",
    "{}",
    "r",
    "[\"refresh_token\",\"r\"]",
    "{\"refresh_token\"}",
    "{\"refresh_token\":}",
    "{\"refresh_token\":\"r\"",
    "{\"refresh_token\":\"r",
    "{\"refresh_token\":\"r\\",
    "{\"refresh_token\":\"\"}",
    "{\"refresh_token\":\"r\"}}",
    "{\"refresh_token\":\"r\"}x",
    "{\"refresh_token\":\"r\",}",
    "{,\"refresh_token\":\"r\"}",
    "{\"refresh_token\":\"r\" \"a\":\"b\"}",
    "{\"refresh_token\":\"r\",\"refresh_token\":\"s\"}",
    "{\"refresh_token\":1}",
    "{\"refresh_token\":null}",
    "{\"refresh_token\":{\"refresh_token\":\"r\"}}",
    "{\"refresh_token\":\"\\u0072\"}",
    "{\"refresh_token\":\"a\\nb\"}",
    "{\"refresh_token\":\"a\nb\"}",
    "{\"refresh_token\":\"\303\274\"}",
    "{\"Refresh_token\":\"r\"}",
    "{\"refresh_tokens\":\"r\"}",
    "{\"access_token\":\"r\"}",
    "{'refresh_token':'r'}",
    "{refresh_token:\"r\"}",
};

static void
test_unpack(void **state)
{
    for (size_t i = 0; i < UK_COUNT(good); i++) {
        struct uk_secret refresh = UK_SECRET_NONE;

        assert_int_equal(
            uk_kept_unpack(good[i].text, strlen(good[i].text), &refresh, &err),
            UK_OK);
        assert_string_equal(uk_secret_peek(&refresh), good[i].refresh);
        uk_secret_clear(&refresh);
    }
}

static void
test_unpack_refuses(void **state)
{
    for (size_t i = 0; i < UK_COUNT(bad); i++) {
        struct uk_secret refresh = UK_SECRET_NONE;
        enum uk_code code =
            uk_kept_unpack(bad[i], strlen(bad[i]), &refresh, &err);

        if (code != UK_BAD_ANSWER)
            fail_msg("%s: code %d", bad[i], code);
        assert_null(refresh.bytes);
    }
}

/* A NUL is a byte like any other: not printable. */
static void
test_unpack_nul(void **state)
{
    static const char nul[] = "{\"refresh_token\":\"r\0\"}";
    static const char escaped[] = "{\"refresh_token\":\"r\\\0\"}";
    struct uk_secret refresh = UK_SECRET_NONE;

    assert_int_equal(uk_kept_unpack(nul, sizeof(nul) - 1, &refresh, &err),
                     UK_BAD_ANSWER);
    assert_int_equal(
        uk_kept_unpack(escaped, sizeof(escaped) - 1, &refresh, &err),
        UK_BAD_ANSWER);
}

/* Every beginning of a good one, in memory that ends where it ends. */
static void
test_unpack_beginnings(void **state)
{
    const char *text = good[3].text;

    for (size_t len = 0; len < strlen(text); len++) {
        struct uk_secret refresh = UK_SECRET_NONE;
        char *copy = malloc(len + 1);

        assert_non_null(copy);
        memcpy(copy + 1, text, len);
        assert_int_equal(uk_kept_unpack(copy + 1, len, &refresh, &err),
                         UK_BAD_ANSWER);
        free(copy);
    }
}

static void
test_path(void **state)
{
    static const struct {
        const char *path;
        bool ours;
    } rows[] = {
        {"/run/userkey/sessions/0123456789abcdef0123456789abcdef", true},
        {"/run/userkey/sessions/0123456789ABCDEF0123456789ABCDEF", false},
        {"/run/userkey/sessions/0123456789abcdef0123456789abcde", false},
        {"/run/userkey/sessions/0123456789abcdef0123456789abcdef0", false},
        {"/run/userkey/sessions/0123456789abcdef0123456789abcdef/", false},
        {"/run/userkey/sessions/../sessions/0123456789abcdef01234", false},
        {"/run/userkey/sessions//123456789abcdef0123456789abcdef", false},
        {"/run/userkey/sessionsx0123456789abcdef0123456789abcdef", false},
        {"/run/userkey/sessions/", false},
        {"/run/userkey/sessions", false},
        {"0123456789abcdef0123456789abcdef", false},
        {"/etc/shadow", false},
        {"", false},
    };
    char made[UK_KEPT_PATH_SIZE], again[UK_KEPT_PATH_SIZE];

    for (size_t i = 0; i < UK_COUNT(rows); i++)
        assert_int_equal(uk_kept_is_path(rows[i].path), rows[i].ours);
    assert_int_equal(make_path(made, &err), UK_OK);
    assert_int_equal(make_path(again, &err), UK_OK);
    assert_true(uk_kept_is_path(made));
    assert_string_not_equal(made, again);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_pack_refuses),
        cmocka_unit_test(test_longest_tokens),
        cmocka_unit_test(test_unpack),
        cmocka_unit_test(test_unpack_refuses),
        cmocka_unit_test(test_unpack_nul),
        cmocka_unit_test(test_unpack_beginnings),
        cmocka_unit_test(test_path),
    };

    return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
