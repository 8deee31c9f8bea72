/* Apps, as administrators see them. */
#include "service/admin_session.h"
#include "service/handlers.h"

struct listing {
    struct uk_json_out out;
    char group[UK_ID_SIZE];
};

static void
put_app(void *context, const struct uk_store_app *app, const char *name)
{
    struct listing *listing = context;

    uk_json_begin(&listing->out, NULL, '{');
    uk_json_put_text(&listing->out, "_id", app->id);
    uk_json_put_text(&listing->out, "client_app_id", app->client_id);
    uk_json_put_text(&listing->out, "name", name);
    uk_json_put_text(&listing->out, "domain_id", app->id);
    uk_json_put_text(&listing->out, "group_id", listing->group);
    uk_json_end(&listing->out, '}');
}

enum uk_then
uk_admin_app_list(struct uk_call *call)
{
    struct listing listing = {.out = {.buf = &call->reply->body}};
    struct uk_err err = UK_ERR_NONE;

    uk_admin_group(call->server->secrets, listing.group);
    uk_json_begin(&listing.out, NULL, '[');
    if (uk_store_call(call->store, list_apps, "", put_app, &listing, &err) !=
        UK_OK)
        return uk_call_fail(call, &err);
    uk_json_end(&listing.out, ']');
    return uk_call_json(call, 200);
}

enum uk_then
uk_admin_app_fetch(struct uk_call *call)
{
    struct listing listing = {.out = {.buf = &call->reply->body}};
    struct uk_err err = UK_ERR_NONE;

    uk_admin_group(call->server->secrets, listing.group);
    if (uk_store_call(call->store, list_apps, call->app.id, put_app, &listing,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    return uk_call_json(call, 200);
}
