/* The written form of a user API key. */
#include "core/keytext.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define CHECKSUM_LEN 6
#define CHECKSUM_AT  (UK_KEYTEXT_LEN - CHECKSUM_LEN)
#define BASE         62
/* The largest multiple of 62 in a byte: bytes from here on are thrown away,
 * so that every character is as likely as every other. */
#define FAIR_BYTES (256 - 256 % BASE)

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz";

/* CRC-32 of ISO 3309 (reflected polynomial 0xedb88320), four bits at once. */
static uint32_t
crc32(const char *bytes, size_t len)
{
    static const uint32_t table[] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static bool
is_base62(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

/* 62^6 is more than 2^32: six characters are always enough. */
static void
write_checksum(const char *text, char to[CHECKSUM_LEN])
{
    uint32_t rest = crc32(text, CHECKSUM_AT);

    for (size_t i = CHECKSUM_LEN; i-- > 0; rest /= BASE)
        to[i] = base62[rest % BASE];
}

/* Fill with characters of base62 that nobody can foresee. */
static enum uk_code
draw(char *to, size_t len, struct uk_err *err)
{
    unsigned char random[128];
    size_t done = 0;

    while (done < len) {
        if (getentropy(random, sizeof(random)) != 0) {
            uk_wipe(random, sizeof(random));
            return uk_err_sys(err, errno, "drawing random numbers");
        }
        for (size_t i = 0; i < sizeof(random) && done < len; i++) {
            if (random[i] < FAIR_BYTES)
                to[done++] = base62[random[i] % BASE];
        }
    }
    uk_wipe(random, sizeof(random));
    return UK_OK;
}

static enum uk_code
make(const char *prefix, struct uk_secret *out, struct uk_err *err)
{
    size_t prefix_len = strlen(prefix);
    char text[UK_KEYTEXT_LEN];
    enum uk_code code;

    memcpy(text, prefix, prefix_len);
    code = draw(text + prefix_len, CHECKSUM_AT - prefix_len, err);
    if (code == UK_OK) {
        write_checksum(text, text + CHECKSUM_AT);
        code = uk_secret_set(out, text, sizeof(text), err);
    }
    uk_wipe(text, sizeof(text));
    return code;
}

static bool
check(const char *prefix, const char *text, size_t len)
{
    size_t prefix_len = strlen(prefix);
    char checksum[CHECKSUM_LEN];

    if (len != UK_KEYTEXT_LEN || memcmp(text, prefix, prefix_len) != 0)
        return false;
    for (size_t i = prefix_len; i < len; i++) {
        if (!is_base62(text[i]))
            return false;
    }
    write_checksum(text, checksum);
    return memcmp(text + CHECKSUM_AT, checksum, CHECKSUM_LEN) == 0;
}

enum uk_code
uk_keytext_make(struct uk_secret *out, struct uk_err *err)
{
    return make(UK_KEYTEXT_PREFIX, out, err);
}

bool
uk_keytext_check(const char *text, size_t len)
{
    return check(UK_KEYTEXT_PREFIX, text, len);
}

enum uk_code
uk_keytext_make_admin(struct uk_secret *out, struct uk_err *err)
{
    return make(UK_KEYTEXT_ADMIN, out, err);
}

bool
uk_keytext_check_admin(const char *text, size_t len)
{
    return check(UK_KEYTEXT_ADMIN, text, len);
}

bool
uk_keytext_check_any(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= 0x20 || text[i] > 0x7e)
            return false;
    }
    return len > 0 && len <= UK_KEYTEXT_MAX;
}

bool
uk_keytext_is_junk(const char *text, size_t len)
{
    static const char junk[] = "\b\n\r\177INCORRECT";

    for (size_t i = 0; i < len; i++) {
        if (text[i] != junk[i % (sizeof(junk) - 1)])
            return false;
    }
    return len > 0;
}
