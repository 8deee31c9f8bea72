/* Argon2id, from libsodium. */
#include "service/value/pwhash.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "core/str.h"

#define PASSES 2
#define MEMORY (19456UL * 1024)
#define FORM   "$argon2id$v=19$m=19456,t=2,p=1$"

static_assert(UK_PWHASH_SIZE >= crypto_pwhash_STRBYTES,
              "a hash fits into its room");

enum uk_code
uk_pwhash_make(const struct uk_secret *password, char out[UK_PWHASH_SIZE],
               struct uk_err *err)
{
    if (crypto_pwhash_str_alg(out, uk_secret_peek(password), password->len,
                              PASSES, MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to hash a password");
    return UK_OK;
}

bool
uk_pwhash_is_ours(const char *text)
{
    return uk_str_starts(text, FORM) && uk_str_is_printable(text) &&
           strlen(text) < UK_PWHASH_SIZE;
}

bool
uk_pwhash_check(const char *hash, const struct uk_secret *password)
{
    return crypto_pwhash_str_verify(hash, uk_secret_peek(password),
                                    password->len) == 0;
}

const char *
uk_pwhash_decoy(void)
{
    /* 32 bytes of zeros are no password's hash that anybody could find. */
    return FORM "dXNlcmtleS1kZWNveS1zYQ$"
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
}
