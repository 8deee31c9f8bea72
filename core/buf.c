/* Bytes that grow up to a limit given at birth. */
#include "core/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

#define FIRST_ROOM 256

void
uk_buf_init(struct uk_buf *buf, size_t max)
{
    *buf = (struct uk_buf)UK_BUF_UP_TO(max);
}

void
uk_buf_clear(struct uk_buf *buf)
{
    if (buf->bytes != NULL)
        uk_wipe(buf->bytes, buf->room);
    free(buf->bytes);
    uk_buf_init(buf, buf->max);
}

/* Room for twice what is there, at least for need, at most for the limit.
 * Not by realloc(), which leaves the old bytes behind. */
static bool
grow(struct uk_buf *buf, size_t need)
{
    size_t room = buf->room <= SIZE_MAX / 2 ? 2 * buf->room : SIZE_MAX;
    char *bytes;

    if (room < FIRST_ROOM)
        room = FIRST_ROOM;
    if (room < need)
        room = need;
    if (room - 1 > buf->max)
        room = buf->max + 1;
    bytes = malloc(room);
    if (bytes == NULL)
        return false;
    if (buf->bytes != NULL) {
        memcpy(bytes, buf->bytes, buf->len);
        uk_wipe(buf->bytes, buf->room);
        free(buf->bytes);
    }
    buf->bytes = bytes;
    buf->room = room;
    return true;
}

/* Make sure of len more bytes with a NUL behind them. */
static bool
reserve(struct uk_buf *buf, size_t len)
{
    if (buf->bad)
        return false;
    if (len > buf->max - buf->len || len >= SIZE_MAX - buf->len) {
        buf->bad = true;
        return false;
    }
    if (len < buf->room - buf->len && buf->bytes != NULL)
        return true;
    if (!grow(buf, buf->len + len + 1)) {
        buf->bad = true;
        buf->no_memory = true;
        return false;
    }
    return true;
}

void
uk_buf_reserve(struct uk_buf *buf, size_t len)
{
    if (len > buf->max - buf->len)
        len = buf->max - buf->len;
    (void)reserve(buf, len);
}

void
uk_buf_add(struct uk_buf *buf, const void *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len > 0)
        memcpy(buf->bytes + buf->len, bytes, len);
    buf->len += len;
    buf->bytes[buf->len] = '\0';
}

void
uk_buf_add_text(struct uk_buf *buf, const char *text)
{
    uk_buf_add(buf, text, strlen(text));
}

void
uk_buf_add_byte(struct uk_buf *buf, unsigned char byte)
{
    uk_buf_add(buf, &byte, 1);
}

void
uk_buf_addf(struct uk_buf *buf, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        buf->bad = true;
        return;
    }
    if (!reserve(buf, (size_t)len))
        return;
    va_start(args, fmt);
    vsnprintf(buf->bytes + buf->len, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
}

const char *
uk_buf_peek(const struct uk_buf *buf)
{
    return buf->bytes != NULL ? buf->bytes : "";
}

enum uk_code
uk_buf_check(const struct uk_buf *buf, struct uk_err *err)
{
    if (!buf->bad)
        return UK_OK;
    if (buf->no_memory)
        return uk_err_set(err, UK_NO_MEMORY,
                          "no memory for more than %zu bytes", buf->len);
    if (buf->not_text)
        return uk_err_set(err, UK_INVALID, "that is no text in UTF-8");
    return uk_err_set(err, UK_INVALID, "longer than the allowed %zu bytes",
                      buf->max);
}
