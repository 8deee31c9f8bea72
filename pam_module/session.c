/* open_session and close_session: what becomes of a session that is kept. */
#include "pam_module/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <security/pam_modules.h>

#include "core/account.h"
#include "pam_module/keptleft.h"
#include "pam_module/memory.h"
#include "pam_module/report.h"

#define ENV_SIZE (sizeof(UK_KEPT_ENV "=") + UK_KEPT_PATH_SIZE)

static enum uk_code
announce(struct uk_call *call, const char *path, struct uk_err *err)
{
    char text[ENV_SIZE];
    int status;

    snprintf(text, sizeof(text), UK_KEPT_ENV "=%s", path);
    status = pam_putenv(call->pamh, text);
    if (status == PAM_SUCCESS)
        return UK_OK;
    return uk_err_set(err, status == PAM_BUF_ERR ? UK_NO_MEMORY : UK_SYSTEM,
                      "setting " UK_KEPT_ENV " failed with PAM code %d",
                      status);
}

/* The file of this login's tokens, known to the programs of the user. */
static enum uk_code
store(struct uk_call *call, char path[UK_KEPT_PATH_SIZE], struct uk_err *err)
{
    const struct uk_outcome *outcome = &call->outcome;
    const struct uk_kept kept = {
        .account = outcome->account.name,
        .url = call->settings.service_url.item[0],
        .app_id = call->settings.app_id,
        .user_id = outcome->person.id,
        .tokens = &outcome->tokens,
    };
    enum uk_code code;

    if (outcome->tokens.refresh.len == 0)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "the agent handed over no session");
    code = uk_kept_make(&kept, path, err);
    if (code != UK_OK)
        return code;
    code = announce(call, path, err);
    if (code != UK_OK)
        uk_kept_drop(path);
    return code;
}

void
uk_session_store(struct uk_call *call, struct uk_deadline by,
                 char path[UK_KEPT_PATH_SIZE])
{
    const struct uk_secret *refresh = &call->outcome.tokens.refresh;
    char made[UK_KEPT_PATH_SIZE];
    struct uk_err err = UK_ERR_NONE;

    if (store(call, made, &err) == UK_OK) {
        memcpy(path, made, sizeof(made));
        return;
    }
    uk_err_in(&err, "keeping the session");
    uk_report_aside(call, &err);
    if (refresh->len > 0 && uk_login_end(&call->settings, call->options.conf,
                                         refresh, by, &err) != UK_OK)
        uk_report_aside(call, &err);
}

/*
 * Log out, and remove the file whatever the service says: a token that nobody
 * needs any more is not left lying about.  First the file, so that of two who
 * come for it one logs out.
 */
static enum uk_code
end_kept(struct uk_call *call, const char *path, const char *account,
         struct uk_deadline by, struct uk_err *err)
{
    struct uk_secret refresh = UK_SECRET_NONE;
    enum uk_code code = uk_kept_read(path, account, &refresh, err);
    int failed;

    if (code == UK_SYSTEM && err->sys == ENOENT)
        return UK_OK; /* ended before */
    if (code != UK_OK && code != UK_BAD_ANSWER)
        return code; /* not a file that is ours to remove */
    failed = uk_kept_drop(path) ? 0 : errno;
    if (code == UK_OK && failed != ENOENT) /* else another was first */
        code = uk_login_end(&call->settings, call->options.conf, &refresh, by,
                            err);
    if (code == UK_OK && failed != 0 && failed != ENOENT)
        code = uk_err_sys(err, failed, "removing '%s'", path);
    uk_secret_clear(&refresh);
    return code;
}

void
uk_session_hide(struct uk_call *call)
{
    pam_putenv(call->pamh, UK_KEPT_ENV);
}

void
uk_session_end(struct uk_call *call, const char *path, struct uk_deadline by)
{
    struct uk_err err = UK_ERR_NONE;

    if (end_kept(call, path, NULL, by, &err) == UK_OK)
        return;
    uk_err_in(&err, "ending a session that nobody will use");
    uk_report_aside(call, &err);
}

void
uk_session_sweep(struct uk_call *call, struct uk_deadline by)
{
    char path[UK_KEPT_PATH_SIZE];

    if (uk_keptleft_find(path))
        uk_session_end(call, path, by);
}

