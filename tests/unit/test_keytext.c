/* core/keytext: which texts are keys. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/keytext.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz";

/* Checksums by Python's zlib.crc32(); the last one begins with zeros. */
static const char *const good[] = {
    "ukey0000000000000000000000000000000000000000000000000000001QI8Dc",
    "ukeyzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz139INd",
    "ukey0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr1Gyx0F",
    "ukeyzyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA98038D51",
    "ukeyUserkey0123456789Userkey0123456789Userkey0123456789Use13lua7",
    "ukey000000000000000000000000000000000000000000000000023265000dGv",
};

static void
knows_checksums_of_another_program(void **state)
{
    for (size_t i = 0; i < UK_COUNT(good); i++) {
        assert_int_equal(strlen(good[i]), UK_KEYTEXT_LEN);
        assert_true(uk_keytext_check(good[i], UK_KEYTEXT_LEN));
    }
}

static void
tells_keys_of_administrators_apart(void **state)
{
    static const char *const admins[] = {
        "ukadm0000000000000000000000000000000000000000000000000000021OKGi",
        "ukadm0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq1T9KZn",
    };
    struct uk_secret made = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    for (size_t i = 0; i < UK_COUNT(admins); i++) {
        char text[UK_KEYTEXT_LEN + 1];

        assert_true(uk_keytext_check_admin(admins[i], UK_KEYTEXT_LEN));
        assert_false(uk_keytext_check(admins[i], UK_KEYTEXT_LEN));
        assert_false(uk_keytext_check_admin(admins[i], UK_KEYTEXT_LEN - 1));
        memcpy(text, admins[i], sizeof(text));
        text[20]++;
        assert_false(uk_keytext_check_admin(text, UK_KEYTEXT_LEN));
    }
    for (size_t i = 0; i < UK_COUNT(good); i++)
        assert_false(uk_keytext_check_admin(good[i], UK_KEYTEXT_LEN));
    assert_int_equal(uk_keytext_make_admin(&made, &err), UK_OK);
    assert_true(uk_keytext_check_admin(uk_secret_peek(&made), made.len));
    assert_false(uk_keytext_check(uk_secret_peek(&made), made.len));
    uk_secret_clear(&made);
}

static void
refuses_other_lengths(void **state)
{
    char text[2 * UK_KEYTEXT_LEN];

    memcpy(text, good[2], UK_KEYTEXT_LEN);
    memcpy(text + UK_KEYTEXT_LEN, good[2], UK_KEYTEXT_LEN);
    for (size_t len = 0; len <= sizeof(text); len++) {
        if (len != UK_KEYTEXT_LEN)
            assert_false(uk_keytext_check(text, len));
    }
    assert_false(uk_keytext_check(good[2] + 1, UK_KEYTEXT_LEN - 1));
}

static void
refuses_other_bytes(void **state)
{
    for (size_t at = 0; at < UK_KEYTEXT_LEN; at++) {
        for (int c = 0; c < 256; c++) {
            char text[UK_KEYTEXT_LEN];

            memcpy(text, good[2], sizeof(text));
            text[at] = (char)c;
            assert_int_equal(uk_keytext_check(text, sizeof(text)),
                             text[at] == good[2][at]);
        }
    }
}

/* The checksum is right here (zlib's again); the rest of the form is not. */
static void
refuses_other_forms(void **state)
{
    static const char *const rows[] = {
        "ukeyaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1JAiW9",
        "ukeyaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0GYcq6",
        "ukeyaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n3EuiR0",
        "Ukeyaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2Q7zfy",
        "akeyaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa4LrxMf",
        "sk__aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2WSTkg",
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_int_equal(strlen(rows[i]), UK_KEYTEXT_LEN);
        assert_false(uk_keytext_check(rows[i], UK_KEYTEXT_LEN));
    }
}

