/*
 * Is this text strict JSON?
 *
 * RFC 8259 and a little less: one object or array, UTF-8 without a mark in
 * front, nothing nested deeper than UK_JSONSCAN_DEPTH, no NUL in a string
 * however it is written, no half of a surrogate pair, nothing behind the end.
 * JSON libraries take more than that, each of them something else, and what
 * two readers read differently is how one of them is lied to (threat S-28).
 *
 * Pure: bytes in, yes or no out.
 */
#ifndef UK_CORE_JSONSCAN_H
#define UK_CORE_JSONSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_JSONSCAN_DEPTH 16

/* UK_OK, and in *values how many members and items all objects and arrays have
 * together, so that a reader knows how much room they take; or UK_BAD_ANSWER
 * with the offset and what is wrong there. */
UK_MUST_USE enum uk_code uk_jsonscan_check(const void *bytes, size_t len,
                                           size_t *values, struct uk_err *err);

/* Is it an object of this one member, a string that stands there as it is,
 * without an escape?  Then *value is that string, in bytes; so nobody needs to
 * make a document of it. */
bool uk_jsonscan_only(const void *bytes, size_t len, const char *name,
                      const char **value, size_t *value_len);

/* The length of the UTF-8 character that begins here (RFC 3629: shortest form,
 * no surrogates, at most U+10FFFF), 0 if none does. */
size_t uk_jsonscan_utf8(const void *bytes, size_t len);

#endif
