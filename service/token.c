/* Access and refresh tokens. */
#include "service/token.h"

#include <string.h>

#include "core/base64url.h"
#include "core/json.h"
#include "core/str.h"

/* {"alg":"HS256","typ":"JWT"} and the dot behind it. */
#define HEADER     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define HEADER_LEN (sizeof(HEADER) - 1)
#define MAC_DIGITS 43 /* of 32 bytes in base64 */

static const char *const kinds[] = {
    [UK_TOKEN_NONE] = "",
    [UK_TOKEN_ACCESS] = "access",
    [UK_TOKEN_REFRESH] = "refresh",
};

static void
put_identity(struct uk_json_out *out, const char *name,
             const struct uk_claims *claims)
{
    char provider_id[UK_ID_SIZE];

    uk_provider_id(claims->app_id, claims->provider, provider_id);
    uk_json_begin(out, name, '{');
    uk_json_put_text(out, "id", claims->identity_id);
    uk_json_put_text(out, "provider_type", uk_provider_word(claims->provider));
    uk_json_put_text(out, "provider_id", provider_id);
    uk_json_end(out, '}');
}

/* The names that clients look for, the older ones ("stitch") as well, and
 * ours: epoch, provider, identity_id, key_id, key_epoch. */
static void
put_claims(struct uk_json_out *out, const struct uk_claims *claims)
{
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "typ", kinds[claims->kind]);
    uk_json_put_text(out, "sub", claims->user_id);
    uk_json_put_int(out, "iat", claims->issued);
    uk_json_put_int(out, "exp", claims->expires);
    uk_json_put_text(out, "baas_device_id", claims->device_id);
    uk_json_put_text(out, "baas_domain_id", claims->app_id);
    uk_json_put_text(out, "stitch_devId", claims->device_id);
    uk_json_put_text(out, "stitch_domainId", claims->app_id);
    if (claims->kind == UK_TOKEN_ACCESS) {
        uk_json_put_text(out, "iss", claims->session_id);
    } else {
        uk_json_put_text(out, "baas_id", claims->session_id);
        uk_json_put_text(out, "stitch_id", claims->session_id);
        put_identity(out, "baas_identity", claims);
        put_identity(out, "stitch_ident", claims);
        uk_json_put_null(out, "baas_data");
        uk_json_put_null(out, "stitch_data");
    }
    uk_json_put_int(out, "epoch", claims->epoch);
    uk_json_put_text(out, "provider", uk_provider_word(claims->provider));
    uk_json_put_text(out, "identity_id", claims->identity_id);
    if (claims->provider == UK_PROVIDER_KEY) {
        uk_json_put_text(out, "key_id", claims->key_id);
        uk_json_put_int(out, "key_epoch", claims->key_epoch);
    }
    uk_json_end(out, '}');
}

enum uk_code
uk_token_make(const struct uk_claims *claims,
              const unsigned char key[UK_CRYPTO_KEY], struct uk_buf *buf,
              struct uk_err *err)
{
    struct uk_buf json = UK_BUF_UP_TO(UK_TOKEN_MAX);
    struct uk_buf token = UK_BUF_UP_TO(UK_TOKEN_MAX);
    struct uk_json_out out = {.buf = &json};
    unsigned char mac[UK_CRYPTO_MAC];
    enum uk_code code;

    put_claims(&out, claims);
    code = uk_buf_check(&json, err);
    if (code != UK_OK)
        goto out;
    uk_buf_add(&token, HEADER, HEADER_LEN);
    uk_base64url_add(&token, json.bytes, json.len);
    uk_crypto_mac(key, uk_buf_peek(&token), token.len, mac);
    uk_buf_add_byte(&token, '.');
    uk_base64url_add(&token, mac, sizeof(mac));
    code = uk_buf_check(&token, err);
    if (code == UK_OK)
        uk_buf_add(buf, token.bytes, token.len);
out:
    uk_buf_clear(&token);
    uk_buf_clear(&json);
    return code;
}

