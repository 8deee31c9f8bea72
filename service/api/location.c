/* Where an app's service is, for clients that ask before anything else. */
#include "service/request/handlers.h"

enum uk_then
uk_location(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_buf http = UK_BUF_UP_TO(512);
    struct uk_buf ws = UK_BUF_UP_TO(512);

    uk_call_base(call, "http", "https", &http);
    uk_call_base(call, "ws", "wss", &ws);
    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "deployment_model", "GLOBAL");
    uk_json_put_text(&out, "location", "LOCAL");
    uk_json_put_text(&out, "hostname", uk_buf_peek(&http));
    uk_json_put_text(&out, "ws_hostname", uk_buf_peek(&ws));
    uk_json_end(&out, '}');
    uk_buf_clear(&http);
    uk_buf_clear(&ws);
    return uk_call_json(call, 200);
}
