/*
 * What every thread of the server shares.  Nothing in it changes while it
 * serves, but what is atomic or has a lock of its own.
 */
#ifndef UK_SERVICE_REQUEST_SHARED_H
#define UK_SERVICE_REQUEST_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/log.h"
#include "service/request/config.h"
#include "service/request/outage.h"
#include "service/request/pool.h"
#include "service/request/seen.h"
#include "service/store/store.h"
#include "service/value/address.h"
#include "service/value/limit.h"
#include "service/value/meter.h"
#include "service/value/secrets.h"

struct uk_writing {
    struct uk_meter_histogram changes; /* in one transaction */
    struct uk_meter_histogram seconds; /* from its begin to its end */
    atomic_ulong failed;
};

struct uk_loop;

struct uk_server {
    _Atomic(const struct uk_config *)
        config; /* operate/control.h exchanges it */
    const struct uk_secrets *secrets;
    const struct uk_log *log;
    atomic_bool warned_of_proxy; /* one that nobody has told us of */
    struct uk_limit *limit;      /* of what is tried */
    struct uk_limit *logins;     /* of users */
    struct uk_limit *lines;      /* of what is logged about it */
    struct uk_loop *const *loop; /* each of them, while they serve */
    unsigned loops;
    struct uk_pool *hashers;      /* passwords */
    struct uk_pool *writer;       /* changes of the database, one thread */
    struct uk_store *write_store; /* the writer's */
    struct uk_writing writing;    /* the writer's numbers */
    struct uk_seen seen;          /* logins, for it to write down */
    struct uk_outage outage;      /* of the database */
    _Atomic(int64_t) certificate_until; /* seconds since 1970; 0: none */
    _Atomic(const char *) stuck;        /* a thread that hangs, or NULL */
    int64_t epoch_s;   /* the time of day when the monotonic clock was 0, as
                        both were at the start */
    int64_t started_s; /* since 1970 */
    atomic_bool stopping;
};

#endif
