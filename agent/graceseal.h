/*
 * What makes a hash of a key worth nothing outside of this machine (a part of
 * agent/grace).
 */
#ifndef UK_AGENT_GRACESEAL_H
#define UK_AGENT_GRACESEAL_H

#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"
#include "core/settings.h"

#include "agent/seal.h"

#define UK_GRACE_KEY_SIZE 32

/* A secret that only root can read. */
struct uk_grace_key {
    unsigned char bytes[UK_GRACE_KEY_SIZE];
};

/* Made of it, for one app of these servers. */
struct uk_grace_seal {
    unsigned char bytes[UK_SEAL_KEY];
};

/* Read it, as root; make it when it is not there.  UK_MISCONFIGURED for a file
 * that others could have written or read, or that is none. */
UK_MUST_USE enum uk_code uk_grace_load_key(const char *file,
                                           struct uk_grace_key *out,
                                           struct uk_err *err);

void uk_grace_seal_make(struct uk_grace_seal *seal,
                        const struct uk_grace_key *key,
                        const struct uk_settings *settings);

/* By which a key is found: too short to try keys against it. */
uint32_t uk_grace_seal_tag(const struct uk_grace_seal *seal,
                           const struct uk_secret *key);

/* By which it is known (Argon2id).  UK_NO_MEMORY. */
UK_MUST_USE enum uk_code
uk_grace_seal_hash(const struct uk_grace_seal *seal,
                   const struct uk_secret *key,
                   const unsigned char salt[UK_SEAL_SALT],
                   unsigned char out[UK_SEAL_HASH], struct uk_err *err);

#endif
