/* Provider anon-user, and the providers that do not exist here. */
#include <stdio.h>
#include <string.h>

#include "service/request/handlers.h"
#include "service/request/session.h"
#include "service/request/tries.h"

/* With the writer. */
static enum uk_then
add_user(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, add_user, &call->person.user,
                      &call->person.identity, "", &result, &err) != UK_OK)
        return uk_call_fail(call, &err);
    return uk_session_begin(call, &call->person.user, UK_PROVIDER_ANON,
                            call->person.identity.id, NULL);
}

/* Each login makes a user, so it is for where strangers may make users. */
enum uk_then
uk_anon_login(struct uk_call *call)
{
    unsigned wait_s;

    call->audit.provider = uk_provider_word(UK_PROVIDER_ANON);
    if (call->server->config->registration != UK_REGISTRATION_OPEN)
        return uk_other_login(call);
    if (!uk_tries_take(call, UK_TRIES_NEW, NULL, &wait_s)) {
        uk_call_audit(call, "throttled", "too-many-new-users");
        return uk_call_throttle(call, wait_s);
    }
    uk_id_make(call->person.user.id);
    memcpy(call->person.user.app_id, call->app.id, UK_ID_SIZE);
    uk_id_make(call->person.identity.id);
    call->person.identity.provider = UK_PROVIDER_ANON;
    call->next = add_user;
    return UK_THEN_WRITER;
}

enum uk_then
uk_other_login(struct uk_call *call)
{
    uk_call_audit(call, "refused", "provider-off");
    return uk_call_error(call, 404, "AuthProviderNotFound",
                         "authentication by this provider is not supported");
}
