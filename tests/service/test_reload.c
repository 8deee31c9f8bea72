/* service/operate/reload: which settings change while the service runs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "service/operate/reload.h"

#define FIXED                                                                  \
    "listen_http = 127.0.0.1:80\ndatabase = postgresql://u:hush@h/d\n"         \
    "secrets = /s\n"

static struct uk_err err;

static void
parse(const char *more, struct uk_config *out)
{
    char text[4096];

    snprintf(text, sizeof(text), "%s%s", FIXED, more);
    assert_int_equal(uk_config_parse(text, strlen(text), "/f", out, &err),
                     UK_OK);
}

/* What is said of a change from one file to the other. */
static void
check(const char *before, const char *after, const char *changed,
      const char *restart)
{
    struct uk_buf said = UK_BUF_UP_TO(16384), named = UK_BUF_UP_TO(1024);
    struct uk_config old, read;

    parse(before, &old);
    parse(after, &read);
    uk_reload_merge(&old, &read, &said, &named);
    /* One number more, whoever lies at which address. */
    assert_int_equal(read.number, 1);
    uk_reload_merge(&read, &old, &said, &named);
    assert_int_equal(old.number, 2);
    uk_buf_clear(&said);
    uk_buf_clear(&named);
    parse(before, &old);
    parse(after, &read);
    uk_reload_merge(&old, &read, &said, &named);
    assert_string_equal(uk_buf_peek(&said), changed);
    assert_string_equal(uk_buf_peek(&named), restart);
    uk_buf_clear(&said);
    uk_buf_clear(&named);
}

static void
says_what_has_changed(void **state)
{
    check("", "", "", "");
    check("log_level = debug\n", "log_level = error\n",
          "'log_level' is now 'error' (was 'debug')", "");
    check("", "limit_period = 1500ms\n",
          "'limit_period' is now '1500ms' (was '600s')", "");
    check("allowed_origins = https://a.example\n",
          "allowed_origins = https://a.example https://b.example\n",
          "'allowed_origins' is now 'https://a.example https://b.example' "
          "(was 'https://a.example')",
          "");
    check("public_url = https://a.example\n", "",
          "'public_url' is now '' (was 'https://a.example')", "");
    check("registration = open\nlogins_per_user = 7\n", "logins_per_user = 8\n",
          "'registration' is now 'closed' (was 'open'), "
          "'logins_per_user' is now '8' (was '7')",
          "");
    /* The same in other words is no change. */
    check("limit_period = 10min\n", "limit_period = 600s\n", "", "");
    check("", "registration = closed\n", "", "");
}

/* Nothing is said of their values: a database has a password in it. */
static void
names_what_needs_a_restart(void **state)
{
    static const char other[] =
        "listen_http = 127.0.0.1:81\nlisten = 127.0.0.1:82\n"
        "listen_metrics = 127.0.0.1:83\ninsecure_http = yes\n"
        "database = postgresql://u:hush@other/d\nsecrets = /o\n"
        "threads = 3\npassword_threads = 4\nmax_connections = 99\n"
        "logins_per_user = 5\n";
    struct uk_buf said = UK_BUF_UP_TO(16384), named = UK_BUF_UP_TO(1024);
    struct uk_config old, read;

    parse("", &old);
    assert_int_equal(
        uk_config_parse(other, sizeof(other) - 1, "/f", &read, &err), UK_OK);
    uk_reload_merge(&old, &read, &said, &named);
    assert_string_equal(uk_buf_peek(&said),
                        "'logins_per_user' is now '5' (was '10000')");
    assert_string_equal(uk_buf_peek(&named),
                        "'listen', 'listen_http', 'listen_metrics', "
                        "'database', 'secrets', 'max_connections', 'threads', "
                        "'password_threads', 'insecure_http'");
    assert_int_equal(read.logins_per_user, 5);
    assert_int_equal(read.listen.count, 0);
    assert_int_equal(read.listen_metrics.count, 0);
    assert_string_equal(read.listen_http.item[0], "127.0.0.1:80");
    assert_string_equal(read.database, "postgresql://u:hush@h/d");
    assert_string_equal(read.secrets, "/s");
    assert_int_equal(read.threads, 0);
    assert_int_equal(read.password_threads, 0);
    assert_int_equal(read.max_connections, 4096);
    assert_false(read.insecure_http);
    uk_buf_clear(&said);
    uk_buf_clear(&named);
}

static void
another_certificate_is_no_restart_but_the_first_one_is(void **state)
{
    check("tls_certificate = /a\ntls_key = /b\n",
          "tls_certificate = /c\ntls_key = /b\n",
          "'tls_certificate' is now '/c' (was '/a')", "");
    check("", "tls_certificate = /a\ntls_key = /b\n", "",
          "'tls_certificate', 'tls_key'");
    check("tls_certificate = /a\ntls_key = /b\n", "", "",
          "'tls_certificate', 'tls_key'");
}

static void
proxies_follow(void **state)
{
    struct uk_buf said = UK_BUF_UP_TO(16384), named = UK_BUF_UP_TO(1024);
    struct uk_config old, read;
    char text[UK_ADDRESS_TEXT];

    parse("trusted_proxies = 10.0.0.1 10.0.0.2\n", &old);
    parse("trusted_proxies = 10.0.0.3\n", &read);
    uk_reload_merge(&old, &read, &said, &named);
    assert_int_equal(read.proxies, 1);
    assert_string_equal(uk_address_text(&read.proxy[0], false, text),
                        "10.0.0.3");
    uk_buf_clear(&said);
    uk_buf_clear(&named);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_has_changed),
        cmocka_unit_test(names_what_needs_a_restart),
        cmocka_unit_test(
            another_certificate_is_no_restart_but_the_first_one_is),
        cmocka_unit_test(proxies_follow),
    };

    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
