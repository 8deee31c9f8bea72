/*
 * Bytes that grow up to a limit given at birth.
 *
 * Additions do not fail one by one: the first that does not fit, or finds no
 * memory, makes the buffer bad, further ones do nothing, and uk_buf_check()
 * at the end tells.  So encoding reads as a list.  Growing and clearing wipe,
 * because request and answer bodies carry secrets.
 */
#ifndef UK_CORE_BUF_H
#define UK_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"

struct uk_buf {
    char *bytes; /* owned; NULL or with a NUL behind the last byte */
    size_t len;
    size_t room;
    size_t max;     /* most bytes it will hold */
    bool bad;       /* nothing more is taken */
    bool no_memory; /* why: else the limit was passed, */
    bool not_text;  /* or what should have been UTF-8 is not */
};

/* An initialiser: struct uk_buf b = UK_BUF_UP_TO(4096); */
#define UK_BUF_UP_TO(limit)                                                    \
    {                                                                          \
        .bytes = NULL, .max = (limit)                                          \
    }

void uk_buf_init(struct uk_buf *buf, size_t max);

/* Wipe and free; the limit stays.  Takes the empty one, and twice. */
void uk_buf_clear(struct uk_buf *buf);

/* Room for so many bytes, up to the limit, in one step: it saves the growing
 * and changes nothing else. */
void uk_buf_reserve(struct uk_buf *buf, size_t len);

void uk_buf_add(struct uk_buf *buf, const void *bytes, size_t len);
void uk_buf_add_text(struct uk_buf *buf, const char *text);
void uk_buf_add_byte(struct uk_buf *buf, unsigned char byte);
void uk_buf_addf(struct uk_buf *buf, const char *fmt, ...) UK_PRINTF(2, 3);

/* The content as a string, "" when empty; borrowed until the next change. */
const char *uk_buf_peek(const struct uk_buf *buf);

/* UK_OK, or UK_INVALID when the limit was passed or what should have been text
 * is none, or UK_NO_MEMORY. */
UK_MUST_USE enum uk_code uk_buf_check(const struct uk_buf *buf,
                                      struct uk_err *err);

#endif
