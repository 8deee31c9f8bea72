/* agent/loop: who is called, when, and who is not any more. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attr.h"

#include "agent/loop.h"

#define MANY  1000
#define TURNS 20

/* A descriptor that is ready while there is something in it. */
struct door {
    struct uk_watch watch;
    struct uk_loop *loop;
    int fd;
    int calls;
    void (*then)(struct door *door);
    struct door *other;
};

struct bell {
    struct uk_alarm alarm;
    struct uk_loop *loop;
    int rings;
    int64_t rang_at;
    void (*then)(struct bell *bell);
    struct bell *other;
};

static void
on_ready(struct uk_watch *watch)
{
    struct door *door = watch->own;

    door->calls++;
    if (door->then != NULL)
        door->then(door);
}

static void
on_rang(struct uk_alarm *alarm)
{
    struct bell *bell = alarm->own;

    bell->rings++;
    bell->rang_at = uk_deadline_in(0).at_ns;
    if (bell->then != NULL)
        bell->then(bell);
}

static struct uk_loop *
new_loop(void)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_loop *loop = NULL;

    assert_int_equal(uk_loop_new(&loop, &err), UK_OK);
    return loop;
}

static void
run(struct uk_loop *loop)
{
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_loop_run(loop, &err), UK_OK);
}

static void
watch(struct door *door)
{
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_loop_watch(door->loop, &door->watch, door->fd, &err),
                     UK_OK);
}

