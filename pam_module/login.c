/* authenticate: ask for the key, have it decided, remember. */
#include "pam_module/login.h"

#include <stdio.h>
#include <string.h>

#include "core/keytext.h"
#include "core/users.h"
#include "pam_module/converse.h"
#include "pam_module/memory.h"
#include "pam_module/session.h"

static bool
is_key(const struct uk_call *call, const struct uk_secret *text)
{
    return call->settings.key_format == UK_KEY_FORMAT_UKEY
               ? uk_keytext_check(uk_secret_peek(text), text->len)
               : uk_keytext_check_any(uk_secret_peek(text), text->len);
}

static bool
is_long_as_a_key(const struct uk_call *call, const struct uk_secret *text)
{
    return call->settings.key_format == UK_KEY_FORMAT_UKEY
               ? text->len == UK_KEYTEXT_LEN
               : text->len > 0 && text->len <= UK_KEYTEXT_MAX;
}

/* While the person types, an agent gets ready: for an account that a key can
 * let in. */
static void
get_ready(struct uk_call *call)
{
    bool can = uk_login_look(&call->settings, call->user, &call->look);

    uk_early_begin(&call->early, &call->settings, call->options.conf,
                   can ? call->look.account.name : "");
}

static enum uk_code
ask(struct uk_call *call, struct uk_typed *typed)
{
    const char *prompt = call->options.prompt[0] != '\0'
                             ? call->options.prompt
                             : call->settings.prompt;

    get_ready(call);
    return uk_converse_ask(call->pamh, prompt, typed, &call->err);
}

/* Where the key came from. */
enum source { FROM_NOBODY, FROM_EARLIER, FROM_PROMPT };

/* What an earlier module asked for, if it will do; else a prompt, if that is
 * allowed. */
static enum uk_code
get_key(struct uk_call *call, struct uk_typed *typed, enum source *source)
{
    const struct uk_options *options = &call->options;
    enum uk_code code = UK_OK;
    bool found = false;

    if (options->use_first_pass || options->try_first_pass)
        code = uk_converse_reuse(call->pamh, typed, &found, &call->err);
    if (found)
        *source = FROM_EARLIER;
    if (code != UK_OK || options->use_first_pass)
        return code;
    if (found && is_key(call, &typed->text))
        return UK_OK;
    *source = FROM_PROMPT;
    return ask(call, typed);
}

static enum uk_code
decide(struct uk_call *call, const struct uk_secret *key, enum source source,
       struct uk_deadline by)
{
    struct uk_outcome *outcome = &call->outcome;
    enum uk_code code;
    const struct uk_login login = {
        .settings = &call->settings,
        .conf_file = call->options.conf,
        .user = call->user,
        .service = call->service,
        .rhost = call->rhost,
        .ruser = call->ruser,
        .key = key,
        .keep = call->settings.session == UK_SESSION_KEEP,
        .early = &call->early,
        .look = &call->look,
    };

    code = uk_login_decide(&login, by, outcome, &call->err);
    if (code == UK_OK && outcome->verdict == UK_NOT_A_KEY &&
        source == FROM_NOBODY)
        snprintf(outcome->why, sizeof(outcome->why),
                 "'use_first_pass' is set, and no module before this one asked "
                 "for anything");
    return code;
}

/*
 * A Unix password typed at our prompt is left for the next module, so that
 * nobody has to type it twice.  What is as long as a key is not: it may be one
 * with a slip in it, which is nobody else's to see.  Only the length counts,
 * because that is all that sshd's junk keeps of what was typed: otherwise a
 * second prompt would tell which users sshd refuses.
 */
static enum uk_code
leave_password(struct uk_call *call, const struct uk_typed *typed)
{
    enum uk_verdict verdict = call->outcome.verdict;

    if (verdict != UK_NOT_A_KEY && verdict != UK_JUNK)
        return UK_OK;
    if (typed->cut || is_long_as_a_key(call, &typed->text))
        return UK_OK;
    return uk_converse_leave(call->pamh, typed, &call->err);
}

/* What was remembered of an earlier try in this handle holds no longer.  A
 * session that was kept for it is the caller's to end, after the decision. */
static enum uk_code
forget(struct uk_call *call, char stale[UK_KEPT_PATH_SIZE])
{
    const struct uk_memory none = {.granted = false};
    const struct uk_memory *memory =
        uk_memory_peek(call->pamh, call->options.conf);

    if (memory == NULL)
        return UK_OK;
    memcpy(stale, memory->waiting, sizeof(memory->waiting));
    if (stale[0] != '\0')
        uk_session_hide(call);
    return uk_memory_set(call->pamh, call->options.conf, &none, &call->err);
}

static enum uk_code
remember(struct uk_call *call, struct uk_deadline by)
{
    const struct uk_outcome *outcome = &call->outcome;
    struct uk_memory memory = {
        .granted = outcome->verdict == UK_GRANTED,
        .disabled = outcome->verdict == UK_USER_DISABLED,
    };
    enum uk_code code;

    if (!memory.granted && !memory.disabled)
        return UK_OK;
    memcpy(memory.user, outcome->account.name, sizeof(memory.user));
    /* Offline there is no session that could be kept. */
    if (memory.granted && !outcome->offline &&
        call->settings.session == UK_SESSION_KEEP)
        uk_session_store(call, by, memory.waiting);
    code = uk_memory_set(call->pamh, call->options.conf, &memory, &call->err);
    if (code != UK_OK && memory.waiting[0] != '\0') {
        uk_session_hide(call);
        uk_session_end(call, memory.waiting, by);
    }
    return code;
}

/* Sessions that nobody will use: after the decision, and within its time. */
static void
clear_up(struct uk_call *call, enum uk_code code, const char *stale,
         struct uk_deadline by)
{
    if (stale[0] != '\0')
        uk_session_end(call, stale, by);
    if (code == UK_OK && call->outcome.verdict == UK_GRANTED &&
        call->settings.session == UK_SESSION_KEEP)
        uk_session_sweep(call, by);
}

static enum uk_code
decide_and_remember(struct uk_call *call, const struct uk_typed *typed,
                    enum source source, struct uk_deadline by)
{
    enum uk_code code = decide(call, &typed->text, source, by);

    if (code == UK_OK && source == FROM_PROMPT)
        code = leave_password(call, typed);
    if (code == UK_OK)
        code = remember(call, by);
    return code;
}

enum uk_code
uk_login_at_prompt(struct uk_call *call)
{
    struct uk_typed typed = UK_TYPED_NONE;
    char stale[UK_KEPT_PATH_SIZE] = "";
    struct uk_deadline by;
    enum source source = FROM_NOBODY;
    enum uk_code code = uk_call_settle(call);

    if (code == UK_OK)
        code = forget(call, stale);
    if (code == UK_OK)
        code = get_key(call, &typed, &source);
    if (code == UK_OK)
        code = uk_call_resume(call);
    by = code == UK_OK ? uk_call_start_clock(call)
                       : uk_deadline_in((unsigned)call->settings.timeout);
    if (code == UK_OK)
        code = decide_and_remember(call, &typed, source, by);
    uk_typed_clear(&typed); /* before any waiting */
    uk_early_end(&call->early);
    uk_users_clear(&call->look.users);
    clear_up(call, code, stale, by);
    return code;
}
