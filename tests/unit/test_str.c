/* core/str: numbers, booleans, prefixes, printable text. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "tests/unit/lib_place.h"
#include "tests/unit/locales.h"

static void
reads_numbers(void **state)
{
    static const struct {
        const char *text;
        unsigned long max;
        bool good;
        unsigned long number;
    } rows[] = {
        {"0", 0, true, 0},
        {"7", 7, true, 7},
        {"8", 7, false, 0},
        {"007", 7, true, 7},
        {"10", 9, false, 0},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"18446744073709551615", ULONG_MAX, true, ULONG_MAX},
        {"18446744073709551616", ULONG_MAX, false, 0},
        {"99999999999999999999999999", ULONG_MAX, false, 0},
        {"4294967296", 4294967295, false, 0},
        {"", 9, false, 0},
        {"-1", ULONG_MAX, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 9, false, 0},
        {"0x1", 9, false, 0},
        {"1.0", 9, false, 0},
        {"1e0", 9, false, 0},
        {"\xd9\xa1", 9, false, 0}, /* an Arabic digit */
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        unsigned long number = 12345;
        bool good = uk_str_to_ulong(rows[i].text, rows[i].max, &number);

        if (good != rows[i].good || number != (good ? rows[i].number : 12345UL))
            fail_msg("'%s' up to %lu: %d, %lu", rows[i].text, rows[i].max, good,
                     number);
    }
}

static void
reads_booleans(void **state)
{
    static const char *const wrong[] = {"",  "Yes", "YES",  "true", "1",
                                        "0", "on",  "yes ", " no",  "n",
                                        "y", "noo", "nein"};
    bool value = false;

    assert_true(uk_str_to_bool("yes", &value));
    assert_true(value);
    assert_true(uk_str_to_bool("no", &value));
    assert_false(value);
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        value = true;
        if (uk_str_to_bool(wrong[i], &value) || !value)
            fail_msg("'%s' was taken", wrong[i]);
    }
}

static void
reads_times(void **state)
{
    static const struct {
        const char *text;
        unsigned long max;
        bool good;
        unsigned long ms;
    } rows[] = {
        {"250ms", 30000, true, 250},
        {"5s", 30000, true, 5000},
        {"5", 30000, true, 5000},
        {"0", 30000, true, 0},
        {"0ms", 0, true, 0},
        {"30min", 1800000, true, 1800000},
        {"12h", 43200000, true, 43200000},
        {"60d", 5184000000, true, 5184000000},
        {"31s", 30000, false, 0},
        {"30001ms", 30000, false, 0},
        {"18446744073709551615s", ULONG_MAX, false, 0},
        {"18446744073709552s", ULONG_MAX, false, 0},
        {"213503982335d", ULONG_MAX, false, 0},
        {"", 30000, false, 0},
        {"s", 30000, false, 0},
        {"5 s", 30000, false, 0},
        {"5m", 30000, false, 0},
        {"5S", 30000, false, 0},
        {"5sec", 30000, false, 0},
        {"5 parsecs", 30000, false, 0},
        {"-5s", 30000, false, 0},
        {"1.5s", 30000, false, 0},
        {"1h30min", ULONG_MAX, false, 0},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        unsigned long ms = 12345;
        bool good = uk_str_to_ms(rows[i].text, rows[i].max, &ms);

        if (good != rows[i].good || ms != (good ? rows[i].ms : 12345UL))
            fail_msg("'%s' up to %lu: %d, %lu", rows[i].text, rows[i].max, good,
                     ms);
    }
}

static void
compares(void **state)
{
    assert_true(uk_str_starts("id:x", "id:"));
    assert_true(uk_str_starts("id:", "id:"));
    assert_true(uk_str_starts("x", ""));
    assert_false(uk_str_starts("id", "id:"));
    assert_false(uk_str_starts("ID:x", "id:"));
    assert_true(uk_str_equal_nocase("Alice@EXAMPLE.com", "aLICE@example.COM"));
    assert_true(uk_str_equal_nocase("", ""));
    assert_false(uk_str_equal_nocase("alice", "alic"));
    assert_false(uk_str_equal_nocase("alic", "alice"));
    /* Neighbours of the letters, which differ in the same bit as cases. */
    assert_false(uk_str_equal_nocase("@", "`"));
    assert_false(uk_str_equal_nocase("[", "{"));
    assert_false(uk_str_equal_nocase("\xc4", "\xe4"));
}

/* In Turkish the capital of i is another letter. */
static void
compares_the_same_in_every_locale(void **state)
{
    static const char *const names[] = {"tr_TR.UTF-8", LOCALES_TURKISH,
                                        "C.UTF-8", "C"};
    struct place place;

    place_open(&place);
    locales_make(place.dir);
    for (size_t i = 0; i < UK_COUNT(names); i++) {
        setlocale(LC_ALL, names[i]);
        assert_true(uk_str_equal_nocase("ROOT-I", "root-i"));
        assert_false(uk_str_is_user_name("\xe9lise"));
        assert_false(uk_str_is_printable("\xe9"));
    }
    unsetenv("LOCPATH");
    place_close(&place);
}

