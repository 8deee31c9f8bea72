/* Bytes with one owner, wiped when they go. */
#include "core/secret.h"

#include <stdlib.h>
#include <string.h>

enum uk_code
uk_secret_set(struct uk_secret *secret, const void *bytes, size_t len,
              struct uk_err *err)
{
    char *copy = NULL;
    enum uk_code code = UK_OK;

    if (len > UK_SECRET_MAX) {
        code = uk_err_set(err, UK_INVALID,
                          "a secret of %zu bytes is too long; allowed: %d", len,
                          UK_SECRET_MAX);
    } else if (len > 0) {
        copy = malloc(len + 1);
        if (copy == NULL)
            code = uk_err_set(err, UK_NO_MEMORY, "no memory for a secret");
    }
    if (copy != NULL) {
        memcpy(copy, bytes, len);
        copy[len] = '\0';
    }
    uk_secret_clear(secret); /* last: bytes may be a part of it */
    if (copy != NULL) {
        secret->bytes = copy;
        secret->len = len;
    }
    return code;
}

void
uk_secret_move(struct uk_secret *to, struct uk_secret *from)
{
    if (to == from)
        return;
    uk_secret_clear(to);
    *to = *from;
    *from = (struct uk_secret)UK_SECRET_NONE;
}

void
uk_secret_clear(struct uk_secret *secret)
{
    if (secret->bytes != NULL)
        uk_wipe(secret->bytes, secret->len + 1);
    free(secret->bytes);
    *secret = (struct uk_secret)UK_SECRET_NONE;
}

const char *
uk_secret_peek(const struct uk_secret *secret)
{
    return secret->bytes != NULL ? secret->bytes : "";
}

void
uk_wipe(void *bytes, size_t len)
{
    if (len > 0)
        explicit_bzero(bytes, len);
}
