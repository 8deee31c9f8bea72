/* agent/clock: reboots, clocks set forwards and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/deadline.h"

#include "agent/clock.h"

#define S    ((int64_t)1000)
#define MIN  (60 * S)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)
#define NOON (1800000000 * S) /* some day's wall clock */

static struct uk_clock_reading
reading(unsigned char boot, int64_t boot_ms, int64_t wall_ms)
{
    return (struct uk_clock_reading){
        .boot_id = {boot}, .boot_ms = boot_ms, .wall_ms = wall_ms};
}

static void
advance(struct uk_clock_mark *mark, unsigned char boot, int64_t boot_ms,
        int64_t wall_ms)
{
    struct uk_clock_reading now = reading(boot, boot_ms, wall_ms);

    uk_clock_advance(mark, &now);
}

static void
goes_on_within_a_boot(void **state)
{
    struct uk_clock_mark mark = {.ran_ms = 0};

    advance(&mark, 1, 5 * S, NOON);
    assert_int_equal(mark.ran_ms, 5 * S);
    advance(&mark, 1, 65 * S, NOON + MIN);
    assert_int_equal(mark.ran_ms, 65 * S);
    advance(&mark, 1, 65 * S, NOON + MIN);
    assert_int_equal(mark.ran_ms, 65 * S);
}

/* Set right by five minutes, as clocks are; not by more. */
static void
knows_a_correction(void **state)
{
    static const struct {
        int64_t back;
        bool went_back;
    } rows[] = {{0, false}, {5 * MIN, false}, {5 * MIN + 1, true}};
    const struct uk_clock_moment then = {0, NOON};

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_clock_mark mark = {.ran_ms = 0};
        struct uk_clock_reading now = reading(1, MIN, NOON - rows[i].back);
        int64_t age_ms = -1;

        advance(&mark, 1, 0, NOON);
        assert_int_equal(uk_clock_went_back(&mark, &now), rows[i].went_back);
        assert_int_equal(uk_clock_age(&mark, &now, &then, &age_ms),
                         !rows[i].went_back);
        assert_int_equal(age_ms, rows[i].went_back ? -1 : MIN);
    }
}

/* Whatever the wall clock does, running time is running time. */
static void
does_not_look_at_the_wall_clock(void **state)
{
    static const int64_t walls[] = {NOON - DAY, 0, NOON + DAY, -DAY, NOON};
    struct uk_clock_mark mark = {.ran_ms = 0};

    advance(&mark, 1, 0, NOON);
    for (size_t i = 0; i < UK_COUNT(walls); i++) {
        advance(&mark, 1, (int64_t)(i + 1) * MIN, walls[i]);
        assert_int_equal(mark.ran_ms, (int64_t)(i + 1) * MIN);
    }
    assert_int_equal(mark.last.wall_ms, NOON + DAY); /* the highest */
}

static void
goes_on_over_a_reboot(void **state)
{
    struct uk_clock_mark mark = {.ran_ms = 0};

    advance(&mark, 1, HOUR, NOON);
    advance(&mark, 2, 10 * S, NOON + DAY);
    assert_int_equal(mark.ran_ms, HOUR + 10 * S);
    /* One that has run for longer than the one before. */
    advance(&mark, 3, 2 * HOUR, NOON + 2 * DAY);
    assert_int_equal(mark.ran_ms, 3 * HOUR + 10 * S);
    /* No boot id: known by a clock that has begun anew. */
    advance(&mark, 0, MIN, NOON + 3 * DAY);
    advance(&mark, 0, 2 * MIN, NOON + 3 * DAY);
    advance(&mark, 0, 30 * S, NOON + 3 * DAY);
    assert_int_equal(mark.ran_ms, 3 * HOUR + 10 * S + 2 * MIN + 30 * S);
}

