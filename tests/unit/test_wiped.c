/* Memory for a foreign library: aligned, kept when it grows, wiped. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wiped.h"

static void
test_sizes(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 5000, 100000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned char *bytes = uk_wiped_malloc(sizes[i]);

        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
        memset(bytes, 0xa5, sizes[i]);
        bytes = uk_wiped_realloc(bytes, sizes[i] + 1000);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(bytes[j], 0xa5);
        bytes = uk_wiped_realloc(bytes, 1);
        assert_non_null(bytes);
        if (sizes[i] > 0)
            assert_int_equal(bytes[0], 0xa5);
        uk_wiped_free(bytes);
    }
}

static void
test_edges(void **state)
{
    char *text;
    unsigned char *zeros;

    uk_wiped_free(NULL);
    assert_null(uk_wiped_malloc(SIZE_MAX));
    assert_null(uk_wiped_malloc(SIZE_MAX - 8));
    assert_null(uk_wiped_calloc(SIZE_MAX / 2, 4));
    zeros = uk_wiped_calloc(10, 10);
    assert_non_null(zeros);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    uk_wiped_free(zeros);
    zeros = uk_wiped_realloc(NULL, 10);
    assert_non_null(zeros);
    uk_wiped_free(zeros);
    text = uk_wiped_strdup("hello");
    assert_string_equal(text, "hello");
    /* A growth that cannot be leaves the old one as it is. */
    assert_null(uk_wiped_realloc(text, SIZE_MAX));
    assert_string_equal(text, "hello");
    uk_wiped_free(text);
}

#ifndef __SANITIZE_ADDRESS__ /* which watches exactly what is done here */
/* The allocator gives the same place out again: what stood there is gone, but
 * for what the allocator itself writes into its first bytes. */
static void
test_wipes(void **state)
{
    unsigned char *again;
    char *secret = uk_wiped_malloc(200);
    uintptr_t place = (uintptr_t)secret;
    int found = 0;

    assert_non_null(secret);
    memset(secret, 'S', 200);
    uk_wiped_free(secret);
    again = uk_wiped_malloc(200);
    assert_non_null(again);
    if ((uintptr_t)again == place) { /* it does with every libc that we know */
        for (int i = 0; i < 200; i++)
            found += again[i] == 'S';
    }
    assert_int_equal(found, 0);
    uk_wiped_free(again);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_edges),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(test_wipes),
#endif
    };

    return cmocka_run_group_tests_name("wiped", tests, NULL, NULL);
}
