/* Tokens that an administrator hands out. */
#include "service/api/handout.h"

#include <string.h>

#include "core/base64url.h"

#define BYTES  32 /* nobody guesses that, however long it is good for */
#define DIGITS 43 /* of them in base64 */

static void
hash_token(const unsigned char pepper[UK_CRYPTO_KEY], const char *token,
           struct uk_store_hash *out)
{
    uk_crypto_hash(UK_CRYPTO_HANDOUT, pepper, token, strlen(token), out->bytes);
}

enum uk_code
uk_handout_make(const unsigned char pepper[UK_CRYPTO_KEY], const char *user_id,
                enum uk_store_purpose purpose, struct uk_store_handout *out,
                struct uk_secret *token, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(DIGITS + 1);
    unsigned char bytes[BYTES];
    enum uk_code code;

    uk_crypto_random(bytes, sizeof(bytes));
    uk_base64url_add(&text, bytes, sizeof(bytes));
    uk_wipe(bytes, sizeof(bytes));
    code = uk_buf_check(&text, err);
    if (code == UK_OK)
        code = uk_secret_set(token, uk_buf_peek(&text), text.len, err);
    uk_buf_clear(&text);
    if (code != UK_OK)
        return code;
    memset(out, 0, sizeof(*out));
    uk_id_make(out->id);
    memcpy(out->user_id, user_id, UK_ID_SIZE);
    out->purpose = purpose;
    out->expires = uk_id_now_us() / 1000000 + UK_HANDOUT_S;
    hash_token(pepper, uk_secret_peek(token), &out->hash);
    return UK_OK;
}

bool
uk_handout_read(const unsigned char pepper[UK_CRYPTO_KEY], const char *id,
                const char *token, enum uk_store_purpose purpose,
                struct uk_store_handout *out)
{
    memset(out, 0, sizeof(*out));
    if (!uk_id_check(id) || strlen(token) != DIGITS)
        return false;
    memcpy(out->id, id, UK_ID_SIZE);
    out->purpose = purpose;
    hash_token(pepper, token, &out->hash);
    return true;
}