/* A fixed sequence, so that a failure can be seen again. */
static uint32_t
next_number(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void
refuses_200000_typing_errors(void **state)
{
    struct uk_secret key = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    uint32_t seed = 20250930;

    for (int i = 0; i < 200000; i++) {
        size_t at = next_number(&seed) % UK_KEYTEXT_LEN;
        char *c;
        char old;

        if (i % 1000 == 0)
            assert_int_equal(uk_keytext_make(&key, &err), UK_OK);
        c = &key.bytes[at];
        old = *c;
        while (*c == old)
            *c = base62[next_number(&seed) % (sizeof(base62) - 1)];
        if (uk_keytext_check(key.bytes, key.len))
            fail_msg("mutation %d was taken", i);
        *c = old;
    }
    assert_true(uk_keytext_check(key.bytes, key.len));
    uk_secret_clear(&key);
}

static void
refuses_exchanged_neighbours(void **state)
{
    for (size_t i = 0; i < UK_COUNT(good); i++) {
        for (size_t at = 0; at + 1 < UK_KEYTEXT_LEN; at++) {
            char text[UK_KEYTEXT_LEN];

            memcpy(text, good[i], sizeof(text));
            text[at] = good[i][at + 1];
            text[at + 1] = good[i][at];
            assert_int_equal(uk_keytext_check(text, sizeof(text)),
                             text[at] == text[at + 1]);
        }
    }
}

static int
compare_texts(const void *a, const void *b)
{
    return memcmp(a, b, UK_KEYTEXT_LEN);
}

/* Every character in every place as often as every other: of 54 * 4096 draws
 * each of the 62 is expected 3567 times with a deviation of 59; ten of those
 * would be an accident of less than 1 in 10^22. */
static void
makes_keys_that_cannot_be_foreseen(void **state)
{
    enum { KEYS = 4096 };
    static char keys[KEYS][UK_KEYTEXT_LEN];
    size_t counts[256] = {0};
    struct uk_secret key = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(uk_keytext_make(&key, &err), UK_OK);
        assert_true(uk_keytext_check(key.bytes, key.len));
        assert_int_equal(strlen(uk_secret_peek(&key)), UK_KEYTEXT_LEN);
        memcpy(keys[i], key.bytes, UK_KEYTEXT_LEN);
        for (size_t at = 4; at < 58; at++)
            counts[(unsigned char)key.bytes[at]]++;
    }
    uk_secret_clear(&key);
    for (size_t i = 0; i < sizeof(base62) - 1; i++)
        assert_in_range(counts[(unsigned char)base62[i]], 2977, 4157);
    qsort(keys, KEYS, UK_KEYTEXT_LEN, compare_texts);
    for (size_t i = 1; i < KEYS; i++)
        assert_memory_not_equal(keys[i - 1], keys[i], UK_KEYTEXT_LEN);
}

static void
knows_what_no_service_would_call_a_key(void **state)
{
    char text[UK_KEYTEXT_MAX + 1];

    memset(text, 'k', sizeof(text));
    assert_false(uk_keytext_check_any(text, 0));
    assert_true(uk_keytext_check_any(text, 1));
    assert_true(uk_keytext_check_any(text, UK_KEYTEXT_MAX));
    assert_false(uk_keytext_check_any(text, UK_KEYTEXT_MAX + 1));
    for (int c = 0; c < 256; c++) {
        text[3] = (char)c;
        assert_int_equal(uk_keytext_check_any(text, 8), c > 0x20 && c < 0x7f);
    }
}

/* Made as sshd makes it: fake_password() repeats the 13 bytes up to the
 * length of what was typed. */
static void
knows_what_sshd_hands_over_instead(void **state)
{
    static const unsigned char junk[] = {0x08, 0x0a, 0x0d, 0x7f, 0x49,
                                         0x4e, 0x43, 0x4f, 0x52, 0x52,
                                         0x45, 0x43, 0x54};
    char text[1025];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)junk[i % 13];
    assert_false(uk_keytext_is_junk(text, 0));
    for (size_t len = 1; len <= sizeof(text); len++) {
        assert_true(uk_keytext_is_junk(text, len));
        assert_false(uk_keytext_check(text, len));
        assert_false(uk_keytext_check_any(text, len));
    }
    for (size_t at = 0; at < 64; at++) {
        text[at]++;
        assert_false(uk_keytext_is_junk(text, 64));
        text[at]--;
    }
    assert_false(uk_keytext_is_junk(text + 1, 64));
    assert_false(uk_keytext_is_junk("INCORRECT", 9));
    assert_false(uk_keytext_is_junk(good[0], UK_KEYTEXT_LEN));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_checksums_of_another_program),
        cmocka_unit_test(tells_keys_of_administrators_apart),
        cmocka_unit_test(refuses_other_lengths),
        cmocka_unit_test(refuses_other_bytes),
        cmocka_unit_test(refuses_other_forms),
        cmocka_unit_test(refuses_200000_typing_errors),
        cmocka_unit_test(refuses_exchanged_neighbours),
        cmocka_unit_test(makes_keys_that_cannot_be_foreseen),
        cmocka_unit_test(knows_what_no_service_would_call_a_key),
        cmocka_unit_test(knows_what_sshd_hands_over_instead),
    };

    return cmocka_run_group_tests_name("keytext", tests, NULL, NULL);
}