/* Is the signature behind the last dot ours?  *body is the part between. */
static bool
check_signature(const char *token, size_t len,
                const unsigned char key[UK_CRYPTO_KEY], const char **body,
                size_t *body_len)
{
    unsigned char ours[UK_CRYPTO_MAC], theirs[UK_CRYPTO_MAC];
    size_t signed_len, n;

    if (len > UK_TOKEN_MAX || len <= HEADER_LEN + 1 + MAC_DIGITS ||
        memcmp(token, HEADER, HEADER_LEN) != 0)
        return false;
    signed_len = len - 1 - MAC_DIGITS;
    if (token[signed_len] != '.' ||
        !uk_base64url_decode(token + signed_len + 1, MAC_DIGITS, theirs,
                             sizeof(theirs), &n) ||
        n != sizeof(theirs))
        return false;
    uk_crypto_mac(key, token, signed_len, ours);
    if (!uk_crypto_equal(ours, theirs, sizeof(ours)))
        return false;
    *body = token + HEADER_LEN;
    *body_len = signed_len - HEADER_LEN;
    return true;
}

static bool
read_id(const struct uk_json *json, const char *name, char out[UK_ID_SIZE])
{
    const char *text;

    return uk_json_text(json, name, &text) && uk_id_check(text) &&
           uk_str_copy(out, UK_ID_SIZE, text);
}

static bool
read_words(const struct uk_json *json, struct uk_claims *out)
{
    const char *kind, *provider;

    if (!uk_json_text(json, "typ", &kind) ||
        !uk_json_text(json, "provider", &provider))
        return false;
    out->kind = strcmp(kind, kinds[UK_TOKEN_ACCESS]) == 0    ? UK_TOKEN_ACCESS
                : strcmp(kind, kinds[UK_TOKEN_REFRESH]) == 0 ? UK_TOKEN_REFRESH
                                                             : UK_TOKEN_NONE;
    out->provider = uk_provider_by_word(provider);
    return out->kind != UK_TOKEN_NONE && out->provider != UK_PROVIDER_NONE;
}

/* The signature holds, so this is what we wrote; it is checked all the same,
 * because an older or newer version of us may have written it. */
static bool
read_claims(const struct uk_json *json, struct uk_claims *out)
{
    if (!read_words(json, out))
        return false;
    if (out->provider == UK_PROVIDER_KEY &&
        (!read_id(json, "key_id", out->key_id) ||
         !uk_json_int(json, "key_epoch", &out->key_epoch)))
        return false;
    return read_id(json, "sub", out->user_id) &&
           read_id(json, out->kind == UK_TOKEN_ACCESS ? "iss" : "baas_id",
                   out->session_id) &&
           read_id(json, "baas_device_id", out->device_id) &&
           read_id(json, "baas_domain_id", out->app_id) &&
           read_id(json, "identity_id", out->identity_id) &&
           uk_json_int(json, "epoch", &out->epoch) &&
           uk_json_int(json, "iat", &out->issued) &&
           uk_json_int(json, "exp", &out->expires);
}

enum uk_token_state
uk_token_read(const char *token, size_t len,
              const unsigned char key[UK_CRYPTO_KEY], int64_t now,
              struct uk_claims *out)
{
    struct uk_claims claims = {.kind = UK_TOKEN_NONE};
    enum uk_token_state state = UK_TOKEN_BAD;
    struct uk_json *json = NULL;
    struct uk_err err = UK_ERR_NONE;
    char text[UK_TOKEN_MAX];
    const char *body;
    size_t body_len, text_len;

    if (!check_signature(token, len, key, &body, &body_len) ||
        !uk_base64url_decode(body, body_len, text, sizeof(text), &text_len) ||
        uk_json_parse(text, text_len, &json, &err) != UK_OK ||
        !read_claims(json, &claims))
        goto out;
    state = now < claims.expires ? UK_TOKEN_GOOD : UK_TOKEN_EXPIRED;
    *out = claims;
out:
    uk_json_free(json);
    return state;
}
