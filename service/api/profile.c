/* The user of a session: profile and deletion. */
#include <string.h>

#include "service/api/identity.h"
#include "service/request/handlers.h"

static void
put_profile(struct uk_json_out *out, const struct uk_call *call,
            const struct uk_store_identity *identities, size_t count)
{
    const struct uk_store_session *session = &call->session;

    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "user_id", session->user.id);
    uk_json_put_text(out, "domain_id", session->user.app_id);
    uk_json_begin(out, "identities", '[');
    for (size_t i = 0; i < count; i++)
        uk_identity_put(out, call->session.user.app_id, &identities[i]);
    uk_json_end(out, ']');
    uk_json_begin(out, "data", '{');
    if (call->claims.provider == UK_PROVIDER_KEY)
        uk_json_put_text(out, "name", session->key.name);
    for (size_t i = 0; i < count; i++) {
        if (identities[i].email[0] == '\0')
            continue;
        uk_json_put_text(out, "email", identities[i].email);
        break;
    }
    uk_json_end(out, '}');
    uk_json_put_text(out, "type", session->user.server ? "server" : "normal");
    uk_json_end(out, '}');
}

enum uk_then
uk_user_profile(struct uk_call *call)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES + 1];
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_err err = UK_ERR_NONE;
    size_t count;

    if (uk_store_call(call->store, list_identities, call->session.user.id,
                      identities, &count, &err) != UK_OK)
        return uk_call_fail(call, &err);
    /* The key that opened the session is an identity of it. */
    if (call->claims.provider == UK_PROVIDER_KEY) {
        memset(&identities[count], 0, sizeof(identities[count]));
        memcpy(identities[count].id, call->session.key.id, UK_ID_SIZE);
        identities[count++].provider = UK_PROVIDER_KEY;
    }
    put_profile(&out, call, identities, count);
    return uk_call_json(call, 200);
}

enum uk_then
uk_user_delete(struct uk_call *call)
{
    enum uk_store_result result;
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, delete_user, call->session.user.id, &result,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    return uk_call_empty(call, 204);
}
