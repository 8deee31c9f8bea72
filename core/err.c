/* What went wrong: one code, one sentence. */
#include "core/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What does not fit is cut. */
static void write_text(struct uk_err *err, const char *fmt, va_list args)
    UK_PRINTF(2, 0);

static void
write_text(struct uk_err *err, const char *fmt, va_list args)
{
    if (vsnprintf(err->text, sizeof(err->text), fmt, args) < 0)
        err->text[0] = '\0';
}

static void
begin(struct uk_err *err, enum uk_code code, enum uk_stage stage, int sys)
{
    err->code = code;
    err->stage = stage;
    err->sys = sys;
}

enum uk_code
uk_err_set(struct uk_err *err, enum uk_code code, const char *fmt, ...)
{
    va_list args;

    begin(err, code, UK_STAGE_NONE, 0);
    va_start(args, fmt);
    write_text(err, fmt, args);
    va_end(args);
    return code;
}

enum uk_code
uk_err_sys(struct uk_err *err, int errnum, const char *fmt, ...)
{
    /* strerror() speaks the host's language, which is not ours to choose. */
    const char *reason = strerrordesc_np(errnum);
    va_list args;
    size_t len;

    begin(err, errnum == ENOMEM ? UK_NO_MEMORY : UK_SYSTEM, UK_STAGE_NONE,
          errnum);
    va_start(args, fmt);
    write_text(err, fmt, args);
    va_end(args);
    len = strlen(err->text);
    if (reason != NULL)
        snprintf(err->text + len, sizeof(err->text) - len, ": %s", reason);
    else
        snprintf(err->text + len, sizeof(err->text) - len, ": error %d",
                 errnum);
    return err->code;
}

enum uk_code
uk_err_late(struct uk_err *err, enum uk_stage stage, const char *fmt, ...)
{
    va_list args;

    begin(err, UK_TIMEOUT, stage, 0);
    va_start(args, fmt);
    write_text(err, fmt, args);
    va_end(args);
    return UK_TIMEOUT;
}

enum uk_code
uk_err_in(struct uk_err *err, const char *fmt, ...)
{
    char cause[UK_ERR_TEXT];
    va_list args;
    size_t len;

    memcpy(cause, err->text, sizeof(cause));
    cause[sizeof(cause) - 1] = '\0';
    va_start(args, fmt);
    write_text(err, fmt, args);
    va_end(args);
    len = strlen(err->text);
    snprintf(err->text + len, sizeof(err->text) - len, ": %s", cause);
    return err->code;
}

enum uk_code
uk_err_recode(struct uk_err *err, enum uk_code code)
{
    err->code = code;
    return code;
}

const char *
uk_code_word(enum uk_code code)
{
    switch (code) {
    case UK_OK:
        return "ok";
    case UK_MISCONFIGURED:
        return "misconfigured";
    case UK_UNREACHABLE:
        return "unreachable";
    case UK_TIMEOUT:
        return "timeout";
    case UK_TLS:
        return "tls";
    case UK_BAD_ANSWER:
        return "bad-answer";
    case UK_NO_MEMORY:
        return "no-memory";
    case UK_SYSTEM:
        return "system";
    case UK_INVALID:
        return "invalid";
    case UK_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

const char *
uk_stage_word(enum uk_stage stage)
{
    switch (stage) {
    case UK_STAGE_NONE:
        return "none";
    case UK_STAGE_AGENT:
        return "agent";
    case UK_STAGE_RESOLVE:
        return "resolve";
    case UK_STAGE_CONNECT:
        return "connect";
    case UK_STAGE_TLS:
        return "tls";
    case UK_STAGE_ANSWER:
        return "answer";
    }
    return "unknown";
}
