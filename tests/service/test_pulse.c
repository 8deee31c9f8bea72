/* service/request/pulse, pool: threads that turn, and one that does not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "core/deadline.h"
#include "service/request/pool.h"
#include "service/request/pulse.h"

static struct uk_err err;

static void
each_question_has_a_moment_of_its_own(void **state)
{
    static struct uk_beat beat[2];
    struct uk_pulse *pulse;

    assert_int_equal(uk_pulse_new(&pulse, &err), UK_OK);
    assert_null(uk_pulse_late(pulse, UK_PULSE_LIVE)); /* nobody is watched */
    assert_int_equal(uk_pulse_add(pulse, "one", &beat[0], &err), UK_OK);
    assert_int_equal(uk_pulse_add(pulse, "two", &beat[1], &err), UK_OK);
    assert_string_equal(uk_pulse_late(pulse, UK_PULSE_LIVE), "one");
    uk_beat_turn(&beat[0]);
    assert_string_equal(uk_pulse_late(pulse, UK_PULSE_LIVE), "two");
    uk_beat_turn(&beat[1]);
    assert_null(uk_pulse_late(pulse, UK_PULSE_LIVE));

    uk_pulse_mark(pulse, UK_PULSE_WATCHDOG);
    assert_null(uk_pulse_late(pulse, UK_PULSE_LIVE));
    assert_string_equal(uk_pulse_late(pulse, UK_PULSE_WATCHDOG), "one");
    uk_beat_turn(&beat[0]);
    uk_beat_turn(&beat[0]);
    assert_string_equal(uk_pulse_late(pulse, UK_PULSE_WATCHDOG), "two");
    uk_beat_turn(&beat[1]);
    assert_null(uk_pulse_late(pulse, UK_PULSE_WATCHDOG));
    uk_pulse_free(pulse);
    uk_pulse_free(NULL);
}

static void
more_threads_than_there_are_is_an_error(void **state)
{
    static struct uk_beat beat;
    enum uk_code code = UK_OK;
    struct uk_pulse *pulse;
    unsigned n = 0;

    assert_int_equal(uk_pulse_new(&pulse, &err), UK_OK);
    while (n < 10000 && code == UK_OK) {
        code = uk_pulse_add(pulse, "one", &beat, &err);
        n++;
    }
    assert_int_equal(code, UK_INVALID);
    assert_true(n > 256 + 256 + 2); /* what the settings allow */
    uk_pulse_free(pulse);
}

/* A job that is not over before it is told so. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool open;
};

static void
pass(void *context, struct uk_job *jobs)
{
    struct gate *gate = context;

    (void)jobs;
    pthread_mutex_lock(&gate->lock);
    while (!gate->open)
        pthread_cond_wait(&gate->opened, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

/* Do all turn within this time, the idle too? */
static bool
all_turn(struct uk_pulse *pulse, unsigned ms)
{
    struct uk_deadline by = uk_deadline_in(ms);

    uk_pulse_mark(pulse, UK_PULSE_WATCHDOG);
    while (uk_pulse_late(pulse, UK_PULSE_WATCHDOG) != NULL) {
        if (uk_deadline_passed(by))
            return false;
        uk_deadline_wait(uk_deadline_in(5));
    }
    return true;
}

static void
a_pool_turns_unless_a_job_hangs(void **state)
{
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
                        false};
    struct uk_pool_options options = {.name = "patient",
                                      .threads = 3,
                                      .room = 1,
                                      .batch = 1,
                                      .run = pass,
                                      .context = &gate};
    struct uk_job job, more, full;
    struct uk_pulse *pulse;
    struct uk_pool *pool;

    assert_int_equal(uk_pulse_new(&pulse, &err), UK_OK);
    assert_int_equal(uk_pool_start(&options, &pool, &err), UK_OK);
    assert_int_equal(uk_pool_watch(pool, pulse, &err), UK_OK);
    assert_true(all_turn(pulse, 20000));
    assert_true(uk_pool_put(pool, &job));
    while (uk_pool_look(pool).waiting > 0)
        uk_deadline_wait(uk_deadline_in(1));
    assert_false(all_turn(pulse, 1500));
    assert_string_equal(uk_pulse_late(pulse, UK_PULSE_WATCHDOG), "patient");

    options.threads = 0; /* nobody takes from this one */
    uk_pulse_mark(pulse, UK_PULSE_WATCHDOG);
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.opened);
    pthread_mutex_unlock(&gate.lock);
    assert_true(all_turn(pulse, 20000));
    uk_pool_stop(pool);

    assert_int_equal(uk_pool_start(&options, &pool, &err), UK_OK);
    assert_true(uk_pool_put(pool, &more));
    assert_false(uk_pool_put(pool, &full));
    assert_false(uk_pool_put(pool, &full));
    assert_int_equal(uk_pool_look(pool).waiting, 1);
    assert_int_equal(uk_pool_look(pool).room, 1);
    assert_int_equal(uk_pool_look(pool).refused, 2);
    uk_pool_stop(pool);
    uk_pulse_free(pulse);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_question_has_a_moment_of_its_own),
        cmocka_unit_test(more_threads_than_there_are_is_an_error),
        cmocka_unit_test(a_pool_turns_unless_a_job_hangs),
    };

    return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}
