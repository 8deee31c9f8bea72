/* A user's API keys: create, list, fetch, enable, disable, delete. */
#include <string.h>

#include "core/keytext.h"
#include "service/handlers.h"
#include "service/keys.h"

enum uk_then
uk_key_not_found(struct uk_call *call)
{
    uk_call_audit(call, "refused", "unknown-key");
    return uk_call_error(call, 404, "APIKeyNotFound", "API key not found");
}

void
uk_key_put(struct uk_json_out *out, const struct uk_store_key *key,
           const struct uk_secret *value, const char *user_id)
{
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "_id", key->id);
    if (value != NULL)
        uk_json_put_text(out, "key", uk_secret_peek(value));
    uk_json_put_text(out, "name", key->name);
    uk_json_put_bool(out, "disabled", key->disabled);
    if (user_id != NULL)
        uk_json_put_text(out, "user_id", user_id);
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
    if (!take_name(call))
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
    uk_key_put(&out, &call->key, &call->secret, told_user(call));
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
        uk_key_put(&out, &keys[i], NULL, told_user(call));
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
    uk_key_put(&out, &key, NULL, told_user(call));
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
