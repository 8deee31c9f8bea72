/* How one server of the service is doing. */
#include "agent/health.h"

#include <stdint.h>

static struct uk_deadline
after_pause(struct uk_deadline now)
{
    now.at_ns += INT64_C(1000000) * UK_HEALTH_PAUSE_MS;
    return now;
}

bool
uk_health_note(struct uk_health *health, enum uk_health_sign sign,
               struct uk_deadline now)
{
    enum uk_health_state before = health->state;

    health->late = sign == UK_HEALTH_SILENT ? health->late + 1 : 0;
    switch (sign) {
    case UK_HEALTH_ANSWERED:
        health->state = UK_HEALTH_GOOD;
        break;
    case UK_HEALTH_FAILED:
        health->state = UK_HEALTH_AILING;
        break;
    case UK_HEALTH_SILENT:
        /* Nobody but a probe brings one back that is out. */
        if (before != UK_HEALTH_OUT)
            health->state = health->late >= UK_HEALTH_LATE ? UK_HEALTH_OUT
                                                           : UK_HEALTH_AILING;
        break;
    }
    if (before != health->state)
        health->probe_at = after_pause(now);
    return before != health->state;
}

bool
uk_health_probe(struct uk_health *health, struct uk_deadline now)
{
    if (health->state == UK_HEALTH_GOOD || health->probe_at.at_ns > now.at_ns)
        return false;
    health->probe_at = after_pause(now);
    return true;
}
