/* service/request/pool and sweep: what runs beside the loops, and what is cut off. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/attr.h"
#include "service/http/sweep.h"
#include "service/request/pool.h"

#define JOBS 500

struct job {
    struct uk_job job; /* first */
    atomic_int done;
};

struct gate {
    pthread_mutex_t lock;
    atomic_int sum, most;
};

static void
count_jobs(void *context, struct uk_job *jobs)
{
    struct gate *gate = context;
    int n = 0;

    /* Closed, the gate keeps the thread, so that others queue up. */
    pthread_mutex_lock(&gate->lock);
    pthread_mutex_unlock(&gate->lock);
    for (struct uk_job *next; jobs != NULL; jobs = next) {
        next = jobs->next;
        atomic_fetch_add(&((struct job *)jobs)->done, 1);
        n++;
    }
    if (n > atomic_load(&gate->most))
        atomic_store(&gate->most, n);
    atomic_fetch_add(&gate->sum, n);
}

static struct uk_pool *
start(struct gate *gate, unsigned threads, unsigned room, unsigned batch)
{
    const struct uk_pool_options options = {.threads = threads,
                                            .room = room,
                                            .batch = batch,
                                            .run = count_jobs,
                                            .context = gate};
    struct uk_err err = UK_ERR_NONE;
    struct uk_pool *pool;

    pthread_mutex_init(&gate->lock, NULL);
    atomic_init(&gate->sum, 0);
    atomic_init(&gate->most, 0);
    assert_int_equal(uk_pool_start(&options, &pool, &err), UK_OK);
    return pool;
}

static void
does_every_job_once(void **state)
{
    static struct job jobs[JOBS];
    struct gate gate;
    struct uk_pool *pool = start(&gate, 3, JOBS, 7);

    for (int i = 0; i < JOBS; i++)
        assert_true(uk_pool_put(pool, &jobs[i].job));
    uk_pool_stop(pool); /* after what waits */
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(atomic_load(&jobs[i].done), 1);
    assert_int_equal(atomic_load(&gate.sum), JOBS);
    assert_true(atomic_load(&gate.most) <= 7);
}

static void
takes_no_more_than_it_has_room_for(void **state)
{
    static struct job jobs[20];
    struct gate gate;
    struct uk_pool *pool = start(&gate, 1, 4, 1);
    int taken = 0;

    pthread_mutex_lock(&gate.lock);
    for (int i = 0; i < 20; i++)
        taken += uk_pool_put(pool, &jobs[i].job);
    /* Four that wait, and one perhaps that the thread has already. */
    assert_true(taken == 4 || taken == 5);
    pthread_mutex_unlock(&gate.lock);
    uk_pool_stop(pool);
    assert_int_equal(atomic_load(&gate.sum), taken);
    uk_pool_stop(NULL);
}

static void
takes_what_waits_together(void **state)
{
    static struct job jobs[20];
    struct gate gate;
    struct uk_pool *pool = start(&gate, 1, 20, 64);

    pthread_mutex_lock(&gate.lock);
    for (int i = 0; i < 20; i++)
        assert_true(uk_pool_put(pool, &jobs[i].job));
    pthread_mutex_unlock(&gate.lock);
    uk_pool_stop(pool);
    assert_int_equal(atomic_load(&gate.sum), 20);
    assert_true(atomic_load(&gate.most) >= 10);
}

/* Has the other end been hung up on? */
static bool
is_over(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
cuts_off_who_is_late(void **state)
{
    struct uk_sweep_item item[4];
    struct uk_sweep sweep;
    int pair[4][2];

    uk_sweep_init(&sweep);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair[i]), 0);
        uk_sweep_add(&sweep, &item[i], pair[i][0], i < 3 ? 0 : 3600000);
    }
    assert_int_equal(sweep.count, 4);
    uk_sweep_set(&item[1], 3600000); /* it got on with it */
    uk_sweep_hold(&item[2]);         /* it waits for us */
    assert_int_equal(uk_sweep_run(&sweep), 1);
    assert_true(is_over(pair[0][1]));
    for (int i = 1; i < 4; i++)
        assert_false(is_over(pair[i][1]));
    assert_int_equal(uk_sweep_run(&sweep), 0); /* once is enough */
    uk_sweep_set(&item[2], 0);
    assert_int_equal(uk_sweep_run(&sweep), 1);
    assert_true(is_over(pair[2][1]));
    uk_sweep_remove(&sweep, &item[1]);
    uk_sweep_set(&item[3], 0);
    uk_sweep_remove(&sweep, &item[3]);
    assert_int_equal(uk_sweep_run(&sweep), 0);
    assert_int_equal(sweep.count, 2);
    for (int i = 0; i < 4; i++) {
        close(pair[i][0]);
        close(pair[i][1]);
    }
}

/* When there is no room: who has waited longest between two things. */
static void
drops_the_longest_idle(void **state)
{
    struct uk_sweep_item item[5];
    struct uk_sweep sweep;
    int pair[5][2];

    uk_sweep_init(&sweep);
    assert_false(uk_sweep_drop_idle(&sweep));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair[i]), 0);
        uk_sweep_add(&sweep, &item[i], pair[i][0], 3600000);
    }
    assert_false(uk_sweep_drop_idle(&sweep)); /* new ones are not idle */
    for (int i = 4; i >= 0; i--)
        uk_sweep_idle(&sweep, &item[i], 3600000);
    uk_sweep_idle(&sweep, &item[4], 3600000); /* it asked something */
    uk_sweep_set(&item[3], 3600000);          /* it is asking */
    assert_true(uk_sweep_drop_idle(&sweep));
    assert_true(is_over(pair[2][1]));
    uk_sweep_remove(&sweep, &item[1]); /* it has left by itself */
    assert_true(uk_sweep_drop_idle(&sweep));
    assert_true(is_over(pair[0][1]));
    assert_false(is_over(pair[4][1]));
    assert_true(uk_sweep_drop_idle(&sweep));
    assert_true(is_over(pair[4][1]));
    assert_false(uk_sweep_drop_idle(&sweep)); /* each once */
    assert_false(is_over(pair[1][1]));
    assert_false(is_over(pair[3][1]));
    assert_int_equal(sweep.count, 4);
    for (int i = 0; i < 5; i++) {
        close(pair[i][0]);
        close(pair[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_every_job_once),
        cmocka_unit_test(takes_no_more_than_it_has_room_for),
        cmocka_unit_test(takes_what_waits_together),
        cmocka_unit_test(cuts_off_who_is_late),
        cmocka_unit_test(drops_the_longest_idle),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
