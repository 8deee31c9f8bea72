/* core/settings: userkey.conf, each setting right and wrong in each way. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/settings.h"

#define BASE                                                                   \
    "service_url = https://auth.example.com\n"                                 \
    "app_id = myapp-abcde\n"
#define PIN "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static enum uk_code
parse(const char *text, struct uk_settings *out, struct uk_err *err)
{
    return uk_settings_parse(text, strlen(text), "F", out, err);
}

static void
has_the_documented_defaults(void **state)
{
    struct uk_settings s;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(parse(BASE, &s, &err), UK_OK);
    assert_int_equal(s.service_url.count, 1);
    assert_string_equal(s.service_url.item[0], "https://auth.example.com");
    assert_string_equal(s.app_id, "myapp-abcde");
    assert_string_equal(s.ca_file, "");
    assert_string_equal(s.pinned_public_key, "");
    assert_string_equal(s.client_certificate, "");
    assert_string_equal(s.client_key, "");
    assert_string_equal(s.proxy, "");
    assert_int_equal(s.timeout, 5000);
    assert_string_equal(s.users_file, UK_CONFDIR "/users");
    assert_string_equal(s.email_domain, "");
    assert_int_equal(s.min_uid, 1000);
    assert_false(s.allow_root);
    assert_int_equal(s.key_format, UK_KEY_FORMAT_UKEY);
    assert_int_equal(s.failure_floor, 1000);
    assert_int_equal(s.session, UK_SESSION_DISCARD);
    assert_string_equal(s.prompt, "User API key: ");
    assert_int_equal(s.log_level, 3);
    assert_int_equal(s.failed_logins_per_source, 20);
    assert_int_equal(s.failed_logins_per_user, 40);
    assert_int_equal(s.limit_period, 600000);
    assert_int_equal(s.offline_grace, 0);
    assert_int_equal(s.offline_services.count, 0);
    assert_string_equal(s.state_folder, UK_STATEDIR "/userkey-agent");
    assert_false(s.insecure_http);
    assert_string_equal(s.agent_program, UK_LIBEXECDIR "/userkey-agent");
    assert_string_equal(s.agent_socket, ""); /* the file has another name */
    assert_int_equal(s.agent_idle, 600000);
    assert_true(s.connect_early);
}

