/* One moment on the monotonic clock, by which something must be over. */
#include "core/deadline.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

static int64_t
now_ns(void)
{
    struct timespec now;

    /* Without a clock everything is late, so that nothing waits for ever. */
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return INT64_MAX;
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

struct uk_deadline
uk_deadline_in(unsigned ms)
{
    int64_t now = now_ns();
    int64_t wait = (int64_t)ms * NS_PER_MS;

    if (wait > INT64_MAX - now)
        return (struct uk_deadline){0};
    return (struct uk_deadline){.at_ns = now + wait};
}

int
uk_deadline_left_ms(struct uk_deadline by)
{
    int64_t now = now_ns();
    int64_t ms;

    if (by.at_ns <= now)
        return 0;
    ms = (by.at_ns - now - 1) / NS_PER_MS + 1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

bool
uk_deadline_passed(struct uk_deadline by)
{
    return by.at_ns <= now_ns();
}

struct uk_deadline
uk_deadline_sooner(struct uk_deadline a, struct uk_deadline b)
{
    return a.at_ns <= b.at_ns ? a : b;
}

void
uk_deadline_wait(struct uk_deadline until)
{
    struct timespec at = {
        .tv_sec = (time_t)(until.at_ns / NS_PER_S),
        .tv_nsec = (long)(until.at_ns % NS_PER_S),
    };

    if (uk_deadline_passed(until))
        return;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}
