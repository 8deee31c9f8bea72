/* service/http/crowd: how many connections each source has. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "service/http/crowd.h"

static struct uk_crowd *
make(unsigned room, unsigned most)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_crowd *crowd;

    assert_int_equal(uk_crowd_new(room, most, &crowd, &err), UK_OK);
    return crowd;
}

static void
counts_each_source_for_itself(void **state)
{
    struct uk_crowd *crowd = make(3, 2); /* so that many share a bucket */

    for (uint64_t subject = 0; subject < 20; subject++) {
        assert_true(uk_crowd_check(crowd, subject));
        assert_true(uk_crowd_add(crowd, subject));
        assert_true(uk_crowd_check(crowd, subject));
        assert_true(uk_crowd_add(crowd, subject));
        assert_false(uk_crowd_check(crowd, subject));
    }
    for (uint64_t subject = 0; subject < 20; subject += 2)
        uk_crowd_remove(crowd, subject);
    for (uint64_t subject = 0; subject < 20; subject++)
        assert_int_equal(uk_crowd_check(crowd, subject), subject % 2 == 0);
    for (uint64_t subject = 0; subject < 20; subject += 2)
        uk_crowd_remove(crowd, subject);
    for (uint64_t subject = 0; subject < 20; subject++)
        assert_int_equal(uk_crowd_check(crowd, subject), subject % 2 == 0);
    uk_crowd_remove(crowd, 77); /* never seen: nothing happens */
    uk_crowd_free(crowd);       /* with sources in it */
}

static void
forgets_who_has_left(void **state)
{
    struct uk_crowd *crowd = make(1, 1);

    for (uint64_t subject = 0; subject < 1000; subject++) {
        assert_true(uk_crowd_add(crowd, subject));
        assert_false(uk_crowd_check(crowd, subject));
        uk_crowd_remove(crowd, subject);
        assert_true(uk_crowd_check(crowd, subject));
    }
    uk_crowd_free(crowd);
    uk_crowd_free(NULL);
}

static void
zero_is_any_number(void **state)
{
    struct uk_crowd *crowd = make(1, 0);

    for (int i = 0; i < 100; i++) {
        assert_true(uk_crowd_check(crowd, 7));
        assert_true(uk_crowd_add(crowd, 7));
    }
    assert_true(uk_crowd_check(crowd, 7));
    uk_crowd_free(crowd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_source_for_itself),
        cmocka_unit_test(forgets_who_has_left),
        cmocka_unit_test(zero_is_any_number),
    };

    return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