static void
takes_everything_that_is_documented(void **state)
{
    static const char text[] =
        "service_url = https://a.example.com:8443/base https://[2001:db8::1]\n"
        "app_id = a_B-9\n"
        "ca_file = /etc/userkey/ca.pem\n"
        "pinned_public_key = " PIN "\n"
        "client_certificate = /etc/userkey/host.pem\n"
        "client_key = /etc/userkey/host.key\n"
        "proxy = http://proxy.example.com:3128\n"
        "timeout = 30s\n"
        "users_file = /srv/users\n"
        "email_domain = example.com\n"
        "min_uid = 500\n"
        "allow_root = yes\n"
        "key_format = any\n"
        "failure_floor = 0\n"
        "session = keep\n"
        "prompt = Key:   # two spaces\n"
        "log_level = debug\n"
        "failed_logins_per_source = 1\n"
        "failed_logins_per_user = 100000\n"
        "limit_period = 1d\n"
        "offline_grace = 30d\n"
        "offline_services = sshd login\n"
        "state_folder = /srv/agent\n"
        "insecure_http = yes\n"
        "agent_program = /opt/agent\n"
        "agent_socket = /opt/agent.sock\nagent_idle = 1h\n"
        "connect_early = no\n";
    struct uk_settings s;
    struct uk_err err = UK_ERR_NONE;

    if (parse(text, &s, &err) != UK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(s.service_url.count, 2);
    assert_string_equal(s.service_url.item[1], "https://[2001:db8::1]");
    assert_string_equal(s.pinned_public_key, PIN);
    assert_string_equal(s.client_key, "/etc/userkey/host.key");
    assert_string_equal(s.proxy, "http://proxy.example.com:3128");
    assert_int_equal(s.timeout, 30000);
    assert_string_equal(s.users_file, "/srv/users");
    assert_string_equal(s.email_domain, "example.com");
    assert_int_equal(s.min_uid, 500);
    assert_true(s.allow_root);
    assert_int_equal(s.key_format, UK_KEY_FORMAT_ANY);
    assert_int_equal(s.failure_floor, 0);
    assert_int_equal(s.session, UK_SESSION_KEEP);
    assert_string_equal(s.prompt, "Key: ");
    assert_int_equal(s.log_level, 4);
    assert_int_equal(s.failed_logins_per_source, 1);
    assert_int_equal(s.failed_logins_per_user, 100000);
    assert_int_equal(s.limit_period, 86400000);
    assert_true(s.offline_grace == 2592000000);
    assert_int_equal(s.offline_services.count, 2);
    assert_string_equal(s.offline_services.item[1], "login");
    assert_string_equal(s.state_folder, "/srv/agent");
    assert_true(s.insecure_http);
    assert_string_equal(s.agent_program, "/opt/agent");
    assert_string_equal(s.agent_socket, "/opt/agent.sock");
    assert_int_equal(s.agent_idle, 3600000);
    assert_false(s.connect_early);
}

/* Of a key's form, with the right checksum: what people paste by mistake. */
#define KEY "ukey5MduBSj0HYp6NevCTk1IZq7OfwDUl2Jar8PgxEVm3Kbs9QhyFWn4Lc2a10to"

/* Line 3 of a file; "service_url" and "app_id" stand alone. */
static const struct {
    const char *name;
    const char *value;
} wrong[] = {
    {"service_url", ""},
    {"service_url", "auth.example.com"},
    {"service_url", "ftp://auth.example.com"},
    {"service_url", "HTTPS://auth.example.com"},
    {"service_url", "https://auth.example.com/"},
    {"service_url", "https://auth.example.com/base/"},
    {"service_url", "https://user@auth.example.com"},
    {"service_url", "https://user:pw@auth.example.com"},
    {"service_url", "https://auth.example.com?x"},
    {"service_url", "https://auth.example.com/a#b"},
    {"service_url", "https://auth.example.com:0"},
    {"service_url", "https://auth.example.com:65536"},
    {"service_url", "https://auth.example.com, https://b.example.com"},
    {"service_url", "https://auth.example.com http://b.example.com"},
    {"service_url", "https://a https://a https://a https://a https://a "
                    "https://a https://a https://a https://a"},
    {"service_url", "http://auth.example.com"},
    {"service_url", "http://10.0.0.1"},
    {"service_url", "http://127.1"},
    {"service_url", "http://127.0.0.1.example.com"},
    {"service_url", "http://localhost.example.com"},
    {"service_url", "http://[::2]"},
    {"service_url", "http://0.0.0.0"},
    {"service_url", "https://127.0.0.1:8080x"},
    {"service_url", "socks5h://127.0.0.1"},
    {"app_id", ""},
    {"app_id", "my app"},
    {"app_id", "my/app"},
    {"app_id", "../app"},
    {"app_id", "app?x"},
    {"app_id", "\xc3\xa4pp"},
    {"app_id", KEY},
    {"app_id", KEY "x"},
    {"email_domain", KEY},
    {"users_file", KEY},
    {"service_url", KEY},
    {"session", KEY},
    {"app_id",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"ca_file", ""},
    {"ca_file", "ca.pem"},
    {"ca_file", "~/ca.pem"},
    {"ca_file", "/etc/c\xc3\xa4.pem"},
    {"pinned_public_key", ""},
    {"pinned_public_key", "sha256//"},
    {"pinned_public_key", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
    {"pinned_public_key", "sha1//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
    {"pinned_public_key",
     "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF="},
    {"pinned_public_key",
     "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"},
    {"pinned_public_key",
     "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV="},
    {"pinned_public_key",
     "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=="},
    {"pinned_public_key",
     "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF=="},
    {"pinned_public_key",
     "sha256//47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="},
    {"pinned_public_key", PIN ";" PIN},
    {"pinned_public_key", "/etc/userkey/pin.pem"},
    {"client_certificate", ""},
    {"client_certificate", "host.pem"},
    {"client_key", ""},
    {"client_key", "host.key"},
    {"proxy", ""},
    {"proxy", "proxy.example.com:3128"},
    {"proxy", "http://user:pw@proxy.example.com:3128"},
    {"proxy", "http://proxy.example.com/x"},
    {"proxy", "socks4://proxy.example.com"},
    {"proxy", "file:///etc/passwd"},
    {"timeout", ""},
    {"timeout", "5 parsecs"},
    {"timeout", "499ms"},
    {"timeout", "31s"},
    {"timeout", "0"},
    {"timeout", "-1"},
    {"timeout", "1h"},
    {"timeout", "5s 6s"},
    {"users_file", ""},
    {"users_file", "users"},
    {"email_domain", ""},
    {"email_domain", "@example.com"},
    {"email_domain", "example.com."},
    {"email_domain", "a.com b.com"},
    {"email_domain", "*.example.com"},
    {"email_domain", "ex\xc3\xa4mple.com"},
    {"min_uid", ""},
    {"min_uid", "0"},
    {"min_uid", "-1"},
    {"min_uid", "4294967295"},
    {"min_uid", "1e3"},
    {"min_uid", "alice"},
    {"allow_root", ""},
    {"allow_root", "Yes"},
    {"allow_root", "1"},
    {"allow_root", "yes!"},
    {"key_format", ""},
    {"key_format", "UKEY"},
    {"key_format", "ukey any"},
    {"key_format", "none"},
    {"failure_floor", ""},
    {"failure_floor", "11s"},
    {"failure_floor", "10001ms"},
    {"failure_floor", "-1s"},
    {"session", ""},
    {"session", "yes"},
    {"session", "Keep"},
    {"prompt", ""},
    {"prompt", "Schl\xc3\xbcssel:"},
    {"log_level", ""},
    {"log_level", "6"},
    {"log_level", "trace"},
    {"failed_logins_per_source", "0"},
    {"failed_logins_per_source", "100001"},
    {"failed_logins_per_user", "0"},
    {"failed_logins_per_user", "-1"},
    {"limit_period", "999ms"},
    {"limit_period", "25h"},
    {"offline_grace", "31d"},
    {"offline_grace", "yes"},
    {"offline_services", ""},
    {"offline_services", "../sshd"},
    {"offline_services", "a\xc3\xa4"},
    {"state_folder", "agent"},
    {"state_folder", ""},
    {"insecure_http", ""},
    {"insecure_http", "true"},
    {"agent_socket", ""},
    {"agent_socket", "agent.sock"},
    {"agent_socket", "None"},
    {"connect_early", "maybe"},
    {"connect_early", "1"},
    {"agent_idle", "999ms"},
    {"agent_idle", "25h"},
    {"agent_program", ""},
    {"agent_program", "userkey-agent"},
    {"agent_program", "./userkey-agent"},
};

static void
refuses_every_wrong_value(void **state)
{
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        bool url = strcmp(wrong[i].name, "service_url") == 0;
        bool app = strcmp(wrong[i].name, "app_id") == 0;
        struct uk_settings s = {.timeout = 77};
        struct uk_err err = UK_ERR_NONE;
        char text[512];
        char place[100];

        snprintf(text, sizeof(text), "%s\n%s\n%s = %s\ninsecure_http = yes\n",
                 url ? "" : "service_url = https://a", app ? "" : "app_id = a",
                 wrong[i].name, wrong[i].value);
        if (strcmp(wrong[i].name, "insecure_http") == 0)
            *strrchr(text, 'i') = '#';
        if (parse(text, &s, &err) != UK_MISCONFIGURED)
            fail_msg("%s = %s was taken", wrong[i].name, wrong[i].value);
        snprintf(place, sizeof(place), "'F':3: '%s' is ", wrong[i].name);
        if (strncmp(err.text, place, strlen(place)) != 0 ||
            strstr(err.text, "; allowed: ") == NULL)
            fail_msg("%s = %s: %s", wrong[i].name, wrong[i].value, err.text);
        assert_null(strstr(err.text, ":pw@"));
        assert_null(strstr(err.text, "ukey5"));
        assert_int_equal(s.timeout, 77); /* out is untouched */
    }
}

/* A setting that is added later comes with its wrong values. */
static void
has_wrong_values_for_each_setting(void **state)
{
    const struct uk_conf_table *table = uk_settings_table();

    assert_true(table->count >= 19);
    for (size_t i = 0; i < table->count; i++) {
        size_t rows = 0;

        for (size_t j = 0; j < UK_COUNT(wrong); j++)
            rows += strcmp(table->rules[i].name, wrong[j].name) == 0;
        if (rows < 2)
            fail_msg("no wrong values for '%s'", table->rules[i].name);
    }
}

static void
refuses_wrong_combinations(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } rows[] = {
        {"service_url = http://127.0.0.1:9090\napp_id = a\n",
         "'F':1: 'service_url' has 'http://127.0.0.1:9090', which sends keys "
         "unencrypted; allowed: https://, or this with 'insecure_http = yes'"},
        {"insecure_http = no\n"
         "service_url = https://a http://localhost\napp_id = a\n",
         "'F':2: 'service_url' has 'http://localhost', which sends keys "
         "unencrypted; allowed: https://, or this with 'insecure_http = yes'"},
        {BASE "client_certificate = /c\n",
         "'F':3: 'client_certificate' needs 'client_key'"},
        {BASE "\nclient_key = /k\n",
         "'F':4: 'client_key' needs 'client_certificate'"},
        {BASE "offline_grace = 12h\n",
         "'F':3: 'offline_grace' needs 'offline_services'"},
        {BASE "offline_services = sshd\n",
         "'F':3: 'offline_services' needs 'offline_grace'"},
        {BASE "offline_services = sshd\noffline_grace = 0\n",
         "'F':3: 'offline_services' needs 'offline_grace'"},
        {"app_id = a\n", "'F': 'service_url' is not set, and has no default"},
        {"service_url = https://a\n",
         "'F': 'app_id' is not set, and has no default"},
        {"", "'F': 'service_url' is not set, and has no default"},
        {BASE "app_id = b\n", "'F':3: 'app_id' stands in line 2 already"},
        {BASE "verify = no\n", "'F':3: 'verify' is not a setting"},
        {BASE "tiemout = 5s\n",
         "'F':3: 'tiemout' is not a setting; did you mean 'timeout'?"},
        {"service_url = https://a\r\n",
         "'F':1: the line ends in a carriage return; save the file with Unix "
         "line ends"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_settings s;
        struct uk_err err = UK_ERR_NONE;

        assert_int_equal(parse(rows[i].text, &s, &err), UK_MISCONFIGURED);
        assert_string_equal(err.text, rows[i].sentence);
    }
}

static void
allows_http_to_this_machine_on_request(void **state)
{
    static const char *const urls[] = {
        "http://127.0.0.1:9090", "http://localhost", "http://127.9.9.9/base",
        "http://[::1]:80", "https://a http://127.0.0.1"};

    for (size_t i = 0; i < UK_COUNT(urls); i++) {
        struct uk_settings s;
        struct uk_err err = UK_ERR_NONE;
        char text[200];

        snprintf(text, sizeof(text),
                 "service_url = %s\napp_id = a\ninsecure_http = yes\n",
                 urls[i]);
        if (parse(text, &s, &err) != UK_OK)
            fail_msg("%s", err.text);
    }
}

static void
ends_the_prompt_in_a_space(void **state)
{
    char text[400];
    char longest[UK_CONF_VALUE];
    struct uk_settings s;
    struct uk_err err = UK_ERR_NONE;

    memset(longest, 'p', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    snprintf(text, sizeof(text), BASE "prompt = %s\n", longest);
    assert_int_equal(parse(text, &s, &err), UK_OK);
    assert_string_equal(s.prompt, longest);
    longest[UK_CONF_VALUE - 2] = '\0';
    snprintf(text, sizeof(text), BASE "prompt = %s\n", longest);
    assert_int_equal(parse(text, &s, &err), UK_OK);
    assert_int_equal(strlen(s.prompt), UK_CONF_VALUE - 1);
    assert_int_equal(s.prompt[UK_CONF_VALUE - 2], ' ');
}

/* A folder of our own, as /tmp itself may not hold a file to believe. */
static char folder[] = "/tmp/userkey-test-XX"
                       "XX"
                       "XX";

static int
make_folder(void **state)
{
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
    return rmdir(folder);
}

static enum uk_code
load(const char *content, size_t len, mode_t mode, struct uk_err *err)
{
    struct uk_settings s;
    char path[100];
    enum uk_code code;
    int fd;

    snprintf(path, sizeof(path), "%s/userkey.conf", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    code = uk_settings_load(path, &s, err);
    assert_int_equal(unlink(path), 0);
    if (code == UK_OK)
        assert_string_equal(s.app_id, "myapp-abcde");
    return code;
}

static void
loads_only_what_can_be_believed(void **state)
{
    static char large[70000];
    struct uk_settings s;
    struct uk_err err = UK_ERR_NONE;
    char path[100];

    assert_int_equal(load(BASE, strlen(BASE), 0644, &err), UK_OK);
    assert_int_equal(load(BASE, strlen(BASE), 0664, &err), UK_MISCONFIGURED);
    assert_int_equal(load(BASE, strlen(BASE), 0646, &err), UK_MISCONFIGURED);
    assert_int_equal(strncmp(err.text, "reading the configuration: ", 27), 0);
    assert_int_equal(load("app_id = a b\n", 13, 0644, &err), UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, "userkey.conf':1: 'app_id' is 'a b'"));
    memset(large, '#', sizeof(large));
    memcpy(large, BASE, strlen(BASE));
    assert_int_equal(load(large, sizeof(large), 0644, &err), UK_MISCONFIGURED);
    snprintf(path, sizeof(path), "%s/none.conf", folder);
    assert_int_equal(uk_settings_load(path, &s, &err), UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, "No such file or directory"));
    assert_int_equal(uk_settings_load(folder, &s, &err), UK_MISCONFIGURED);
    assert_int_equal(uk_settings_load("userkey.conf", &s, &err),
                     UK_MISCONFIGURED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(takes_everything_that_is_documented),
        cmocka_unit_test(refuses_every_wrong_value),
        cmocka_unit_test(has_wrong_values_for_each_setting),
        cmocka_unit_test(refuses_wrong_combinations),
        cmocka_unit_test(allows_http_to_this_machine_on_request),
        cmocka_unit_test(ends_the_prompt_in_a_space),
        cmocka_unit_test(loads_only_what_can_be_believed),
    };

    return cmocka_run_group_tests_name("settings", tests, make_folder,
                                       remove_folder);
}
