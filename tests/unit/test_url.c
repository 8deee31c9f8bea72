/* core/url: addresses taken apart, and what is not one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/attr.h"
#include "core/url.h"

static void
takes_addresses_apart(void **state)
{
    static const struct {
        const char *text;
        const char *scheme;
        const char *host;
        unsigned long port;
        const char *path;
        bool loopback;
    } rows[] = {
        {"https://a", "https", "a", 0, "", false},
        {"https://auth.example.com", "https", "auth.example.com", 0, "", false},
        {"https://auth.example.com:8443/x/y-_.~", "https", "auth.example.com",
         8443, "/x/y-_.~", false},
        {"https://a/", "https", "a", 0, "/", false},
        {"https://a/b/", "https", "a", 0, "/b/", false},
        {"http://localhost:80", "http", "localhost", 80, "", true},
        {"http://LocalHost", "http", "LocalHost", 0, "", true},
        {"http://127.0.0.1:9090", "http", "127.0.0.1", 9090, "", true},
        {"http://127.255.255.254", "http", "127.255.255.254", 0, "", true},
        {"http://128.0.0.1", "http", "128.0.0.1", 0, "", false},
        {"http://10.127.0.1", "http", "10.127.0.1", 0, "", false},
        {"http://[::1]:1", "http", "::1", 1, "", true},
        {"http://[0:0:0:0:0:0:0:1]", "http", "0:0:0:0:0:0:0:1", 0, "", true},
        {"http://[::2]/p", "http", "::2", 0, "/p", false},
        {"http://[::ffff:127.0.0.1]", "http", "::ffff:127.0.0.1", 0, "", false},
        {"socks5h://p:65535", "socks5h", "p", 65535, "", false},
        {"https://localhost.example.com", "https", "localhost.example.com", 0,
         "", false},
        {"https://127.0.0.1.example.com", "https", "127.0.0.1.example.com", 0,
         "", false},
        {"https://1a.b2-c.d", "https", "1a.b2-c.d", 0, "", false},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_url url;

        if (!uk_url_parse(rows[i].text, &url))
            fail_msg("'%s' was refused", rows[i].text);
        assert_string_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_string_equal(url.path, rows[i].path);
        assert_int_equal(url.loopback, rows[i].loopback);
    }
}

static void
refuses_what_can_be_read_in_two_ways(void **state)
{
    static const char *const rows[] = {
        "",
        "a",
        "a.b",
        "//a",
        "https:",
        "https:/a",
        "https://",
        "://a",
        "https:///a",
        "HTTPS://a",
        "ht-tp://a",
        "tooolong://a",
        /* user information, queries, fragments, escapes */
        "https://u@a",
        "https://u:p@a",
        "https://a@b:80/c",
        "https://a?b",
        "https://a/?b",
        "https://a#b",
        "https://a/#b",
        "https://a/%2e",
        "https://a%2eb",
        "https://a\\@b",
        "https://a/b\\c",
        "https://a;b",
        /* hosts */
        "https://-a",
        "https://a-",
        "https://a..b",
        "https://.a",
        "https://a.",
        "https://a_b",
        "https://a b",
        "https://a\tb",
        "https://\xc3\xa4",
        "https://'",
        "https://*.example.com",
        /* what some programs read as a number */
        "http://127.1",
        "http://127.0.1",
        "http://2130706433",
        "http://0",
        "http://0177.0.0.1",
        "http://127.0.0.01",
        "http://0x7f.0.0.1",
        "http://0x7f000001",
        "http://0X7f000001",
        "http://127.0.0.256",
        "http://127.0.0.1.",
        "http://1.2.3.4.5",
        "http://a.1",
        "http://a.0x1",
        /* IPv6 */
        "http://[",
        "http://[]",
        "http://[::1",
        "http://::1",
        "http://[::1]a",
        "http://[127.0.0.1]",
        "http://[::1%eth0]",
        "http://[::1%25lo]",
        "http://[:::1]",
        "http://[localhost]",
        "http://a]",
        /* ports */
        "https://a:",
        "https://a:/",
        "https://a:0",
        "https://a:65536",
        "https://a:-1",
        "https://a:+1",
        "https://a:1a",
        "https://a: 1",
        "https://a:80:80",
        "https://a:0000080",
        "https://a:99999999999999999999",
        "https://:80",
        /* paths */
        "https://a//",
        "https://a//b",
        "https://a/b//c",
        "https://a/.",
        "https://a/..",
        "https://a/../b",
        "https://a/b/../c",
        "https://a/./b",
        "https://a/b c",
        "https://a/\xc3\xa4",
        "https://a/b;c",
        "https://a/b'c",
        "https://a/b\nc",
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_url url = {.port = 7};

        if (uk_url_parse(rows[i], &url) || url.port != 7)
            fail_msg("row %zu ('%s') was taken", i, rows[i]);
    }
}

static void
has_longest_parts(void **state)
{
    char label[64 + 1];
    char text[400];
    struct uk_url url;

    memset(label, 'a', sizeof(label) - 1);
    label[64] = '\0';
    snprintf(text, sizeof(text), "https://%.63s.%.63s.%.63s.%.61s", label,
             label, label, label);
    assert_true(uk_url_parse(text, &url));
    assert_int_equal(strlen(url.host), 253);
    snprintf(text, sizeof(text), "https://%.63s.%.63s.%.63s.%.62s", label,
             label, label, label);
    assert_false(uk_url_parse(text, &url));
    snprintf(text, sizeof(text), "https://%s.example.com", label);
    assert_false(uk_url_parse(text, &url));
}

static void
knows_domains(void **state)
{
    static const char *const good[] = {"example.com", "a", "A-1.b", "1.2"};
    static const char *const bad[] = {
        "",    ".",        "a.",   ".a",   "a..b",          "-a.b", "a-.b",
        "a_b", "a b",      "@a.b", "a@b",  "a/b",           "a:1",  "a,b",
        "*.a", "\xc3\xa4", "a.b ", " a.b", "example.com\n",
    };

    for (size_t i = 0; i < UK_COUNT(good); i++)
        assert_true(uk_url_is_domain(good[i]));
    for (size_t i = 0; i < UK_COUNT(bad); i++) {
        if (uk_url_is_domain(bad[i]))
            fail_msg("'%s' was taken", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_addresses_apart),
        cmocka_unit_test(refuses_what_can_be_read_in_two_ways),
        cmocka_unit_test(has_longest_parts),
        cmocka_unit_test(knows_domains),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
