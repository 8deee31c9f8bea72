/* Apps, as administrators see them. */
#include "service/request/admin_session.h"
#include "service/request/handlers.h"
#include "service/store/app.h"

#define LIST_MAX (1 << 20) /* bytes of the list of apps */
#define STEP     500       /* users that go in one transaction */

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
    call->reply->body.max = LIST_MAX;
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

enum uk_then
uk_admin_app_create(struct uk_call *call)
{
    struct listing listing = {.out = {.buf = &call->reply->body}};
    struct uk_err err = UK_ERR_NONE;
    const char *name;

    if (call->body == NULL || !uk_json_text(call->body, "name", &name))
        return uk_call_error(call, 400, "BadRequest",
                             "'name' is a required string");
    if (uk_app_check(name, &err) != UK_OK)
        return uk_call_error(call, 400, "BadRequest", err.text);
    if (uk_app_add(call->store, name, &call->app, &err) != UK_OK)
        return uk_call_fail(call, &err);
    call->audit.app = call->app.client_id;
    uk_admin_group(call->server->secrets, listing.group);
    put_app(&listing, &call->app, name);
    return uk_call_json(call, 201);
}

/* With the writer, once for each STEP of users, and others in between. */
static enum uk_then
empty(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    bool more;

    if (atomic_load(&call->server->stopping))
        return uk_call_error(call, 503, NULL,
                             "the service stops; the same call goes on with "
                             "it later");
    if (uk_store_call(call->store, empty_app, call->app.id, STEP, &more,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    call->next = empty;
    return more ? UK_THEN_WRITER : uk_call_empty(call, 204);
}

/* From the commit of this step on nobody finds the app any more.  If what
 * follows is cut off, the same call goes on with it: it finds the app, other
 * than all the rest. */
enum uk_then
uk_admin_app_delete(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    if (uk_id_check(call->path.app) &&
        uk_store_call(call->store, drop_app, call->path.app, &call->app, &found,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (!found)
        return uk_admin_no_app(call);
    call->audit.app = call->app.client_id;
    call->next = empty;
    return UK_THEN_WRITER;
}
