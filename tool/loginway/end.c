/* The login by key, taken out again. */
#include "tool/loginway/end.h"

#include <syslog.h>

#include "core/io.h"
#include "tool/loginway/loginway.h"
#include "tool/loginway/timer.h"

enum uk_code
uk_loginend(bool expired, struct uk_conf_list *names, bool *was,
            struct uk_err *err)
{
    struct uk_loginstate state = {.way = UK_LOGINWAY_SERVICES};
    bool there = false, known;
    enum uk_code code;

    known = uk_loginstate_load(&state, &there, err) == UK_OK;
    if (expired && known && !(there && uk_loginstate_is_over(&state)))
        return UK_OK;
    code = uk_loginway_take(there ? &state : NULL, expired, names, err);
    *was = there || names->count > 0;
    if (code != UK_OK)
        return code;
    if (there && uk_loginstate_is_trial(&state))
        (void)uk_logintimer_at_boot(false);
    return uk_loginstate_drop(&state, err);
}

void
uk_loginend_trial(void)
{
    struct uk_conf_list names = {.count = 0};
    struct uk_err err = UK_ERR_NONE;
    bool was = false;
    int lock = -1;

    openlog("userkey", LOG_PID, LOG_AUTH);
    if (uk_loginstate_lock(&lock, &err) != UK_OK ||
        uk_loginend(true, &names, &was, &err) != UK_OK)
        syslog(LOG_ERR, "disable-login: %s", err.text);
    else if (was)
        syslog(LOG_NOTICE, "the trial of the login by key is over: nobody has "
                           "confirmed it, and PAM's files are as they were");
    uk_io_close(&lock);
}
