/* service/http/framing: whether a request may be believed to be one request. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "core/attr.h"
#include "service/http/framing.h"

#define PATH "/api/client/v2.0/auth/session"
#define HOST "Host: keys.example.com"

/* Headers as "Name: value", NULL at the end. */
static const char *
judge(const char *path, const char *version, const char *const *headers,
      struct uk_framing *framing)
{
    uk_framing_start(framing, path, version);
    for (; *headers != NULL; headers++) {
        const char *colon = strchr(*headers, ':');
        char name[64];
        size_t len = (size_t)(colon - *headers);

        assert_true(len < sizeof(name));
        memcpy(name, *headers, len);
        name[len] = '\0';
        uk_framing_header(framing, name, len, colon + 2, strlen(colon + 2));
    }
    return uk_framing_end(framing);
}

struct row {
    bool good;
    const char *headers[6];
};

static const struct row rows[] = {
    {true, {HOST}},
    {true, {"HOST: a"}},
    {true, {HOST, "Content-Length: 0"}},
    {true, {HOST, "Content-Length: 65536"}},
    {true, {HOST, "Transfer-Encoding: chunked"}},
    {true, {HOST, "transfer-encoding: Chunked"}},
    {true, {HOST, "Accept: */*", "X-A: tab\tand \xc3\xa4"}},
    {true, {HOST, "X-Forwarded-For: a", "X-Forwarded-For: b"}},
    {false, {NULL}},
    {false, {HOST, HOST}},
    {false, {HOST, "host: other"}},
    {false, {"Host: "}},
    {false, {"Host: a b"}},
    {false, {"Host: a/b"}},
    {false, {HOST, "Content-Length: 1", "Content-Length: 2"}},
    {false, {HOST, "Content-Length: 1", "Content-Length: 1"}},
    {false, {HOST, "Content-Length: 1", "content-length: 1"}},
    {false, {HOST, "Content-Length: "}},
    {false, {HOST, "Content-Length: +1"}},
    {false, {HOST, "Content-Length: -1"}},
    {false, {HOST, "Content-Length: 1,1"}},
    {false, {HOST, "Content-Length: 0x1"}},
    {false, {HOST, "Content-Length: 1 "}},
    {false, {HOST, "Content-Length: 1", "Transfer-Encoding: chunked"}},
    {false, {HOST, "Transfer-Encoding: chunked", "Content-Length: 1"}},
    {false, {HOST, "Transfer-Encoding: identity"}},
    {false, {HOST, "Transfer-Encoding: xchunked"}},
    {false, {HOST, "Transfer-Encoding: gzip, chunked"}},
    {false, {HOST, "Transfer-Encoding: chunked, chunked"}},
    {false, {HOST, "Transfer-Encoding: chunked ", ""}},
    {false, {HOST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}},
    {false, {HOST, "Content-Length : 1"}},
    {false, {HOST, "Transfer-Encoding : chunked"}},
    {false, {HOST, "X A: b"}},
    {false, {HOST, "X\tA: b"}},
    {false, {HOST, ": b"}},
    {false, {HOST, "X(A): b"}},
    {false, {HOST, "\xc3\xa4: b"}},
    {false, {HOST, "X-A: b\rContent-Length: 0"}},
    {false, {HOST, "X-A: b\nContent-Length: 0"}},
    {false, {HOST, "X-A: \x7f"}},
    {false, {HOST, "X-A: \x1b[31m"}},
    {false, {HOST, "Authorization: Bearer a", "Authorization: Bearer b"}},
    {false, {HOST, "Content-Type: a", "Content-Type: b"}},
    {false, {HOST, "Origin: http://a", "Origin: http://b"}},
};

static void
judges_headers(void **state)
{
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_framing framing;
        const char *headers[UK_COUNT(rows[0].headers) + 1] = {NULL};
        const char *fault;

        for (size_t n = 0; n < UK_COUNT(rows[0].headers); n++) {
            if (rows[i].headers[n] == NULL || rows[i].headers[n][0] == '\0')
                break;
            headers[n] = rows[i].headers[n];
        }
        fault = judge(PATH, "HTTP/1.1", headers, &framing);
        if ((fault == NULL) != rows[i].good)
            fail_msg("row %zu: %s", i, fault != NULL ? fault : "taken");
    }
}

static void
judges_versions(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const host[] = {HOST, NULL};
    static const char *const chunks[] = {HOST, "Transfer-Encoding: chunked",
                                         NULL};
    struct uk_framing framing;

    /* HTTP/1.0 needs no Host, and has no chunks (RFC 9112, section 6.1). */
    assert_null(judge(PATH, "HTTP/1.0", none, &framing));
    assert_null(judge(PATH, "HTTP/1.0", host, &framing));
    assert_non_null(judge(PATH, "HTTP/1.0", chunks, &framing));
    assert_non_null(judge(PATH, "HTTP/1.1", none, &framing));
}

