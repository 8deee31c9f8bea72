/* The tokens of a session. */
#include "service/request/grant.h"

#include <string.h>

#define REPLY   2048 /* bytes that a session takes, about */
#define BRIEF_S 300  /* a question is asked at once, by another node's clock */

static const struct {
    const char *purpose; /* of the key it is signed with; NULL: the one in the
                            file, so that sessions outlive new versions */
    int64_t longest_s;   /* that a session can be, whatever is set */
} kinds[] = {
    [UK_GRANT_USER] = {NULL, INT64_MAX},
    /* The two halves of a key pair can always open another one. */
    [UK_GRANT_ADMIN] = {"tokens of administrators", (int64_t)24 * 3600},
};

static int64_t
now_s(void)
{
    return uk_id_now_us() / 1000000;
}

static enum uk_grant
kind_of(const struct uk_claims *claims)
{
    return claims->provider == UK_PROVIDER_ADMIN ? UK_GRANT_ADMIN
                                                 : UK_GRANT_USER;
}

/* The key of a kind is the server's, or is made from it in room: nothing that
 * is signed for users has a signature with it. */
static const unsigned char *
key_of(const struct uk_call *call, enum uk_grant kind,
       unsigned char room[UK_CRYPTO_KEY])
{
    const unsigned char *key = call->server->secrets->signing_key;
    const char *purpose = kinds[kind].purpose;

    _Static_assert(UK_CRYPTO_KEY == UK_CRYPTO_MAC, "a code is a key");
    if (purpose == NULL)
        return key;
    uk_crypto_mac(key, purpose, strlen(purpose), room);
    return room;
}

/* Put one token of these claims into the reply. */
static enum uk_code
put_token(struct uk_call *call, struct uk_json_out *out, const char *name,
          const struct uk_claims *claims, struct uk_err *err)
{
    unsigned char room[UK_CRYPTO_KEY];
    enum uk_code code;

    uk_json_open_text(out, name);
    code = uk_token_make(claims, key_of(call, kind_of(claims), room), out->buf,
                         err);
    uk_json_close_text(out);
    uk_wipe(room, sizeof(room));
    return code;
}

/* No access token outlives its session: what revokes a session is kept until
 * the session would have been over. */
static enum uk_code
put_access(struct uk_call *call, struct uk_json_out *out,
           struct uk_claims claims, int64_t session_over, struct uk_err *err)
{
    const struct uk_config *config = call->server->config;

    claims.kind = UK_TOKEN_ACCESS;
    claims.expires =
        claims.issued + (int64_t)config->access_token_lifetime / 1000;
    if (claims.expires > session_over)
        claims.expires = session_over;
    claims.session_expires = session_over;
    return put_token(call, out, "access_token", &claims, err);
}

static int64_t
lifetime_s(const struct uk_call *call, enum uk_grant kind)
{
    int64_t wanted =
        (int64_t)call->server->config->refresh_token_lifetime / 1000;

    if (kind == UK_GRANT_USER && call->app.refresh_s > 0)
        wanted = call->app.refresh_s;

    return wanted < kinds[kind].longest_s ? wanted : kinds[kind].longest_s;
}

/* Fill the reply with both tokens; session is what the refresh token says. */
static enum uk_then
put_session(struct uk_call *call, const struct uk_claims *session)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_err err = UK_ERR_NONE;

    uk_buf_reserve(&call->reply->body, REPLY);
    uk_json_begin(&out, NULL, '{');
    if (put_access(call, &out, *session, session->expires, &err) != UK_OK ||
        put_token(call, &out, "refresh_token", session, &err) != UK_OK)
        return uk_call_fail(call, &err);
    uk_json_put_text(&out, "user_id", session->user_id);
    uk_json_put_text(&out, "device_id", session->device_id);
    uk_json_end(&out, '}');
    return uk_call_json(call, 200);
}

enum uk_then
uk_grant_session(struct uk_call *call, const struct uk_claims *claims)
{
    struct uk_claims session = *claims;

    session.kind = UK_TOKEN_REFRESH;
    session.issued = now_s();
    session.expires = session.issued + lifetime_s(call, kind_of(claims));
    uk_id_make(session.session_id);
    return put_session(call, &session);
}

enum uk_then
uk_grant_brief(struct uk_call *call, const struct uk_claims *claims)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_claims session = *claims;
    struct uk_err err = UK_ERR_NONE;

    session.issued = now_s();
    uk_id_make(session.session_id);
    uk_buf_reserve(&call->reply->body, REPLY);
    uk_json_begin(&out, NULL, '{');
    if (put_access(call, &out, session, session.issued + BRIEF_S, &err) !=
        UK_OK)
        return uk_call_fail(call, &err);
    uk_json_put_text(&out, "user_id", session.user_id);
    uk_json_put_text(&out, "device_id", session.device_id);
    uk_json_begin(&out, "userkey", '{');
    uk_json_put_text(&out, "session", "brief");
    uk_json_end(&out, '}');
    uk_json_end(&out, '}');
    return uk_call_json(call, 200);
}

enum uk_then
uk_grant_again(struct uk_call *call, const struct uk_claims *access)
{
    struct uk_claims session = *access;

    session.kind = UK_TOKEN_REFRESH;
    session.issued = now_s();
    session.expires = access->session_expires;
    return put_session(call, &session);
}

enum uk_then
uk_grant_access(struct uk_call *call, const struct uk_claims *claims,
                int status)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_claims access = *claims;
    struct uk_err err = UK_ERR_NONE;

    access.issued = now_s();
    uk_json_begin(&out, NULL, '{');
    if (put_access(call, &out, access, claims->expires, &err) != UK_OK)
        return uk_call_fail(call, &err);
    uk_json_end(&out, '}');
    return uk_call_json(call, status);
}

enum uk_token_state
uk_grant_read(const struct uk_call *call, enum uk_grant kind, const char *token,
              struct uk_claims *out)
{
    unsigned char room[UK_CRYPTO_KEY];
    enum uk_token_state state;
    struct uk_claims claims;

    state = uk_token_read(token, strlen(token), key_of(call, kind, room),
                          now_s(), &claims);
    uk_wipe(room, sizeof(room));
    if (state == UK_TOKEN_BAD || kind_of(&claims) != kind)
        return UK_TOKEN_BAD;
    *out = claims;
    return state;
}
