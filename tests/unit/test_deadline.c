/* core/deadline: moments, and what is left until them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <limits.h>
#include <signal.h>
#include <sys/time.h>

#include "core/deadline.h"

static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
    signals++;
}

static void
has_passed_when_cleared(void **state)
{
    struct uk_deadline cleared = {0};
    struct uk_deadline before = {.at_ns = INT64_MIN};

    assert_true(uk_deadline_passed(cleared));
    assert_int_equal(uk_deadline_left_ms(cleared), 0);
    assert_true(uk_deadline_passed(before));
    assert_int_equal(uk_deadline_left_ms(before), 0);
    assert_true(uk_deadline_passed(uk_deadline_in(0)));
}

static void
tells_what_is_left(void **state)
{
    struct uk_deadline by = uk_deadline_in(60000);
    int left = uk_deadline_left_ms(by);

    assert_false(uk_deadline_passed(by));
    assert_in_range(left, 1, 60000);
}

static void
never_tells_more_than_an_int(void **state)
{
    struct uk_deadline never = {.at_ns = INT64_MAX};

    assert_int_equal(uk_deadline_left_ms(never), INT_MAX);
    assert_int_equal(uk_deadline_left_ms(uk_deadline_in(UINT_MAX)), INT_MAX);
}

/* poll(.., 0) in a loop would burn the processor: as long as the deadline has
 * not passed there is at least one millisecond left. */
static void
rounds_up(void **state)
{
    struct uk_deadline by = uk_deadline_in(20);

    for (;;) {
        bool passed = uk_deadline_passed(by);
        int left = uk_deadline_left_ms(by);

        if (left == 0)
            break;
        assert_false(passed);
        assert_in_range(left, 1, 20);
    }
    assert_true(uk_deadline_passed(by));
}

static void
takes_the_sooner(void **state)
{
    struct uk_deadline a = {.at_ns = 5};
    struct uk_deadline b = {.at_ns = 6};

    assert_int_equal(uk_deadline_sooner(a, b).at_ns, 5);
    assert_int_equal(uk_deadline_sooner(b, a).at_ns, 5);
}

static void
waits_whatever_signals_come(void **state)
{
    struct itimerval often = {{0, 5000}, {0, 5000}};
    struct itimerval off = {{0, 0}, {0, 0}};
    struct sigaction act = {.sa_handler = count_signal};
    struct sigaction old;
    struct uk_deadline until;

    assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    until = uk_deadline_in(100);
    uk_deadline_wait(until);
    assert_true(uk_deadline_passed(until));
    assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    assert_true(signals > 0);
}

static void
does_not_wait_for_the_past(void **state)
{
    struct uk_deadline before = {.at_ns = INT64_MIN};
    struct uk_deadline soon = uk_deadline_in(30000);

    uk_deadline_wait(before);
    uk_deadline_wait((struct uk_deadline){0});
    assert_false(uk_deadline_passed(soon));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_passed_when_cleared),
        cmocka_unit_test(tells_what_is_left),
        cmocka_unit_test(never_tells_more_than_an_int),
        cmocka_unit_test(rounds_up),
        cmocka_unit_test(takes_the_sooner),
        cmocka_unit_test(waits_whatever_signals_come),
        cmocka_unit_test(does_not_wait_for_the_past),
    };

    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
