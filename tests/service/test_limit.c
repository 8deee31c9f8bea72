/* service/value/limit: how often something may happen. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <pthread.h>

#include "core/attr.h"
#include "service/value/crypto.h"
#include "service/value/limit.h"

#define ROOM 64

static const struct uk_limit_rate rate = {.burst = 3, .interval_ms = 1000};

static struct uk_limit *
make(void)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_limit *limit;

    assert_int_equal(uk_limit_new(ROOM, &limit, &err), UK_OK);
    return limit;
}

static void
lets_a_burst_through(void **state)
{
    struct uk_limit *limit = make();
    unsigned wait = 99;

    for (int i = 0; i < 3; i++)
        assert_true(uk_limit_take(limit, 7, rate, 5000, &wait));
    assert_int_equal(wait, 99);
    assert_false(uk_limit_take(limit, 7, rate, 5000, &wait));
    assert_int_equal(wait, 1);
    assert_true(uk_limit_take(limit, 8, rate, 5000, &wait));
    uk_limit_free(limit);
}

static void
tells_what_was_missed(void **state)
{
    struct uk_limit *limit = make();
    unsigned wait;

    assert_int_equal(uk_limit_missed(limit, 7), 0);
    for (int i = 0; i < 10; i++)
        (void)uk_limit_take(limit, 7, rate, 5000, &wait);
    assert_int_equal(uk_limit_missed(limit, 8), 0);
    assert_int_equal(uk_limit_missed(limit, 7), 7);
    assert_int_equal(uk_limit_missed(limit, 7), 0);
    assert_true(uk_limit_take(limit, 7, rate, 9000, &wait));
    assert_int_equal(uk_limit_missed(limit, 7), 0);
    uk_limit_free(limit);
}

/* What is refused costs nothing: the wait does not grow by asking. */
static void
gives_one_back_in_each_interval(void **state)
{
    static const struct {
        int64_t at;
        bool taken;
        unsigned wait;
    } rows[] = {
        {1000, true, 0},    {1000, true, 0},   {1000, true, 0},
        {1000, false, 1},   {1500, false, 1},  {1999, false, 1},
        {2000, true, 0},    {2000, false, 1},  {2000, false, 1},
        {4000, true, 0},    {4000, true, 0},   {4000, false, 1},
        {900000, true, 0},  {900000, true, 0}, {900000, true, 0},
        {900000, false, 1},
    };
    struct uk_limit *limit = make();

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        unsigned wait = 0;

        assert_int_equal(uk_limit_take(limit, 7, rate, rows[i].at, &wait),
                         rows[i].taken);
        assert_int_equal(wait, rows[i].wait);
    }
    uk_limit_free(limit);
}

static void
says_how_long(void **state)
{
    const struct uk_limit_rate slow = {.burst = 2, .interval_ms = 60000};
    struct uk_limit *limit = make();
    unsigned wait;

    assert_true(uk_limit_take(limit, 7, slow, 0, &wait));
    assert_true(uk_limit_take(limit, 7, slow, 0, &wait));
    assert_false(uk_limit_take(limit, 7, slow, 0, &wait));
    assert_int_equal(wait, 60);
    assert_false(uk_limit_take(limit, 7, slow, 59001, &wait));
    assert_int_equal(wait, 1);
    assert_false(uk_limit_take(limit, 7, slow, 59999, &wait));
    assert_int_equal(wait, 1);
    assert_true(uk_limit_take(limit, 7, slow, 60000, &wait));
    uk_limit_free(limit);
}

static void
takes_successes_back(void **state)
{
    struct uk_limit *limit = make();
    unsigned wait;

    for (int i = 0; i < 100; i++) {
        assert_true(uk_limit_take(limit, 7, rate, 1000, &wait));
        uk_limit_give_back(limit, 7, rate);
    }
    for (int i = 0; i < 3; i++)
        assert_true(uk_limit_take(limit, 7, rate, 1000, &wait));
    assert_false(uk_limit_take(limit, 7, rate, 1000, &wait));
    uk_limit_give_back(limit, 12345, rate); /* nobody knows that one */
    uk_limit_free(limit);
}

/* Giving back does not save up: nobody gets more than the burst. */
static void
saves_nothing_up(void **state)
{
    struct uk_limit *limit = make();
    unsigned wait;

    assert_true(uk_limit_take(limit, 7, rate, 1000, &wait));
    for (int i = 0; i < 100; i++)
        uk_limit_give_back(limit, 7, rate);
    for (int i = 0; i < 3; i++)
        assert_true(uk_limit_take(limit, 7, rate, 1000, &wait));
    assert_false(uk_limit_take(limit, 7, rate, 1000, &wait));
    uk_limit_free(limit);
}

/* However many others come by, no one's count gets worse through them. */
static void
forgets_rather_than_blocks(void **state)
{
    struct uk_limit *limit = make();
    unsigned wait;

    for (uint64_t i = 1; i < 100000; i++)
        assert_true(
            uk_limit_take(limit, i * 0x9e3779b97f4a7c15U, rate, 1000, &wait));
    uk_limit_free(limit);
}

/* Who has used most stays: many new ones do not wash them out. */
static void
keeps_who_used_most(void **state)
{
    struct uk_limit *limit = make();
    unsigned wait;

    for (int i = 0; i < 3; i++)
        assert_true(uk_limit_take(limit, 16, rate, 1000, &wait));
    for (uint64_t i = 2; i < 1000; i++)
        assert_true(uk_limit_take(limit, 16 * i, rate, 1000, &wait));
    assert_false(uk_limit_take(limit, 16, rate, 1000, &wait));
    uk_limit_free(limit);
}

struct shared {
    struct uk_limit *limit;
    int taken;
};

static void *
grab(void *argument)
{
    const struct uk_limit_rate many = {.burst = 1000, .interval_ms = 1000};
    struct shared *shared = argument;
    unsigned wait;

    for (int i = 0; i < 1000; i++)
        shared->taken += uk_limit_take(shared->limit, 7, many, 1000, &wait);
    return NULL;
}

static void
counts_for_all_threads_together(void **state)
{
    struct uk_limit *limit = make();
    struct shared shared[4];
    pthread_t thread[4];
    int sum = 0;

    for (int i = 0; i < 4; i++) {
        shared[i] = (struct shared){limit, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, grab, &shared[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        sum += shared[i].taken;
    }
    assert_int_equal(sum, 1000);
    uk_limit_free(limit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_a_burst_through),
        cmocka_unit_test(tells_what_was_missed),
        cmocka_unit_test(gives_one_back_in_each_interval),
        cmocka_unit_test(says_how_long),
        cmocka_unit_test(takes_successes_back),
        cmocka_unit_test(saves_nothing_up),
        cmocka_unit_test(forgets_rather_than_blocks),
        cmocka_unit_test(keeps_who_used_most),
        cmocka_unit_test(counts_for_all_threads_together),
    };

    return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
