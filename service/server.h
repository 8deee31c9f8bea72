/*
 * What every thread of the server shares.  Nothing in it changes while it
 * serves, but what has a lock of its own.
 */
#ifndef UK_SERVER_H
#define UK_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/log.h"
#include "service/address.h"
#include "service/config.h"
#include "service/limit.h"
#include "service/outage.h"
#include "service/pool.h"
#include "service/secrets.h"
#include "service/store.h"

struct uk_server {
    const struct uk_config *config;
    const struct uk_secrets *secrets;
    const struct uk_log *log;
    struct uk_address proxy[UK_CONF_ITEMS]; /* believed about the source */
    size_t proxies;
    atomic_bool warned_of_proxy;  /* one that is not among them */
    struct uk_limit *limit;       /* of what is tried */
    struct uk_limit *logins;      /* of users */
    struct uk_limit *lines;       /* of what is logged about it */
    struct uk_pool *hashers;      /* passwords */
    struct uk_pool *writer;       /* changes of the database, one thread */
    struct uk_store *write_store; /* the writer's */
    struct uk_outage outage;      /* of the database */
    int64_t epoch_s; /* the time of day when the monotonic clock was 0, as
                        both were at the start */
    atomic_bool stopping;
};

/* Start everything, serve until SIGTERM or SIGINT, stop everything. */
UK_MUST_USE enum uk_code uk_server_run(const struct uk_config *config,
                                       struct uk_err *err);

#endif
