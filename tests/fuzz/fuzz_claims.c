/* A token as the agent reads it: the input is its middle part, decoded. */
#include <string.h>

#include "core/base64url.h"
#include "core/claims.h"
#include "tests/fuzz/fuzz.h"

/* What our own service puts in besides: all of it, or nothing. */
static void
read_own(const struct uk_secret *token)
{
    struct uk_person person = {.n_emails = 0};
    char id[UK_USER_ID_MAX + 1] = "";

    if (uk_claims_emails(token, &person))
        FUZZ_MUST(person.n_emails <= UK_PERSON_EMAILS);
    else
        FUZZ_MUST(person.n_emails == 0 && person.email[0][0] == '\0');
    for (size_t i = 0; i < person.n_emails; i++)
        FUZZ_MUST(uk_identity_is_email(person.email[i]));
    if (uk_claims_key(token, id))
        FUZZ_MUST(uk_identity_is_id(id) && uk_claims_is_token(token));
    else
        FUZZ_MUST(id[0] == '\0');
}

static void
read_token(const char *text, size_t len)
{
    struct uk_secret token = UK_SECRET_NONE;
    char subject[UK_USER_ID_MAX + 1] = "";
    struct uk_err err = UK_ERR_NONE;

    if (uk_secret_set(&token, text, len, &err) != UK_OK)
        return;
    if (uk_claims_subject(&token, subject, &err) == UK_OK)
        FUZZ_MUST(uk_identity_is_id(subject));
    else
        FUZZ_MUST(subject[0] == '\0' && uk_str_is_printable(err.text));
    read_own(&token);
    uk_secret_clear(&token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_SECRET_MAX);

    read_token((const char *)bytes, len);
    uk_buf_add_text(&buf, "eyJhbGciOiJIUzI1NiJ9.");
    uk_base64url_add(&buf, bytes, len);
    uk_buf_add_text(&buf, ".c2ln");
    if (!buf.bad)
        read_token(uk_buf_peek(&buf), buf.len);
    uk_buf_clear(&buf);
    return 0;
}
