/* acct_mgmt: may this person come in now? */
#include "pam_module/account.h"

#include <stdio.h>

#include <security/pam_modutil.h>

#include "pam_module/memory.h"

/*
 * Names like john.doe, John or 0815, and names that the name service spells in
 * another way, are unknown to us and may be known to the machine.  Keys are
 * not for them, so who comes in as one of them comes in by other means, and is
 * not ours to keep out.
 */
static bool
is_beyond_keys(const struct uk_call *call)
{
    return call->phase == UK_PHASE_ACCOUNT &&
           call->outcome.verdict == UK_UNKNOWN_USER &&
           pam_modutil_getpwnam(call->pamh, call->user) != NULL;
}

static enum uk_code
admit(struct uk_call *call)
{
    struct uk_outcome *outcome = &call->outcome;
    enum uk_code code =
        uk_login_admit(&call->settings, call->user, outcome, &call->err);

    if (code == UK_OK && is_beyond_keys(call)) {
        outcome->verdict = UK_NOT_MAPPED;
        snprintf(outcome->why, sizeof(outcome->why),
                 "keys are not for accounts with names like this");
    }
    return code;
}

enum uk_code
uk_account_check(struct uk_call *call)
{
    const struct uk_memory *memory;
    enum uk_code code = uk_call_settle(call);

    if (code != UK_OK)
        return code;
    memory = uk_memory_of(call->pamh, call->options.conf, call->user);
    if (memory != NULL && memory->disabled) {
        call->outcome.verdict = UK_USER_DISABLED;
        return UK_OK;
    }
    if (memory != NULL && memory->granted)
        call->phase = UK_PHASE_ACCOUNT_OURS;
    return admit(call);
}
