/* Sessions of administrators, and what they may reach. */
#include "service/request/admin_session.h"

#include <string.h>

#include "core/keytext.h"
#include "service/request/grant.h"
#include "service/request/handlers.h"
#include "service/request/route.h"
#include "service/request/session.h"
#include "service/request/tries.h"

#define NO_DEVICE "000000000000000000000000"
#define GONE      "invalid session: failed to find refresh token"

void
uk_admin_hash(const unsigned char pepper[UK_CRYPTO_KEY], const char *key,
              struct uk_store_hash *out)
{
    uk_crypto_hash(UK_CRYPTO_ADMIN_KEY, pepper, key, strlen(key), out->bytes);
}

void
uk_admin_group(const struct uk_secrets *secrets, char out[UK_ID_SIZE])
{
    unsigned char hash[UK_CRYPTO_HASH];

    uk_crypto_hash(UK_CRYPTO_GROUP, secrets->pepper, "", 0, hash);
    uk_str_hex(out, hash, UK_ID_LEN / 2);
}

static enum uk_then
begin(struct uk_call *call, const struct uk_store_admin *admin)
{
    struct uk_claims claims = {.provider = UK_PROVIDER_ADMIN,
                               .device_id = NO_DEVICE};

    uk_admin_group(call->server->secrets, claims.app_id);
    memcpy(claims.user_id, admin->id, UK_ID_SIZE);
    memcpy(claims.identity_id, admin->id, UK_ID_SIZE);
    return uk_grant_session(call, &claims);
}

static enum uk_then
turn_away(struct uk_call *call, const char *reason)
{
    return uk_tries_refuse(call, UK_TRIES_ADMIN, reason);
}

static void
name_in_audit(struct uk_call *call, const struct uk_store_admin *admin)
{
    call->admin = *admin;
    memcpy(call->audit.admin, call->admin.id, UK_ID_SIZE);
    call->audit.admin_name = call->admin.name;
}

enum uk_then
uk_admin_login(struct uk_call *call)
{
    struct uk_store_admin_found found;
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_hash hash;
    const char *id, *key;

    if (call->body == NULL || !uk_json_text(call->body, "username", &id) ||
        !uk_json_text(call->body, "apiKey", &key))
        return uk_call_error(call, 400, "BadRequest",
                             "'username' and 'apiKey' are required strings");
    if (!uk_id_check(id) || !uk_keytext_check_admin(key, strlen(key)))
        return turn_away(call, "unknown-form");
    uk_admin_hash(call->server->secrets->pepper, key, &hash);
    if (uk_store_call(call->store, find_admin,
                      &(struct uk_store_admin_ask){.id = id, .hash = &hash, ""},
                      &found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (!found.there)
        return turn_away(call, "unknown");
    name_in_audit(call, &found.admin);
    if (!found.right)
        return turn_away(call, "wrong-key");
    return begin(call, &found.admin);
}

/* Whose it is, if it is a good one of a user: for the status and the log. */
static bool
is_of_user(struct uk_call *call, const char *token)
{
    struct uk_claims claims;

    if (uk_grant_read(call, UK_GRANT_USER, token, &claims) != UK_TOKEN_GOOD)
        return false;
    memcpy(call->audit.user, claims.user_id, UK_ID_SIZE);
    memcpy(call->audit.key, claims.key_id, UK_ID_SIZE);
    return true;
}

bool
uk_admin_read(struct uk_call *call, enum uk_token_kind want)
{
    const char *token = uk_session_bearer(call);
    enum uk_token_state state;

    if (token == NULL)
        return false;
    state = uk_grant_read(call, UK_GRANT_ADMIN, token, &call->claims);
    if (state != UK_TOKEN_BAD) {
        memcpy(call->audit.admin, call->claims.user_id, UK_ID_SIZE);
        return uk_session_fits(call, want, state);
    }
    if (!is_of_user(call, token))
        return uk_session_deny(call, "InvalidSession", "unauthorized",
                               "bad-token");
    uk_call_audit(call, "refused", "no-administrator");
    uk_call_error(call, 403, NULL, "this session is not an administrator's");
    return false;
}

static bool
say_not_found(struct uk_call *call, const char *code, const char *text,
              const char *reason)
{
    uk_call_audit(call, "refused", reason);
    uk_call_error(call, 404, code, text);
    return false;
}

enum uk_then
uk_admin_no_app(struct uk_call *call)
{
    say_not_found(call, NULL, "app not found", "unknown-app");
    return UK_THEN_REPLY;
}

static void
take_app(void *context, const struct uk_store_app *app, const char *name)
{
    (void)name;
    *(struct uk_store_app *)context = *app;
}

static bool
find_app(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;

    call->app.id[0] = '\0';
    if (uk_id_check(call->path.app) &&
        uk_store_call(call->store, list_apps, call->path.app, take_app,
                      &call->app, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (call->app.id[0] == '\0') {
        uk_admin_no_app(call);
        return false;
    }
    call->audit.app = call->app.client_id;
    return true;
}

static bool
find_target(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    if (uk_id_check(call->path.user) &&
        uk_store_call(call->store, find_user, call->app.id, call->path.user,
                      &call->target, &found, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (!found)
        return say_not_found(call, "UserNotFound", "user not found",
                             "unknown-user");
    memcpy(call->audit.user, call->target.user.id, UK_ID_SIZE);
    call->session.user = call->target.user; /* whose keys api/keys.c is about */
    return true;
}

/* The session stands, as far as the database says. */
static bool
check_session(struct uk_call *call)
{
    const struct uk_store_admin_ask ask = {
        .id = call->claims.user_id, .session_id = call->claims.session_id};
    struct uk_store_admin_found found;
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, find_admin, &ask, &found, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (!found.there)
        return uk_session_deny(call, "InvalidSession", GONE,
                               "admin-key-deleted");
    name_in_audit(call, &found.admin);
    if (found.revoked)
        return uk_session_deny(call, "InvalidSession", GONE, "logged-out");
    return true;
}

bool
uk_admin_admit(struct uk_call *call)
{
    char group[UK_ID_SIZE];

    if (!check_session(call))
        return false;
    uk_admin_group(call->server->secrets, group);
    if (call->path.group[0] != '\0' && strcmp(call->path.group, group) != 0)
        return say_not_found(call, NULL, "group not found", "unknown-group");
    /* It may be one that is half gone. */
    if (call->route->handler == uk_admin_app_delete)
        return true;
    return (call->path.app[0] == '\0' || find_app(call)) &&
           (call->path.user[0] == '\0' || find_target(call));
}

enum uk_then
uk_admin_profile(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    char group[UK_ID_SIZE];

    uk_admin_group(call->server->secrets, group);
    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "user_id", call->admin.id);
    uk_json_begin(&out, "identities", '[');
    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "id", call->admin.id);
    uk_json_put_text(&out, "provider_type",
                     uk_provider_word(UK_PROVIDER_ADMIN));
    uk_json_end(&out, '}');
    uk_json_end(&out, ']');
    uk_json_begin(&out, "data", '{');
    uk_json_put_text(&out, "name", call->admin.name);
    uk_json_end(&out, '}');
    uk_json_put_text(&out, "type", "normal");
    uk_json_begin(&out, "roles", '[');
    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "role_name", "GROUP_OWNER");
    uk_json_put_text(&out, "group_id", group);
    uk_json_end(&out, '}');
    uk_json_end(&out, ']');
    uk_json_end(&out, '}');
    return uk_call_json(call, 200);
}

enum uk_then
uk_admin_renew(struct uk_call *call)
{
    return uk_grant_access(call, &call->claims, 201);
}
