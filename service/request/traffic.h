/* What one loop counts about its requests. */
#ifndef UK_SERVICE_REQUEST_TRAFFIC_H
#define UK_SERVICE_REQUEST_TRAFFIC_H

#include "service/value/meter.h"

struct uk_call;

#define UK_TRAFFIC_ROUTES  160 /* rows of the table that have a number each */
#define UK_TRAFFIC_CLASSES 6   /* of statuses: 1 for those below 200, ... */

/* Whose times are told apart. */
enum uk_traffic_kind {
    UK_TRAFFIC_KEY_LOGIN,
    UK_TRAFFIC_PASSWORD_LOGIN,
    UK_TRAFFIC_OTHER,
};
#define UK_TRAFFIC_KINDS 3

struct uk_traffic {
    int64_t now_ns; /* the loop's: one look at the clock for many requests */
    /* By row of the table; the last is for what has none. */
    atomic_ulong requests[UK_TRAFFIC_ROUTES + 1][UK_TRAFFIC_CLASSES];
    struct uk_meter_histogram seconds[UK_TRAFFIC_KINDS];
    struct uk_meter_tallies decisions; /* event, provider, verdict, reason */
};

/* A request has its reply; on its loop. */
void uk_traffic_count(struct uk_traffic *traffic, const struct uk_call *call);

/* "key-login" */
const char *uk_traffic_word(enum uk_traffic_kind kind);

#endif
