/*
 * Connections that have been at one thing for too long are cut off.
 *
 * The timeout of the HTTP library begins again with each byte, so a client
 * that sends one now and then would stay for ever.  Here every connection has
 * one moment by which what it is at must be over.
 */
#ifndef UK_SERVICE_HTTP_SWEEP_H
#define UK_SERVICE_HTTP_SWEEP_H

#include <stdbool.h>

#include "core/deadline.h"

struct uk_sweep_item {
    struct uk_sweep_item *before, *after;
    struct uk_sweep_item *idle_before, *idle_after; /* itself: it is not */
    int fd;                                         /* borrowed */
    struct uk_deadline by; /* when it is at something */
    bool held;             /* it waits for us: no deadline */
};

/* A list of one thread's connections. */
struct uk_sweep {
    struct uk_sweep_item head;
    unsigned count;
};

void uk_sweep_init(struct uk_sweep *sweep);
void uk_sweep_add(struct uk_sweep *sweep, struct uk_sweep_item *item, int fd,
                  unsigned ms);
void uk_sweep_remove(struct uk_sweep *sweep, struct uk_sweep_item *item);

/* It is at something new, which must be over in ms. */
void uk_sweep_set(struct uk_sweep_item *item, unsigned ms);
void uk_sweep_hold(struct uk_sweep_item *item);

/* It is between two things, for ms at most: what can be missed first. */
void uk_sweep_idle(struct uk_sweep *sweep, struct uk_sweep_item *item,
                   unsigned ms);

/* Shut down the one that has been idle for longest.  false: there is none. */
bool uk_sweep_drop_idle(struct uk_sweep *sweep);

/* Shut down every one that is late; the library closes it then.  Returns how
 * many were. */
unsigned uk_sweep_run(struct uk_sweep *sweep);

#endif
