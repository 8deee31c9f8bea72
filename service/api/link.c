/*
 * Linking: a user who is logged in takes on an address and its password.
 *
 * A registration that nobody has logged in to is nobody yet, so its address
 * can become the user's who knows the password.  Whoever has logged in with
 * it, or could have with a key, is somebody and stays apart.
 */
#include <string.h>

#include "service/api/prove.h"
#include "service/request/grant.h"
#include "service/request/handlers.h"
#include "service/request/origin.h"
#include "service/request/session.h"
#include "service/request/tries.h"

static enum uk_then
grant(struct uk_call *call, const char *reason)
{
    uk_call_audit(call, "granted", reason);
    return uk_grant_again(call, &call->claims);
}

/* 500 is what the hosted service says, and what official clients are tested
 * for.  It is decided all the same, so what was counted stays. */
static enum uk_then
refuse_second(struct uk_call *call)
{
    call->tries = 0;
    uk_call_audit(call, "refused", "has-an-address");
    return uk_call_error(call, 500, NULL,
                         "unauthorized: linking a local-userpass identity is "
                         "not allowed when one is already linked");
}

/* It counts as a try, though the password is right: realm-web 1 asks again
 * after any 401 that its token gets, and only 429 ends that. */
static enum uk_then
refuse_foreign(struct uk_call *call)
{
    unsigned wait_s;

    (void)uk_tries_take(call, UK_TRIES_USER, call->person.identity.email,
                        &wait_s);
    uk_call_audit(call, "refused", "another-user");
    return uk_call_error(call, 401, "AuthError",
                         "unauthorized: a user already exists with the "
                         "specified provider");
}

/* Tokens are given as for a login, and a hash is worked for, so it is counted
 * as one; beyond that, each costs a try, so that no more is hashed. */
static enum uk_then
refuse_many(struct uk_call *call, unsigned wait_s)
{
    unsigned ignored;

    (void)uk_tries_take(call, UK_TRIES_USER, call->person.identity.email,
                        &ignored);
    uk_call_audit(call, "throttled", "too-many-logins");
    return uk_call_throttle(call, wait_s);
}

/* With the writer.  That the password is right was found out before, so it is
 * looked whether it still is the one: behind the merge, when nobody else can
 * change it any more. */
static enum uk_then
merge(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_password now;
    bool found = false;

    if (!uk_session_check(call))
        return UK_THEN_REPLY;
    if (uk_store_call(call->store, merge_user, call->person.user.id,
                      call->session.user.id, &result, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result == UK_STORE_TAKEN)
        return refuse_second(call);
    if (result != UK_STORE_DONE)
        return refuse_foreign(call);
    if (uk_store_call(call->store, find_password, call->app.id,
                      call->person.identity.email, &now, &found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (!found || strcmp(now.hash, call->person.hash) != 0)
        return refuse_foreign(call);
    return grant(call, NULL);
}

/* Has the user of the session an address of their own? */
static enum uk_code
has_address(struct uk_call *call, bool *has, struct uk_err *err)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES];
    enum uk_code code;
    size_t count = 0;

    code = uk_store_call(call->store, list_identities, call->session.user.id,
                         identities, &count, err);
    *has = false;
    for (size_t i = 0; code == UK_OK && i < count; i++)
        *has = *has || identities[i].provider == UK_PROVIDER_PASSWORD;
    return code;
}

/* Back on the loop. */
static enum uk_then
finish(struct uk_call *call)
{
    struct uk_store_password now;
    struct uk_err err = UK_ERR_NONE;
    unsigned wait_s;
    bool has;

    if (!uk_prove_end(call, &now))
        return UK_THEN_REPLY;
    if (!uk_tries_take(call, UK_TRIES_LOGIN, call->session.user.id, &wait_s))
        return refuse_many(call, wait_s);
    if (strcmp(now.user.id, call->session.user.id) == 0)
        return grant(call, "linked-already");
    if (has_address(call, &has, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (has)
        return refuse_second(call);
    if (!now.user.pending)
        return refuse_foreign(call);
    call->person.user = now.user;
    call->next = merge;
    return UK_THEN_WRITER;
}

enum uk_then
uk_link_password(struct uk_call *call)
{
    /* Any page could have the browser do it, with a token that it got hold
     * of. */
    if (call->request->origin != NULL &&
        !uk_origin_is_listed(call, &call->session.app)) {
        uk_call_audit(call, "refused", "no-list-of-pages");
        return uk_call_error(call, 403, NULL,
                             "linking forbidden without first specifying "
                             "allowed request origins");
    }
    if (!uk_prove_take(call, "username"))
        return UK_THEN_REPLY;
    call->app = call->session.app;
    return uk_prove_begin(call, finish);
}

enum uk_then
uk_link_anon(struct uk_call *call)
{
    uk_call_audit(call, "refused", "anonymous");
    return uk_call_error(call, 400, "BadRequest",
                         "unauthorized: linking an anonymous identity is not "
                         "allowed");
}

enum uk_then
uk_link_key(struct uk_call *call)
{
    uk_call_audit(call, "refused", "a-key");
    return uk_call_error(call, 400, "BadRequest",
                         "unauthorized: linking a key is not allowed");
}
