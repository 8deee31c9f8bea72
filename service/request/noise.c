/* Which refusals have a line each. */
#include "service/request/noise.h"

#include <string.h>

#include "core/deadline.h"

#define LINES 10 /* for each try that a source has */

bool
uk_noise_admit(struct uk_call *call)
{
    const struct uk_config *config = call->server->config;
    unsigned tries = (unsigned)config->failed_logins_per_source;
    struct {
        uint64_t source, throttled;
    } who = {call->source_subject, 0};
    struct uk_limit_rate rate;
    uint64_t subject;
    unsigned wait_s;

    if (strcmp(call->audit.verdict, "granted") == 0)
        return true;
    who.throttled = strcmp(call->audit.verdict, "throttled") == 0;
    rate.burst = who.throttled ? 1 : tries * LINES;
    rate.interval_ms =
        (unsigned)(config->limit_period / (who.throttled ? tries : rate.burst));
    subject = uk_crypto_short(&who, sizeof(who));
    if (!uk_limit_take(call->server->lines, subject, rate,
                       uk_deadline_in(0).at_ns / 1000000, &wait_s))
        return false;
    call->audit.left_out = uk_limit_missed(call->server->lines, subject);
    return true;
}
