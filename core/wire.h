/*
 * The fields of a message, one behind the other.
 *
 * Numbers are unsigned and big-endian, in 1 to 4 bytes; a text or a secret is
 * its length in 2 bytes, then its bytes.  Writing leaves failure to the buffer
 * (uk_buf_check); reading stops at the first wrong field, whose name is then
 * in the error, and every further take does nothing.
 */
#ifndef UK_CORE_WIRE_H
#define UK_CORE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"

void uk_wire_put_number(struct uk_buf *buf, size_t bytes, uint32_t number);
void uk_wire_put_text(struct uk_buf *buf, const char *text);
void uk_wire_put_secret(struct uk_buf *buf, const struct uk_secret *secret);

/* What is left of a message. */
struct uk_wire {
    const unsigned char *at; /* borrowed */
    size_t left;
    enum uk_code code;  /* UK_OK as long as everything was right */
    struct uk_err *err; /* borrowed; filled when it was not */
};

void uk_wire_init(struct uk_wire *wire, const void *bytes, size_t len,
                  struct uk_err *err);

/* Say that this field is wrong (UK_BAD_ANSWER), unless another was before. */
void uk_wire_refuse(struct uk_wire *wire, const char *field);

/* The next len bytes, borrowed; NULL when there are not as many. */
const unsigned char *uk_wire_take(struct uk_wire *wire, size_t len,
                                  const char *field);

/* At most max; 0 when it is wrong. */
uint32_t uk_wire_take_number(struct uk_wire *wire, size_t bytes, uint32_t max,
                             const char *field);

/* Without NUL; at most size - 1 bytes.  to is written on success only. */
void uk_wire_take_text(struct uk_wire *wire, char *to, size_t size,
                       const char *field);

/* Straight into its one place. */
void uk_wire_take_secret(struct uk_wire *wire, struct uk_secret *to,
                         const char *field);

#endif
