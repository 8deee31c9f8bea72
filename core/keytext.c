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

/* CRC-32 of ISO 3309 (reflected polynomial 0xedb88320), bit by bit: 58 bytes
 * a login need no table. */
static uint32_t
crc32(const char *bytes, size_t len)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
    return ~crc;
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
        if (memchr(base62, text[i], BASE) == NULL)
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
