/* Is this access token good?  A program that users show theirs to asks. */
#include <string.h>

#include "service/request/grant.h"
#include "service/request/handlers.h"
#include "service/request/session.h"

static enum uk_then
turn_away(struct uk_call *call, const char *reason)
{
    uk_call_audit(call, "refused", reason);
    /* Without a code: that of a session would be taken for the asker's. */
    return uk_call_error(call, 401, NULL, "the token is not valid");
}

static void
put_claims(struct uk_json_out *out, const struct uk_claims *claims)
{
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "sub", claims->user_id);
    uk_json_put_int(out, "exp", claims->expires);
    uk_json_put_int(out, "iat", claims->issued);
    uk_json_put_text(out, "iss", claims->session_id);
    uk_json_put_text(out, "domain_id", claims->app_id);
    uk_json_put_text(out, "device_id", claims->device_id);
    uk_json_end(out, '}');
}

/* The signature alone says what was so when it was made: the database is asked
 * as when the user comes with it. */
static enum uk_then
check_session(struct uk_call *call, const struct uk_claims *claims)
{
    const struct uk_store_ask ask = {claims->user_id, claims->key_id,
                                     claims->session_id};
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_store_session session;
    struct uk_err err = UK_ERR_NONE;
    const char *fault;

    if (uk_store_call(call->store, find_session, &ask, &session, &err) != UK_OK)
        return uk_call_fail(call, &err);
    fault = uk_session_fault(claims, &session);
    if (fault != NULL)
        return turn_away(call, fault);
    put_claims(&out, claims);
    return uk_call_json(call, 200);
}

enum uk_then
uk_admin_verify(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_claims claims;
    enum uk_token_state state;
    const char *token;

    if (call->body == NULL || !uk_json_text(call->body, "token", &token))
        return uk_call_error(call, 400, "BadRequest",
                             "'token' is a required string");
    state = uk_grant_read(call, UK_GRANT_USER, token, &claims);
    if (state == UK_TOKEN_BAD)
        return turn_away(call, "bad-token");
    if (claims.kind != UK_TOKEN_ACCESS)
        return turn_away(call, "wrong-token");
    if (strcmp(claims.app_id, call->app.id) != 0)
        return turn_away(call, "other-app");
    memcpy(call->audit.user, claims.user_id, UK_ID_SIZE);
    memcpy(call->audit.key, claims.key_id, UK_ID_SIZE);
    if (state == UK_TOKEN_GOOD)
        return check_session(call, &claims);
    uk_call_audit(call, "refused", "expired");
    uk_json_put_text(&out, NULL, "token expired");
    return uk_call_json(call, 200);
}
