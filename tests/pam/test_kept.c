/* The content of a kept session's file, and the form of its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pam_module/kept.c"
#include "pam_module/keptacl.c"
#include "pam_module/keptjson.c"
#include "pam_module/keptleft.c"
#include "pam_module/keptopener.c"

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
    const struct uk_kept kept = {"alice", "https://auth.example/x", "app-1",
                                 "64f0", &tokens};
    struct uk_buf buf = UK_BUF_UP_TO(UK_KEPT_MAX);

    assert_int_equal(uk_kept_pack(&kept, &buf, &err), UK_OK);
    assert_string_equal(uk_buf_peek(&buf),
                        "{\"account\":\"alice\",\"url\":\"https://auth.example/"
                        "x\",\"app_id\":\"app-1\","
                        "\"user_id\":\"64f0\",\"access_token\":\"aa.bb-cc_\","
                        "\"refresh_token\":\"r\\\"e\\\\f/\"}\n");
    uk_buf_clear(&buf);
    uk_tokens_clear(&tokens);
}

static void
test_pack_refuses(void **state)
{
    struct uk_tokens tokens = make_tokens("a\nb", "r");
    const struct uk_kept kept = {"alice", "https://auth.example", "app", "64f0",
                                 &tokens};
    const struct uk_kept big = {"alice", "https://auth.example", "app", "64f0",
                                &tokens};
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
    struct uk_kept kept = {"alice", "https://auth.example", "app", "64f0",
                           &tokens};
    char account[UK_NAME_MAX + 1] = "";

    assert_non_null(long_one);
    memset(long_one, '"', UK_SECRET_MAX);
    long_one[UK_SECRET_MAX] = '\0';
    /* One of the two may be of nothing but quotes; both would not fit. */
    tokens = make_tokens("a", long_one);
    assert_int_equal(uk_kept_pack(&kept, &buf, &err), UK_OK);
    assert_int_equal(uk_kept_unpack(buf.bytes, buf.len, account, &back, &err),
                     UK_OK);
    assert_string_equal(uk_secret_peek(&back), long_one);
    assert_string_equal(account, "alice");
    uk_secret_clear(&back);
    uk_buf_clear(&buf);
    uk_tokens_clear(&tokens);
    free(long_one);
}

/* What is written here with ' stands in the file with ". */
#define A       "'account':'a-1'"
#define R       "'refresh_token':'r'"
#define LONGEST "abcdefghijklmnopqrstuvwxyz_-0123"

static const struct {
    const char *text;
    const char *account;
    const char *refresh;
} good[] = {
    {"{" A "," R "}", "a-1", "r"},
    {"{" R "," A "}", "a-1", "r"},
    {" {\n\t'refresh_token' :\r'r' , 'account'\t:\n'a-1'} \n", "a-1", "r"},
    {"{'a':'b'," A "," R ",'c':''}", "a-1", "r"},
    {"{" A ",'refresh_token':'\\'\\\\\\/'}", "a-1", "\"\\/"},
    {"{'a':'refresh_token'," R ",'b':'account'," A "}", "a-1", "r"},
    {"{'account':'" LONGEST "'," R "}", LONGEST, "r"},
};

static const char *const bad[] = {
    "",
    "{",
    "{}",
    "r",
    "{" A "}",
    "{" R "}",
    "['refresh_token','r']",
    "{" A ",'refresh_token'}",
    "{" A ",'refresh_token':}",
    "{" A "," R,
    "{" A ",'refresh_token':'r",
    "{" A ",'refresh_token':'r\\",
    "{" A ",'refresh_token':''}",
    "{" A "," R "}}",
    "{" A "," R "}x",
    "{" A "," R ",}",
    "{," A "," R "}",
    "{" A " " R "}",
    "{" A "," R " 'a':'b'}",
    "{" A "," R ",'refresh_token':'s'}",
    "{" A "," R "," A "}",
    "{" A ",'refresh_token':1}",
    "{" A ",'refresh_token':null}",
    "{" A ",'refresh_token':{'refresh_token':'r'}}",
    "{" A ",'refresh_token':'\\u0072'}",
    "{" A ",'refresh_token':'a\\nb'}",
    "{" A ",'refresh_token':'a\nb'}",
    "{" A ",'refresh_token':'\303\274'}",
    "{" A ",'refresh_token':'a\177b'}",
    "{" A "," R ",'other':'a\177b'}",
    "{" A "," R ",'\177':'b'}",
    "{" A ",'Refresh_token':'r'}",
    "{" A ",'refresh_tokens':'r'}",
    "{" A ",'access_token':'r'}",
    "{" A ",refresh_token:'r'}",
    "{'account':''," R "}",
    "{'account':'Alice'," R "}",
    "{'account':'john.doe'," R "}",
    "{'account':'a\\/b'," R "}",
    "{'account':'x" LONGEST "'," R "}",
};

/* Memory that ends where the text ends, so that a look behind it is noticed;
 * its first byte is not the text's. */
static char *
make_text(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len + 1);

    assert_non_null(copy);
    for (size_t i = 0; i < len; i++)
        copy[i + 1] = text[i] == '\'' ? '"' : text[i];
    return copy;
}

static void
test_unpack(void **state)
{
    for (size_t i = 0; i < UK_COUNT(good); i++) {
        struct uk_secret refresh = UK_SECRET_NONE;
        char account[UK_NAME_MAX + 1] = "";
        char *text = make_text(good[i].text);

        assert_int_equal(uk_kept_unpack(text + 1, strlen(good[i].text), account,
                                        &refresh, &err),
                         UK_OK);
        assert_string_equal(uk_secret_peek(&refresh), good[i].refresh);
        assert_string_equal(account, good[i].account);
        uk_secret_clear(&refresh);
        free(text);
    }
}

static void
expect_refused(const char *text, size_t len)
{
    struct uk_secret refresh = UK_SECRET_NONE;
    char account[UK_NAME_MAX + 1] = "before";
    enum uk_code code = uk_kept_unpack(text, len, account, &refresh, &err);

    if (code != UK_BAD_ANSWER)
        fail_msg("%.*s: code %d", (int)len, text, code);
    assert_null(refresh.bytes);
    assert_string_equal(account, "before");
}

static void
test_unpack_refuses(void **state)
{
    for (size_t i = 0; i < UK_COUNT(bad); i++) {
        char *text = make_text(bad[i]);

        expect_refused(text + 1, strlen(bad[i]));
        free(text);
    }
}

/* A NUL is a byte like any other: not printable. */
static void
test_unpack_nul(void **state)
{
    static const char nuls[][64] = {
        "{\"account\":\"a\",\"refresh_token\":\"r?\"}",
        "{\"account\":\"a\",\"refresh_token\":\"r\\?\"}",
        "{\"account\":\"a?\",\"refresh_token\":\"r\"}",
    };

    for (size_t i = 0; i < UK_COUNT(nuls); i++) {
        size_t len = strlen(nuls[i]);
        char text[64];

        memcpy(text, nuls[i], len);
        *(char *)memchr(text, '?', len) = '\0';
        expect_refused(text, len);
    }
}

/* Every beginning of a good one, in memory that ends where it ends. */
static void
test_unpack_beginnings(void **state)
{
    for (size_t len = 0; len < strlen(good[4].text); len++) {
        char *beginning = strndup(good[4].text, len);
        char *text;

        assert_non_null(beginning);
        text = make_text(beginning);
        expect_refused(text + 1, len);
        free(text);
        free(beginning);
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
