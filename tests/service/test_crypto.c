/* service/value/crypto, pwhash, id, provider, password, email. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "service/api/password.h"
#include "service/value/crypto.h"
#include "service/value/email.h"
#include "service/value/id.h"
#include "service/value/provider.h"
#include "service/value/pwhash.h"

static int
start(void **state)
{
    struct uk_err err = UK_ERR_NONE;

    return uk_crypto_start(&err) == UK_OK ? 0 : -1;
}

static void
hashes_as_others_do(void **state)
{
    unsigned char key[UK_CRYPTO_KEY], hash[UK_CRYPTO_HASH];
    char text[2 * UK_CRYPTO_HASH + 1];

    for (int i = 0; i < UK_CRYPTO_KEY; i++)
        key[i] = (unsigned char)i;
    /* Python: hashlib.blake2b(b'ukeyAAAA', digest_size=32,
     * key=bytes(range(32)), person=b'userkey-api-key\0').hexdigest() */
    uk_crypto_hash(UK_CRYPTO_API_KEY, key, "ukeyAAAA", 8, hash);
    uk_str_hex(text, hash, sizeof(hash));
    assert_string_equal(text, "d90b77abcb21eea799906ade3db52664"
                              "dd9d8ac3184faa98a31ad1bbc8646866");
    /* The same with person=b'userkey-device\0\0'. */
    uk_crypto_hash(UK_CRYPTO_DEVICE, key, "ukeyAAAA", 8, hash);
    uk_str_hex(text, hash, sizeof(hash));
    assert_string_equal(text, "471faa72e1f8125115b2f59e02eeb2f9"
                              "4ff86240c0267eac353244dafbbb6804");
    /* hmac.new(bytes(range(32)), b'userkey', 'sha256').hexdigest() */
    uk_crypto_mac(key, "userkey", 7, hash);
    uk_str_hex(text, hash, sizeof(hash));
    assert_string_equal(text, "08cd9d5744c43db2d5cfe62f447e7f87"
                              "b839caa8d8a2ad702c3ffb6a9bd4e1aa");
}

static void
compares(void **state)
{
    assert_true(uk_crypto_equal("abc", "abc", 3));
    assert_false(uk_crypto_equal("abc", "abd", 3));
    assert_false(uk_crypto_equal("abc", "bbc", 3));
    assert_true(uk_crypto_equal("abc", "abd", 2));
    assert_true(uk_crypto_short("a", 1) == uk_crypto_short("a", 1));
    assert_true(uk_crypto_short("a", 1) != uk_crypto_short("b", 1));
}

static void
makes_ids(void **state)
{
    char one[UK_ID_SIZE], other[UK_ID_SIZE];
    int64_t now = uk_id_now_us() / 1000000;
    char time[16];

    uk_id_make(one);
    uk_id_make(other);
    assert_int_equal(strlen(one), UK_ID_LEN);
    assert_true(uk_id_check(one));
    assert_string_not_equal(one, other);
    /* In front stands the second of its making (or the next one). */
    snprintf(time, sizeof(time), "%08llx", (long long)now);
    if (strncmp(one, time, 8) != 0) {
        snprintf(time, sizeof(time), "%08llx", (long long)now + 1);
        assert_memory_equal(one, time, 8);
    }
}

static void
knows_ids(void **state)
{
    static const char *const wrong[] = {
        "",
        "x",
        "64f0c0ffee0123456789abc",
        "64f0c0ffee0123456789abcde",
        "64F0C0FFEE0123456789ABCD",
        "64f0c0ffee0123456789abcg",
        "64f0c0ffee01234567 9abcd",
    };

    assert_true(uk_id_check("64f0c0ffee0123456789abcd"));
    for (size_t i = 0; i < UK_COUNT(wrong); i++)
        assert_false(uk_id_check(wrong[i]));
}

static void
knows_providers(void **state)
{
    char a[UK_ID_SIZE], b[UK_ID_SIZE];

    for (int i = UK_PROVIDER_ANON; i <= UK_PROVIDER_KEY; i++)
        assert_int_equal(
            uk_provider_by_word(uk_provider_word((enum uk_provider)i)), i);
    assert_string_equal(uk_provider_word(UK_PROVIDER_KEY), "api-key");
    assert_string_equal(uk_provider_word(UK_PROVIDER_ANON), "anon-user");
    assert_string_equal(uk_provider_word(UK_PROVIDER_PASSWORD),
                        "local-userpass");
    assert_int_equal(uk_provider_by_word(""), UK_PROVIDER_NONE);
    assert_int_equal(uk_provider_by_word("API-KEY"), UK_PROVIDER_NONE);
    uk_provider_id("64f0c0ffee0123456789abcd", UK_PROVIDER_KEY, a);
    uk_provider_id("64f0c0ffee0123456789abcd", UK_PROVIDER_ANON, b);
    assert_true(uk_id_check(a));
    assert_string_not_equal(a, b);
}

