/* One thread's event loop. */
#include "agent/loop.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "core/io.h"

#define EVENTS 64 /* most that are fetched at once */

struct uk_loop {
    int epoll; /* owned */
    bool stopped;
    struct uk_alarm *first; /* all that are set, in no order */
    /* No alarm rings before: what is taken back leaves it too early, and the
     * search that follows puts it right. */
    struct uk_deadline soonest;
    /* What epoll said last: whom it still concerns. */
    struct epoll_event event[EVENTS];
    int events;
};

static const struct uk_deadline never = {.at_ns = INT64_MAX};

enum uk_code
uk_loop_new(struct uk_loop **out, struct uk_err *err)
{
    struct uk_loop *loop = calloc(1, sizeof(*loop));
    enum uk_code code = UK_OK;

    if (loop == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for an event loop");
    loop->soonest = never;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll >= 0) {
        *out = loop;
        return UK_OK;
    }
    code = uk_err_sys(err, errno, "making an epoll descriptor");
    free(loop);
    return code;
}

void
uk_loop_free(struct uk_loop *loop)
{
    if (loop == NULL)
        return;
    uk_io_close(&loop->epoll);
    free(loop);
}

enum uk_code
uk_loop_watch(struct uk_loop *loop, struct uk_watch *watch, int fd,
              struct uk_err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return uk_err_sys(err, errno, "watching descriptor %d", fd);
    watch->fd = fd;
    watch->watched = true;
    return UK_OK;
}

void
uk_loop_unwatch(struct uk_loop *loop, struct uk_watch *watch)
{
    if (!watch->watched)
        return;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = 0; i < loop->events; i++) {
        if (loop->event[i].data.ptr == watch)
            loop->event[i].data.ptr = NULL;
    }
    watch->watched = false;
}

void
uk_loop_set(struct uk_loop *loop, struct uk_alarm *alarm, struct uk_deadline at)
{
    uk_loop_unset(loop, alarm);
    alarm->at = at;
    alarm->set = true;
    alarm->before = NULL;
    alarm->next = loop->first;
    if (alarm->next != NULL)
        alarm->next->before = alarm;
    loop->first = alarm;
    loop->soonest = uk_deadline_sooner(loop->soonest, at);
}

void
uk_loop_unset(struct uk_loop *loop, struct uk_alarm *alarm)
{
    if (!alarm->set)
        return;
    if (alarm->before != NULL)
        alarm->before->next = alarm->next;
    else
        loop->first = alarm->next;
    if (alarm->next != NULL)
        alarm->next->before = alarm->before;
    alarm->set = false;
}

static struct uk_alarm *
find_due(struct uk_loop *loop, struct uk_deadline now)
{
    loop->soonest = never;
    for (struct uk_alarm *a = loop->first; a != NULL; a = a->next) {
        if (a->at.at_ns <= now.at_ns) {
            loop->soonest = now;
            return a;
        }
        loop->soonest = uk_deadline_sooner(loop->soonest, a->at);
    }
    return NULL;
}

/* Those whose moment had come when this began: one that sets itself anew for
 * at once waits for the next round. */
static void
ring(struct uk_loop *loop)
{
    struct uk_deadline now = uk_deadline_in(0);
    struct uk_alarm *alarm;

    if (loop->soonest.at_ns > now.at_ns)
        return;
    while (!loop->stopped && (alarm = find_due(loop, now)) != NULL) {
        uk_loop_unset(loop, alarm);
        alarm->rang(alarm);
    }
}

static int
wait_ms(const struct uk_loop *loop)
{
    return loop->first == NULL ? -1 : uk_deadline_left_ms(loop->soonest);
}

enum uk_code
uk_loop_run(struct uk_loop *loop, struct uk_err *err)
{
    while (!loop->stopped) {
        int n = epoll_wait(loop->epoll, loop->event, EVENTS, wait_ms(loop));

        if (n < 0 && errno != EINTR)
            return uk_err_sys(err, errno, "waiting for events");
        loop->events = n > 0 ? n : 0;
        for (int i = 0; i < loop->events && !loop->stopped; i++) {
            struct uk_watch *watch = loop->event[i].data.ptr;

            if (watch != NULL)
                watch->ready(watch);
        }
        loop->events = 0;
        ring(loop);
    }
    loop->stopped = false;
    return UK_OK;
}

void
uk_loop_stop(struct uk_loop *loop)
{
    loop->stopped = true;
}
