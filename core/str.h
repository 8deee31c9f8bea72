/*
 * Numbers, booleans, prefixes, printable text: checked, and the same in every
 * locale.  Bytes are compared as ASCII, never with the host's ctype tables.
 */
#ifndef UK_CORE_STR_H
#define UK_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"

#define UK_NAME_MAX      32 /* a local user name, without its NUL */
#define UK_PRINTABLE_MAX 64 /* bytes of foreign text that a log line shows */
/* Room for those, escaped as \xNN each, with "..." and the NUL. */
#define UK_PRINTABLE_SIZE (4 * UK_PRINTABLE_MAX + 4)

/* Decimal digits only, no sign, no space; at most max. */
bool uk_str_to_ulong(const char *text, unsigned long max, unsigned long *out);

/* "yes" or "no". */
bool uk_str_to_bool(const char *text, bool *out);

/* "250ms", "5s", "30min", "12h", "60d"; a bare number is seconds.  In
 * milliseconds, at most max_ms. */
bool uk_str_to_ms(const char *text, unsigned long max_ms, unsigned long *out);

bool uk_str_starts(const char *text, const char *prefix);

/* Equal but for the case of ASCII letters. */
bool uk_str_equal_nocase(const char *a, const char *b);

/* Copy with the NUL, or touch nothing and say false when it does not fit. */
UK_MUST_USE bool uk_str_copy(char *to, size_t size, const char *from);

/* Exactly len lower-case hexadecimal digits? */
bool uk_str_is_hex(const char *text, size_t len);

/* size bytes as 2*size lower-case hexadecimal digits and a NUL. */
void uk_str_hex(char *to, const void *bytes, size_t size);

/* A name that Linux programs agree on: [a-z_][a-z0-9_-]{0,31}. */
bool uk_str_is_user_name(const char *text);

/* Only the bytes 0x20 to 0x7e? */
bool uk_str_is_printable(const char *text);

/*
 * Foreign bytes for a log line: everything outside 0x20-0x7e, and the single
 * quote and the backslash, as \xNN; cut at UK_PRINTABLE_MAX bytes with "..."
 * behind.  What looks like a user API key or a token, wherever it stands in the
 * text, is shown as its first letters and "...": people paste keys where names
 * and ids belong.  Returns to.
 */
const char *uk_str_printable(char to[UK_PRINTABLE_SIZE], const void *bytes,
                             size_t len);

/* A whole line for a terminal: everything outside 0x20-0x7e as \xNN, cut at
 * size (of 4 at least) with "..." behind.  Returns its length, without the
 * NUL. */
size_t uk_str_escape(char *to, size_t size, const char *text);

#endif
