/* How one server of the service is doing. */
#include "agent/health.h"

#include <errno.h>

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

/* What a lack of something on this machine brings about, and so perhaps one of
 * its users, or a rule of its own. */
static bool
is_ours(int errnum)
{
    switch (errnum) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EPERM:
    case EACCES:
        return true;
    default:
        return false;
    }
}

void
uk_health_look(struct uk_health *health, enum uk_code code,
               const struct uk_err *err, struct uk_deadline now)
{
    if ((code == UK_UNREACHABLE || code == UK_TIMEOUT) && !is_ours(err->sys)) {
        if (health->gone.at_ns == 0)
            health->gone = now;
    } else {
        uk_health_there(health);
    }
}

void
uk_health_there(struct uk_health *health)
{
    health->gone = (struct uk_deadline){0};
}

bool
uk_health_gone(const struct uk_health *health, unsigned ms,
               struct uk_deadline now)
{
    return health->gone.at_ns != 0 &&
           now.at_ns - health->gone.at_ns >= (int64_t)ms * 1000000;
}
