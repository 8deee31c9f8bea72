/*
 * Random bytes, keyed hashes and codes that nobody without the key can make
 * (libsodium; GnuTLS where it is faster).
 */
#ifndef UK_SERVICE_VALUE_CRYPTO_H
#define UK_SERVICE_VALUE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_CRYPTO_KEY  32 /* bytes of signing key and pepper */
#define UK_CRYPTO_HASH 32
#define UK_CRYPTO_MAC  32

/* What a hash is for: the same bytes have another hash for another use. */
enum uk_crypto_use {
    UK_CRYPTO_API_KEY,   /* an API key, as it stands in the database */
    UK_CRYPTO_DEVICE,    /* a user and the description of a device */
    UK_CRYPTO_ADMIN_KEY, /* an administrator's private key */
    UK_CRYPTO_GROUP,     /* the group that all apps are in */
    UK_CRYPTO_HANDOUT,   /* a token that an administrator hands out */
};

/* Once in a process, before anything else here and before threads. */
UK_MUST_USE enum uk_code uk_crypto_start(struct uk_err *err);

/* From the kernel's random numbers; never fails after the start. */
void uk_crypto_random(void *to, size_t len);

/* BLAKE2b-256 keyed with the pepper. */
void uk_crypto_hash(enum uk_crypto_use use,
                    const unsigned char pepper[UK_CRYPTO_KEY],
                    const void *bytes, size_t len,
                    unsigned char out[UK_CRYPTO_HASH]);

/* HMAC-SHA256 (RFC 2104). */
void uk_crypto_mac(const unsigned char key[UK_CRYPTO_KEY], const void *bytes,
                   size_t len, unsigned char out[UK_CRYPTO_MAC]);

/* In a time that depends on the length only. */
bool uk_crypto_equal(const void *a, const void *b, size_t len);

/* A short hash for tables in memory, keyed anew in each process, so that
 * nobody outside can choose what collides. */
uint64_t uk_crypto_short(const void *bytes, size_t len);

#endif