static void
tells_ages(void **state)
{
    static const struct {
        const char *what;
        unsigned char boot;
        int64_t boot_ms, wall_ms;
        int64_t age; /* -1: not known */
    } rows[] = {
        {"at once", 1, HOUR, NOON, 0},
        {"an hour later", 1, 2 * HOUR, NOON + HOUR, HOUR},
        {"the wall clock was set on", 1, 2 * HOUR, NOON + DAY, DAY},
        {"corrected by a minute", 1, HOUR + 5 * S, NOON - MIN, 5 * S},
        {"set back by an hour", 1, 2 * HOUR, NOON - HOUR, -1},
        {"set back by a day", 1, 5 * HOUR, NOON - DAY, -1},
        {"off for a day", 2, MIN, NOON + DAY, DAY},
        {"off for a day, and the battery is flat", 2, MIN, 0, -1},
        /* Set back while it was off to where it was last seen: what it has
         * run counts. */
        {"off, and set back to the mark", 2, 3 * HOUR, NOON, 3 * HOUR},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_clock_mark mark = {.ran_ms = 0};
        struct uk_clock_reading now =
            reading(rows[i].boot, rows[i].boot_ms, rows[i].wall_ms);
        struct uk_clock_moment then;
        int64_t age = -1;

        advance(&mark, 1, HOUR, NOON);
        then = (struct uk_clock_moment){mark.ran_ms, NOON};
        if (uk_clock_age(&mark, &now, &then, &age) != (rows[i].age >= 0) ||
            age != rows[i].age)
            fail_msg("%s: %lld", rows[i].what, (long long)age);
    }
}

/* Once it has been seen that late, going back does not make anything young. */
static void
remembers_the_latest(void **state)
{
    struct uk_clock_mark mark = {.ran_ms = 0};
    struct uk_clock_moment then;
    struct uk_clock_reading now;
    int64_t age = -1;

    advance(&mark, 1, 0, NOON);
    then = (struct uk_clock_moment){mark.ran_ms, NOON};
    advance(&mark, 1, MIN, NOON + DAY);
    advance(&mark, 1, 2 * MIN, NOON);
    now = reading(1, 2 * MIN, NOON);
    assert_false(uk_clock_age(&mark, &now, &then, &age));
    assert_int_equal(age, -1);
    now = reading(1, 2 * MIN, NOON + DAY);
    assert_true(uk_clock_age(&mark, &now, &then, &age));
    assert_int_equal(age, DAY);
}

static void
refuses_what_has_not_come_yet(void **state)
{
    struct uk_clock_mark mark = {.ran_ms = 0};
    struct uk_clock_reading now = reading(1, 0, NOON);
    const struct uk_clock_moment later[] = {
        {MIN, NOON}, {0, NOON + HOUR}, {INT64_MAX / 2, INT64_MAX / 2}};
    int64_t age;

    advance(&mark, 1, 0, NOON);
    for (size_t i = 0; i < UK_COUNT(later); i++)
        assert_false(uk_clock_age(&mark, &now, &later[i], &age));
}

static void
reads_the_machine(void **state)
{
    static const unsigned char none[UK_CLOCK_BOOT_ID];
    struct uk_clock_reading a, b;

    uk_clock_read(&a);
    uk_deadline_wait(uk_deadline_in(20));
    uk_clock_read(&b);
    assert_memory_equal(a.boot_id, b.boot_id, sizeof(a.boot_id));
    assert_memory_not_equal(a.boot_id, none, sizeof(none));
    assert_true(b.boot_ms - a.boot_ms >= 20);
    assert_true(a.wall_ms > NOON / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_within_a_boot),
        cmocka_unit_test(knows_a_correction),
        cmocka_unit_test(does_not_look_at_the_wall_clock),
        cmocka_unit_test(goes_on_over_a_reboot),
        cmocka_unit_test(tells_ages),
        cmocka_unit_test(remembers_the_latest),
        cmocka_unit_test(refuses_what_has_not_come_yet),
        cmocka_unit_test(reads_the_machine),
    };

    return cmocka_run_group_tests_name("agent_clock", tests, NULL, NULL);
}
