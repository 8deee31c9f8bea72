/*
 * Bytes with one owner, wiped when they go.
 *
 * Keys, passwords and tokens live in this type and nowhere else.  They are
 * never in argv, the environment, a URL, a log, an error text or a core dump,
 * and never grow by realloc, which leaves copies behind.
 */
#ifndef UK_CORE_SECRET_H
#define UK_CORE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_SECRET_MAX 8192 /* longest secret, in bytes */

struct uk_secret {
    char *bytes; /* owned; a NUL stands behind the last one */
    size_t len;
};

#define UK_SECRET_NONE                                                         \
    {                                                                          \
        .bytes = NULL                                                          \
    }

/* Make it a copy of len bytes; what it held is wiped, also on failure.
 * UK_INVALID above UK_SECRET_MAX, UK_NO_MEMORY. */
UK_MUST_USE enum uk_code uk_secret_set(struct uk_secret *secret,
                                       const void *bytes, size_t len,
                                       struct uk_err *err);

/* Move from into to, whose old content is wiped; from is empty then. */
void uk_secret_move(struct uk_secret *to, struct uk_secret *from);

/* Wipe and free.  Takes the empty one, and twice. */
void uk_secret_clear(struct uk_secret *secret);

/* The bytes as a string, "" for the empty one; borrowed until the next
 * change. */
const char *uk_secret_peek(const struct uk_secret *secret);

/* Overwrite in a way that the compiler keeps. */
void uk_wipe(void *bytes, size_t len);

#endif
