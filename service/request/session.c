/* Sessions. */
#include "service/request/session.h"

#include <stdio.h>
#include <string.h>

#include "core/deadline.h"
#include "service/request/grant.h"
#include "service/request/handlers.h"
#include "service/request/tries.h"

#define EMAILS_MOST 600 /* bytes of a token, before base64url */

#define SCHEME   "Bearer"
#define NO_TOKEN "expected Authorization header with JWT (Bearer schema)"
#define GONE     "invalid session: failed to find refresh token"
#define NOBODY   "invalid session: No user found for session for user id "
#define OVER     "invalid session: access token expired"

/* What of a device stays the same when its programs get newer. */
static const char *const traits[] = {"appId",      "platform", "sdk",
                                     "deviceName", "cpuArch",  "bundleId"};
#define NO_DEVICE "000000000000000000000000"

/* The id that the device was given before, as text or as {"$oid": text}. */
static bool
know_device(const struct uk_json *device, char out[UK_ID_SIZE])
{
    const struct uk_json *object;
    const char *id;

    if (!uk_json_text(device, "deviceId", &id) &&
        !(uk_json_object(device, "deviceId", &object) &&
          uk_json_text(object, "$oid", &id)))
        return false;
    if (!uk_id_check(id) || strcmp(id, NO_DEVICE) == 0)
        return false;
    memcpy(out, id, UK_ID_SIZE);
    return true;
}

/* An id for user and device together, so that no row is needed and no two
 * users see the same one, unless they say themselves that it is. */
static void
name_device(const struct uk_call *call, const char *user_id,
            char out[UK_ID_SIZE])
{
    struct uk_buf text = UK_BUF_UP_TO(4096);
    const struct uk_json *options, *device;
    unsigned char hash[UK_CRYPTO_HASH];

    memcpy(out, NO_DEVICE, UK_ID_SIZE);
    if (call->body == NULL ||
        !uk_json_object(call->body, "options", &options) ||
        !uk_json_object(options, "device", &device) || know_device(device, out))
        return;
    uk_buf_add_text(&text, user_id);
    for (size_t i = 0; i < UK_COUNT(traits); i++) {
        const char *value;

        uk_buf_add_byte(&text, '\0');
        if (uk_json_text(device, traits[i], &value))
            uk_buf_add_text(&text, value);
    }
    uk_crypto_hash(UK_CRYPTO_DEVICE, call->server->secrets->pepper,
                   uk_buf_peek(&text), text.len, hash);
    uk_str_hex(out, hash, UK_ID_LEN / 2);
    uk_buf_clear(&text);
}

/* What only our own clients ask for, of a key alone: others do not know the
 * words. */
static bool
find_wishes(const struct uk_call *call, const struct uk_json **wishes)
{
    const struct uk_json *options;

    return call->claims.provider == UK_PROVIDER_KEY && call->body != NULL &&
           uk_json_object(call->body, "options", &options) &&
           uk_json_object(options, "userkey", wishes);
}

/* No more than whose key it is. */
static bool
is_brief(const struct uk_call *call)
{
    const struct uk_json *wishes;
    const char *session;

    return find_wishes(call, &wishes) &&
           uk_json_text(wishes, "session", &session) &&
           strcmp(session, "brief") == 0;
}

static bool
wants_emails(const struct uk_call *call)
{
    const struct uk_json *wishes;
    bool wanted;

    return find_wishes(call, &wishes) &&
           uk_json_bool(wishes, "emails", &wanted) && wanted;
}

/* The user's confirmed addresses, as a list in JSON.  Those that are too long
 * for a token are left for the profile. */
