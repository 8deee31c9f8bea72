/* Keyed hashes and random bytes, from libsodium and GnuTLS. */
#include "service/value/crypto.h"

#include <gnutls/crypto.h>
#include <sodium.h>
#include <string.h>

/* Asking the kernel costs as much as the rest of an id, so what ids take is
 * fetched in advance.  Bytes are wiped as they are handed out. */
#define STOCK      2048
#define FROM_STOCK 16 /* longest piece; what is longer is a secret */

static _Thread_local struct {
    unsigned char bytes[STOCK];
    size_t left;
} stock;

static unsigned char short_key[crypto_shorthash_KEYBYTES];

/* BLAKE2b's "personalization", 16 bytes each. */
static const char *const use_names[] = {
    [UK_CRYPTO_API_KEY] = "userkey-api-key\0",
    [UK_CRYPTO_DEVICE] = "userkey-device\0\0",
    [UK_CRYPTO_ADMIN_KEY] = "userkey-adminkey",
    [UK_CRYPTO_GROUP] = "userkey-group\0\0",
    [UK_CRYPTO_HANDOUT] = "userkey-handout\0",
};

enum uk_code
uk_crypto_start(struct uk_err *err)
{
    if (sodium_init() < 0)
        return uk_err_set(err, UK_SYSTEM, "libsodium cannot start");
    randombytes_buf(short_key, sizeof(short_key));
    return UK_OK;
}

void
uk_crypto_random(void *to, size_t len)
{
    if (len > FROM_STOCK) {
        randombytes_buf(to, len);
        return;
    }
    if (stock.left < len) {
        randombytes_buf(stock.bytes, STOCK);
        stock.left = STOCK;
    }
    stock.left -= len;
    memcpy(to, stock.bytes + stock.left, len);
    sodium_memzero(stock.bytes + stock.left, len);
}

void
uk_crypto_hash(enum uk_crypto_use use,
               const unsigned char pepper[UK_CRYPTO_KEY], const void *bytes,
               size_t len, unsigned char out[UK_CRYPTO_HASH])
{
    /* Fails for sizes out of range only, and these are constants. */
    (void)crypto_generichash_blake2b_salt_personal(
        out, UK_CRYPTO_HASH, bytes, len, pepper, UK_CRYPTO_KEY, NULL,
        (const unsigned char *)use_names[use]);
}

void
uk_crypto_mac(const unsigned char key[UK_CRYPTO_KEY], const void *bytes,
              size_t len, unsigned char out[UK_CRYPTO_MAC])
{
    /* GnuTLS uses the processor's own SHA-256 and takes a quarter of the time,
     * but it may find no memory, which libsodium does not need. */
    if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, UK_CRYPTO_KEY, bytes, len,
                         out) != 0)
        (void)crypto_auth_hmacsha256(out, bytes, len, key);
}

bool
uk_crypto_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

uint64_t
uk_crypto_short(const void *bytes, size_t len)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t number;

    (void)crypto_shorthash(hash, bytes, len, short_key);
    memcpy(&number, hash, sizeof(number));
    return number;
}
