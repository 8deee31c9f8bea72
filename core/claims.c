/* What a session token says about itself. */
#include "core/claims.h"

#include <string.h>

#include "core/base64url.h"
#include "core/json.h"
#include "core/str.h"

/* The length of the part that begins here, up to a dot or the end. */
static size_t
part_len(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789-_");
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

/* The JSON inside the middle part, into memory of UK_SECRET_MAX bytes. */
static enum uk_code
decode(const char *text, char *into, size_t *len, struct uk_err *err)
{
    if (uk_base64url_decode(text, part_len(text), into, UK_SECRET_MAX, len))
        return UK_OK;
    return uk_err_set(err, UK_BAD_ANSWER, "its claims are not base64url");
}

/* What the token says, the caller's for uk_json_free(). */
static enum uk_code
read_claims(const struct uk_secret *token, struct uk_json **out,
            struct uk_err *err)
{
    char claims[UK_SECRET_MAX];
    size_t len = 0;
    enum uk_code code;

    if (!uk_claims_is_token(token))
        return uk_err_set(err, UK_BAD_ANSWER, "the token has not three parts");
    code = decode(strchr(token->bytes, '.') + 1, claims, &len, err);
    if (code == UK_OK)
        code = uk_json_parse(claims, len, out, err);
    uk_wipe(claims, len);
    return code;
}

enum uk_code
uk_claims_subject(const struct uk_secret *token,
                  char subject[UK_USER_ID_MAX + 1], struct uk_err *err)
{
    struct uk_json *document = NULL;
    const char *text;
    enum uk_code code = read_claims(token, &document, err);

    if (code == UK_OK &&
        (!uk_json_text(document, "sub", &text) || !uk_identity_is_id(text) ||
         !uk_str_copy(subject, UK_USER_ID_MAX + 1, text)))
        code = uk_err_set(err, UK_BAD_ANSWER, "it has no subject");
    if (code != UK_OK)
        uk_err_in(err, "reading the token");
    uk_json_free(document);
    return code;
}

static bool
take_emails(const struct uk_json *list, struct uk_person *out)
{
    struct uk_person found = *out;

    found.n_emails = 0;
    if (uk_json_count(list) > UK_PERSON_EMAILS)
        return false;
    for (size_t i = 0; i < uk_json_count(list); i++) {
        const char *text;

        if (!uk_json_item_text(list, i, &text) || !uk_identity_is_email(text) ||
            !uk_str_copy(found.email[i], sizeof(found.email[i]), text))
            return false;
        found.n_emails++;
    }
    *out = found;
    return true;
}

bool
uk_claims_emails(const struct uk_secret *token, struct uk_person *out)
{
    struct uk_json *document = NULL;
    const struct uk_json *list;
    struct uk_err err = UK_ERR_NONE;
    bool done = read_claims(token, &document, &err) == UK_OK &&
                uk_json_array(document, "uk_email", &list) &&
                take_emails(list, out);

    uk_json_free(document);
    return done;
}

bool
uk_claims_key(const struct uk_secret *token, char id[UK_USER_ID_MAX + 1])
{
    struct uk_json *document = NULL;
    struct uk_err err = UK_ERR_NONE;
    const char *text;
    bool done = read_claims(token, &document, &err) == UK_OK &&
                uk_json_text(document, "key_id", &text) &&
                uk_identity_is_id(text) &&
                uk_str_copy(id, UK_USER_ID_MAX + 1, text);

    uk_json_free(document);
    return done;
}
