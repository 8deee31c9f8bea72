/* What the tool says: on standard output at the end, to people at once. */
#include "tool/terminal/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/io.h"
#include "tool/terminal/language.h"
#include "tool/terminal/tty.h"
#include "tool/terminal/wait.h"

static const struct uk_deadline no_deadline = {.at_ns = INT64_MAX};

bool
uk_out_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

bool
uk_out_has_colours(void)
{
    const char *no = getenv("NO_COLOR");

    return uk_tty_obeys(STDOUT_FILENO) && (no == NULL || no[0] == '\0');
}

/* Words that stand for a state, and what people see at once. */
static const struct {
    const char *word, *colour;
} colours[] = {
    {"ok", UK_OUT_GOOD},          {"enabled", UK_OUT_GOOD},
    {"granted", UK_OUT_GOOD},     {"running", UK_OUT_GOOD},
    {"up", UK_OUT_GOOD},          {"yes", UK_OUT_GOOD},
    {"note", UK_OUT_NOTE},        {"unseen", UK_OUT_NOTE},
    {"warning", UK_OUT_WARNING},  {"disabled", UK_OUT_WARNING},
    {"expired", UK_OUT_WARNING},  {"pending", UK_OUT_WARNING},
    {"error", UK_OUT_BAD},        {"refused", UK_OUT_BAD},
    {"not-mapped", UK_OUT_BAD},   {"not-allowed", UK_OUT_BAD},
    {"not-found", UK_OUT_BAD},    {"conflict", UK_OUT_BAD},
    {"denied", UK_OUT_BAD},       {"network", UK_OUT_BAD},
    {"failed", UK_OUT_BAD},       {"user-disabled", UK_OUT_BAD},
    {"unknown-user", UK_OUT_BAD}, {"malformed", UK_OUT_BAD},
    {"throttled", UK_OUT_BAD},    {"unreachable", UK_OUT_BAD},
    {"tls", UK_OUT_BAD},          {"bad-answer", UK_OUT_BAD},
    {"down", UK_OUT_BAD},         {"misconfigured", UK_OUT_BAD},
};

const char *
uk_out_colour(const char *word)
{
    for (size_t i = 0; uk_out_has_colours() && i < UK_COUNT(colours); i++) {
        if (strcmp(word, colours[i].word) == 0)
            return colours[i].colour;
    }
    return NULL;
}

const char *
uk_out_label(const char *name)
{
    return uk_out_is_terminal() ? _(name) : name;
}

enum uk_code
uk_out_flush(struct uk_buf *out, struct uk_err *err)
{
    enum uk_code code = uk_buf_check(out, err);

    uk_wait_end();
    if (code == UK_OK && out->len > 0)
        code = uk_io_write_all(STDOUT_FILENO, out->bytes, out->len, no_deadline,
                               err);
    uk_buf_clear(out);
    return code == UK_OK ? code : uk_err_in(err, _("writing standard output"));
}

enum uk_code
uk_out_close(struct uk_err *err)
{
    if (close(STDOUT_FILENO) != 0 && errno != EBADF)
        return uk_err_sys(err, errno, _("writing standard output"));
    return UK_OK;
}

static void say(const char *prefix, const char *fmt, va_list args)
    UK_PRINTF(2, 0);

/* One write, so that lines of several programs do not mix.  Names of files and
 * folders can have any byte, and whoever made them may not be who reads it. */
static void
say(const char *prefix, const char *fmt, va_list args)
{
    char text[2048], line[2048];
    struct uk_err ignored;
    size_t len;

    uk_wait_end();
    if (vsnprintf(text, sizeof(text), fmt, args) < 0)
        return;
    len = (size_t)snprintf(line, sizeof(line), "%s", prefix);
    len += uk_language_escape(line + len, sizeof(line) - len, text);
    line[len++] = '\n'; /* where the NUL was */
    if (uk_io_write_all(STDERR_FILENO, line, len, no_deadline, &ignored) !=
        UK_OK)
        return; /* nobody is left to be told */
}

void
uk_out_note(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say("", fmt, args);
    va_end(args);
}

void
uk_out_error(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say("userkey: ", fmt, args);
    va_end(args);
}

void
uk_out_hint(const char *fmt, ...)
{
    va_list args;

    if (isatty(STDERR_FILENO) != 1)
        return;
    va_start(args, fmt);
    say("", fmt, args);
    va_end(args);
}

enum uk_code
uk_out_next(struct uk_buf *out, struct uk_err *err, const char *fmt, ...)
{
    enum uk_code code = uk_out_flush(out, err);
    va_list args;

    if (code != UK_OK || isatty(STDERR_FILENO) != 1)
        return code;
    va_start(args, fmt);
    say("", fmt, args);
    va_end(args);
    return UK_OK;
}

const char *
uk_out_date(int64_t seconds, char out[UK_OUT_DATE])
{
    time_t when = (time_t)seconds;
    struct tm tm;

    if (seconds <= 0 || gmtime_r(&when, &tm) == NULL ||
        strftime(out, UK_OUT_DATE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        memcpy(out, "-", 2);
    return out;
}
