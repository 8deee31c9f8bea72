/*
 * Marked blocks in the text of one PAM service's file, put in and taken out.
 *
 * What a block stands in place of is kept in it as a comment, so that taking
 * the blocks out gives the very bytes that were there before.  Pure.
 */
#ifndef UK_TOOL_LOGINWAY_BLOCK_H
#define UK_TOOL_LOGINWAY_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

/* Is there a block, or a piece of one? */
bool uk_loginblock_is_there(const char *text);

/* Append the text with blocks that include the stack 'userkey' in place of the
 * system's authentication, before its account lines and at its end.
 * UK_INVALID says why that cannot be done to this file. */
UK_MUST_USE enum uk_code uk_loginblock_put(const char *text, struct uk_buf *out,
                                           struct uk_err *err);

/* Append the text without its blocks.  UK_INVALID, with the number of the line,
 * for a block that is not as it was put in. */
UK_MUST_USE enum uk_code
uk_loginblock_take(const char *text, struct uk_buf *out, struct uk_err *err);

#endif
