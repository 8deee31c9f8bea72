/*
 * Work that must not keep a loop waiting: a bounded queue, and the threads
 * that take from it.
 */
#ifndef UK_SERVICE_REQUEST_POOL_H
#define UK_SERVICE_REQUEST_POOL_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "service/request/pulse.h"

/* The beginning of whatever waits in the queue. */
struct uk_job {
    struct uk_job *next;
};

struct uk_pool_options {
    const char *name; /* of each thread; static, up to 15 characters */
    unsigned threads;
    unsigned room;  /* most jobs that wait */
    unsigned batch; /* most jobs that a thread takes at once */
    /* Do these, a list of at most batch; they are not the pool's any more. */
    void (*run)(void *context, struct uk_job *jobs);
    void *context;
};

struct uk_pool;

UK_MUST_USE enum uk_code uk_pool_start(const struct uk_pool_options *options,
                                       struct uk_pool **out,
                                       struct uk_err *err);

/* false when it is full. */
bool uk_pool_put(struct uk_pool *pool, struct uk_job *job);

/* At this moment, and since it was started. */
struct uk_pool_state {
    unsigned waiting, room;
    unsigned long refused; /* jobs that found it full */
};
struct uk_pool_state uk_pool_look(struct uk_pool *pool);

/* Watch its threads.  Those that have nothing to do turn now and then. */
UK_MUST_USE enum uk_code
uk_pool_watch(struct uk_pool *pool, struct uk_pulse *pulse, struct uk_err *err);

/* After what waits has been done.  Takes NULL. */
void uk_pool_stop(struct uk_pool *pool);

#endif