static void
open_door(struct door *door, struct uk_loop *loop, bool ready,
          void (*then)(struct door *door))
{
    *door = (struct door){.loop = loop, .then = then};
    door->watch = (struct uk_watch){.ready = on_ready, .own = door};
    door->fd = eventfd(ready, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(door->fd >= 0);
}

static void
close_door(struct door *door)
{
    uk_loop_unwatch(door->loop, &door->watch);
    close(door->fd);
}

static void
empty(struct door *door)
{
    uint64_t count;

    assert_int_equal(read(door->fd, &count, sizeof(count)), sizeof(count));
}

static void
fill(struct door *door)
{
    const uint64_t one = 1;

    assert_int_equal(write(door->fd, &one, sizeof(one)), sizeof(one));
}

static void
hang(struct bell *bell, struct uk_loop *loop, void (*then)(struct bell *bell))
{
    *bell = (struct bell){.loop = loop, .then = then};
    bell->alarm = (struct uk_alarm){.rang = on_rang, .own = bell};
}

static void
set(struct bell *bell, unsigned ms)
{
    uk_loop_set(bell->loop, &bell->alarm, uk_deadline_in(ms));
}

static void
stop(struct bell *bell)
{
    uk_loop_stop(bell->loop);
}

static void
stop_at_door(struct door *door)
{
    uk_loop_stop(door->loop);
}

/* However late it comes, everybody else has had some turns too. */
static void
come_to_an_end(struct bell *bell)
{
    if (bell->rings < TURNS)
        set(bell, 0);
    else
        uk_loop_stop(bell->loop);
}

/* What the loop does within ms, whatever that is. */
static void
run_for(struct uk_loop *loop, unsigned ms)
{
    struct bell end;

    hang(&end, loop, come_to_an_end);
    set(&end, ms);
    run(loop);
    uk_loop_unset(loop, &end.alarm);
}

/* Descriptors. */

static void
calls_while_there_is_something(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door ready, quiet;

    open_door(&ready, loop, true, NULL);
    open_door(&quiet, loop, false, NULL);
    watch(&ready);
    watch(&quiet);
    run_for(loop, 5);
    assert_true(ready.calls > 1); /* nobody has read it */
    assert_int_equal(quiet.calls, 0);
    ready.then = empty;
    ready.calls = 0;
    run_for(loop, 5);
    assert_int_equal(ready.calls, 1);
    close_door(&ready);
    close_door(&quiet);
    uk_loop_free(loop);
}

static void
an_end_is_something(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door door;
    int pair[2];

    open_door(&door, loop, false, stop_at_door);
    close(door.fd);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    door.fd = pair[0];
    watch(&door);
    close(pair[1]);
    run(loop);
    assert_int_equal(door.calls, 1);
    close_door(&door);
    uk_loop_free(loop);
}

static void
cannot_watch_what_is_none(void **state)
{
    struct uk_loop *loop = new_loop();
    struct uk_err err = UK_ERR_NONE;
    struct uk_watch watch = {.ready = on_ready};

    assert_int_equal(uk_loop_watch(loop, &watch, -1, &err), UK_SYSTEM);
    assert_true(err.text[0] != '\0');
    uk_loop_unwatch(loop, &watch); /* never watched: nothing */
    uk_loop_unwatch(loop, &watch);
    uk_loop_free(loop);
    uk_loop_free(NULL);
}

static void
serves_many(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door *door = calloc(MANY, sizeof(*door));

    assert_non_null(door);
    for (size_t i = 0; i < MANY; i++) {
        open_door(&door[i], loop, i % 3 == 0, empty);
        watch(&door[i]);
    }
    run_for(loop, 100);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(door[i].calls, i % 3 == 0);
    for (size_t i = 0; i < MANY; i++)
        close_door(&door[i]);
    free(door);
    uk_loop_free(loop);
}

/* Both ready and watched, each with a way to the other. */
static void
open_two(struct door *one, struct door *two, struct uk_loop *loop,
         void (*then)(struct door *door))
{
    open_door(one, loop, true, then);
    open_door(two, loop, true, then);
    one->other = two;
    two->other = one;
    watch(one);
    watch(two);
}

/* Whom one of them takes out is not called, though both were ready. */
static void
take_other_out(struct door *door)
{
    uk_loop_unwatch(door->loop, &door->other->watch);
    empty(door);
}

static void
taken_out_is_not_called(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door one, two;

    open_two(&one, &two, loop, take_other_out);
    run_for(loop, 5);
    assert_int_equal(one.calls + two.calls, 1);
    close_door(&one);
    close_door(&two);
    uk_loop_free(loop);
}

static void
free_itself(struct door *door)
{
    struct uk_loop *loop = door->loop;

    close_door(door);
    memset(door, 0x5a, sizeof(*door));
    free(door);
    uk_loop_stop(loop);
}

static void
goes_in_its_own_call(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door *door = malloc(sizeof(*door));

    assert_non_null(door);
    open_door(door, loop, true, free_itself);
    watch(door);
    run(loop);
    run_for(loop, 2);
    uk_loop_free(loop);
}

/* The same memory for another descriptor: what was said of the one before
 * does not concern it. */
static void
use_other_anew(struct door *door)
{
    struct door *other = door->other;

    empty(door);
    close_door(other);
    other->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    other->then = NULL;
    watch(other);
}

static void
memory_is_used_anew(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door one, two;

    open_two(&one, &two, loop, use_other_anew);
    run_for(loop, 5);
    assert_int_equal(one.calls + two.calls, 1);
    fill(one.calls != 0 ? &two : &one);
    run_for(loop, 5);
    assert_true(one.calls + two.calls > 2);
    close_door(&one);
    close_door(&two);
    uk_loop_free(loop);
}

static void
let_other_in(struct door *door)
{
    empty(door);
    watch(door->other);
}

static void
comes_in_during_a_call(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door one, two;

    open_door(&one, loop, true, let_other_in);
    open_door(&two, loop, true, stop_at_door);
    one.other = &two;
    watch(&one);
    run(loop);
    assert_int_equal(one.calls, 1);
    assert_int_equal(two.calls, 1);
    close_door(&one);
    close_door(&two);
    uk_loop_free(loop);
}

/* Moments. */

static void
rings_once_and_not_before(void **state)
{
    static const unsigned times[] = {30, 0, 12, 5, 21, 5, 1};
    struct uk_loop *loop = new_loop();
    struct bell bell[UK_COUNT(times)];

    for (size_t i = 0; i < UK_COUNT(times); i++) {
        hang(&bell[i], loop, NULL);
        set(&bell[i], times[i]);
    }
    run_for(loop, 40);
    for (size_t i = 0; i < UK_COUNT(times); i++) {
        assert_int_equal(bell[i].rings, 1);
        assert_true(bell[i].rang_at >= bell[i].alarm.at.at_ns);
    }
    run_for(loop, 2);
    assert_int_equal(bell[0].rings, 1);
    uk_loop_free(loop);
}

static void
a_moment_that_has_passed(void **state)
{
    struct uk_loop *loop = new_loop();
    struct bell bell;

    hang(&bell, loop, stop);
    uk_loop_set(loop, &bell.alarm, (struct uk_deadline){0});
    run(loop);
    assert_int_equal(bell.rings, 1);
    uk_loop_free(loop);
}

static void
set_anew_and_taken_back(void **state)
{
    struct uk_loop *loop = new_loop();
    struct bell later, sooner, never;
    int64_t first;

    hang(&later, loop, NULL);
    hang(&sooner, loop, NULL);
    hang(&never, loop, NULL);
    uk_loop_unset(loop, &never.alarm); /* was not set: nothing */
    set(&later, 1);
    first = later.alarm.at.at_ns;
    set(&later, 20);
    set(&sooner, 60000);
    set(&sooner, 2);
    set(&never, 1);
    uk_loop_unset(loop, &never.alarm);
    uk_loop_unset(loop, &never.alarm);
    run_for(loop, 30);
    assert_int_equal(later.rings, 1);
    assert_true(later.rang_at >= first + 18 * 1000000L);
    assert_int_equal(sooner.rings, 1);
    assert_int_equal(never.rings, 0);
    uk_loop_free(loop);
}

static void
take_other_back(struct bell *bell)
{
    uk_loop_unset(bell->loop, &bell->other->alarm);
}

static void
taken_back_by_another(void **state)
{
    struct uk_loop *loop = new_loop();
    struct bell one, two;

    hang(&one, loop, take_other_back);
    hang(&two, loop, take_other_back);
    one.other = &two;
    two.other = &one;
    set(&one, 0);
    set(&two, 0);
    run_for(loop, 3);
    assert_int_equal(one.rings + two.rings, 1);
    uk_loop_free(loop);
}

static void
at_once_again(struct bell *bell)
{
    set(bell, 0);
}

/* One that is always due keeps neither descriptors nor others waiting. */
static void
keeps_nobody_waiting(void **state)
{
    struct uk_loop *loop = new_loop();
    struct bell busy, other;
    struct door door;

    hang(&busy, loop, at_once_again);
    hang(&other, loop, NULL);
    open_door(&door, loop, true, empty);
    watch(&door);
    set(&busy, 0);
    set(&other, 1);
    run_for(loop, 5);
    assert_true(busy.rings > 1);
    assert_int_equal(other.rings, 1);
    assert_int_equal(door.calls, 1);
    uk_loop_unset(loop, &busy.alarm);
    close_door(&door);
    uk_loop_free(loop);
}

/* Nor does a descriptor that is always ready keep moments waiting. */
static void
a_busy_descriptor(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door door[200];

    for (size_t i = 0; i < UK_COUNT(door); i++) {
        open_door(&door[i], loop, true, NULL);
        watch(&door[i]);
    }
    run_for(loop, 20); /* ends by its bell */
    for (size_t i = 0; i < UK_COUNT(door); i++) {
        assert_true(door[i].calls > 0); /* each had its turn */
        close_door(&door[i]);
    }
    uk_loop_free(loop);
}

/* Stopping. */

static void
stopped_before_it_runs(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door door;

    open_door(&door, loop, true, stop_at_door);
    watch(&door);
    uk_loop_stop(loop);
    run(loop);
    assert_int_equal(door.calls, 0);
    run(loop); /* can be run again */
    assert_int_equal(door.calls, 1);
    close_door(&door);
    uk_loop_free(loop);
}

static void
stop_concerns_all(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door one, two;
    struct bell bell;

    open_door(&one, loop, true, stop_at_door);
    open_door(&two, loop, true, stop_at_door);
    hang(&bell, loop, stop);
    watch(&one);
    watch(&two);
    set(&bell, 0);
    run(loop);
    assert_int_equal(one.calls + two.calls + bell.rings, 1);
    close_door(&one);
    close_door(&two);
    run(loop); /* nobody has been forgotten */
    assert_int_equal(bell.rings, 1);
    uk_loop_free(loop);
}

/* Waking. */

static void *
fill_later(void *own)
{
    const struct timespec moment = {0, 20 * 1000000L};

    nanosleep(&moment, NULL);
    fill(own);
    return NULL;
}

static void
another_thread_wakes_it(void **state)
{
    struct uk_loop *loop = new_loop();
    struct door door;
    struct bell far;
    pthread_t thread;

    open_door(&door, loop, false, stop_at_door);
    watch(&door);
    hang(&far, loop, stop);
    for (int with_bell = 0; with_bell < 2; with_bell++) {
        if (with_bell == 1)
            set(&far, 600000);
        assert_int_equal(pthread_create(&thread, NULL, fill_later, &door), 0);
        run(loop);
        pthread_join(thread, NULL);
        empty(&door);
    }
    assert_int_equal(door.calls, 2);
    assert_int_equal(far.rings, 0);
    uk_loop_unset(loop, &far.alarm);
    close_door(&door);
    uk_loop_free(loop);
}

static volatile sig_atomic_t interrupted;

static void
interrupt(int number)
{
    interrupted++;
}

static void
a_signal_does_not_end_it(void **state)
{
    const struct sigaction action = {.sa_handler = interrupt};
    const struct itimerval often = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0}};
    struct sigaction before;
    struct uk_loop *loop = new_loop();
    struct bell bell;

    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    hang(&bell, loop, stop);
    set(&bell, 50);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    run(loop);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_true(interrupted > 0);
    assert_int_equal(bell.rings, 1);
    assert_true(bell.rang_at >= bell.alarm.at.at_ns);
    uk_loop_free(loop);
}

