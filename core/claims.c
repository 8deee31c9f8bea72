/* What a session token says about itself. */
#include "core/claims.h"

#include <string.h>

#include "core/buf.h"
#include "core/json.h"
#include "core/str.h"

/* The six bits of a character of base64url, or -1 (RFC 4648, section 5). */
static int
digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* The length of the part that begins here, up to a dot or the end. */
static size_t
part_len(const char *text)
{
    size_t len = 0;

    while (digit_of(text[len]) >= 0)
        len++;
    return len;
}

bool
uk_claims_is_token(const struct uk_secret *token)
{
    const char *text = uk_secret_peek(token);

    for (int parts = 1; parts <= 3; parts++) {
        size_t len = part_len(text);

        if (len == 0 || text[len] != (parts < 3 ? '.' : '\0'))
            return false;
        text += len + (parts < 3);
    }
    return text == token->bytes + token->len;
}

static void
decode(const char *text, size_t len, struct uk_buf *out)
{
    unsigned bits = 0, n = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 6 | (unsigned)digit_of(text[i]);
        n += 6;
        if (n >= 8) {
            n -= 8;
            uk_buf_add_byte(out, (unsigned char)(bits >> n));
        }
    }
}

enum uk_code
uk_claims_subject(const struct uk_secret *token,
                  char subject[UK_USER_ID_MAX + 1], struct uk_err *err)
{
    struct uk_buf claims = UK_BUF_UP_TO(UK_SECRET_MAX);
    struct uk_json *document = NULL;
    const char *text;
    enum uk_code code;

    if (!uk_claims_is_token(token))
        return uk_err_set(err, UK_BAD_ANSWER, "the token has not three parts");
    text = strchr(token->bytes, '.') + 1;
    decode(text, part_len(text), &claims);
    code = uk_buf_check(&claims, err);
    if (code == UK_OK)
        code = uk_json_parse(uk_buf_peek(&claims), claims.len, &document, err);
    if (code == UK_OK &&
        (!uk_json_text(document, "sub", &text) || !uk_identity_is_id(text) ||
         !uk_str_copy(subject, UK_USER_ID_MAX + 1, text)))
        code = uk_err_set(err, UK_BAD_ANSWER, "it has no subject");
    if (code != UK_OK)
        uk_err_in(err, "reading the token");
    uk_json_free(document);
    uk_buf_clear(&claims);
    return code;
}
