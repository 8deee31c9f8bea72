/* service/request/outage: an outage is told at once, and then once a second. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/request/outage.h"

static struct uk_outage outage;
static int ends[2];
static struct uk_log log_to_us = {.most = UK_LEVEL_DEBUG};
static char said[8192];

/* What has been logged since this was asked last. */
static const char *
logged(void)
{
    ssize_t n = read(ends[0], said, sizeof(said) - 1);

    said[n > 0 ? n : 0] = '\0';
    return said;
}

static void
note(const char *request, const char *why)
{
    struct uk_err err = UK_ERR_NONE;

    uk_err_set(&err, UK_SYSTEM, "%s", why);
    uk_outage_note(&outage, request, &err, &log_to_us);
}

/* The next line may be written this many ms from now. */
static void
let_pass(unsigned ms)
{
    outage.next = uk_deadline_in(ms);
}

static int
setup(void **state)
{
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_to_us.fd = ends[1];
    uk_outage_init(&outage);
    return 0;
}

static int
teardown(void **state)
{
    uk_outage_clear(&outage);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void
test_first(void **state)
{
    note("r1", "the database: away");
    assert_string_equal(logged(), "request r1: the database: away\n");
    /* and there is nothing more to tell */
    let_pass(0);
    uk_outage_tell(&outage, &log_to_us);
    assert_string_equal(logged(), "");
}

/* Of those that follow no line each, but how many there were, and the reason
 * of the last. */
static void
test_more(void **state)
{
    note("r1", "the first reason");
    assert_string_equal(logged(), "request r1: the first reason\n");
    let_pass(600000);
    note("r2", "the second reason");
    note("r3", "the third reason");
    uk_outage_tell(&outage, &log_to_us);
    assert_string_equal(logged(), "");
    let_pass(0);
    /* One that comes when it is time does not hide them. */
    note("r4", "the last reason");
    assert_string_equal(logged(), "");
    uk_outage_tell(&outage, &log_to_us);
    assert_string_equal(logged(), "3 more requests failed: the last reason\n");
    let_pass(0);
    uk_outage_tell(&outage, &log_to_us);
    assert_string_equal(logged(), "");
}

/* A line a second at most, whoever writes it. */
static void
test_pause(void **state)
{
    note("r1", "a reason");
    assert_false(uk_deadline_passed(outage.next));
    let_pass(0);
    note("r2", "a reason");
    assert_string_equal(logged(), "request r1: a reason\n"
                                  "request r2: a reason\n");
    let_pass(600000);
    note("r3", "a reason");
    let_pass(0);
    uk_outage_tell(&outage, &log_to_us);
    assert_false(uk_deadline_passed(outage.next));
}

/* What metrics tell: requests, and outages, which are over after a while
 * without a failure. */
static void
test_counted(void **state)
{
    for (int i = 0; i < 3; i++)
        note("r", "a reason");
    assert_int_equal(atomic_load(&outage.outages), 1);
    assert_int_equal(atomic_load(&outage.requests), 3);
    assert_false(uk_deadline_passed(outage.over));
    outage.over = uk_deadline_in(0);
    for (int i = 0; i < 2; i++)
        note("r", "a reason");
    assert_int_equal(atomic_load(&outage.outages), 2);
    assert_int_equal(atomic_load(&outage.requests), 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counted, setup, teardown),
    };

    return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
