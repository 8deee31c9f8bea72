/* How many tries a source has. */
#include "service/request/tries.h"

#include <string.h>

#include "core/deadline.h"
#include "core/identity.h"

static struct uk_limit_rate
rate_of(const struct uk_config *config, enum uk_tries kind)
{
    struct uk_limit_rate rate = {0, 0};

    switch (kind) {
    case UK_TRIES_KEY:
    case UK_TRIES_PASSWORD:
    case UK_TRIES_ADMIN:
    case UK_TRIES_ASK:
        rate.burst = (unsigned)config->failed_logins_per_source;
        break;
    case UK_TRIES_USER:
    case UK_TRIES_ASK_USER:
        rate.burst = (unsigned)config->failed_logins_per_user;
        break;
    case UK_TRIES_NEW:
        rate.burst = (unsigned)config->new_users_per_source;
        break;
    case UK_TRIES_LOGIN:
        rate.burst = (unsigned)config->logins_per_user;
        break;
    }
    rate.interval_ms = (unsigned)(config->limit_period / rate.burst);
    if (rate.interval_ms == 0)
        rate.interval_ms = 1;
    return rate;
}

/* The address counts without its case, as it does for logging in. */
static uint64_t
subject_of(const struct uk_call *call, enum uk_tries kind, const char *who)
{
    struct {
        uint64_t source;
        uint64_t kind;
        char who[UK_EMAIL_MAX + 1];
    } subject;

    memset(&subject, 0, sizeof(subject));
    subject.source = kind == UK_TRIES_LOGIN ? 0 : call->source_subject;
    subject.kind = (uint64_t)kind;
    for (size_t i = 0; who != NULL && i < UK_EMAIL_MAX && who[i] != '\0'; i++)
        subject.who[i] =
            (char)(who[i] >= 'A' && who[i] <= 'Z' ? who[i] - 'A' + 'a'
                                                  : who[i]);
    return uk_crypto_short(&subject, sizeof(subject));
}

/* Logins are counted apart: users that come and go do not make anybody's
 * failures be forgotten. */
static struct uk_limit *
table_of(const struct uk_call *call, enum uk_tries kind)
{
    return kind == UK_TRIES_LOGIN ? call->server->logins : call->server->limit;
}

bool
uk_tries_take(struct uk_call *call, enum uk_tries kind, const char *who,
              unsigned *wait_s)
{
    if (!uk_limit_take(table_of(call, kind), subject_of(call, kind, who),
                       rate_of(call->server->config, kind),
                       uk_deadline_in(0).at_ns / 1000000, wait_s))
        return false;
    call->tries |= 1U << kind;
    return true;
}

enum uk_then
uk_tries_refuse(struct uk_call *call, enum uk_tries kind, const char *reason)
{
    unsigned wait_s;

    uk_call_audit(call, "refused", reason);
    if (!uk_tries_take(call, kind, NULL, &wait_s)) {
        uk_call_audit(call, "throttled", reason);
        return uk_call_throttle(call, wait_s);
    }
    return uk_call_error(call, 401, "AuthError", "unauthorized");
}

void
uk_tries_give_back(struct uk_call *call, enum uk_tries kind, const char *who)
{
    uk_limit_give_back(table_of(call, kind), subject_of(call, kind, who),
                       rate_of(call->server->config, kind));
    call->tries &= ~(1U << kind);
}

void
uk_tries_settle(struct uk_call *call)
{
    for (unsigned kind = 0; call->tries != 0; kind++) {
        const char *who = NULL;

        if ((call->tries & 1U << kind) == 0)
            continue;
        if (kind == UK_TRIES_USER || kind == UK_TRIES_ASK_USER)
            who = call->person.identity.email;
        else if (kind == UK_TRIES_LOGIN)
            who = call->audit.user;
        uk_tries_give_back(call, kind, who);
    }
}
