/*
 * JSON out: written straight into a buffer, so that a secret is in no other
 * memory.
 */
#ifndef UK_CORE_JSONOUT_H
#define UK_CORE_JSONOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"

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
