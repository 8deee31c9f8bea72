/* core/wire: fields written and read back, and what is not one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "core/wire.h"

static void
writes_big_endian(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(100);
    struct uk_secret secret = {.bytes = (char[]){"k"}, .len = 1};

    uk_wire_put_number(&buf, 1, 0xfe);
    uk_wire_put_number(&buf, 2, 0x0102);
    uk_wire_put_number(&buf, 4, 0x01020304);
    uk_wire_put_text(&buf, "ab");
    uk_wire_put_secret(&buf, &secret);
    assert_int_equal(buf.len, 14);
    assert_memory_equal(buf.bytes, "\xfe\1\2\1\2\3\4\0\2ab\0\1k", 14);
    uk_buf_clear(&buf);
}

static void
reads_numbers_up_to_a_most(void **state)
{
    static const unsigned char bytes[] = {0, 1, 0xff, 0xff, 0xff, 0xff, 9};
    struct uk_err err = UK_ERR_NONE;
    struct uk_wire wire;

    uk_wire_init(&wire, bytes, sizeof(bytes), &err);
    assert_int_equal(uk_wire_take_number(&wire, 2, 1, "a"), 1);
    assert_int_equal(uk_wire_take_number(&wire, 4, UINT32_MAX, "b"),
                     UINT32_MAX);
    assert_int_equal(wire.code, UK_OK);
    assert_int_equal(wire.left, 1);
    assert_int_equal(uk_wire_take_number(&wire, 1, 8, "ninth"), 0);
    assert_int_equal(wire.code, UK_BAD_ANSWER);
    assert_string_equal(err.text, "the message's ninth is wrong");
}

static void
stops_at_the_first_wrong_field(void **state)
{
    static const unsigned char bytes[] = {1, 2, 3};
    struct uk_err err = UK_ERR_NONE;
    struct uk_wire wire;

    uk_wire_init(&wire, bytes, sizeof(bytes), &err);
    assert_int_equal(uk_wire_take_number(&wire, 4, UINT32_MAX, "first"), 0);
    assert_int_equal(uk_wire_take_number(&wire, 1, UINT8_MAX, "second"), 0);
    assert_null(uk_wire_take(&wire, 0, "third"));
    uk_wire_refuse(&wire, "fourth");
    assert_int_equal(wire.code, UK_BAD_ANSWER);
    assert_string_equal(err.text, "the message's first is wrong");
}

static void
reads_texts_that_fit(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool good;
    } rows[] = {
        {"\0\0", 2, true},
        {"\0\3abc", 5, true},
        {"\0\4abcd", 6, false}, /* longer than its room */
        {"\0\3ab", 4, false},   /* longer than the message */
        {"\377\377abc", 5, false},
        {"\0", 1, false},
        {"", 0, false},
        {"\0\3a\0c", 5, false},
        {"\0\1\0", 3, false},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_err err = UK_ERR_NONE;
        struct uk_wire wire;
        char to[4] = "old";

        uk_wire_init(&wire, rows[i].bytes, rows[i].len, &err);
        uk_wire_take_text(&wire, to, sizeof(to), "text");
        assert_int_equal(wire.code, rows[i].good ? UK_OK : UK_BAD_ANSWER);
        assert_string_equal(to, rows[i].good ? rows[i].bytes + 2 : "old");
    }
}

static void
reads_secrets(void **state)
{
    static unsigned char bytes[2 + UK_SECRET_MAX + 1];
    struct uk_secret secret = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    struct uk_wire wire;

    memset(bytes, 'k', sizeof(bytes));
    bytes[0] = UK_SECRET_MAX >> 8;
    bytes[1] = UK_SECRET_MAX & 0xff;
    uk_wire_init(&wire, bytes, sizeof(bytes), &err);
    uk_wire_take_secret(&wire, &secret, "secret");
    assert_int_equal(wire.code, UK_OK);
    assert_int_equal(secret.len, UK_SECRET_MAX);
    assert_int_equal(wire.left, 1);
    bytes[1]++;
    uk_wire_init(&wire, bytes, sizeof(bytes), &err);
    uk_wire_take_secret(&wire, &secret, "secret");
    assert_int_equal(wire.code, UK_BAD_ANSWER);
    assert_null(strstr(err.text, "kk"));
    uk_secret_clear(&secret);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_big_endian),
        cmocka_unit_test(reads_numbers_up_to_a_most),
        cmocka_unit_test(stops_at_the_first_wrong_field),
        cmocka_unit_test(reads_texts_that_fit),
        cmocka_unit_test(reads_secrets),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
