/* core/buf: growth up to a limit, and that growing leaves nothing behind. */
#undef _FORTIFY_SOURCE /* its explicit_bzero() goes by another name */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "core/buf.h"

/* What was wiped last. */
static const void *wiped_at;
static size_t wiped_len;

void __explicit_bzero_chk(void *bytes, size_t len, size_t room);

void
explicit_bzero(void *bytes, size_t len)
{
    wiped_at = bytes;
    wiped_len = len;
    memset(bytes, 0, len);
}

void
__explicit_bzero_chk(void *bytes, size_t len, size_t room)
{
    explicit_bzero(bytes, len);
}

static void
reads_as_a_list(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(100);
    struct uk_err err = UK_ERR_NONE;

    assert_string_equal(uk_buf_peek(&buf), "");
    uk_buf_add_text(&buf, "a=");
    uk_buf_addf(&buf, "%d,%s", 7, "x");
    uk_buf_add_byte(&buf, ';');
    uk_buf_add(&buf, "\0b", 2);
    uk_buf_add(&buf, NULL, 0);
    assert_int_equal(uk_buf_check(&buf, &err), UK_OK);
    assert_int_equal(buf.len, 8);
    assert_memory_equal(uk_buf_peek(&buf), "a=7,x;\0b", 9);
    uk_buf_clear(&buf);
}

static void
holds_exactly_its_limit(void **state)
{
    static const size_t limits[] = {0, 1, 255, 256, 257, 1000, 65536};
    struct uk_err err = UK_ERR_NONE;

    for (size_t i = 0; i < UK_COUNT(limits); i++) {
        struct uk_buf buf;

        uk_buf_init(&buf, limits[i]);
        for (size_t n = 0; n < limits[i]; n++)
            uk_buf_add_byte(&buf, 'x');
        assert_int_equal(uk_buf_check(&buf, &err), UK_OK);
        assert_int_equal(buf.len, limits[i]);
        assert_int_equal(strlen(uk_buf_peek(&buf)), limits[i]);
        uk_buf_add_byte(&buf, 'y');
        assert_int_equal(uk_buf_check(&buf, &err), UK_INVALID);
        assert_int_equal(buf.len, limits[i]);
        uk_buf_clear(&buf);
    }
}

static void
stays_bad(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(4);
    struct uk_err err = UK_ERR_NONE;

    uk_buf_add_text(&buf, "ab");
    uk_buf_add_text(&buf, "cde");
    uk_buf_add_text(&buf, "f"); /* would fit, but something is missing */
    uk_buf_addf(&buf, "%d", 1);
    assert_int_equal(uk_buf_check(&buf, &err), UK_INVALID);
    assert_non_null(strstr(err.text, "4 bytes"));
    assert_string_equal(uk_buf_peek(&buf), "ab");
    uk_buf_clear(&buf);
    assert_int_equal(uk_buf_check(&buf, &err), UK_OK);
    uk_buf_add_text(&buf, "cdef"); /* the limit has stayed */
    assert_int_equal(uk_buf_check(&buf, &err), UK_OK);
    uk_buf_add_text(&buf, "g");
    assert_int_equal(uk_buf_check(&buf, &err), UK_INVALID);
    uk_buf_clear(&buf);
    uk_buf_clear(&buf);
}

static void
formats_only_what_fits(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(8);
    struct uk_err err = UK_ERR_NONE;

    uk_buf_addf(&buf, "%s", "12345678");
    assert_int_equal(uk_buf_check(&buf, &err), UK_OK);
    uk_buf_clear(&buf);
    uk_buf_addf(&buf, "%s", "123456789");
    assert_int_equal(uk_buf_check(&buf, &err), UK_INVALID);
    assert_string_equal(uk_buf_peek(&buf), "");
    uk_buf_clear(&buf);
}

static void
does_not_take_more_than_there_is(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(SIZE_MAX);
    struct uk_err err = UK_ERR_NONE;

    uk_buf_add_text(&buf, "ab");
    uk_buf_add(&buf, "", SIZE_MAX - 2);
    assert_int_equal(uk_buf_check(&buf, &err), UK_INVALID);
    assert_string_equal(uk_buf_peek(&buf), "ab");
    uk_buf_clear(&buf);
}

static void
wipes_when_it_grows(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(100000);
    const void *at;
    size_t len;

    uk_buf_add_text(&buf, "secret");
    at = buf.bytes;
    wiped_at = NULL;
    while (buf.bytes == at) {
        len = buf.len;
        uk_buf_add_byte(&buf, 's');
    }
    assert_ptr_equal(wiped_at, at);
    assert_true(wiped_len >= len);
    assert_memory_equal(uk_buf_peek(&buf), "secrets", 7);
    uk_buf_clear(&buf);
}

static void
wipes_when_it_is_cleared(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(100);
    const void *at;

    uk_buf_add_text(&buf, "secret");
    at = buf.bytes;
    wiped_at = NULL;
    uk_buf_clear(&buf);
    assert_ptr_equal(wiped_at, at);
    assert_true(wiped_len >= 6);
    assert_null(buf.bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_as_a_list),
        cmocka_unit_test(holds_exactly_its_limit),
        cmocka_unit_test(stays_bad),
        cmocka_unit_test(formats_only_what_fits),
        cmocka_unit_test(does_not_take_more_than_there_is),
        cmocka_unit_test(wipes_when_it_grows),
        cmocka_unit_test(wipes_when_it_is_cleared),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
