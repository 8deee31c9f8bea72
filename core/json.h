/*
 * Bounded JSON in and out (json-c).
 *
 * In: what core/jsonscan.h takes, with no name twice in one object.  Nothing
 * is coerced: a getter finds a member of its own type or finds nothing.  No
 * string has a NUL, but one may have other control characters, which stand
 * escaped in the text.
 * Out: written straight into a buffer, so that a secret is in no other memory.
 */
#ifndef UK_JSON_H
#define UK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

#define UK_JSON_MAX (1024 * 1024) /* longest document, in bytes */

/* A value inside a document, borrowed from it. */
struct uk_json;

/* The whole text must be one object or array.  UK_BAD_ANSWER otherwise.  *out
 * is the caller's, for uk_json_free(), which wipes every string in it. */
UK_MUST_USE enum uk_code uk_json_parse(const void *bytes, size_t len,
                                       struct uk_json **out,
                                       struct uk_err *err);
void uk_json_free(struct uk_json *document);

bool uk_json_is_object(const struct uk_json *value);
bool uk_json_is_array(const struct uk_json *value);

/* Is there a member of this name, of whatever type? */
bool uk_json_has(const struct uk_json *object, const char *name);

/* Members of an object.  false: not an object, not there, or another type.
 * Text is UTF-8, borrowed from the document; an integer is one that is written
 * as one and stands between INT64_MIN and INT64_MAX, these two excluded. */
bool uk_json_text(const struct uk_json *object, const char *name,
                  const char **out);
bool uk_json_bool(const struct uk_json *object, const char *name, bool *out);
bool uk_json_int(const struct uk_json *object, const char *name, int64_t *out);
bool uk_json_object(const struct uk_json *object, const char *name,
                    const struct uk_json **out);
bool uk_json_array(const struct uk_json *object, const char *name,
                   const struct uk_json **out);

/* Elements of an array; NULL past the end. */
size_t uk_json_count(const struct uk_json *array);
const struct uk_json *uk_json_item(const struct uk_json *array, size_t i);
bool uk_json_item_text(const struct uk_json *array, size_t i, const char **out);

/* May this text be put into a document: UTF-8? */
bool uk_json_is_text(const char *text);

/* A writer: commas and escapes are its business.  name is NULL at the top and
 * inside arrays.  Errors stay in the buffer (uk_buf_check); a text that is not
 * uk_json_is_text is one. */
struct uk_json_out {
    struct uk_buf *buf; /* borrowed */
    bool comma;         /* the next value needs one in front */
};

void uk_json_begin(struct uk_json_out *out, const char *name, char bracket);
void uk_json_end(struct uk_json_out *out, char bracket);
void uk_json_put_text(struct uk_json_out *out, const char *name,
                      const char *text);
/* Around a string that the caller adds to buf itself, of bytes that stand in
 * JSON as they are: base64, hexadecimal digits. */
void uk_json_open_text(struct uk_json_out *out, const char *name);
void uk_json_close_text(struct uk_json_out *out);
void uk_json_put_bool(struct uk_json_out *out, const char *name, bool value);
void uk_json_put_int(struct uk_json_out *out, const char *name, int64_t value);
void uk_json_put_null(struct uk_json_out *out, const char *name);

#endif
