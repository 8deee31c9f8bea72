/* One call of the host: what it came with, what is known. */
#include "pam_module/call.h"

#include <stdio.h>
#include <string.h>

static const char *
peek_item(pam_handle_t *pamh, int type)
{
    const void *item = NULL;

    if (pam_get_item(pamh, type, &item) != PAM_SUCCESS || item == NULL)
        return "";
    return item;
}

void
uk_call_borrow(struct uk_call *call)
{
    call->user = peek_item(call->pamh, PAM_USER);
    call->service = peek_item(call->pamh, PAM_SERVICE);
    call->rhost = peek_item(call->pamh, PAM_RHOST);
    call->ruser = peek_item(call->pamh, PAM_RUSER);
}

enum uk_code
uk_call_begin(struct uk_call *call, pam_handle_t *pamh, enum uk_phase phase,
              int argc, const char *const *argv)
{
    enum uk_code code;

    *call = (struct uk_call){.pamh = pamh,
                             .phase = phase,
                             .start = uk_deadline_in(0),
                             .early = UK_EARLY_NONE};
    uk_call_borrow(call);
    /* So that there is a log level and a floor before the file is read, and
     * where it cannot be. */
    code = uk_conf_init(uk_settings_table(), &call->settings, &call->err);
    if (code == UK_OK)
        code = uk_options_parse(argc, argv, &call->options, &call->err);
    return code;
}

static enum uk_code
learn_user(struct uk_call *call)
{
    const char *user = NULL;
    int status = pam_get_user(call->pamh, &user, NULL);

    if (status == PAM_BUF_ERR)
        return uk_err_set(&call->err, UK_NO_MEMORY,
                          "no memory for the user's name");
    if (status != PAM_SUCCESS || user == NULL)
        return uk_err_set(&call->err, UK_CANCELLED,
                          "asking for the user's name failed with PAM code %d",
                          status);
    uk_call_borrow(call); /* it may have called the conversation */
    /* Longer than any name, so one that is cut here is no account's. */
    snprintf(call->settled, sizeof(call->settled), "%s", call->user);
    return UK_OK;
}

enum uk_code
uk_call_settle(struct uk_call *call)
{
    enum uk_code code =
        uk_settings_load(call->options.conf, &call->settings, &call->err);

    if (code == UK_OK)
        code = learn_user(call);
    return code;
}

enum uk_code
uk_call_resume(struct uk_call *call)
{
    uk_call_borrow(call);
    if (strncmp(call->settled, call->user, sizeof(call->settled) - 1) == 0)
        return UK_OK;
    return uk_err_set(&call->err, UK_INVALID,
                      "the program changed the user during the prompt");
}

struct uk_deadline
uk_call_start_clock(struct uk_call *call)
{
    call->start = uk_deadline_in(0);
    return uk_deadline_in((unsigned)call->settings.timeout);
}
