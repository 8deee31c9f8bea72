/* service/request/config, address, path, secrets: what the server is told. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "service/request/config.h"
#include "service/store/store.h"
#include "service/value/address.h"
#include "service/value/path.h"
#include "service/value/secrets.h"

#define DATABASE "database = sqlite:/d/userkey.db\n"
#define LISTEN   "listen_http = 127.0.0.1:0\n"

static struct uk_err err;

static enum uk_code
parse(const char *text, struct uk_config *out)
{
    return uk_config_parse(text, strlen(text), "/f", out, &err);
}

static void
write_file(const char *path, const char *text, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void
has_the_documented_defaults(void **state)
{
    struct uk_config config;

    assert_int_equal(parse(DATABASE LISTEN, &config), UK_OK);
    assert_int_equal(config.access_token_lifetime, 30 * 60 * 1000);
    assert_int_equal(config.refresh_token_lifetime, 60L * 86400 * 1000);
    assert_int_equal(config.registration, UK_REGISTRATION_CLOSED);
    assert_false(config.insecure_http);
    assert_int_equal(config.allowed_origins.count, 0);
    assert_string_equal(config.secrets, "/d");
    assert_string_equal(config.tls_certificate, "");
    assert_int_equal(config.failed_logins_per_user, 10);
    assert_int_equal(config.logins_per_user, 10000);
}

static void
reads_settings(void **state)
{
    static const char text[] =
        DATABASE "listen = 0.0.0.0:8443 [::1]:8443 # two\n"
                 "listen_http = 127.1.2.3:80\n"
                 "tls_certificate = /c\n"
                 "tls_key = /k\n"
                 "secrets = /elsewhere\n"
                 "registration = open\n"
                 "allowed_origins = https://a.example http://localhost:3000\n"
                 "access_token_lifetime = 5min\n"
                 "public_url = https://keys.example.com\n";
    struct uk_config config;

    assert_int_equal(parse(text, &config), UK_OK);
    assert_int_equal(config.listen.count, 2);
    assert_string_equal(config.secrets, "/elsewhere");
    assert_int_equal(config.registration, UK_REGISTRATION_OPEN);
    assert_int_equal(config.access_token_lifetime, 300000);
    assert_int_equal(config.allowed_origins.count, 2);
}

/* Each with the place that the sentence must name. */
static void
refuses_what_does_not_fit_together(void **state)
{
    static const struct {
        const char *text, *place;
    } rows[] = {
        {LISTEN, "database"},
        {DATABASE, "listen"},
        {DATABASE "listen_http = 0.0.0.0:80\n", ":2"},
        {DATABASE "listen_http = [::]:80\n", ":2"},
        {DATABASE "listen_http = 127.0.0.1:80 10.0.0.1:80\n", ":2"},
        {DATABASE "listen = 10.0.0.1:443\n", ":2"},
        {DATABASE LISTEN "tls_key = /k\n", ":3"},
        {DATABASE LISTEN "tls_certificate = /c\n", ":3"},
        {DATABASE LISTEN "access_token_lifetime = 2h\n"
                         "refresh_token_lifetime = 1h\n",
         ":3"},
        {DATABASE LISTEN "refresh_token_lifetime = 5min\n", ":3"},
        {DATABASE LISTEN "access_token_lifetime = 1d\n"
                         "refresh_token_lifetime = 1h\n",
         ":3"},
        {DATABASE LISTEN "insecure_http = maybe\n", ":3"},
        {DATABASE LISTEN "allowed_origins = https://a.example/x\n", ":3"},
        {DATABASE LISTEN "trusted_proxies = 10.0.0.0/8\n", ":3"},
        {DATABASE LISTEN "public_url = https://a.example/\n", ":3"},
        {"database = postgres\n" LISTEN, ":1"},
    };
    struct uk_config config;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        if (parse(rows[i].text, &config) != UK_MISCONFIGURED)
            fail_msg("taken: %s", rows[i].text);
        assert_non_null(strstr(err.text, "'/f'"));
        assert_null(strstr(err.text, ":0:"));
        if (strstr(err.text, rows[i].place) == NULL)
            fail_msg("no '%s' in: %s", rows[i].place, err.text);
    }
    assert_int_equal(parse(DATABASE
                           "listen_http = 0.0.0.0:80\ninsecure_http = yes\n",
                           &config),
                     UK_OK);
}

static void
needs_no_file(void **state)
{
    struct uk_config config;

    assert_int_equal(
        uk_config_for_folder("/d", "127.0.0.1:0", NULL, NULL, &config, &err),
        UK_OK);
    assert_string_equal(config.database, "sqlite:/d/userkey.db");
    assert_string_equal(config.secrets, "/d");
    assert_int_equal(config.listen.count, 1);
    assert_int_equal(
        uk_config_for_folder("/d", NULL, NULL, NULL, &config, &err), UK_OK);
    assert_int_equal(
        uk_config_for_folder("/d", "0.0.0.0:0", NULL, NULL, &config, &err),
        UK_MISCONFIGURED);
    assert_int_equal(
        uk_config_for_folder("/d", "0.0.0.0:0", "/c", "/k", &config, &err),
        UK_OK);
    assert_int_equal(
        uk_config_for_folder("/d", "0.0.0.0:0", "/c", NULL, &config, &err),
        UK_MISCONFIGURED);
    assert_int_equal(
        uk_config_for_folder("/d", "nonsense", NULL, NULL, &config, &err),
        UK_MISCONFIGURED);
}

