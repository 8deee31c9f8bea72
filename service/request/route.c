/* Which request is whose. */
#include "service/request/route.h"

#include <stdio.h>
#include <string.h>

#include "service/request/admin_session.h"
#include "service/request/handlers.h"
#include "service/request/origin.h"
#include "service/request/round.h"
#include "service/request/session.h"

#define METHODS   "GET, POST, PUT, DELETE"
#define JSON_TYPE "application/json"
#define PROVIDERS "/app/*/auth/providers/"

/* A segment of a path in the place of a star. */
struct wild {
    const char *at;
    size_t len;
};

/* Does the path fit?  *count stars are stored in wilds. */
static bool
fits(const char *pattern, const char *path, struct wild wilds[UK_ROUTE_WILDS],
     size_t *count)
{
    *count = 0;
    for (; *pattern != '\0' && *pattern != '?'; pattern++) {
        size_t len;

        if (*pattern != '*') {
            if (*pattern != *path++)
                return false;
            continue;
        }
        len = strcspn(path, "/");
        if (len == 0 || *count == UK_ROUTE_WILDS)
            return false;
        wilds[(*count)++] = (struct wild){path, len};
        path += len;
    }
    return *path == '\0';
}

/* A value that is too long for its room is cut where no real one is cut. */
static void
keep(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        len = size - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

/* Does this word stand in front of the star, between slashes? */
static bool
follows(const struct wild *wild, const char *word)
{
    size_t len = strlen(word);
    const char *at = wild->at - len - 1;

    return at[-1] == '/' && memcmp(at, word, len) == 0;
}

/* What the stars stand for is said by the words in front of them.  A base
 * stands in front of all, so there is room to look back. */
static void
keep_wilds(struct uk_call *call, const struct wild *wilds, size_t count)
{
    const struct {
        const char *word;
        char *to;
        size_t size;
    } places[] = {
        {"app", call->app_name, sizeof(call->app_name)},
        {"groups", call->path.group, sizeof(call->path.group)},
        {"apps", call->path.app, sizeof(call->path.app)},
        {"users", call->path.user, sizeof(call->path.user)},
        {"api_keys", call->key_id, sizeof(call->key_id)},
        {"auth_providers", call->key_id, sizeof(call->key_id)},
    };

    for (size_t i = 0; i < count; i++) {
        if (follows(&wilds[i], "by_email"))
            call->path.email = wilds[i].at;
        for (size_t n = 0; n < UK_COUNT(places); n++) {
            if (follows(&wilds[i], places[n].word))
                keep(places[n].to, places[n].size, wilds[i].at, wilds[i].len);
        }
    }
}

static bool
asks_to_link(const struct uk_call *call)
{
    return call->request->link != NULL &&
           strcmp(call->request->link, "true") == 0 &&
           strcmp(call->request->method, "POST") == 0;
}

/* The route, or NULL; allowed lists the methods of the path, "" if there is no
 * such path. */
static const struct uk_route *
find(struct uk_call *call, char *allowed, size_t size)
{
    const char *path = call->request->path;
    size_t n, used = 0;
    const struct uk_route *routes = uk_route_table(&n);

    allowed[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct wild wilds[UK_ROUTE_WILDS];
        size_t count;

        if (!uk_str_starts(path, routes[i].base) ||
            !fits(routes[i].path, path + strlen(routes[i].base), wilds, &count))
            continue;
        keep_wilds(call, wilds, count);
        if (strchr(routes[i].path, '?') != NULL && !asks_to_link(call))
            continue;
        if (strcmp(routes[i].method, call->request->method) != 0) {
            used += (size_t)snprintf(allowed + used, size - used, "%s%s",
                                     used > 0 ? ", " : "", routes[i].method);
            continue;
        }
        return &routes[i];
    }
    return NULL;
}

/* Is it the path of an app, which may have pages of its own? */
static bool
names_app(const struct uk_call *call)
{
    return call->app_name[0] != '\0';
}

/* Which app a token is of, a preflight does not say: of its pages the list of
 * the server knows alone. */
static enum uk_then
answer_preflight(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_app app;
    bool found = false;

    if (names_app(call) && strlen(call->app_name) <= UK_STORE_CLIENT_ID &&
        uk_round_find_app(call, call->app_name, &app, &found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (found && !uk_origin_admit_app(call, &app))
        return UK_THEN_REPLY;
    if (!found && !uk_origin_admit(call))
        return uk_call_empty(call, 403);
    uk_http_add(call->reply, "Access-Control-Allow-Methods", METHODS);
    uk_http_add(call->reply, "Access-Control-Allow-Headers",
                "authorization, content-type");
    uk_http_add(call->reply, "Access-Control-Max-Age", "600");
    return uk_call_empty(call, 204);
}

/* "application/json", with or without parameters. */
static bool
is_json_type(const char *type)
{
    char start[sizeof(JSON_TYPE)];
    size_t len;

    if (type == NULL)
        return false;
    len = strcspn(type, "; \t");
    if (len != sizeof(JSON_TYPE) - 1)
        return false;
    keep(start, sizeof(start), type, len);
    return uk_str_equal_nocase(start, JSON_TYPE);
}

/* The body is a JSON object or empty, or for one route a list; else the reply
 * is filled. */
static bool
read_body(struct uk_call *call)
{
    bool list = call->route->handler == uk_admin_origins_set;
    struct uk_err err = UK_ERR_NONE;

    if (call->request->body_len == 0 || call->body != NULL || call->foreseen)
        return true;
    if (!is_json_type(call->request->content_type)) {
        uk_call_error(call, 415, "BadRequest",
                      "the body must have content type " JSON_TYPE);
        return false;
    }
    if (uk_json_parse(call->request->body, call->request->body_len, &call->body,
                      &err) == UK_OK &&
        (list ? uk_json_is_array(call->body) : uk_json_is_object(call->body)))
        return true;
    uk_call_error(call, 400, "BadRequest",
                  list ? "the body must be a JSON array"
                       : "the body must be a JSON object");
    return false;
}

/* The app of the path exists; else the reply is filled. */
static bool
find_app(struct uk_call *call)
{
    char text[UK_STORE_CLIENT_ID + 64];
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    call->audit.app = call->app_name;
    if (strlen(call->app_name) <= UK_STORE_CLIENT_ID &&
        uk_round_find_app(call, call->app_name, &call->app, &found, &err) !=
            UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (found)
        return true;
    uk_call_audit(call, "refused", "unknown-app");
    snprintf(text, sizeof(text), "cannot find app using Client App ID '%s'",
             call->app_name);
    uk_call_error(call, 404, NULL, text);
    return false;
}

/* The provider that the path names, if we know it. */
static enum uk_provider
provider_of(const struct uk_route *route)
{
    char word[32];
    const char *at = route->path;

    if (!uk_str_starts(at, PROVIDERS))
        return UK_PROVIDER_NONE;
    at += sizeof(PROVIDERS) - 1;
    keep(word, sizeof(word), at, strcspn(at, "/"));
    return uk_provider_by_word(word);
}

/* The provider is there for the users of this app; else the reply is filled.
 */
static bool
offers_provider(struct uk_call *call, const struct uk_store_app *app)
{
    if ((app->providers_off >> provider_of(call->route) & 1) == 0)
        return true;
    uk_other_login(call);
    return false;
}

static bool
forbid(struct uk_call *call, const char *reason)
{
    uk_call_audit(call, "refused", reason);
    uk_call_empty(call, 403);
    return false;
}

/* The session began without a name; its user may have got one since. */
static bool
has_become_person(struct uk_call *call)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES];
    struct uk_err err = UK_ERR_NONE;
    size_t count = 0;

    if (uk_store_call(call->store, list_identities, call->session.user.id,
                      identities, &count, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (identities[i].provider == UK_PROVIDER_PASSWORD)
            return true;
    }
    return forbid(call, "anonymous");
}

/* May a session that was opened like this one?  Else the reply is filled. */
static bool
is_fit(struct uk_call *call)
{
    enum uk_role role = call->route->role;

    if (role != UK_ROLE_OWNER && role != UK_ROLE_KEEPER)
        return true;
    if (call->claims.provider == UK_PROVIDER_KEY)
        return forbid(call, "session-of-a-key");
    return role == UK_ROLE_OWNER ||
           call->claims.provider == UK_PROVIDER_PASSWORD ||
           has_become_person(call);
}

/* The app of the path, where there is one, is that of the session. */
static bool
is_own_app(struct uk_call *call)
{
    if (!names_app(call) ||
        strcmp(call->app_name, call->session.app.client_id) == 0)
        return true;
    uk_call_audit(call, "refused", "other-app");
    uk_call_error(call, 401, "UserAppDomainMismatch",
                  "the session is of another app");
    return false;
}

/* With the database: does the session stand, and is it of the right kind?
 * Then the handler, in the same transaction. */
static enum uk_then
authorize(struct uk_call *call)
{
    if (call->route->role == UK_ROLE_ADMIN)
        return uk_admin_admit(call) ? call->route->handler(call)
                                    : UK_THEN_REPLY;
    if (!uk_session_check(call) ||
        !uk_origin_admit_app(call, &call->session.app) || !is_own_app(call) ||
        !is_fit(call) || !offers_provider(call, &call->session.app))
        return UK_THEN_REPLY;
    return call->route->handler(call);
}

/* Before the database is asked for a session: is there one to ask for?  Who
 * needs none needs an app, or has come to become an administrator. */
static bool
admit(struct uk_call *call)
{
    const struct uk_route *route = call->route;

    switch (route->role) {
    case UK_ROLE_ANYBODY:
        return !names_app(call) ||
               (find_app(call) && uk_origin_admit_app(call, &call->app) &&
                offers_provider(call, &call->app));
    case UK_ROLE_SESSION:
    case UK_ROLE_OWNER:
    case UK_ROLE_KEEPER:
        return uk_session_read(call, route->token);
    case UK_ROLE_ADMIN:
        return uk_admin_read(call, route->token);
    }
    uk_call_error(call, 404, NULL, "not found");
    return false;
}

/* What the route asks for, in its order. */
static enum uk_then
follow(struct uk_call *call)
{
    const struct uk_route *route = call->route;

    if (!admit(call) || (route->takes_body && !read_body(call)))
        return UK_THEN_REPLY;
    call->next = route->role == UK_ROLE_ANYBODY ? route->handler : authorize;
    return route->writes ? UK_THEN_WRITER : UK_THEN_LOOP;
}

void
uk_route_foresee(struct uk_call *call)
{
    char allowed[64];

    call->route = find(call, allowed, sizeof(allowed));
    if (call->route != NULL && call->route->handler == uk_key_login &&
        strlen(call->app_name) <= UK_STORE_CLIENT_ID &&
        is_json_type(call->request->content_type))
        call->foreseen = uk_key_foresee(call);
}

enum uk_then
uk_route_begin(struct uk_call *call)
{
    const char *method = call->request->method;
    bool admitted = uk_origin_admit(call);
    char allowed[64];

    if (call->route == NULL)
        call->route = find(call, allowed, sizeof(allowed));
    if (!admitted && !names_app(call))
        return uk_call_empty(call, 403);
    if (call->route != NULL) {
        call->audit.event = call->route->event;
        return follow(call);
    }
    if (allowed[0] == '\0')
        return uk_call_error(call, 404, NULL, "not found");
    if (strcmp(method, "OPTIONS") == 0)
        return answer_preflight(call);
    uk_http_add(call->reply, "Allow", allowed);
    return uk_call_error(call, 405, NULL, "method not allowed");
}
