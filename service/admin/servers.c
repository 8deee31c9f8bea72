/* Server API keys, as administrators make and change them. */
#include <string.h>

#include "service/api/keys.h"
#include "service/request/handlers.h"

#define LIST_MAX (UK_STORE_SERVERS * 512) /* bytes */

enum uk_then
uk_admin_server_list(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_store_server servers[UK_STORE_SERVERS];
    struct uk_err err = UK_ERR_NONE;
    size_t count;

    if (uk_store_call(call->store, list_servers, call->app.id, servers, &count,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    call->reply->body.max = LIST_MAX;
    uk_json_begin(&out, NULL, '[');
    for (size_t i = 0; i < count; i++)
        uk_key_put(&out, &servers[i].key, NULL, servers[i].user_id,
                   uk_key_wants_times(call));
    uk_json_end(&out, ']');
    return uk_call_json(call, 200);
}

/* Its user is made with it. */
enum uk_then
uk_admin_server_create(struct uk_call *call)
{
    struct uk_store_user *user = &call->session.user;
    enum uk_then then;

    memset(user, 0, sizeof(*user));
    uk_id_make(user->id);
    memcpy(user->app_id, call->app.id, UK_ID_SIZE);
    user->server = true;
    then = uk_key_create(call);
    if (call->reply->status < 400)
        memcpy(call->audit.user, user->id, UK_ID_SIZE);
    return then;
}

/* The user of the key in the path, as that of a session; or the reply is
 * filled. */
static bool
find_owner(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    if (uk_id_check(call->key_id) &&
        uk_store_call(call->store, find_server, call->app.id, call->key_id,
                      &call->session.user, &found, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (!found) {
        uk_key_not_found(call);
        return false;
    }
    memcpy(call->audit.user, call->session.user.id, UK_ID_SIZE);
    return true;
}

enum uk_then
uk_admin_server_fetch(struct uk_call *call)
{
    return find_owner(call) ? uk_key_fetch(call) : UK_THEN_REPLY;
}

enum uk_then
uk_admin_server_enable(struct uk_call *call)
{
    return find_owner(call) ? uk_key_enable(call) : UK_THEN_REPLY;
}

enum uk_then
uk_admin_server_disable(struct uk_call *call)
{
    return find_owner(call) ? uk_key_disable(call) : UK_THEN_REPLY;
}

enum uk_then
uk_admin_server_expiry(struct uk_call *call)
{
    return find_owner(call) ? uk_key_expiry(call) : UK_THEN_REPLY;
}

enum uk_then
uk_admin_server_delete(struct uk_call *call)
{
    return find_owner(call) ? uk_key_delete(call) : UK_THEN_REPLY;
}
