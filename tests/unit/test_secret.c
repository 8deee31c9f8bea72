/* core/secret: copies, moves, comparisons, and that nothing stays behind. */
#undef _FORTIFY_SOURCE /* its explicit_bzero() goes by another name */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "core/secret.h"

/* What was wiped last.  Freed memory cannot be looked at; so the function that
 * wipes is ours here, under both of its names. */
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
keeps_a_copy_with_a_nul(void **state)
{
    struct uk_secret secret = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    char bytes[] = "ab\0cd";

    assert_int_equal(uk_secret_set(&secret, bytes, 5, &err), UK_OK);
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(secret.len, 5);
    assert_memory_equal(secret.bytes, "ab\0cd", 6);
    uk_secret_clear(&secret);
}

static void
is_wiped_before_it_is_freed(void **state)
{
    struct uk_secret secret = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    const void *at;

    assert_int_equal(uk_secret_set(&secret, "hunter2", 7, &err), UK_OK);
    at = secret.bytes;
    wiped_at = NULL;
    uk_secret_clear(&secret);
    assert_ptr_equal(wiped_at, at);
    assert_true(wiped_len >= 7);
    assert_null(secret.bytes);
    assert_int_equal(secret.len, 0);
}

static void
is_wiped_before_it_is_replaced(void **state)
{
    struct uk_secret secret = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    const void *at;

    assert_int_equal(uk_secret_set(&secret, "hunter2", 7, &err), UK_OK);
    at = secret.bytes;
    assert_int_equal(uk_secret_set(&secret, "x", 1, &err), UK_OK);
    assert_ptr_equal(wiped_at, at);
    assert_true(wiped_len >= 7);
    assert_string_equal(uk_secret_peek(&secret), "x");
    uk_secret_clear(&secret);
}

static void
may_become_a_part_of_itself(void **state)
{
    struct uk_secret secret = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_secret_set(&secret, "hunter2", 7, &err), UK_OK);
    assert_int_equal(uk_secret_set(&secret, secret.bytes + 1, 3, &err), UK_OK);
    assert_string_equal(uk_secret_peek(&secret), "unt");
    uk_secret_clear(&secret);
}

static void
has_a_longest(void **state)
{
    static char bytes[UK_SECRET_MAX + 1];
    struct uk_secret secret = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    memset(bytes, 'k', sizeof(bytes));
    assert_int_equal(uk_secret_set(&secret, bytes, UK_SECRET_MAX, &err), UK_OK);
    assert_int_equal(secret.len, UK_SECRET_MAX);
    assert_int_equal(uk_secret_set(&secret, bytes, UK_SECRET_MAX + 1, &err),
                     UK_INVALID);
    assert_null(secret.bytes); /* also on failure the old one is gone */
    assert_int_equal(uk_secret_set(&secret, bytes, SIZE_MAX, &err), UK_INVALID);
}

static void
may_be_empty(void **state)
{
    struct uk_secret secret = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    assert_string_equal(uk_secret_peek(&secret), "");
    assert_int_equal(uk_secret_set(&secret, "", 0, &err), UK_OK);
    assert_string_equal(uk_secret_peek(&secret), "");
    assert_int_equal(uk_secret_set(&secret, NULL, 0, &err), UK_OK);
    uk_secret_clear(&secret);
    uk_secret_clear(&secret);
}

static void
has_one_owner(void **state)
{
    struct uk_secret a = UK_SECRET_NONE;
    struct uk_secret b = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_secret_set(&a, "hunter2", 7, &err), UK_OK);
    assert_int_equal(uk_secret_set(&b, "old", 3, &err), UK_OK);
    uk_secret_move(&b, &a);
    assert_null(a.bytes);
    assert_int_equal(a.len, 0);
    assert_string_equal(uk_secret_peek(&b), "hunter2");
    uk_secret_move(&b, &b);
    assert_string_equal(uk_secret_peek(&b), "hunter2");
    uk_secret_move(&b, &a);
    assert_null(b.bytes);
}

static void
wipes_exactly_what_it_is_told(void **state)
{
    char bytes[] = "abcdef";

    uk_wipe(bytes + 1, 4);
    assert_memory_equal(bytes, "a\0\0\0\0f", 7);
    uk_wipe(NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_a_copy_with_a_nul),
        cmocka_unit_test(is_wiped_before_it_is_freed),
        cmocka_unit_test(is_wiped_before_it_is_replaced),
        cmocka_unit_test(may_become_a_part_of_itself),
        cmocka_unit_test(has_a_longest),
        cmocka_unit_test(may_be_empty),
        cmocka_unit_test(has_one_owner),
        cmocka_unit_test(wipes_exactly_what_it_is_told),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
