/*
 * What the tool says: on standard output at the end, to people at once.
 *
 * Standard output is collected and written once, at the end, so that it is
 * whole or an error.  Standard error is for people.
 */
#ifndef UK_TOOL_TERMINAL_OUT_H
#define UK_TOOL_TERMINAL_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

#define UK_OUT_MAX (1024 * 1024)

/* The name of a row, which N_() has marked: in the language for people, as it is
 * for programs. */
const char *uk_out_label(const char *name);

/* Write all of it to standard output, empty it, and say whether it got there. */
UK_MUST_USE enum uk_code uk_out_flush(struct uk_buf *out, struct uk_err *err);

/* The last thing to do: what was written is still not there when closing
 * fails. */
UK_MUST_USE enum uk_code uk_out_close(struct uk_err *err);

/* Do people read standard output? */
bool uk_out_is_terminal(void);

/* Do they want colours there?  (NO_COLOR, TERM) */
bool uk_out_has_colours(void);

/* The colour of a word for a state, or NULL; static.  UK_OUT_PLAIN ends it. */
#define UK_OUT_GOOD    "\033[32m"
#define UK_OUT_NOTE    "\033[36m"
#define UK_OUT_WARNING "\033[33m"
#define UK_OUT_BAD     "\033[31m"
#define UK_OUT_HEAD    "\033[1m"
#define UK_OUT_PLAIN   "\033[0m"
const char *uk_out_colour(const char *word);

/* "2026-01-31T12:00:00Z"; "-" for none.  Returns out. */
#define UK_OUT_DATE 24
const char *uk_out_date(int64_t seconds, char out[UK_OUT_DATE]);

/* One line on standard error, escaped where it is neither printable ASCII nor a
 * letter of the language, without and with "userkey: " in front. */
void uk_out_note(const char *fmt, ...) UK_PRINTF(1, 2);
void uk_out_error(const char *fmt, ...) UK_PRINTF(1, 2);

/* What to do next: a note that only a person at a terminal sees.  uk_out_next
 * shows before it what stands in out. */
void uk_out_hint(const char *fmt, ...) UK_PRINTF(1, 2);
UK_MUST_USE enum uk_code uk_out_next(struct uk_buf *out, struct uk_err *err,
                                     const char *fmt, ...) UK_PRINTF(3, 4);

#endif
