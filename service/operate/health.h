/*
 * Does the database answer now?  Asked in a thread of its own, so that whoever
 * serves the answer does not have to wait with it.
 */
#ifndef UK_SERVICE_OPERATE_HEALTH_H
#define UK_SERVICE_OPERATE_HEALTH_H

#include "service/http/http.h"
#include "service/request/shared.h"
#include "service/request/work.h"

struct uk_health {
    struct uk_server *server; /* borrowed */
    struct uk_store *store;
    struct uk_pool *pool; /* one thread */
};

/* A question; from malloc(), and whoever takes it from its inbox frees it. */
struct uk_health_ask {
    struct uk_job job;     /* first */
    struct uk_inbox *home; /* where it comes back to */
    struct uk_http_exchange *exchange;
    bool answers;
};

UK_MUST_USE enum uk_code uk_health_start(struct uk_health *health,
                                         struct uk_server *server,
                                         struct uk_err *err);

/* false: too many ask already. */
bool uk_health_ask(struct uk_health *health, struct uk_health_ask *ask);

/* Everything that was asked has been answered.  Takes one that is cleared. */
void uk_health_stop(struct uk_health *health);

#endif