static void
judges_paths(void **state)
{
    static const char *const host[] = {HOST, NULL};
    static const char *const good[] = {
        "/", PATH, "/a%20b", "/a%2500", "/..", "/a//b", "/~!$&'()*+,;=:@"};
    static const char *const wrong[] = {
        "",      "*",         "auth",  "http://a/", "/a b",  "/a\tb",
        "/a%00", "/%00/auth", "/\x7f", "/\xc3\xa4", "/\x01",
    };
    struct uk_framing framing;

    for (size_t i = 0; i < UK_COUNT(good); i++) {
        if (judge(good[i], "HTTP/1.1", host, &framing) != NULL)
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        if (judge(wrong[i], "HTTP/1.1", host, &framing) == NULL)
            fail_msg("taken: %s", wrong[i]);
    }
}

static void
reads_lengths(void **state)
{
    static const struct {
        const char *header;
        uint64_t least, most;
    } lengths[] = {
        {"Content-Length: 0", 0, 0},
        {"Content-Length: 65536", 65536, 65536},
        {"Content-Length: 00042", 42, 42},
        /* What is too much is only known to be too much. */
        {"Content-Length: 18446744073709551616", UINT32_MAX, UINT64_MAX},
        {"Content-Length: 99999999999999999999999", UINT32_MAX, UINT64_MAX},
    };

    for (size_t i = 0; i < UK_COUNT(lengths); i++) {
        const char *headers[] = {HOST, lengths[i].header, NULL};
        struct uk_framing framing;

        assert_null(judge(PATH, "HTTP/1.1", headers, &framing));
        assert_true(framing.length >= lengths[i].least);
        assert_true(framing.length <= lengths[i].most);
    }
}

static void
knows_where_a_request_ends(void **state)
{
    static const char *const none[] = {HOST, NULL};
    static const char *const length[] = {HOST, "Content-Length: 0", NULL};
    static const char *const chunks[] = {HOST, "Transfer-Encoding: chunked",
                                         NULL};
    struct uk_framing framing;

    assert_null(judge(PATH, "HTTP/1.1", none, &framing));
    assert_true(uk_framing_is_clear(&framing, "GET", true));
    assert_true(uk_framing_is_clear(&framing, "DELETE", true));
    assert_false(uk_framing_is_clear(&framing, "POST", true));
    assert_false(uk_framing_is_clear(&framing, "PUT", true));
    assert_false(uk_framing_is_clear(&framing, "PATCH", true));
    assert_false(uk_framing_is_clear(&framing, "GET", false));
    assert_false(uk_framing_is_clear(&framing, "DELETE", false));
    assert_null(judge(PATH, "HTTP/1.1", length, &framing));
    assert_true(uk_framing_is_clear(&framing, "POST", true));
    assert_true(uk_framing_is_clear(&framing, "GET", false));
    assert_null(judge(PATH, "HTTP/1.1", chunks, &framing));
    assert_true(uk_framing_is_clear(&framing, "PUT", true));
    assert_true(uk_framing_is_clear(&framing, "PUT", false));
}

static void
knows_hosts(void **state)
{
    static const char *const good[] = {
        "a",
        "keys.example.com",
        "keys.example.com:8443",
        "127.0.0.1",
        "127.0.0.1:0",
        "[::1]",
        "[::1]:443",
        "a_b",
        "xn--nxa.example:65535",
        "a:",
    };
    static const char *const wrong[] = {
        "",       ":80",      "a b",      "a/b",   "a@b",  "a\\b",
        "a\"b",   "<x>",      "x:1:2",    "a:x",   "[::1", "[]",
        "[::1]x", "[::1]:x",  "a:123456", "::1",   "a?b",  "a#b",
        "a,b",    "\xc3\xa4", "a\nb",     "[a]b]",
    };
    char longest[300];

    for (size_t i = 0; i < UK_COUNT(good); i++) {
        if (!uk_framing_is_host(good[i], strlen(good[i])))
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        if (uk_framing_is_host(wrong[i], strlen(wrong[i])))
            fail_msg("taken: %s", wrong[i]);
    }
    memset(longest, 'a', sizeof(longest));
    assert_true(uk_framing_is_host(longest, 255));
    assert_false(uk_framing_is_host(longest, sizeof(longest)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_headers),
        cmocka_unit_test(judges_versions),
        cmocka_unit_test(judges_paths),
        cmocka_unit_test(reads_lengths),
        cmocka_unit_test(knows_where_a_request_ends),
        cmocka_unit_test(knows_hosts),
    };

    return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
