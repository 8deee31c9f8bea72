/* Provider api-key: a user API key opens a session of its owner. */
#include <string.h>

#include "core/jsonscan.h"
#include "core/keytext.h"
#include "service/request/handlers.h"
#include "service/request/session.h"
#include "service/request/tries.h"

static enum uk_then
turn_away(struct uk_call *call, const char *reason)
{
    return uk_tries_refuse(call, UK_TRIES_KEY, reason);
}

/* What is known about the key has been found. */
static enum uk_then
decide(struct uk_call *call)
{
    const struct uk_store_login *login = &call->login;

    memcpy(call->audit.key, login->key_id, UK_ID_SIZE);
    memcpy(call->audit.user, login->user.id, UK_ID_SIZE);
    if (login->state == UK_STORE_UNKNOWN)
        return turn_away(call, "unknown");
    if (strcmp(login->user.app_id, call->app.id) != 0)
        return turn_away(call, "other-app");
    if (login->state == UK_STORE_DELETED)
        return turn_away(call, "deleted");
    if (login->key_disabled)
        return turn_away(call, "disabled");
    if (uk_id_is_over(login->key_expires_us))
        return turn_away(call, "key-expired");
    if (login->user.disabled) {
        uk_call_audit(call, "refused", "user-disabled");
        return uk_call_error(call, 401, "UserDisabled", "user disabled");
    }
    return uk_session_begin(call, &login->user, UK_PROVIDER_KEY, login->key_id,
                            login);
}

/* The body has one of the right form, and its hash is there. */
static bool
hash_key(struct uk_call *call, const char *key, size_t len)
{
    if (!uk_keytext_check(key, len))
        return false;
    uk_crypto_hash(UK_CRYPTO_API_KEY, call->server->secrets->pepper, key, len,
                   call->hash.bytes);
    return true;
}

static bool
hash_key_of_body(struct uk_call *call)
{
    const char *key;

    return uk_json_text(call->body, "key", &key) &&
           hash_key(call, key, strlen(key));
}

/* Most bodies have the key and nothing else: making a document of them would
 * cost as much as all of the rest that is done with them. */
bool
uk_key_foresee(struct uk_call *call)
{
    const char *body = call->request->body, *key;
    size_t body_len = call->request->body_len, len;
    struct uk_err err = UK_ERR_NONE;

    if (uk_jsonscan_only(body, body_len, "key", &key, &len))
        return hash_key(call, key, len);
    if (uk_json_parse(body, body_len, &call->body, &err) != UK_OK)
        return false;
    if (uk_json_is_object(call->body))
        return hash_key_of_body(call);
    uk_json_free(call->body);
    call->body = NULL;
    return false;
}

enum uk_then
uk_key_login(struct uk_call *call)
{
    const char *key;

    call->audit.provider = uk_provider_word(UK_PROVIDER_KEY);
    if (!call->foreseen &&
        (call->body == NULL || !uk_json_text(call->body, "key", &key)))
        return uk_call_error(call, 400, "BadRequest",
                             "'key' is a required string");
    if (!call->foreseen && !hash_key_of_body(call))
        return turn_away(call, "unknown-form");
    call->next = decide;
    return UK_THEN_KEY;
}
