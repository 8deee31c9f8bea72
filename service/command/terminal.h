/*
 * The person at the terminal of this process: what they type, unseen or seen;
 * the form of what they read.
 */
#ifndef UK_SERVICE_COMMAND_TERMINAL_H
#define UK_SERVICE_COMMAND_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

struct uk_terminal {
    int fd;
    bool silent;
    struct termios before;
};

#define UK_TERMINAL_NONE                                                       \
    {                                                                          \
        .fd = -1                                                               \
    }

/* Typing is not shown if silent, and no key sends a signal until the stop, so
 * that nothing can leave the terminal as it is now.  UK_INVALID where there is
 * none. */
UK_MUST_USE enum uk_code uk_terminal_start(struct uk_terminal *terminal,
                                           bool silent, struct uk_err *err);

/* A line, without its end; UK_CANCELLED for ^C and ^D. */
UK_MUST_USE enum uk_code uk_terminal_line(struct uk_terminal *terminal,
                                          const char *prompt,
                                          struct uk_buf *line,
                                          struct uk_err *err);
void uk_terminal_stop(struct uk_terminal *terminal);

/* Only "y" and "yes" are one; UK_CANCELLED for another answer. */
UK_MUST_USE enum uk_code uk_terminal_yes(const char *question,
                                         struct uk_err *err);

/* What to do next, in a line on standard error that only a person at a
 * terminal sees.  What they asked for comes behind it: the last line is the
 * value. */
void uk_terminal_next(const char *fmt, ...) UK_PRINTF(1, 2);

#define UK_TERMINAL_DATE 32

/* "2026-03-01T12:00:00Z", or "-". */
const char *uk_terminal_date(int64_t seconds, char out[UK_TERMINAL_DATE]);

#endif