/* Is there a file to do something about?  Its name is copied, because it is
 * deleted from the PAM environment along with the file. */
static bool
find_path(struct uk_call *call, char path[UK_KEPT_PATH_SIZE])
{
    const char *named = pam_getenv(call->pamh, UK_KEPT_ENV);

    if (named == NULL || !uk_kept_is_path(named))
        return false;
    memcpy(path, named, UK_KEPT_PATH_SIZE); /* all of that form are so long */
    return true;
}

static enum uk_code
find_account(struct uk_call *call)
{
    bool found = false;
    enum uk_code code =
        uk_account_find(call->user, &call->outcome.account, &found, &call->err);

    if (code == UK_OK && !found)
        code = uk_err_set(&call->err, UK_INVALID,
                          "a session for a user that is not there");
    return code;
}

/* Nobody waits for the file any more: it is the user's to read, or gone. */
static enum uk_code
stop_waiting(struct uk_call *call, const char *path, struct uk_err *err)
{
    const struct uk_memory *memory =
        uk_memory_peek(call->pamh, call->options.conf);
    struct uk_memory now;

    if (memory == NULL || strcmp(memory->waiting, path) != 0)
        return UK_OK;
    now = *memory;
    now.waiting[0] = '\0';
    return uk_memory_set(call->pamh, call->options.conf, &now, err);
}

/* sudo authenticates one user and opens the session of another: what was
 * obtained with the first one's key is not for the second.  The first one, or
 * NULL. */
static const char *
find_other_owner(struct uk_call *call, const char *path)
{
    const struct uk_memory *memory =
        uk_memory_peek(call->pamh, call->options.conf);

    if (memory == NULL || strcmp(memory->waiting, path) != 0 ||
        strcmp(memory->user, call->user) == 0)
        return NULL;
    return memory->user;
}

static enum uk_code
end_and_forget(struct uk_call *call, const char *path, const char *account)
{
    struct uk_deadline by = uk_call_start_clock(call);
    enum uk_code code = end_kept(call, path, account, by, &call->err);
    struct uk_err err = UK_ERR_NONE;

    uk_session_hide(call);
    if (stop_waiting(call, path, &err) != UK_OK)
        uk_report_aside(call, &err);
    return code;
}

/* Whose session it is has been found to be the user's. */
static enum uk_code
give(struct uk_call *call, const char *path)
{
    struct uk_err err = UK_ERR_NONE;

    if (uk_kept_give(path, &call->outcome.account, &err) == UK_OK)
        return stop_waiting(call, path, &call->err);
    uk_err_in(&err, "keeping the session");
    uk_report_aside(call, &err);
    return end_and_forget(call, path, call->user);
}

static enum uk_code
give_or_end(struct uk_call *call, const char *path)
{
    const char *other = find_other_owner(call, path);
    struct uk_secret refresh = UK_SECRET_NONE;
    enum uk_code code;

    if (other != NULL)
        return end_and_forget(call, path, other);
    code = uk_kept_read(path, call->user, &refresh, &call->err);
    uk_secret_clear(&refresh);
    return code == UK_OK ? give(call, path) : code;
}

enum uk_code
uk_session_hand_over(struct uk_call *call)
{
    char path[UK_KEPT_PATH_SIZE];
    enum uk_code code;

    call->outcome.verdict = UK_GRANTED;
    if (!find_path(call, path))
        return UK_OK;
    code = uk_call_settle(call);
    if (code == UK_OK)
        code = find_account(call);
    if (code == UK_OK)
        code = give_or_end(call, path);
    return code == UK_OK ? code
                         : uk_err_in(&call->err, "handing over the session");
}

enum uk_code
uk_session_take_back(struct uk_call *call)
{
    char path[UK_KEPT_PATH_SIZE];
    const char *other;
    enum uk_code code;

    call->outcome.verdict = UK_GRANTED;
    if (!find_path(call, path))
        return UK_OK;
    code = uk_call_settle(call);
    if (code == UK_OK) {
        other = find_other_owner(call, path);
        code = end_and_forget(call, path, other != NULL ? other : call->user);
    }
    return code == UK_OK ? code : uk_err_in(&call->err, "ending the session");
}
