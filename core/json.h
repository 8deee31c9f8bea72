/*
 * JSON in: a document that has been checked, to be asked for its members.
 *
 * What core/jsonscan.h takes, with no name twice in one object.  Nothing is
 * coerced: a getter finds a member of its own type or finds nothing.  No string
 * has a NUL, but one may have other control characters, which stand escaped in
 * the text.
 */
#ifndef UK_CORE_JSON_H
#define UK_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/jsonout.h"

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

#endif
