/*
 * Calls on their way between threads: back to their loop, to the hashers, to
 * the writer.
 */
#ifndef UK_SERVICE_REQUEST_WORK_H
#define UK_SERVICE_REQUEST_WORK_H

#include <pthread.h>
#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "service/request/call.h"

/* What comes back to one loop. */
struct uk_inbox {
    pthread_mutex_t lock;
    struct uk_job *first, **last;
    int wake; /* readable when there is something */
};

UK_MUST_USE enum uk_code uk_inbox_init(struct uk_inbox *inbox,
                                       struct uk_err *err);
void uk_inbox_clear(struct uk_inbox *inbox);
void uk_inbox_wake(struct uk_inbox *inbox);

/* For the inbox's owner, who is woken. */
void uk_inbox_put(struct uk_inbox *inbox, struct uk_job *job);

/* All that is there, as a list; NULL for nothing. */
struct uk_job *uk_inbox_take(struct uk_inbox *inbox);

/*
 * On a loop: run the call as far as it goes here.  true: the reply is filled,
 * or it asks for a key.  false: it went elsewhere, and comes back through its
 * inbox.
 */
bool uk_work_advance(struct uk_call *call, struct uk_store *store);

/* What the pools of struct uk_server do; context is the server. */
void uk_work_hash(void *context, struct uk_job *jobs);
void uk_work_write(void *context, struct uk_job *jobs);

#endif
