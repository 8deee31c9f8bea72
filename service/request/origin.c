/* Which pages may talk to us. */
#include "service/request/origin.h"

#include <string.h>

#define ALLOWED "Access-Control-Allow-Origin"

/* Say nothing about pages; what is said depends on the page, so that no cache
 * gives one the answer for another. */
static void
say_nothing(struct uk_http_reply *reply)
{
    size_t n = 0;

    for (size_t i = 0; i < reply->headers; i++) {
        if (strcmp(reply->header[i].name, ALLOWED) != 0)
            reply->header[n++] = reply->header[i];
    }
    reply->headers = n;
    uk_http_set(reply, "Vary", "Origin");
}

static bool
is_named(const char *item, size_t len, const char *origin)
{
    return (len == 1 && item[0] == '*') ||
           (len == strlen(origin) && memcmp(item, origin, len) == 0);
}

/* One of these lines? */
static bool
is_in_lines(const char *lines, const char *origin)
{
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");

        if (is_named(lines, len, origin))
            return true;
        lines += len;
        lines += *lines == '\n';
    }
    return false;
}

bool
uk_origin_admit(struct uk_call *call)
{
    const struct uk_conf_list *allowed = &call->server->config->allowed_origins;
    const char *origin = call->request->origin;

    if (allowed->count == 0) {
        uk_http_set(call->reply, ALLOWED, "*");
        return true;
    }
    say_nothing(call->reply);
    if (origin == NULL)
        return true;
    for (size_t i = 0; i < allowed->count; i++) {
        if (!is_named(allowed->item[i], strlen(allowed->item[i]), origin))
            continue;
        uk_http_set(call->reply, ALLOWED, origin);
        return true;
    }
    return false;
}

static bool
refuse(struct uk_call *call)
{
    uk_call_audit(call, "refused", "foreign-page");
    uk_call_empty(call, 403);
    return false;
}

bool
uk_origin_admit_app(struct uk_call *call, const struct uk_store_app *app)
{
    const char *origin = call->request->origin;
    char lines[UK_STORE_ORIGINS + 1];
    struct uk_err err = UK_ERR_NONE;

    if (!app->limits_origins)
        return uk_origin_admit(call) || refuse(call);
    say_nothing(call->reply);
    if (origin == NULL)
        return true;
    if (uk_store_call(call->store, list_origins, app->id, lines, &err) !=
        UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (!is_in_lines(lines, origin))
        return refuse(call);
    uk_http_set(call->reply, ALLOWED, origin);
    return true;
}

/* An app's own list has no '*': who sets it names pages. */
bool
uk_origin_is_listed(const struct uk_call *call, const struct uk_store_app *app)
{
    const struct uk_conf_list *allowed = &call->server->config->allowed_origins;

    if (app->limits_origins)
        return true;
    for (size_t i = 0; i < allowed->count; i++) {
        if (strcmp(allowed->item[i], "*") == 0)
            return false;
    }
    return allowed->count > 0;
}
