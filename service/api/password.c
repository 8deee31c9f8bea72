/* A new password. */
#include "service/api/password.h"

#include <string.h>

#include "core/json.h"

#define SHORTEST 6
#define LONGEST  128

bool
uk_password_check(const struct uk_secret *password)
{
    const char *text = uk_secret_peek(password);
    size_t n = 0;

    if (strlen(text) != password->len || !uk_json_is_text(text))
        return false;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n >= SHORTEST && n <= LONGEST;
}

enum uk_then
uk_password_refuse(struct uk_call *call)
{
    uk_call_audit(call, "refused", "password-rule");
    return uk_call_error(call, 400, "BadRequest", UK_PASSWORD_RULE);
}

enum uk_then
uk_password_hash(struct uk_call *call, uk_step *next)
{
    struct uk_err err = UK_ERR_NONE;

    if (uk_pwhash_make(&call->secret, call->person.hash, &err) != UK_OK)
        return uk_call_fail(call, &err);
    call->next = next;
    return UK_THEN_WRITER;
}
