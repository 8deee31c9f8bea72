/* How long the sessions of an app last, and whose pages may talk to it. */
#include <stdio.h>
#include <string.h>

#include "core/url.h"
#include "service/request/handlers.h"

#define MOST 32 /* origins */
#define BAD_RANGE                                                              \
    "'expiration_time_seconds' is a number from 1800 (30 minutes) to "         \
    "15552000 (180 days)"

enum uk_then
uk_admin_lifetime_fetch(struct uk_call *call)
{
    int64_t seconds = call->app.refresh_s;
    struct uk_json_out out = {.buf = &call->reply->body};

    if (seconds == 0)
        seconds = (int64_t)call->server->config->refresh_token_lifetime / 1000;
    uk_json_begin(&out, NULL, '{');
    uk_json_put_int(&out, "expiration_time_seconds", seconds);
    uk_json_end(&out, '}');
    return uk_call_json(call, 200);
}

enum uk_then
uk_admin_lifetime_set(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    int64_t seconds;

    if (!uk_json_int(call->body, "expiration_time_seconds", &seconds) ||
        seconds < UK_STORE_REFRESH_LEAST_S || seconds > UK_STORE_REFRESH_MOST_S)
        return uk_call_error(call, 400, "InvalidParameter", BAD_RANGE);
    snprintf(call->audit.name, sizeof(call->audit.name), "%lld",
             (long long)seconds);
    if (uk_store_call(call->store, set_refresh, call->app.id, seconds, &err) !=
        UK_OK)
        return uk_call_fail(call, &err);
    return uk_call_empty(call, 204);
}

enum uk_then
uk_admin_origins_list(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    char lines[UK_STORE_ORIGINS + 1];
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, list_origins, call->app.id, lines, &err) !=
        UK_OK)
        return uk_call_fail(call, &err);
    uk_json_begin(&out, NULL, '[');
    for (char *line = lines, *end; (end = strchr(line, '\n')) != NULL;
         line = end + 1) {
        *end = '\0';
        uk_json_put_text(&out, NULL, line);
    }
    uk_json_end(&out, ']');
    return uk_call_json(call, 200);
}

/* As a browser writes it, or it would never be equal to one: small letters, a
 * scheme of any kind, a host, perhaps a port. */
static bool
is_origin(const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
    char https[UK_STORE_ORIGINS];
    struct uk_url url;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            return false;
    }
    return scheme > 0 && text[0] >= 'a' && text[0] <= 'z' &&
           snprintf(https, sizeof(https), "https%s", text + scheme) <
               (int)sizeof(https) &&
           uk_url_parse(https, &url) && url.path[0] == '\0';
}

/* All of the list as lines; or the reply is filled. */
static bool
take_origins(struct uk_call *call, struct uk_buf *lines)
{
    char text[UK_PRINTABLE_SIZE + 80], shown[UK_PRINTABLE_SIZE];
    size_t n = uk_json_count(call->body);
    struct uk_err err = UK_ERR_NONE;

    for (size_t i = 0; i < n && i <= MOST; i++) {
        const char *origin = "";

        if (!uk_json_item_text(call->body, i, &origin) || !is_origin(origin)) {
            snprintf(text, sizeof(text),
                     "'%s' is not an origin: scheme://host or "
                     "scheme://host:port",
                     uk_str_printable(shown, origin, strlen(origin)));
            uk_call_error(call, 400, "InvalidParameter", text);
            return false;
        }
        uk_buf_addf(lines, "%s\n", origin);
    }
    if (n <= MOST && uk_buf_check(lines, &err) == UK_OK)
        return true;
    uk_call_error(call, 400, "InvalidParameter",
                  "an app can have at most 32 origins, of at most 1024 "
                  "characters together, each with its line end");
    return false;
}

enum uk_then
uk_admin_origins_set(struct uk_call *call)
{
    struct uk_buf lines = UK_BUF_UP_TO(UK_STORE_ORIGINS);
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (call->body == NULL)
        return uk_call_error(call, 400, "BadRequest",
                             "the body must be a JSON array");
    if (!take_origins(call, &lines)) {
        uk_buf_clear(&lines);
        return UK_THEN_REPLY;
    }
    snprintf(call->audit.name, sizeof(call->audit.name), "%zu origins",
             uk_json_count(call->body));
    code = uk_store_call(call->store, set_origins, call->app.id,
                         uk_buf_peek(&lines), &err);
    uk_buf_clear(&lines);
    return code == UK_OK ? uk_call_empty(call, 204) : uk_call_fail(call, &err);
}
