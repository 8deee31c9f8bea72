/* Provider local-userpass: an address and a password. */
#include <string.h>

#include "service/api/password.h"
#include "service/api/prove.h"
#include "service/request/handlers.h"
#include "service/request/session.h"
#include "service/request/tries.h"
#include "service/value/email.h"

/* Back on the loop. */
static enum uk_then
finish_login(struct uk_call *call)
{
    struct uk_store_password now;

    if (!uk_prove_end(call, &now))
        return UK_THEN_REPLY;
    return uk_session_begin(call, &now.user, UK_PROVIDER_PASSWORD,
                            now.identity.id, NULL);
}

enum uk_then
uk_password_login(struct uk_call *call)
{
    if (!uk_prove_take(call, "username"))
        return UK_THEN_REPLY;
    return uk_prove_begin(call, finish_login);
}

/* With the writer. */
static enum uk_then
add_user(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, add_user, &call->person.user,
                      &call->person.identity, call->person.hash, &result,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result == UK_STORE_TAKEN)
        return uk_prove_taken(call);
    uk_prove_name(call);
    return uk_call_empty(call, 201);
}

/* Among the hashers. */
static enum uk_then
hash_password(struct uk_call *call)
{
    return uk_password_hash(call, add_user);
}

/* Is the address free?  It is asked again when the user is added; here it
 * saves the hashing. */
static enum uk_then
check_free(struct uk_call *call)
{
    struct uk_store_password old;
    struct uk_err err = UK_ERR_NONE;
    bool taken;

    if (uk_store_call(call->store, find_password, call->app.id,
                      call->person.identity.email, &old, &taken, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (taken)
        return uk_prove_taken(call);
    call->next = hash_password;
    return UK_THEN_HASHER;
}

enum uk_then
uk_password_register(struct uk_call *call)
{
    unsigned wait_s;

    if (call->server->config->registration != UK_REGISTRATION_OPEN) {
        uk_call_audit(call, "refused", "registration-closed");
        return uk_call_error(call, 403, "AuthError", "registration is closed");
    }
    if (!uk_prove_take(call, "email"))
        return UK_THEN_REPLY;
    if (!uk_email_check(call->person.identity.email))
        return uk_call_error(call, 400, "BadRequest",
                             "'email' is not an address");
    if (!uk_password_check(&call->secret))
        return uk_password_refuse(call);
    if (!uk_tries_take(call, UK_TRIES_NEW, NULL, &wait_s)) {
        uk_call_audit(call, "throttled", "too-many-new-users");
        return uk_call_throttle(call, wait_s);
    }
    uk_id_make(call->person.user.id);
    memcpy(call->person.user.app_id, call->app.id, UK_ID_SIZE);
    call->person.user.pending = true;
    uk_id_make(call->person.identity.id);
    call->person.identity.provider = UK_PROVIDER_PASSWORD;
    return check_free(call);
}
