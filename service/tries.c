/* How many tries a source has. */
#include "service/tries.h"

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
        rate.burst = (unsigned)config->failed_logins_per_source;
        break;
    case UK_TRIES_USER:
        rate.burst = (unsigned)config->failed_logins_per_user;
        break;
    case UK_TRIES_NEW:
        rate.burst = (unsigned)config->new_users_per_source;
        break;
    }
    rate.interval_ms = (unsigned)(config->limit_period / rate.burst);
    return rate;
}

/* The address counts without its case, as it does for logging in. */
static uint64_t
subject_of(const struct uk_call *call, enum uk_tries kind, const char *email)
{
    struct {
        uint64_t source;
        uint64_t kind;
        char email[UK_EMAIL_MAX + 1];
    } subject;

    memset(&subject, 0, sizeof(subject));
    subject.source = call->source_subject;
    subject.kind = (uint64_t)kind;
    for (size_t i = 0; email != NULL && i < UK_EMAIL_MAX && email[i] != '\0';
         i++)
        subject.email[i] =
            (char)(email[i] >= 'A' && email[i] <= 'Z' ? email[i] - 'A' + 'a'
                                                      : email[i]);
    return uk_crypto_short(&subject, sizeof(subject));
}

bool
uk_tries_take(struct uk_call *call, enum uk_tries kind, const char *email,
              unsigned *wait_s)
{
    if (!uk_limit_take(call->server->limit, subject_of(call, kind, email),
                       rate_of(call->server->config, kind),
                       uk_deadline_in(0).at_ns / 1000000, wait_s))
        return false;
    call->tries |= 1U << kind;
    return true;
}

void
uk_tries_give_back(struct uk_call *call, enum uk_tries kind, const char *email)
{
    uk_limit_give_back(call->server->limit, subject_of(call, kind, email),
                       rate_of(call->server->config, kind));
    call->tries &= ~(1U << kind);
}

void
uk_tries_settle(struct uk_call *call)
{
    for (unsigned kind = 0; call->tries != 0; kind++) {
        if ((call->tries & 1U << kind) == 0)
            continue;
        uk_tries_give_back(call, kind,
                           kind == UK_TRIES_USER ? call->person.identity.email
                                                 : NULL);
    }
}
