/*
 * Rows of cells: under heads on a wide terminal, a block each on a narrow one,
 * between tabs for a program.
 */
#ifndef UK_TOOL_TERMINAL_TABLE_H
#define UK_TOOL_TERMINAL_TABLE_H

#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

/* Append them; heads are in English, or NULL for none.  Only people get to see
 * heads.  UK_NO_MEMORY. */
UK_MUST_USE enum uk_code uk_table_add(struct uk_buf *out,
                                      const char *const *heads, size_t columns,
                                      const char *const *cells, size_t rows,
                                      struct uk_err *err);

/* Append whole words up to that width, and the end of the line; where a new one
 * begins it is as far in as the first, which the caller has begun. */
void uk_table_add_words(struct uk_buf *out, const char *text, size_t indent,
                        size_t width);

/* Append lines, each of them whole words up to that width; what goes on in
 * another line stands below what is behind a line's first gap, or further in. */
void uk_table_add_lines(struct uk_buf *out, const char *text, size_t width);

#endif
