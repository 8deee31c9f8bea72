/* The fields of a message, one behind the other. */
#include "core/wire.h"

#include <string.h>

void
uk_wire_put_number(struct uk_buf *buf, size_t bytes, uint32_t number)
{
    while (bytes-- > 0)
        uk_buf_add_byte(buf, (unsigned char)(number >> (8 * bytes)));
}

void
uk_wire_put_text(struct uk_buf *buf, const char *text)
{
    uk_wire_put_number(buf, 2, (uint32_t)strlen(text));
    uk_buf_add_text(buf, text);
}

void
uk_wire_put_secret(struct uk_buf *buf, const struct uk_secret *secret)
{
    uk_wire_put_number(buf, 2, (uint32_t)secret->len);
    uk_buf_add(buf, secret->bytes, secret->len);
}

void
uk_wire_init(struct uk_wire *wire, const void *bytes, size_t len,
             struct uk_err *err)
{
    *wire =
        (struct uk_wire){.at = bytes, .left = len, .code = UK_OK, .err = err};
}

void
uk_wire_refuse(struct uk_wire *wire, const char *field)
{
    if (wire->code == UK_OK)
        wire->code = uk_err_set(wire->err, UK_BAD_ANSWER,
                                "the message's %s is wrong", field);
}

const unsigned char *
uk_wire_take(struct uk_wire *wire, size_t len, const char *field)
{
    const unsigned char *at = wire->at;

    if (wire->code != UK_OK)
        return NULL;
    if (len > wire->left) {
        uk_wire_refuse(wire, field);
        return NULL;
    }
    wire->at += len;
    wire->left -= len;
    return at;
}

uint32_t
uk_wire_take_number(struct uk_wire *wire, size_t bytes, uint32_t max,
                    const char *field)
{
    const unsigned char *at = uk_wire_take(wire, bytes, field);
    uint32_t number = 0;

    if (at == NULL)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    if (number > max) {
        uk_wire_refuse(wire, field);
        return 0;
    }
    return number;
}

void
uk_wire_take_text(struct uk_wire *wire, char *to, size_t size,
                  const char *field)
{
    size_t len = uk_wire_take_number(wire, 2, (uint32_t)size - 1, field);
    const unsigned char *at = uk_wire_take(wire, len, field);

    if (at == NULL)
        return;
    if (memchr(at, '\0', len) != NULL) {
        uk_wire_refuse(wire, field);
        return;
    }
    memcpy(to, at, len);
    to[len] = '\0';
}

void
uk_wire_take_secret(struct uk_wire *wire, struct uk_secret *to,
                    const char *field)
{
    size_t len = uk_wire_take_number(wire, 2, UK_SECRET_MAX, field);
    const unsigned char *at = uk_wire_take(wire, len, field);

    if (at != NULL)
        wire->code = uk_secret_set(to, at, len, wire->err);
}