/* Everybody does something to anybody, and the loop is held to a model. */

#define CROWD 64
#define STEPS 20000

static struct crowd {
    struct uk_loop *loop;
    struct door door[CROWD];
    struct bell bell[CROWD];
    bool watched[CROWD], set[CROWD];
    unsigned steps;
    uint32_t dice;
} crowd;

static unsigned
throw_dice(unsigned below)
{
    crowd.dice = crowd.dice * 1664525 + 1013904223;
    return (crowd.dice >> 16) % below;
}

static void
do_something(void)
{
    size_t who = throw_dice(CROWD);

    switch (throw_dice(6)) {
    case 0:
    case 1:
        if (!crowd.watched[who])
            watch(&crowd.door[who]);
        crowd.watched[who] = true;
        break;
    case 2:
        uk_loop_unwatch(crowd.loop, &crowd.door[who].watch);
        crowd.watched[who] = false;
        break;
    case 3:
    case 4:
        set(&crowd.bell[who], throw_dice(3));
        crowd.set[who] = true;
        break;
    default:
        uk_loop_unset(crowd.loop, &crowd.bell[who].alarm);
        crowd.set[who] = false;
        break;
    }
    if (++crowd.steps >= STEPS)
        uk_loop_stop(crowd.loop);
}

static void
in_the_crowd(struct door *door)
{
    assert_true(crowd.watched[door - crowd.door]);
    do_something();
}