static void
copies_whole_or_not_at_all(void **state)
{
    char to[4] = "abc";

    assert_false(uk_str_copy(to, sizeof(to), "1234"));
    assert_string_equal(to, "abc");
    assert_true(uk_str_copy(to, sizeof(to), "123"));
    assert_string_equal(to, "123");
    assert_true(uk_str_copy(to, sizeof(to), ""));
    assert_string_equal(to, "");
    assert_false(uk_str_copy(to, 0, ""));
}

static void
writes_and_knows_hexadecimal(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x1f, 0xa0, 0xff};
    char to[2 * sizeof(bytes) + 1];

    uk_str_hex(to, bytes, sizeof(bytes));
    assert_string_equal(to, "001fa0ff");
    assert_true(uk_str_is_hex(to, 8));
    assert_false(uk_str_is_hex(to, 7));
    assert_false(uk_str_is_hex(to, 9));
    assert_false(uk_str_is_hex("001FA0FF", 8));
    assert_false(uk_str_is_hex("001fa0fg", 8));
    assert_false(uk_str_is_hex("/:`g", 4));
    assert_true(uk_str_is_hex("", 0));
    uk_str_hex(to, bytes, 0);
    assert_string_equal(to, "");
}

static void
knows_user_names(void **state)
{
    static const char *const good[] = {
        "alice", "_",    "_userkey",
        "a",     "root", "www-data",
        "a1_-",  "x-",   "abcdefghijklmnopqrstuvwxyz_-2345", /* 32 */
    };
    /* What sshd hands over as it comes: docs/THREATS.md, S-29. */
    static const char *const bad[] = {
        "",
        "ALICE",
        "Alice",
        "mallory ",
        " mallory",
        "mallory@corp.example",
        "CORP\\mallory",
        "..",
        ".",
        "0",
        "0root",
        "-froot",
        "-",
        "\xef\xbc\xa1",
        "a\xe2\x80\x8b",
        "\x01",
        "a\tb",
        "a\nb",
        "a:b",
        "a/b",
        "../etc",
        "a.b",
        "a$",
        "a'b",
        "root;",
        "r\303\266ot",
        "a\x7f",
        "abcdefghijklmnopqrstuvwxyz_-23456", /* 33 */
    };

    for (size_t i = 0; i < UK_COUNT(good); i++) {
        if (!uk_str_is_user_name(good[i]))
            fail_msg("'%s' was refused", good[i]);
    }
    for (size_t i = 0; i < UK_COUNT(bad); i++) {
        if (uk_str_is_user_name(bad[i]))
            fail_msg("bad name %zu ('%s') was taken", i, bad[i]);
    }
}

static void
knows_printable_text(void **state)
{
    char text[2] = "";

    for (int c = 1; c < 256; c++) {
        text[0] = (char)c;
        assert_int_equal(uk_str_is_printable(text), c >= 0x20 && c <= 0x7e);
    }
    assert_true(uk_str_is_printable(""));
    assert_false(uk_str_is_printable("abc\n"));
}

/* The attack of docs/THREATS.md, S-39: a line of its own in the log. */
static void
shows_foreign_text_in_one_line(void **state)
{
    static const char name[] = "bob\nNov 23 sshd[1]: Accepted\x1b]0;x\x07"
                               "'\\\"\x00\x7f\xff";
    char to[UK_PRINTABLE_SIZE];

    assert_ptr_equal(uk_str_printable(to, name, sizeof(name) - 1), to);
    assert_string_equal(to, "bob\\x0aNov 23 sshd[1]: Accepted\\x1b]0;x\\x07"
                            "\\x27\\x5c\"\\x00\\x7f\\xff");
}

static void
shows_every_byte(void **state)
{
    char to[UK_PRINTABLE_SIZE];

    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        char want[5];

        if (c < 0x20 || c > 0x7e || c == '\'' || c == '\\')
            snprintf(want, sizeof(want), "\\x%02x", (unsigned)c);
        else
            snprintf(want, sizeof(want), "%c", c);
        assert_string_equal(uk_str_printable(to, &byte, 1), want);
    }
}

static void
cuts_long_foreign_text(void **state)
{
    char bytes[UK_PRINTABLE_MAX + 1];
    char to[UK_PRINTABLE_SIZE + 1];

    memset(bytes, '\n', sizeof(bytes));
    to[UK_PRINTABLE_SIZE] = '!';
    uk_str_printable(to, bytes, UK_PRINTABLE_MAX);
    assert_int_equal(strlen(to), 4 * UK_PRINTABLE_MAX);
    uk_str_printable(to, bytes, UK_PRINTABLE_MAX + 1);
    assert_int_equal(strlen(to), 4 * UK_PRINTABLE_MAX + 3);
    assert_string_equal(to + 4 * UK_PRINTABLE_MAX, "...");
    assert_int_equal(to[UK_PRINTABLE_SIZE], '!');
    assert_string_equal(uk_str_printable(to, "", 0), "");
}

