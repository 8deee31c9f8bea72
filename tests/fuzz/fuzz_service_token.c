/* A token as the service reads it: nothing without our signature is good. */
#include <string.h>

#include "core/base64url.h"
#include "service/value/token.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1700000000

static const unsigned char key[UK_CRYPTO_KEY] = "a key that is only for this";

/* The claims that are read are those that would be written. */
static void
write_anew(const struct uk_claims *claims)
{
    struct uk_buf buf = UK_BUF_UP_TO(4096);
    struct uk_err err = UK_ERR_NONE;
    struct uk_claims again;

    memset(&again, 0, sizeof(again));
    if (uk_token_make(claims, key, &buf, &err) == UK_OK) {
        FUZZ_MUST(uk_token_read(uk_buf_peek(&buf), buf.len, key, NOW, &again) !=
                  UK_TOKEN_BAD);
        FUZZ_MUST(strcmp(again.user_id, claims->user_id) == 0);
        FUZZ_MUST(again.expires == claims->expires);
        FUZZ_MUST(again.kind == claims->kind);
    }
    uk_buf_clear(&buf);
}

/* Claims behind a good signature: an older or newer version of us. */
static void
read_signed(const uint8_t *bytes, size_t len)
{
    struct uk_buf buf = UK_BUF_UP_TO(8192);
    unsigned char mac[UK_CRYPTO_MAC];
    struct uk_claims claims;

    memset(&claims, 0, sizeof(claims));
    uk_buf_add_text(&buf, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.");
    uk_base64url_add(&buf, bytes, len);
    if (!buf.bad) {
        uk_crypto_mac(key, buf.bytes, buf.len, mac);
        uk_buf_add_byte(&buf, '.');
        uk_base64url_add(&buf, mac, sizeof(mac));
    }
    if (!buf.bad && uk_token_read(uk_buf_peek(&buf), buf.len, key, NOW,
                                  &claims) != UK_TOKEN_BAD) {
        FUZZ_MUST(claims.kind != UK_TOKEN_NONE);
        FUZZ_MUST(claims.provider != UK_PROVIDER_NONE);
        FUZZ_MUST(uk_id_check(claims.user_id) && uk_id_check(claims.app_id));
        write_anew(&claims);
    }
    uk_buf_clear(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_claims claims;

    FUZZ_MUST(uk_token_read((const char *)bytes, len, key, NOW, &claims) ==
              UK_TOKEN_BAD);
    read_signed(bytes, len);
    return 0;
}