static void
bell_in_the_crowd(struct bell *bell)
{
    assert_true(crowd.set[bell - crowd.bell]);
    assert_true(bell->rang_at >= bell->alarm.at.at_ns);
    crowd.set[bell - crowd.bell] = false;
    do_something();
}

static void
goes_on(struct bell *bell)
{
    do_something();
    set(bell, 1);
}

static void
a_crowd(void **state)
{
    struct bell beat;

    crowd.loop = new_loop();
    crowd.dice = 1;
    for (size_t i = 0; i < CROWD; i++) {
        open_door(&crowd.door[i], crowd.loop, i % 8 == 0, in_the_crowd);
        hang(&crowd.bell[i], crowd.loop, bell_in_the_crowd);
    }
    hang(&beat, crowd.loop, goes_on);
    set(&beat, 0);
    run(crowd.loop);
    uk_loop_unset(crowd.loop, &beat.alarm);
    for (size_t i = 0; i < CROWD; i++) {
        close_door(&crowd.door[i]);
        uk_loop_unset(crowd.loop, &crowd.bell[i].alarm);
    }
    /* Nothing is left of them. */
    memset(&crowd.door, 0x5a, sizeof(crowd.door));
    memset(&crowd.bell, 0x5a, sizeof(crowd.bell));
    run_for(crowd.loop, 5);
    uk_loop_free(crowd.loop);
}

static int
raise_limit(void **state)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_while_there_is_something),
        cmocka_unit_test(an_end_is_something),
        cmocka_unit_test(cannot_watch_what_is_none),
        cmocka_unit_test(serves_many),
        cmocka_unit_test(taken_out_is_not_called),
        cmocka_unit_test(goes_in_its_own_call),
        cmocka_unit_test(memory_is_used_anew),
        cmocka_unit_test(comes_in_during_a_call),
        cmocka_unit_test(rings_once_and_not_before),
        cmocka_unit_test(a_moment_that_has_passed),
        cmocka_unit_test(set_anew_and_taken_back),
        cmocka_unit_test(taken_back_by_another),
        cmocka_unit_test(keeps_nobody_waiting),
        cmocka_unit_test(a_busy_descriptor),
        cmocka_unit_test(stopped_before_it_runs),
        cmocka_unit_test(stop_concerns_all),
        cmocka_unit_test(another_thread_wakes_it),
        cmocka_unit_test(a_signal_does_not_end_it),
        cmocka_unit_test(a_crowd),
    };

    return cmocka_run_group_tests_name("agent/loop", tests, raise_limit, NULL);
}
