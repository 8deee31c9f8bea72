/*
 * How one server of the service is doing.
 *
 * A server that has failed is asked after the others until it answers again.
 * One that has let three questions in a row wait until their time was over is
 * not asked at all, so that nobody waits for it: a circuit breaker.  A probe
 * every ten seconds, which carries no key, finds out when it is back.  Pure.
 *
 * Whether nobody is there at all (an outage, in which keys may log in by grace)
 * only a look says: one that is made here, with the settings' timeout and
 * without anybody's asking.  What a caller does to its own question proves
 * nothing, what this machine refuses itself is no proof either, and any answer
 * ends it.
 */
#ifndef UK_AGENT_HEALTH_H
#define UK_AGENT_HEALTH_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"

#define UK_HEALTH_LATE     3
#define UK_HEALTH_PAUSE_MS 10000

enum uk_health_state {
    UK_HEALTH_GOOD = 0, /* nothing is known against it */
    UK_HEALTH_AILING,   /* asked after the others */
    UK_HEALTH_OUT,      /* not asked */
};

/* {0} is a server that nothing is known against. */
struct uk_health {
    enum uk_health_state state;
    unsigned late;               /* time-outs in a row */
    struct uk_deadline probe_at; /* when to look, unless it is good */
    struct uk_deadline gone;     /* since when looks find nobody; 0: they do */
};

enum uk_health_sign {
    UK_HEALTH_ANSWERED, /* whatever it said */
    UK_HEALTH_FAILED,   /* no connection, hung up, or a trouble of its own */
    UK_HEALTH_SILENT,   /* nothing until the time was over */
};

/* Returns whether the state is another one now. */
bool uk_health_note(struct uk_health *health, enum uk_health_sign sign,
                    struct uk_deadline now);

/* Is it time for a probe?  If so, the next one is ten seconds from now. */
bool uk_health_probe(struct uk_health *health, struct uk_deadline now);

/* A look found somebody, or failed so. */
void uk_health_look(struct uk_health *health, enum uk_code code,
                    const struct uk_err *err, struct uk_deadline now);

/* There was an answer, or something of one, to anybody. */
void uk_health_there(struct uk_health *health);

/* Has nobody been there for so long? */
bool uk_health_gone(const struct uk_health *health, unsigned ms,
                    struct uk_deadline now);

#endif