static void
escapes_lines(void **state)
{
    static const struct {
        const char *text, *shown;
        size_t size;
    } rows[] = {
        {"", "", 4},
        {"opening '/a b\\c': no", "opening '/a b\\c': no", 64},
        {"/x\x1b]0;y\x07\n\xff\x7f", "/x\\x1b]0;y\\x07\\x0a\\xff\\x7f", 64},
        {"\xc2\x9b"
         "2J",
         "\\xc2\\x9b2J", 64}, /* CSI, in UTF-8 */
        {"abc", "abc", 7},
        {"abcd", "abc...", 7},
        {"ab\n", "ab...", 7},
        {"\n", "\\x0a", 8},
        {"\n", "...", 7},
        {"x", "...", 4},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        char to[65];

        memset(to, '!', sizeof(to));
        assert_int_equal(uk_str_escape(to, rows[i].size, rows[i].text),
                         strlen(rows[i].shown));
        assert_string_equal(to, rows[i].shown);
        assert_int_equal(to[rows[i].size], '!');
    }
}

/* Keys and tokens that people paste where a name or an id belongs; K has the
 * form of a key, with the right checksum. */
static void
hides_keys_and_tokens(void **state)
{
#define A   "ukadm0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq1T9KZn"
#define K   "ukey5MduBSj0HYp6NevCTk1IZq7OfwDUl2Jar8PgxEVm3Kbs9QhyFWn4Lc2a10to"
#define TEN "0123456789"
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {K, "ukey..."},
        {K " ", "ukey... "},
        {A, "ukadm..."},
        {"private_key = " A "!", "private_key = ukadm...!"},
        {K K, "ukey..."},
        {K "\n" K, "ukey...\\x0aukey..."},
        {"id:" K, "id:ukey..."},
        {"key=" K ", id=7", "key=ukey..., id=7"},
        {"x" K, "xukey..."},
        {"\"" K "\"", "\"ukey...\""},
        {TEN TEN TEN TEN TEN " " K, TEN TEN TEN TEN TEN " ukey..."},
        {TEN TEN TEN TEN TEN TEN " " K, TEN TEN TEN TEN TEN TEN " ..."},
        /* Without its checksum, which anybody can compute. */
        {"ukey" TEN TEN TEN TEN TEN "0123", "ukey..."},
        {"ukey" TEN TEN "012345678", "ukey..."},
        {"ukey" TEN TEN "01234567", "ukey" TEN TEN "01234567"},
        {"userkey-server", "userkey-server"},
        {"ukey", "ukey"},
        {"Ukey" TEN TEN TEN, "Ukey" TEN TEN TEN},
        {"ukey-" TEN TEN TEN, "ukey-" TEN TEN TEN},
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0."
         "n1lJeyzU7Yyn_p5o-BnFqLVrvhDWv0Ek4yGQ5R5yQ8U",
         "eyJ..."},
        {"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.n1lJ x",
         "Bearer eyJ... x"},
        {"eyJack.example.com", "eyJack.example.com"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        char to[UK_PRINTABLE_SIZE + 1];
        size_t len = strlen(rows[i].text);
        char *copy = malloc(len); /* so that a byte too far is seen */

        assert_non_null(copy);
        memcpy(copy, rows[i].text, len);
        to[UK_PRINTABLE_SIZE] = '!';
        assert_string_equal(uk_str_printable(to, copy, len), rows[i].shown);
        assert_int_equal(to[UK_PRINTABLE_SIZE], '!');
        free(copy);
    }
#undef TEN
#undef K
}

/* Wherever in a text the key begins, and whatever is in front of it. */
static void
hides_a_key_anywhere(void **state)
{
    static const char key[] =
        "ukey5MduBSj0HYp6NevCTk1IZq7OfwDUl2Jar8PgxEVm3Kbs9QhyFWn4Lc2a10to";
    static const char front[] = {'a', ' ', '\n', '\'', 'u', '.'};
    char text[200], to[UK_PRINTABLE_SIZE + 1];

    for (size_t at = 0; at < 2 * UK_PRINTABLE_MAX * sizeof(front); at++) {
        size_t n = at / sizeof(front);

        memset(text, front[at % sizeof(front)], n);
        memcpy(text + n, key, sizeof(key) - 1);
        to[UK_PRINTABLE_SIZE] = '!';
        uk_str_printable(to, text, n + sizeof(key) - 1);
        assert_null(strstr(to, "ukey5"));
        assert_int_equal(strstr(to, "ukey...") != NULL,
                         n + strlen("ukey...") <= UK_PRINTABLE_MAX);
        assert_int_equal(to[UK_PRINTABLE_SIZE], '!');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(reads_booleans),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(compares),
        cmocka_unit_test(compares_the_same_in_every_locale),
        cmocka_unit_test(copies_whole_or_not_at_all),
        cmocka_unit_test(writes_and_knows_hexadecimal),
        cmocka_unit_test(knows_user_names),
        cmocka_unit_test(knows_printable_text),
        cmocka_unit_test(shows_foreign_text_in_one_line),
        cmocka_unit_test(shows_every_byte),
        cmocka_unit_test(cuts_long_foreign_text),
        cmocka_unit_test(escapes_lines),
        cmocka_unit_test(hides_keys_and_tokens),
        cmocka_unit_test(hides_a_key_anywhere),
    };

    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