static enum uk_code
list_emails(struct uk_call *call, const char *user_id, struct uk_buf *list,
            struct uk_err *err)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES];
    struct uk_json_out out = {.buf = list};
    size_t count;
    enum uk_code code;

    code = uk_store_call(call->store, list_identities, user_id, identities,
                         &count, err);
    if (code != UK_OK)
        return code;
    uk_json_begin(&out, NULL, '[');
    for (size_t i = 0; i < count; i++) {
        if (identities[i].provider == UK_PROVIDER_PASSWORD &&
            identities[i].confirmed)
            uk_json_put_text(&out, NULL, identities[i].email);
    }
    uk_json_end(&out, ']');
    if (!list->bad)
        call->claims.emails = uk_buf_peek(list);
    return UK_OK;
}

/* The session of call->claims, of this user. */
static enum uk_then
grant(struct uk_call *call, const struct uk_store_user *user,
      const struct uk_store_login *key)
{
    struct uk_server *server = call->server;
    struct uk_buf emails = UK_BUF_UP_TO(EMAILS_MOST);
    struct uk_err err = UK_ERR_NONE;
    enum uk_then then;

    if (wants_emails(call) &&
        list_emails(call, user->id, &emails, &err) != UK_OK)
        then = uk_call_fail(call, &err);
    else
        then = is_brief(call) ? uk_grant_brief(call, &call->claims)
                              : uk_grant_session(call, &call->claims);
    call->claims.emails = NULL;
    uk_buf_clear(&emails);
    if (call->claims.provider != UK_PROVIDER_ANON && call->reply->status == 200)
        uk_seen_note(&server->seen, user, key, uk_id_now_us());
    return then;
}

/* With the writer: it is the first login of somebody who has registered. */
static enum uk_then
settle(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, settle_user, call->claims.user_id, &result,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result == UK_STORE_DONE)
        return grant(call, &call->session.user, NULL);
    uk_call_audit(call, "refused", "changed");
    return uk_call_error(call, 401, "AuthError", "unauthorized");
}

enum uk_then
uk_session_begin(struct uk_call *call, const struct uk_store_user *user,
                 enum uk_provider provider, const char *identity_id,
                 const struct uk_store_login *key)
{
    struct uk_claims claims = {.provider = provider, .epoch = user->epoch};
    unsigned wait_s;

    memcpy(call->audit.user, user->id, UK_ID_SIZE);
    /* Each session can leave a row, when it is logged out, and leaves lines
     * in the log.  A user that is made by the login has its own limit. */
    if (provider != UK_PROVIDER_ANON &&
        !uk_tries_take(call, UK_TRIES_LOGIN, user->id, &wait_s)) {
        unsigned ignored;

        /* Its password was hashed all the same: soon no more of them is. */
        if (provider == UK_PROVIDER_PASSWORD)
            (void)uk_tries_take(call, UK_TRIES_USER,
                                call->person.identity.email, &ignored);
        uk_call_audit(call, "throttled", "too-many-logins");
        return uk_call_throttle(call, wait_s);
    }
    memcpy(claims.app_id, user->app_id, UK_ID_SIZE);
    memcpy(claims.user_id, user->id, UK_ID_SIZE);
    memcpy(claims.identity_id, identity_id, UK_ID_SIZE);
    if (key != NULL) {
        memcpy(claims.key_id, key->key_id, UK_ID_SIZE);
        claims.key_epoch = key->key_epoch;
    }
    name_device(call, user->id, claims.device_id);
    uk_call_audit(call, "granted", NULL);
    call->claims = claims;
    if (!user->pending)
        return grant(call, user, key);
    call->session.user = *user;
    call->next = settle;
    return UK_THEN_WRITER;
}

bool
uk_session_deny(struct uk_call *call, const char *code, const char *text,
                const char *reason)
{
    uk_call_audit(call, "refused", reason);
    uk_call_error(call, 401, code, text);
    return false;
}

