/* acct_mgmt: may this person come in now? */
#include "pam_module/account.h"

#include "pam_module/memory.h"

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
    return uk_login_admit(&call->settings, call->user, &call->outcome,
                          &call->err);
}
