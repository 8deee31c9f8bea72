/* Base64 for URLs.  What it carries here is public or a signature, so a table
 * that depends on the bytes is no leak. */
#include "core/base64url.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Of three bytes. */
static void
put_four(char *out, const unsigned char *in)
{
    out[0] = digits[in[0] >> 2];
    out[1] = digits[(in[0] << 4 | in[1] >> 4) & 63];
    out[2] = digits[(in[1] << 2 | in[2] >> 6) & 63];
    out[3] = digits[in[2] & 63];
}

/* Of six bytes; two more are looked at. */
static void
put_eight(char *out, const unsigned char *in)
{
    uint64_t bits;

    memcpy(&bits, in, sizeof(bits));
    bits = be64toh(bits);
    out[0] = digits[bits >> 58];
    out[1] = digits[bits >> 52 & 63];
    out[2] = digits[bits >> 46 & 63];
    out[3] = digits[bits >> 40 & 63];
    out[4] = digits[bits >> 34 & 63];
    out[5] = digits[bits >> 28 & 63];
    out[6] = digits[bits >> 22 & 63];
    out[7] = digits[bits >> 16 & 63];
}

void
uk_base64url_add(struct uk_buf *buf, const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char out[256];
    size_t n;

    while (len >= 3) {
        for (n = 0; len >= 8 && n < sizeof(out); n += 8, in += 6, len -= 6)
            put_eight(out + n, in);
        for (; len >= 3 && n < sizeof(out); n += 4, in += 3, len -= 3)
            put_four(out + n, in);
        uk_buf_add(buf, out, n);
    }
    if (len > 0) {
        uint32_t bits =
            (uint32_t)in[0] << 16 | (len > 1 ? (uint32_t)in[1] << 8 : 0);

        out[0] = digits[bits >> 18];
        out[1] = digits[bits >> 12 & 63];
        out[2] = digits[bits >> 6 & 63];
        uk_buf_add(buf, out, len + 1);
    }
}

static int
value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

bool
uk_base64url_decode(const char *text, size_t text_len, void *out, size_t room,
                    size_t *len)
{
    unsigned char *bytes = out;
    uint32_t bits = 0;
    size_t n = 0;
    int have = 0;

    for (size_t i = 0; i < text_len; i++) {
        int value = value_of(text[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have < 8)
            continue;
        if (n == room)
            return false;
        have -= 8;
        bytes[n++] = (unsigned char)(bits >> have);
    }
    /* A sixth digit alone, or bits that no encoder would have set. */
    if (have == 6 || (bits & ((1U << have) - 1)) != 0)
        return false;
    *len = n;
    return true;
}