const char *
uk_session_bearer(struct uk_call *call)
{
    const char *token = call->request->authorization;

    if (token == NULL) {
        uk_session_deny(call, "MissingAuthReq", "must authenticate first",
                        "no-token");
        return NULL;
    }
    token = uk_str_starts(token, SCHEME) ? token + sizeof(SCHEME) - 1 : "";
    if (token[0] == ' ')
        token += strspn(token, " ");
    else
        token = "";
    if (token[0] != '\0')
        return token;
    uk_session_deny(call, NULL, NO_TOKEN, "no-token");
    return NULL;
}

bool
uk_session_fits(struct uk_call *call, enum uk_token_kind want,
                enum uk_token_state state)
{
    if (call->claims.kind != want)
        return uk_session_deny(
            call, NULL,
            want == UK_TOKEN_REFRESH
                ? "invalid refresh token: incorrect token type"
                : "invalid access token: incorrect token type",
            "wrong-token");
    if (state == UK_TOKEN_EXPIRED)
        return uk_session_deny(call, "InvalidSession",
                               want == UK_TOKEN_REFRESH ? GONE : OVER,
                               "expired");
    return true;
}

bool
uk_session_read(struct uk_call *call, enum uk_token_kind want)
{
    const char *token = uk_session_bearer(call);
    enum uk_token_state state;

    if (token == NULL)
        return false;
    state = uk_grant_read(call, UK_GRANT_USER, token, &call->claims);
    if (state == UK_TOKEN_BAD)
        return uk_session_deny(call, "InvalidSession", "unauthorized",
                               "bad-token");
    call->audit.provider = uk_provider_word(call->claims.provider);
    memcpy(call->audit.user, call->claims.user_id, UK_ID_SIZE);
    memcpy(call->audit.key, call->claims.key_id, UK_ID_SIZE);
    return uk_session_fits(call, want, state);
}

const char *
uk_session_fault(const struct uk_claims *claims,
                 const struct uk_store_session *session)
{
    if (!session->user_there)
        return "unknown-user";
    if (strcmp(session->user.app_id, claims->app_id) != 0)
        return "other-app";
    if (session->user.disabled)
        return "user-disabled";
    if (session->revoked)
        return "logged-out";
    if (session->user.epoch != claims->epoch)
        return "ended";
    if (claims->provider != UK_PROVIDER_KEY)
        return NULL;
    if (!session->key_there)
        return "key-deleted";
    if (session->key.disabled)
        return "key-disabled";
    if (uk_id_is_over(session->key.expires_us))
        return "key-expired";
    return session->key.epoch != claims->key_epoch ? "ended" : NULL;
}

bool
uk_session_check(struct uk_call *call)
{
    struct uk_store_ask ask = {call->claims.user_id, call->claims.key_id,
                               call->claims.session_id};
    char nobody[sizeof(NOBODY) + UK_ID_LEN];
    struct uk_err err = UK_ERR_NONE;
    const char *fault;

    if (uk_store_call(call->store, find_session, &ask, &call->session, &err) !=
        UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    fault = uk_session_fault(&call->claims, &call->session);
    if (fault == NULL)
        return true;
    snprintf(nobody, sizeof(nobody), NOBODY "%s", call->claims.user_id);
    return uk_session_deny(call, "InvalidSession",
                           call->session.user_there ||
                                   call->claims.kind == UK_TOKEN_REFRESH
                               ? GONE
                               : nobody,
                           fault);
}

enum uk_then
uk_session_renew(struct uk_call *call)
{
    return uk_grant_access(call, &call->claims, 201);
}

/* What time it may be, at most: when the clock is set forward, what was logged
 * out is not forgotten for it. */
static int64_t
now_at_most_s(const struct uk_server *server)
{
    int64_t now = uk_id_now_us() / 1000000;
    int64_t count = server->epoch_s + uk_deadline_in(0).at_ns / 1000000000;

    return now < count ? now : count;
}

enum uk_then
uk_session_end(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;

    /* The access token carries the same id and is over sooner. */
    if (uk_store_call(call->store, revoke, call->claims.session_id,
                      call->claims.expires, now_at_most_s(call->server),
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    return uk_call_empty(call, 204);
}
