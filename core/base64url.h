/* Base64 for URLs, without padding (RFC 4648, section 5). */
#ifndef UK_CORE_BASE64URL_H
#define UK_CORE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

/* Append the text of these bytes. */
void uk_base64url_add(struct uk_buf *buf, const void *bytes, size_t len);

/* Exactly the inverse: *len bytes into room bytes.  false for any other
 * character, for padding, for bits left over, and for what does not fit. */
bool uk_base64url_decode(const char *text, size_t text_len, void *out,
                         size_t room, size_t *len);

#endif
