/*
 * Hashes of keys that are useless without a secret of this machine
 * (libsodium).
 */
#ifndef UK_AGENT_SEAL_H
#define UK_AGENT_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_SEAL_SHORT_KEY 16
#define UK_SEAL_KEY       32
#define UK_SEAL_SALT      16
#define UK_SEAL_HASH      32

/* Before anything else here, once a process.  UK_SYSTEM. */
UK_MUST_USE enum uk_code uk_seal_start(struct uk_err *err);

/* SipHash-2-4: for tables that an attacker may try to fill. */
uint64_t uk_seal_short(const unsigned char key[UK_SEAL_SHORT_KEY],
                       const void *bytes, size_t len);

/* Keyed BLAKE2b. */
void uk_seal_mac(const unsigned char key[UK_SEAL_KEY], const void *bytes,
                 size_t len, unsigned char out[UK_SEAL_HASH]);

/* Argon2id of such a MAC: 19 MiB, two passes.  UK_NO_MEMORY. */
UK_MUST_USE enum uk_code uk_seal_stretch(const unsigned char mac[UK_SEAL_HASH],
                                         const unsigned char salt[UK_SEAL_SALT],
                                         unsigned char out[UK_SEAL_HASH],
                                         struct uk_err *err);

/* In a time that tells nothing of where they differ. */
bool uk_seal_equal(const unsigned char a[UK_SEAL_HASH],
                   const unsigned char b[UK_SEAL_HASH]);

/* Random numbers from the kernel.  UK_SYSTEM. */
UK_MUST_USE enum uk_code uk_seal_random(void *bytes, size_t len,
                                        struct uk_err *err);

#endif
