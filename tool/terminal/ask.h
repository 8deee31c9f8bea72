/*
 * What the tool asks a person: a secret, a line, a yes.
 *
 * A secret comes from the terminal, without being shown, or is the first line
 * of standard input; it is never an argument.
 */
#ifndef UK_TOOL_TERMINAL_ASK_H
#define UK_TOOL_TERMINAL_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

/* Is a person at standard input? */
bool uk_ask_is_terminal(void);

/* Prompt on the terminal.  UK_CANCELLED for an interrupt and for an empty
 * answer; UK_INVALID, saying how else, where there is no terminal. */
UK_MUST_USE enum uk_code uk_ask_secret(const char *prompt, const char *how_else,
                                       struct uk_secret *out,
                                       struct uk_err *err);

/* The first line of standard input, without its end.  UK_INVALID if there is
 * none, if it is empty or too long. */
UK_MUST_USE enum uk_code uk_ask_stdin(struct uk_secret *out,
                                      struct uk_err *err);

/* A line that may be seen, into room bytes.  Fails like uk_ask_secret. */
UK_MUST_USE enum uk_code uk_ask_line(const char *prompt, const char *how_else,
                                     char *out, size_t room,
                                     struct uk_err *err);

/* Only "y" and "yes" are one, and what the language has for them; another
 * answer is UK_CANCELLED.  Fails like uk_ask_secret, and where standard input
 * is no person's: --yes is said there. */
UK_MUST_USE enum uk_code uk_ask_yes(const char *question, struct uk_err *err);

#endif
