/* A user's API keys: create, list, fetch, enable, disable, expire, delete. */
#include <string.h>

#include "core/keytext.h"
#include "service/api/keys.h"
#include "service/request/handlers.h"

#define SECOND_US      INT64_C(1000000)
#define EXPIRES_MOST_S (INT64_C(100) * 366 * 24 * 3600)

enum uk_then
uk_key_not_found(struct uk_call *call)
{
    uk_call_audit(call, "refused", "unknown-key");
    return uk_call_error(call, 404, "APIKeyNotFound", "API key not found");
}

bool
uk_key_wants_times(const struct uk_call *call)
{
    return call->request->times != NULL &&
           strcmp(call->request->times, "true") == 0;
}

/* What has not come about, or is not known, is left out. */
static void
put_time(struct uk_json_out *out, const char *name, int64_t us)
{
    if (us > 0)
        uk_json_put_int(out, name, us / SECOND_US);
}

void
uk_key_put(struct uk_json_out *out, const struct uk_store_key *key,
           const struct uk_secret *value, const char *user_id, bool times)
{
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "_id", key->id);
    if (value != NULL)
        uk_json_put_text(out, "key", uk_secret_peek(value));
    uk_json_put_text(out, "name", key->name);
    uk_json_put_bool(out, "disabled", key->disabled);
    if (user_id != NULL)
        uk_json_put_text(out, "user_id", user_id);
    if (times) {
        put_time(out, "created_at", key->created_us);
        put_time(out, "expires_at", key->expires_us);
        put_time(out, "last_used_at", key->last_used_us);
        if (key->disabled)
            put_time(out, "disabled_at", key->disabled_us);
    }
    uk_json_end(out, '}');
}

/* Whose it is, where that is told. */
static const char *
told_user(const struct uk_call *call)
{
    const struct uk_store_user *user = &call->session.user;

    return user->server ? user->id : NULL;
}

/* Take the new key's name from the body; else the reply is filled. */
static bool
take_name(struct uk_call *call)
{
    const char *name;

    if (call->body == NULL || !uk_json_text(call->body, "name", &name) ||
        name[0] == '\0') {
        uk_call_error(call, 400, NULL, "'name' is a required string");
        return false;
    }
    uk_str_printable(call->audit.name, name, strlen(name));
    for (const char *c = name; *c != '\0'; c++) {
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
            (*c >= '0' && *c <= '9') || *c == '_' || *c == '-')
            continue;
        uk_call_error(call, 400, "InvalidParameter",
                      "can only contain ASCII letters, numbers, underscores, "
                      "and hyphens");
        return false;
    }
    if (uk_keytext_check(name, strlen(name)) ||
        uk_keytext_check_admin(name, strlen(name))) {
        /* It would stand in every list, and in every copy of the database. */
        uk_call_error(call, 400, "InvalidParameter",
                      "the name is a key; keys must not be names");
        return false;
    }
    if (uk_str_copy(call->key.name, sizeof(call->key.name), name))
        return true;
    uk_call_error(call, 400, "InvalidParameter",
                  "the name can have at most 128 characters");
    return false;
}

/* Take from the body when the key is to expire, *expires_us 0 for never, as
 * seconds from now or since 1970: true, or the reply is filled. */
static bool
take_expiry(struct uk_call *call, bool required, int64_t *expires_us)
{
    int64_t now = uk_id_now_us() / SECOND_US, at = -1, in = -1;
    bool has_at = uk_json_has(call->body, "expires_at");
    bool has_in = uk_json_has(call->body, "expires_in");

    *expires_us = 0;
    if (!has_at && !has_in && !required)
        return true;
    if (has_at && !has_in && uk_json_int(call->body, "expires_at", &at)) {
        if (at == 0)
            return true;
        in = at > 0 ? at - now : -1;
    } else if (has_in && !has_at) {
        (void)uk_json_int(call->body, "expires_in", &in);
    }
    if (in > 0 && in <= EXPIRES_MOST_S) {
        *expires_us = (now + in) * SECOND_US;
        return true;
    }
    uk_call_error(call, 400, "BadRequest",
                  "'expires_in' (seconds) or 'expires_at' (seconds since 1970; "
                  "0: never) must be a moment to come, within 100 years");
    return false;
}

static enum uk_code
make_key(struct uk_call *call, struct uk_store_hash *hash, struct uk_err *err)
{
    enum uk_code code = uk_keytext_make(&call->secret, err);

    if (code != UK_OK)
        return code;
    uk_id_make(call->key.id);
    uk_crypto_hash(UK_CRYPTO_API_KEY, call->server->secrets->pepper,
                   uk_secret_peek(&call->secret), call->secret.len,
                   hash->bytes);
    return UK_OK;
}

/* That of a server comes with the user that it is for. */
static enum uk_code
add_key(struct uk_call *call, const struct uk_store_hash *hash,
        enum uk_store_result *result, struct uk_err *err)
{
    const struct uk_store_user *user = &call->session.user;

