/*
 * Waiting of the program under test, seen and if wanted skipped.
 *
 * The module's calls find this function because the test programs are linked
 * with -rdynamic.
 */
#include "tests/pam/lib_sleep.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool skipping;
static atomic_uint count;
static _Atomic int64_t until;

__attribute__((visibility("default"))) int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *at,
                struct timespec *left)
{
    count++;
    if (clock == CLOCK_MONOTONIC && flags == TIMER_ABSTIME)
        until = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec;
    if (skipping)
        return 0;
    return syscall(SYS_clock_nanosleep, clock, flags, at, left) == 0 ? 0
                                                                     : errno;
}

void
lib_sleep_skip(bool skip)
{
    skipping = skip;
}

unsigned
lib_sleep_count(void)
{
    return count;
}

int64_t
lib_sleep_until(void)
{
    return until;
}

void
lib_sleep_clear(void)
{
    count = 0;
    until = 0;
}