static void
set(struct uk_secret *secret, const char *text)
{
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_secret_set(secret, text, strlen(text), &err), UK_OK);
}

static void
hashes_passwords(void **state)
{
    char one[UK_PWHASH_SIZE], two[UK_PWHASH_SIZE];
    struct uk_secret password = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    set(&password, "correct horse");
    assert_int_equal(uk_pwhash_make(&password, one, &err), UK_OK);
    assert_int_equal(uk_pwhash_make(&password, two, &err), UK_OK);
    assert_string_not_equal(one, two);
    assert_memory_equal(one, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
    assert_true(uk_pwhash_check(one, &password));
    assert_true(uk_pwhash_check(two, &password));
    set(&password, "correct hors");
    assert_false(uk_pwhash_check(one, &password));
    assert_false(uk_pwhash_check("", &password));
    uk_secret_clear(&password);
    assert_false(uk_pwhash_check(one, &password));
}

/* Made by the reference implementation: printf 'correct horse' |
 * argon2 0123456789abcdef -id -t 2 -k 19456 -p 1 -l 32 -e */
static void
checks_hashes_of_another_program(void **state)
{
    static const char hash[] = "$argon2id$v=19$m=19456,t=2,p=1$"
                               "MDEyMzQ1Njc4OWFiY2RlZg$"
                               "rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk";
    struct uk_secret password = UK_SECRET_NONE;

    set(&password, "correct horse");
    assert_true(uk_pwhash_check(hash, &password));
    set(&password, "Correct horse");
    assert_false(uk_pwhash_check(hash, &password));
    uk_secret_clear(&password);
}

/* An unknown address must cost what a known one does: the same parameters, in
 * a form that the library reads to its end. */
static void
has_a_decoy_of_the_same_price(void **state)
{
    struct uk_secret password = UK_SECRET_NONE;

    assert_int_equal(
        crypto_pwhash_str_needs_rehash(uk_pwhash_decoy(), 2, 19456UL * 1024),
        0);
    set(&password, "correct horse");
    assert_false(uk_pwhash_check(uk_pwhash_decoy(), &password));
    uk_secret_clear(&password);
}

static void
knows_passwords(void **state)
{
    struct uk_secret password = UK_SECRET_NONE;
    char text[1024];

    for (size_t n = 0; n < 140; n++) {
        memset(text, 'p', n);
        text[n] = '\0';
        set(&password, text);
        assert_int_equal(uk_password_check(&password), n >= 6 && n <= 128);
    }
    for (size_t n = 0; n < 140; n++) { /* four bytes each */
        for (size_t i = 0; i < n; i++)
            memcpy(text + 4 * i, "\xf0\x9f\x94\x91", 5);
        text[4 * n] = '\0';
        set(&password, text);
        assert_int_equal(uk_password_check(&password), n >= 6 && n <= 128);
    }
    set(&password, "no utf-8: \xff");
    assert_false(uk_password_check(&password));
    uk_secret_clear(&password);
}

static void
knows_addresses(void **state)
{
    static const char *const good[] = {
        "a@b",
        "ann@example.com",
        "Ann.Other+tag@mail.example.com",
        "o'brien@example.com",
        "!#$%&'*+-/=?^_`{|}~@example.com",
        "1@2.example",
    };
    static const char *const wrong[] = {
        "",
        "a",
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        "a@b c",
        " a@b",
        "a@b ",
        "a@b\n",
        ".a@b",
        "a.@b",
        "a..b@c",
        "\"a\"@b",
        "a(comment)@b",
        "a@[127.0.0.1]",
        "a@-b",
        "a@b-",
        "a@b..c",
        "a@.b",
        "a@b_c",
        "a@b'",
        "\xc3\xa4@b",
        "a@\xc3\xa4",
        "a@b.example;",
        "<a@b>",
        "12345678901234567890123456789012345678901234567890123456789012345@b",
    };

    for (size_t i = 0; i < UK_COUNT(good); i++) {
        if (!uk_email_check(good[i]))
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        if (uk_email_check(wrong[i]))
            fail_msg("taken: %s", wrong[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_as_others_do),
        cmocka_unit_test(compares),
        cmocka_unit_test(makes_ids),
        cmocka_unit_test(knows_ids),
        cmocka_unit_test(knows_providers),
        cmocka_unit_test(hashes_passwords),
        cmocka_unit_test(checks_hashes_of_another_program),
        cmocka_unit_test(has_a_decoy_of_the_same_price),
        cmocka_unit_test(knows_passwords),
        cmocka_unit_test(knows_addresses),
    };

    return cmocka_run_group_tests_name("crypto", tests, start, NULL);
}
