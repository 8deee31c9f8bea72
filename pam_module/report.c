/* What the log says about a call: one line. */
#include "pam_module/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "core/str.h"

#define LINE_SIZE 2048

/* A line that grows; what does not fit is cut. */
struct line {
    char text[LINE_SIZE];
    size_t len;
};

static void add(struct line *line, const char *fmt, ...) UK_PRINTF(2, 3);

static void
add(struct line *line, const char *fmt, ...)
{
    char *end = line->text + line->len;
    va_list args;

    va_start(args, fmt);
    vsnprintf(end, sizeof(line->text) - line->len, fmt, args);
    va_end(args);
    line->len += strlen(end);
}

static void
add_foreign(struct line *line, const char *name, const char *text)
{
    char shown[UK_PRINTABLE_SIZE];

    add(line, " %s='%s'", name, uk_str_printable(shown, text, strlen(text)));
}

/* How loud a verdict is: what an administrator watches for is a notice. */
static int
verdict_level(const struct uk_outcome *outcome, enum uk_phase phase)
{
    switch (outcome->verdict) {
    case UK_GRANTED:
        if (outcome->offline)
            return LOG_NOTICE;
        return phase == UK_PHASE_AUTH ? LOG_INFO : LOG_DEBUG;
    case UK_NOT_MAPPED:
    case UK_NOT_ALLOWED:
        /* Keys are not for this account: every login without one says so. */
        return phase == UK_PHASE_ACCOUNT ? LOG_DEBUG : LOG_NOTICE;
    case UK_THROTTLED_SERVICE:
    case UK_UNDECIDED:
        return LOG_WARNING;
    case UK_REFUSED:
    case UK_USER_DISABLED:
    case UK_UNKNOWN_USER:
    case UK_NOT_A_KEY:
    case UK_JUNK:
    case UK_THROTTLED_HERE:
        break;
    }
    return LOG_NOTICE;
}

static int
failure_level(enum uk_code code)
{
    switch (code) {
    case UK_CANCELLED:
    case UK_INVALID:
        return LOG_NOTICE;
    case UK_UNREACHABLE:
    case UK_TIMEOUT:
    case UK_TLS:
    case UK_BAD_ANSWER:
        return LOG_WARNING;
    case UK_OK:
    case UK_MISCONFIGURED:
    case UK_NO_MEMORY:
    case UK_SYSTEM:
        break;
    }
    return LOG_ERR;
}

static bool
is_wanted(const struct uk_call *call, int level)
{
    int most = call->options.debug ? LOG_DEBUG
                                   : UK_LEVEL_ERROR + call->settings.log_level;

    return level <= most;
}

/* Last look before it leaves us: one line of printable ASCII, whatever was
 * put into it. */
static void
say(const struct uk_call *call, int level, struct line *line)
{
    for (size_t i = 0; i < line->len; i++) {
        if (line->text[i] < 0x20 || line->text[i] > 0x7e)
            line->text[i] = '?';
    }
    pam_syslog(call->pamh, level, "%s", line->text);
}

static void
add_word(struct line *line, const struct uk_call *call, enum uk_code code)
{
    if (code == UK_OK)
        add(line, "%s", uk_verdict_word(call->outcome.verdict));
    else if (code == UK_TIMEOUT)
        add(line, "timeout:%s", uk_stage_word(call->err.stage));
    else
        add(line, "%s", uk_code_word(code));
}

static void
add_fields(struct line *line, const struct uk_call *call)
{
    const struct uk_outcome *outcome = &call->outcome;
    struct uk_deadline now = uk_deadline_in(0);

    add_foreign(line, "user", call->user);
    if (call->rhost[0] != '\0')
        add_foreign(line, "rhost", call->rhost);
    if (outcome->person.id[0] != '\0')
        add_foreign(line, "id", outcome->person.id);
    if (outcome->request_id[0] != '\0')
        add(line, " request=%s", outcome->request_id);
    if (outcome->offline)
        add(line, " offline=%lus", (unsigned long)outcome->offline_age_s);
    add(line, " time=%lldms",
        (long long)((now.at_ns - call->start.at_ns) / 1000000));
}

/* What to do about it, or know about it; the outcome itself says why. */
static const char *
advice(const struct uk_outcome *outcome, enum uk_phase phase)
{
    switch (outcome->verdict) {
    case UK_REFUSED:
        return outcome->request_id[0] != '\0'
                   ? "; on the service's machine, 'journalctl -u "
                     "userkey-server' has the reason under that request id"
                   : "; on the service's machine, 'journalctl -u "
                     "userkey-server' has the reason";
    case UK_UNKNOWN_USER:
    case UK_NOT_A_KEY:
        return outcome->asked || phase != UK_PHASE_AUTH ? ""
                                                        : "; nothing was sent";
    case UK_JUNK:
        return "; nothing was sent; does the account exist, and do sshd's "
               "settings let it in?";
    case UK_UNDECIDED:
        return "nobody answered";
    case UK_GRANTED:
    case UK_USER_DISABLED:
    case UK_NOT_MAPPED:
    case UK_NOT_ALLOWED:
    case UK_THROTTLED_HERE:
    case UK_THROTTLED_SERVICE:
        break;
    }
    return "";
}

static void
add_verdict(struct line *line, const struct uk_outcome *outcome,
            enum uk_phase phase)
{
    add(line, ": %s%s", outcome->why, advice(outcome, phase));
    if (outcome->retry_after_s > 0)
        add(line, "; try again in %lu s",
            (unsigned long)outcome->retry_after_s);
    if (outcome->offline)
        add(line,
            "; no server can be reached, so by 'offline_grace': the service "
            "took this key %lu s ago",
            (unsigned long)outcome->offline_age_s);
}

void
uk_report(const struct uk_call *call, enum uk_code code, int result)
{
    int level = code == UK_OK ? verdict_level(&call->outcome, call->phase)
                              : failure_level(code);
    struct line line = {.len = 0};

    /* A session that went well, or had nothing to do, is no news. */
    if (code == UK_OK && call->phase == UK_PHASE_SESSION)
        return;
    if (!is_wanted(call, level))
        return;
    add_word(&line, call, code);
    add_fields(&line, call);
    if (code == UK_OK)
        add_verdict(&line, &call->outcome, call->phase);
    else
        add(&line, ": %s", call->err.text);
    if (call->options.debug)
        add(&line, " [conf='%s' pam=%d]", call->options.conf, result);
    say(call, level, &line);
}

void
uk_report_aside(const struct uk_call *call, const struct uk_err *err)
{
    struct line line = {.len = 0};

    if (!is_wanted(call, LOG_WARNING))
        return;
    add(&line, "%s", uk_code_word(err->code));
    add_fields(&line, call);
    add(&line, ": %s", err->text);
    say(call, LOG_WARNING, &line);
}
