/* core/httpsurl: which URLs are parsed once, and what they say then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/httpsurl.h"

/* As it is written: a proxy may know such paths. */
static const char *const good[] = {
    "https://auth.example.com/api/client/v2.0/app/a/location",
    "https://auth.example.com:8443/api/client/v2.0/app/a/../a/location",
    "https://[::1]:8443/a/./b//c",
    "http://127.0.0.1:1/a%2fb",
};
static const char *const bad[] = {"", "https://", "https://a:b:c/",
                                  "ht tp://a"};

static void
test_parsed_once(void **state)
{
    struct uk_httpsurls urls = {.count = 0};
    CURLU *parsed[UK_COUNT(good)];

    for (size_t i = 0; i < UK_COUNT(good); i++) {
        char *text = NULL;

        parsed[i] = uk_httpsurl_find(&urls, good[i]);
        assert_non_null(parsed[i]);
        assert_int_equal(curl_url_get(parsed[i], CURLUPART_URL, &text, 0),
                         CURLUE_OK);
        assert_string_equal(text, good[i]);
        curl_free(text);
    }
    for (size_t i = 0; i < UK_COUNT(good); i++)
        assert_ptr_equal(uk_httpsurl_find(&urls, good[i]), parsed[i]);
    assert_int_equal(urls.count, UK_COUNT(good));
    uk_httpsurl_clear(&urls);
    assert_int_equal(urls.count, 0);
}

static void
test_not_parsed(void **state)
{
    struct uk_httpsurls urls = {.count = 0};
    char text[64];

    for (size_t i = 0; i < UK_COUNT(bad); i++)
        assert_null(uk_httpsurl_find(&urls, bad[i]));
    assert_int_equal(urls.count, 0);
    for (int i = 0; i < UK_HTTPSURL_MOST; i++) {
        snprintf(text, sizeof(text), "https://server%d/path", i);
        assert_non_null(uk_httpsurl_find(&urls, text));
    }
    assert_null(uk_httpsurl_find(&urls, good[0]));
    assert_non_null(uk_httpsurl_find(&urls, text));
    uk_httpsurl_clear(&urls);
    assert_non_null(uk_httpsurl_find(&urls, good[0]));
    uk_httpsurl_clear(&urls);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parsed_once),
        cmocka_unit_test(test_not_parsed),
    };

    return cmocka_run_group_tests_name("httpsurl", tests, NULL, NULL);
}
