/* Hashes of keys that are useless without a secret of this machine
 * (libsodium). */
#include "agent/seal.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <sys/random.h>

#define PASSES 2
#define MEMORY (19UL * 1024 * 1024)

static_assert(UK_SEAL_SHORT_KEY == crypto_shorthash_KEYBYTES, "");
static_assert(sizeof(uint64_t) == crypto_shorthash_BYTES, "");
static_assert(UK_SEAL_SALT == crypto_pwhash_SALTBYTES, "");

enum uk_code
uk_seal_start(struct uk_err *err)
{
    if (sodium_init() < 0)
        return uk_err_set(err, UK_SYSTEM, "libsodium cannot be used");
    return UK_OK;
}

uint64_t
uk_seal_short(const unsigned char key[UK_SEAL_SHORT_KEY], const void *bytes,
              size_t len)
{
    unsigned char hash[sizeof(uint64_t)];
    uint64_t number = 0;

    crypto_shorthash(hash, bytes, len, key);
    for (size_t i = 0; i < sizeof(hash); i++)
        number |= (uint64_t)hash[i] << (8 * i);
    return number;
}

void
uk_seal_mac(const unsigned char key[UK_SEAL_KEY], const void *bytes, size_t len,
            unsigned char out[UK_SEAL_HASH])
{
    crypto_generichash(out, UK_SEAL_HASH, bytes, len, key, UK_SEAL_KEY);
}

enum uk_code
uk_seal_stretch(const unsigned char mac[UK_SEAL_HASH],
                const unsigned char salt[UK_SEAL_SALT],
                unsigned char out[UK_SEAL_HASH], struct uk_err *err)
{
    const void *bytes = mac;

    if (crypto_pwhash(out, UK_SEAL_HASH, bytes, UK_SEAL_HASH, salt, PASSES,
                      MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to hash a key");
    return UK_OK;
}

bool
uk_seal_equal(const unsigned char a[UK_SEAL_HASH],
              const unsigned char b[UK_SEAL_HASH])
{
    return sodium_memcmp(a, b, UK_SEAL_HASH) == 0;
}

enum uk_code
uk_seal_random(void *bytes, size_t len, struct uk_err *err)
{
    if (getrandom(bytes, len, 0) != (ssize_t)len)
        return uk_err_sys(err, errno, "getting random numbers");
    return UK_OK;
}
