/* What one loop counts about its requests. */
#include "service/request/traffic.h"

#include "service/request/handlers.h"
#include "service/request/route.h"

static enum uk_traffic_kind
kind_of(const struct uk_route *route)
{
    if (route != NULL && route->handler == uk_key_login)
        return UK_TRAFFIC_KEY_LOGIN;
    if (route != NULL && route->handler == uk_password_login)
        return UK_TRAFFIC_PASSWORD_LOGIN;
    return UK_TRAFFIC_OTHER;
}

static size_t
row_of(const struct uk_route *route)
{
    size_t count;
    const struct uk_route *table = uk_route_table(&count);
    size_t row = UK_TRAFFIC_ROUTES;

    if (route >= table && route < table + count)
        row = (size_t)(route - table);
    return row < UK_TRAFFIC_ROUTES ? row : UK_TRAFFIC_ROUTES;
}

void
uk_traffic_count(struct uk_traffic *traffic, const struct uk_call *call)
{
    unsigned class = (unsigned)call->reply->status / 100;
    int64_t took_us = (traffic->now_ns - call->began_ns) / 1000;
    const char *const words[UK_METER_WORDS] = {
        call->audit.event,
        call->audit.provider,
        call->audit.verdict,
        call->audit.reason,
    };

    uk_meter_add(
        &traffic->requests[row_of(call->route)][class % UK_TRAFFIC_CLASSES], 1);
    uk_meter_observe(&traffic->seconds[kind_of(call->route)], &uk_meter_seconds,
                     took_us > 0 ? (unsigned long)took_us : 0);
    if (call->audit.event != NULL)
        uk_meter_tally(&traffic->decisions, words);
}

const char *
uk_traffic_word(enum uk_traffic_kind kind)
{
    switch (kind) {
    case UK_TRAFFIC_KEY_LOGIN:
        return "key-login";
    case UK_TRAFFIC_PASSWORD_LOGIN:
        return "password-login";
    case UK_TRAFFIC_OTHER:
        return "other";
    }
    return "other";
}