/* A setting that stands in no line is blamed on none. */
static void
blames_lines_of_files_only(void **state)
{
    static const struct {
        const char *listen, *certificate;
    } wrong[] = {{"0.0.0.0:0", NULL}, {"127.0.0.1:0", "/c"}, {"x", NULL}};
    static const char text[] = DATABASE LISTEN;
    struct uk_config config;

    assert_int_equal(
        uk_config_for_folder("/d", "127.0.0.1:0", NULL, NULL, &config, &err),
        UK_OK);
    uk_err_set(&err, UK_MISCONFIGURED, "why");
    assert_int_equal(uk_config_blame(&config, "database", &err),
                     UK_MISCONFIGURED);
    assert_string_equal(err.text, "--data: why");
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        assert_int_equal(uk_config_for_folder("/d", wrong[i].listen,
                                              wrong[i].certificate, NULL,
                                              &config, &err),
                         UK_MISCONFIGURED);
        assert_int_equal(strncmp(err.text, "'command line': '", 17), 0);
    }
    assert_int_equal(parse(text, &config), UK_OK);
    uk_err_set(&err, UK_MISCONFIGURED, "why");
    uk_config_blame(&config, "database", &err);
    assert_string_equal(err.text, "'/f':1: 'database': why");
    uk_err_set(&err, UK_MISCONFIGURED, "why");
    uk_config_blame(&config, "secrets", &err); /* a default */
    assert_string_equal(err.text, "'/f': 'secrets': why");
}

static void
knows_addresses_with_a_password(void **state)
{
    static const struct {
        const char *where;
        bool password;
    } rows[] = {
        {"sqlite:/a:b@c/x.db", false},
        {"postgresql://h/d", false},
        {"postgresql://u@h/d", false},
        {"postgresql://u:@h/d", false},
        {"postgresql://h:5432/d?x=a:b@c", false},
        {"postgresql://u@h:5432/d?passfile=/f", false},
        {"postgresql://u:p@h/d", true},
        {"postgres://u:p@h", true},
        {"postgresql://:p@h/d", true},
        {"postgresql:///d?password=p", true},
        {"postgresql:///d?user=u&password=p", true},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        if (uk_store_has_password(rows[i].where) != rows[i].password)
            fail_msg("%s", rows[i].where);
    }
}

static void
keeps_a_file_with_a_password_to_its_readers(void **state)
{
    static const char open_text[] =
        "secrets = /s\n" LISTEN "database = postgresql://u:p@h/d\n";
    static const char text[] =
        "secrets = /s\n" LISTEN "database = postgresql://u@h/d\n";
    char folder[] = "/tmp/userkey-config-XXXXXX", path[64];
    struct uk_config config;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/server.conf", folder);
    write_file(path, open_text, sizeof(open_text) - 1, 0644);
    assert_int_equal(uk_config_load(path, &config, &err), UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, ":3: 'database': "));
    assert_null(strstr(err.text, "u:p"));
    write_file(path, open_text, sizeof(open_text) - 1, 0640);
    assert_int_equal(uk_config_load(path, &config, &err), UK_OK);
    write_file(path, text, sizeof(text) - 1, 0644);
    assert_int_equal(uk_config_load(path, &config, &err), UK_OK);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static void
parses_addresses(void **state)
{
    static const struct {
        const char *text, *shown;
        bool loopback;
    } rows[] = {
        {"127.0.0.1:80", "127.0.0.1:80", true},
        {"127.255.255.254:0", "127.255.255.254:0", true},
        {"0.0.0.0:65535", "0.0.0.0:65535", false},
        {"128.0.0.1:1", "128.0.0.1:1", false},
        {"[::1]:443", "[::1]:443", true},
        {"[::]:443", "[::]:443", false},
        {"[2001:DB8::1]:443", "[2001:db8::1]:443", false},
    };
    static const char *const wrong[] = {
        "",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "localhost:1",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:x",
        "127.1:80",
        "[127.0.0.1]:80",
        "127.0.0.1:8 0",
        "1.2.3.4.5:80",
        "[::1%lo]:80",
    };
    struct uk_address address;
    char text[UK_ADDRESS_TEXT];

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_true(uk_address_parse(rows[i].text, &address));
        assert_string_equal(uk_address_text(&address, true, text),
                            rows[i].shown);
        assert_int_equal(uk_address_is_loopback(&address), rows[i].loopback);
    }
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        if (uk_address_parse(wrong[i], &address))
            fail_msg("taken: %s", wrong[i]);
    }
}

static uint64_t
subject_of(const char *text)
{
    struct uk_address address;

    assert_true(uk_address_parse_host(text, &address));
    return uk_address_subject(&address);
}

