/*
 * One thread's event loop: descriptors that can be read, moments that come.
 */
#ifndef UK_AGENT_LOOP_H
#define UK_AGENT_LOOP_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"

struct uk_loop;

/* {0} is not watched; the memory stays while it is. */
struct uk_watch {
    void (*ready)(struct uk_watch *watch); /* it can be read, or has ended */
    void *own;                             /* the caller's */
    /* Its own: */
    int fd;
    bool watched;
};

/* {0} is not set; the memory stays while it is. */
struct uk_alarm {
    void (*rang)(struct uk_alarm *alarm); /* it is not set any more */
    void *own;                            /* the caller's */
    /* Its own: */
    struct uk_deadline at;
    struct uk_alarm *next, *before;
    bool set;
};

UK_MUST_USE enum uk_code uk_loop_new(struct uk_loop **out, struct uk_err *err);
void uk_loop_free(struct uk_loop *loop);

/* fd is borrowed: watch it no more before it is closed. */
UK_MUST_USE enum uk_code uk_loop_watch(struct uk_loop *loop,
                                       struct uk_watch *watch, int fd,
                                       struct uk_err *err);
void uk_loop_unwatch(struct uk_loop *loop, struct uk_watch *watch);

/* Set it, or set it anew; take it back. */
void uk_loop_set(struct uk_loop *loop, struct uk_alarm *alarm,
                 struct uk_deadline at);
void uk_loop_unset(struct uk_loop *loop, struct uk_alarm *alarm);

/* Call whom it concerns, until uk_loop_stop(), which may have come before; it
 * can be run again then.  UK_SYSTEM if the kernel does not let us wait. */
UK_MUST_USE enum uk_code uk_loop_run(struct uk_loop *loop, struct uk_err *err);
void uk_loop_stop(struct uk_loop *loop);

#endif
