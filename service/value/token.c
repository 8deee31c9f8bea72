/* Access and refresh tokens. */
#include "service/value/token.h"

#include <string.h>

#include "core/base64url.h"
#include "core/json.h"
#include "core/str.h"

/* {"alg":"HS256","typ":"JWT"} and the dot behind it. */
#define HEADER     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define HEADER_LEN (sizeof(HEADER) - 1)
#define MAC_DIGITS 43    /* of 32 bytes in base64 */
#define AHEAD_S    86400 /* that clocks may be apart */

static const char *const kinds[] = {
    [UK_TOKEN_NONE] = "",
    [UK_TOKEN_ACCESS] = "access",
    [UK_TOKEN_REFRESH] = "refresh",
};

/* Claims being written.  Their values are ids, words and numbers, which stand
 * in JSON as they are; any other is a database that we did not write. */
struct text {
    size_t len;
    bool bad;
    char bytes[UK_TOKEN_MAX];
};

static void
add(struct text *text, const char *bytes, size_t len)
{
    if (len > sizeof(text->bytes) - text->len) {
        text->bad = true;
        return;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

/* A name with its colon, behind a comma but for the first of an object. */
static void
put_name(struct text *text, const char *name)
{
    bool first = text->len == 0 || text->bytes[text->len - 1] == '{';

    add(text, &",\""[first], 2 - first);
    add(text, name, strlen(name));
    add(text, "\":", 2);
}

/* What cannot stand in JSON as it is, or is no letter, digit or sign. */
static const bool is_odd[256] = {
    [0 ... ' '] = true,
    ['"'] = true,
    ['\\'] = true,
    [0x7f ... 0xff] = true,
};

static void
put_text(struct text *text, const char *name, const char *value)
{
    size_t len = strlen(value);
    bool odd = false;

    for (size_t i = 0; i < len; i++)
        odd |= is_odd[(unsigned char)value[i]];
    text->bad |= odd;
    put_name(text, name);
    add(text, "\"", 1);
    add(text, value, len);
    add(text, "\"", 1);
}

static void
put_int(struct text *text, const char *name, int64_t number)
{
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    char digits[24];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        digits[--at] = '-';
    put_name(text, name);
    add(text, digits + at, sizeof(digits) - at);
}

static void
put_null(struct text *text, const char *name)
{
    put_name(text, name);
    add(text, "null", 4);
}

static void
put_identity(struct text *text, const char *name,
             const struct uk_claims *claims)
{
    char provider_id[UK_ID_SIZE];

    uk_provider_id(claims->app_id, claims->provider, provider_id);
    put_name(text, name);
    add(text, "{", 1);
    put_text(text, "id", claims->identity_id);
    put_text(text, "provider_type", uk_provider_word(claims->provider));
    put_text(text, "provider_id", provider_id);
    add(text, "}", 1);
}

/* The names that clients look for, the older ones ("stitch") as well, and ours:
 * session_exp, uk_email, epoch, provider, identity_id, key_id, key_epoch. */
static void
put_claims(struct text *text, const struct uk_claims *claims)
{
    add(text, "{", 1);
    put_text(text, "typ", kinds[claims->kind]);
    put_text(text, "sub", claims->user_id);
    put_int(text, "iat", claims->issued);
    put_int(text, "exp", claims->expires);
    put_text(text, "baas_device_id", claims->device_id);
    put_text(text, "baas_domain_id", claims->app_id);
    put_text(text, "stitch_devId", claims->device_id);
    put_text(text, "stitch_domainId", claims->app_id);
    if (claims->kind == UK_TOKEN_ACCESS) {
        put_text(text, "iss", claims->session_id);
        put_int(text, "session_exp", claims->session_expires);
        if (claims->emails != NULL) {
            put_name(text, "uk_email");
            add(text, claims->emails, strlen(claims->emails));
        }
    } else {
        put_text(text, "baas_id", claims->session_id);
        put_text(text, "stitch_id", claims->session_id);
        put_identity(text, "baas_identity", claims);
        put_identity(text, "stitch_ident", claims);
        put_null(text, "baas_data");
        put_null(text, "stitch_data");
    }
    put_int(text, "epoch", claims->epoch);
    put_text(text, "provider", uk_provider_word(claims->provider));
    put_text(text, "identity_id", claims->identity_id);
    if (claims->provider == UK_PROVIDER_KEY) {
        put_text(text, "key_id", claims->key_id);
        put_int(text, "key_epoch", claims->key_epoch);
    }
    add(text, "}", 1);
}

enum uk_code
uk_token_make(const struct uk_claims *claims,
              const unsigned char key[UK_CRYPTO_KEY], struct uk_buf *buf,
              struct uk_err *err)
{
    unsigned char mac[UK_CRYPTO_MAC];
    size_t from = buf->len;
    struct text text;

    text.len = 0;
    text.bad = false;
    put_claims(&text, claims);
    if (text.bad)
        return uk_err_set(err, UK_INVALID, "claims that are not of a token");
    uk_buf_add(buf, HEADER, HEADER_LEN);
    uk_base64url_add(buf, text.bytes, text.len);
    if (buf->bad)
        return uk_buf_check(buf, err);
    uk_crypto_mac(key, buf->bytes + from, buf->len - from, mac);
    uk_buf_add_byte(buf, '.');
    uk_base64url_add(buf, mac, sizeof(mac));
    if (buf->len - from > UK_TOKEN_MAX)
        return uk_err_set(err, UK_INVALID, "a token of over %d bytes",
                          UK_TOKEN_MAX);
    return uk_buf_check(buf, err);
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
    /* Tokens of older versions do not say it: then it is no later. */
    if (out->kind == UK_TOKEN_ACCESS &&
        !uk_json_int(json, "session_exp", &out->session_expires) &&
        !uk_json_int(json, "exp", &out->session_expires))
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
    if (claims.issued - AHEAD_S > now)
        goto out;
    state = now < claims.expires ? UK_TOKEN_GOOD : UK_TOKEN_EXPIRED;
    *out = claims;
out:
    uk_json_free(json);
    return state;
}