    return user->server ? uk_store_call(call->store, add_server, user,
                                        &call->key, hash, result, err)
                        : uk_store_call(call->store, add_key, user, &call->key,
                                        hash, result, err);
}

enum uk_then
uk_key_create(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_hash hash;

    /* Those there can still be looked at and taken away. */
    if ((call->session.app.providers_off >> UK_PROVIDER_KEY & 1) != 0)
        return uk_other_login(call);
    if (!take_name(call) || !take_expiry(call, false, &call->key.expires_us))
        return UK_THEN_REPLY;
    if (make_key(call, &hash, &err) != UK_OK ||
        add_key(call, &hash, &result, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result == UK_STORE_TAKEN) {
        uk_call_audit(call, "refused", "taken");
        return uk_call_error(call, 409, "APIKeyAlreadyExists",
                             "API key with name already exists");
    }
    if (result == UK_STORE_FULL) {
        /* The hosted service's code for this is not known.  One that clients
         * do not know either is shown with its text by all of them. */
        uk_call_audit(call, "refused", "too-many-keys");
        return uk_call_error(call, 400, "APIKeyLimitExceeded",
                             call->session.user.server
                                 ? "an app can have at most 100 server API keys"
                                 : "a user can have at most 20 API keys");
    }
    memcpy(call->audit.key, call->key.id, UK_ID_SIZE);
    /* Who has asked for an expiry hears that it was understood. */
    uk_key_put(&out, &call->key, &call->secret, told_user(call), true);
    return uk_call_json(call, 201);
}

enum uk_then
uk_key_list(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_store_key keys[UK_STORE_KEYS];
    struct uk_err err = UK_ERR_NONE;
    size_t count;

    if (uk_store_call(call->store, list_keys, call->session.user.id, keys,
                      &count, &err) != UK_OK)
        return uk_call_fail(call, &err);
    uk_json_begin(&out, NULL, '[');
    for (size_t i = 0; i < count; i++)
        uk_key_put(&out, &keys[i], NULL, told_user(call),
                   uk_key_wants_times(call));
    uk_json_end(&out, ']');
    return uk_call_json(call, 200);
}

enum uk_then
uk_key_fetch(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_key key;
    bool found = false;

    if (uk_id_check(call->key_id) &&
        uk_store_call(call->store, find_key, call->session.user.id,
                      call->key_id, &key, &found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (!found)
        return uk_key_not_found(call);
    uk_key_put(&out, &key, NULL, told_user(call), uk_key_wants_times(call));
    return uk_call_json(call, 200);
}

/* After a change of one key by the id in the path. */
static enum uk_then
changed(struct uk_call *call, enum uk_code code, enum uk_store_result result,
        const struct uk_err *err)
{
    if (code != UK_OK)
        return uk_call_fail(call, err);
    if (result != UK_STORE_DONE)
        return uk_key_not_found(call);
    memcpy(call->audit.key, call->key_id, UK_ID_SIZE);
    return uk_call_empty(call, 204);
}

static enum uk_then
set(struct uk_call *call, bool disabled)
{
    enum uk_store_result result = UK_STORE_NOT_FOUND;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;

    if (uk_id_check(call->key_id))
        code = uk_store_call(call->store, set_key, call->session.user.id,
                             call->key_id, disabled, &result, &err);
    return changed(call, code, result, &err);
}

enum uk_then
uk_key_enable(struct uk_call *call)
{
    return set(call, false);
}

enum uk_then
uk_key_disable(struct uk_call *call)
{
    return set(call, true);
}

enum uk_then
uk_key_expiry(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NOT_FOUND;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;
    int64_t expires_us;

    if (!take_expiry(call, true, &expires_us))
        return UK_THEN_REPLY;
    if (uk_id_check(call->key_id))
        code = uk_store_call(call->store, set_expiry, call->session.user.id,
                             call->key_id, expires_us, uk_id_now_us(), &result,
                             &err);
    return changed(call, code, result, &err);
}

/* With the key of a server goes its user, who has no other. */
static enum uk_code
delete_server(struct uk_call *call, enum uk_store_result *result,
              struct uk_err *err)
{
    struct uk_store_key key;
    bool found;
    enum uk_code code =
        uk_store_call(call->store, find_key, call->session.user.id,
                      call->key_id, &key, &found, err);

    return code == UK_OK && found
               ? uk_store_call(call->store, delete_user, call->session.user.id,
                               result, err)
               : code;
}

enum uk_then
uk_key_delete(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NOT_FOUND;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;

    if (uk_id_check(call->key_id) && call->session.user.server)
        code = delete_server(call, &result, &err);
    else if (uk_id_check(call->key_id))
        code = uk_store_call(call->store, delete_key, call->session.user.id,
                             call->key_id, &result, &err);
    return changed(call, code, result, &err);
}