static void
counts_sources(void **state)
{
    assert_int_equal(uk_crypto_start(&err), UK_OK);
    assert_true(subject_of("10.0.0.1") == subject_of("10.0.0.1"));
    assert_true(subject_of("10.0.0.1") != subject_of("10.0.0.2"));
    assert_true(subject_of("::ffff:10.0.0.1") == subject_of("10.0.0.1"));
    /* One customer's network, whatever address in it. */
    assert_true(subject_of("2001:db8:1:2::1") ==
                subject_of("2001:db8:1:2:ffff::9"));
    assert_true(subject_of("2001:db8:1:2::1") != subject_of("2001:db8:1:3::1"));
}

static void
listens_where_nobody_does(void **state)
{
    struct uk_address address, again;
    int sockets[3], more[3];

    assert_true(uk_address_parse("127.0.0.1:0", &address));
    assert_int_equal(uk_address_listen(&address, sockets, 3, &err), UK_OK);
    again = address; /* it has the port now */
    assert_int_equal(uk_address_listen(&again, more, 3, &err), UK_SYSTEM);
    for (int i = 0; i < 3; i++)
        close(sockets[i]);
    assert_int_equal(uk_address_listen(&again, more, 1, &err), UK_OK);
    close(more[0]);
}

static void
makes_paths_whole(void **state)
{
    char path[PATH_MAX], want[PATH_MAX + 8], here[PATH_MAX];

    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(uk_path_whole("/a/b//", path, &err), UK_OK);
    assert_string_equal(path, "/a/b");
    assert_int_equal(uk_path_whole("/", path, &err), UK_OK);
    assert_string_equal(path, "/");
    assert_int_equal(uk_path_whole("x/y", path, &err), UK_OK);
    snprintf(want, sizeof(want), "%s/x/y", here);
    assert_string_equal(path, want);
    assert_int_equal(uk_path_whole("", path, &err), UK_INVALID);
    uk_path_folder("/a/b.db", path);
    assert_string_equal(path, "/a");
    uk_path_folder("/b.db", path);
    assert_string_equal(path, "/");
}

static void
keeps_secrets_in_files(void **state)
{
    /* 0123... is what a file says; bytes 01 23 45 ... are what is loaded. */
    static const char text[] = "0123456789abcdef0123456789abcdef"
                               "fedcba9876543210fedcba9876543210\n";
    static const unsigned char bytes[UK_CRYPTO_KEY] = {
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45,
        0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54,
        0x32, 0x10, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    char folder[] = "/tmp/userkey-secrets-XXXXXX";
    char pepper[64], signing[64];
    struct uk_secrets secrets, again;
    bool made[UK_SECRETS_FILES];
    struct stat st;

    assert_int_equal(uk_crypto_start(&err), UK_OK);
    assert_non_null(mkdtemp(folder));
    snprintf(pepper, sizeof(pepper), "%s/pepper", folder);
    snprintf(signing, sizeof(signing), "%s/signing_key", folder);
    assert_int_equal(uk_secrets_create(folder, made, &err), UK_OK);
    assert_true(made[0] && made[1]);
    assert_int_equal(stat(pepper, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    assert_int_equal(uk_secrets_load(folder, &secrets, &err), UK_OK);
    assert_memory_not_equal(secrets.pepper, secrets.signing_key, UK_CRYPTO_KEY);
    /* What is there is kept. */
    assert_int_equal(uk_secrets_create(folder, made, &err), UK_OK);
    assert_true(!made[0] && !made[1]);
    assert_int_equal(uk_secrets_load(folder, &again, &err), UK_OK);
    assert_memory_equal(&again, &secrets, sizeof(again));

    write_file(pepper, text, 65, 0600);
    assert_int_equal(uk_secrets_load(folder, &secrets, &err), UK_OK);
    assert_memory_equal(secrets.pepper, bytes, sizeof(bytes));
    for (size_t len = 0; len < 65; len++) {
        write_file(pepper, text, len, 0600);
        assert_int_equal(uk_secrets_load(folder, &again, &err),
                         UK_MISCONFIGURED);
        assert_non_null(strstr(err.text, pepper));
        assert_int_equal(uk_secrets_create(folder, made, &err),
                         UK_MISCONFIGURED);
    }
    write_file(pepper, text, 65, 0640);
    assert_int_equal(uk_secrets_load(folder, &again, &err), UK_MISCONFIGURED);
    unlink(pepper);
    assert_int_not_equal(uk_secrets_load(folder, &again, &err), UK_OK);
    unlink(signing);
    assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(reads_settings),
        cmocka_unit_test(refuses_what_does_not_fit_together),
        cmocka_unit_test(needs_no_file),
        cmocka_unit_test(blames_lines_of_files_only),
        cmocka_unit_test(knows_addresses_with_a_password),
        cmocka_unit_test(keeps_a_file_with_a_password_to_its_readers),
        cmocka_unit_test(parses_addresses),
        cmocka_unit_test(counts_sources),
        cmocka_unit_test(listens_where_nobody_does),
        cmocka_unit_test(makes_paths_whole),
        cmocka_unit_test(keeps_secrets_in_files),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
