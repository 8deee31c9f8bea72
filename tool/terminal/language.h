/*
 * The language in which the tool speaks to people.
 *
 * The environment may name one.  Where its texts stand is compiled in, and what
 * programs read stays English (docs/DESIGN.md has what is not translated).
 */
#ifndef UK_TOOL_TERMINAL_LANGUAGE_H
#define UK_TOOL_TERMINAL_LANGUAGE_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>

/* A text in that language; N_() marks one that C wants as a constant, for _()
 * where it is shown. */
#define _(text)  gettext(text)
#define N_(text) text

/* Take the language from the environment.  Before that, and where a terminal
 * does not show UTF-8, it is English. */
void uk_language_start(void);

/* uk_str_escape(), but for the letters of the language, which pass; as there,
 * size is UK_LANGUAGE_LEAST at least. */
#define UK_LANGUAGE_LEAST sizeof("...")
size_t uk_language_escape(char *to, size_t size, const char *text);

/* The columns that a text takes, of which other characters are escaped. */
size_t uk_language_width(const char *text);

/* Is that a yes, in English or in the language? */
bool uk_language_is_yes(const char *answer);

#endif
