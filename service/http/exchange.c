/* Exchanges on the connections of one listener. */
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "service/http/framing.h"
#include "service/http/internal.h"

#define SWALLOW (1 << 20) /* bytes of a body that is too long */
#define VISITS  8         /* most that are for nothing */

/* One exchange on a connection. */
struct exchange {
    struct uk_http_exchange open; /* first */
    struct uk_http_connection *link;
    struct MHD_Connection *connection;
    struct uk_buf body;
    size_t swallowed; /* bytes past the limit */
    unsigned visits;  /* of the library, that found no reply */
    bool asked;       /* the handler has it */
    bool waiting;     /* for the reply */
    bool answered;    /* it is filled */
    bool away;        /* the connection is suspended */
};

struct headers {
    struct uk_framing framing;
    const char *forwarded_for; /* the last: it is what the proxy has added */
};

static enum MHD_Result
take_header(void *context, enum MHD_ValueKind kind, const char *name,
            size_t name_len, const char *value, size_t value_len)
{
    struct headers *headers = context;

    (void)kind;
    if (value == NULL)
        value = "";
    uk_framing_header(&headers->framing, name, name_len, value, value_len);
    if (uk_str_equal_nocase(name, "X-Forwarded-For"))
        headers->forwarded_for = value;
    return MHD_YES;
}

static const char *
header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* What of a query is ever looked at; of two of a name the first one counts. */
static enum MHD_Result
take_argument(void *context, enum MHD_ValueKind kind, const char *name,
              const char *value)
{
    struct uk_http_request *request = context;
    const struct {
        const char *name;
        const char **at;
    } wanted[] = {
        {"after", &request->after},
        {"desc", &request->desc},
        {"email", &request->email},
        {"link", &request->link},
        {"provider_types", &request->provider_types},
        {"sort", &request->sort},
        {"status", &request->status},
        {"times", &request->times},
    };

    (void)kind;
    for (size_t i = 0; i < UK_COUNT(wanted); i++) {
        if (strcmp(name, wanted[i].name) == 0 && *wanted[i].at == NULL)
            *wanted[i].at = value;
    }
    return MHD_YES;
}

static void
fill_request(struct exchange *ex, const char *method, const char *path)
{
    struct MHD_Connection *connection = ex->connection;
    struct uk_http_request *request = &ex->open.request;

    request->method = method;
    request->path = path;
    request->authorization = header(connection, "Authorization");
    request->content_type = header(connection, "Content-Type");
    request->origin = header(connection, "Origin");
    request->host = header(connection, "Host");
    request->access_control_method =
        header(connection, "Access-Control-Request-Method");
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument,
                              request);
    request->tls = ex->link->http->options.tls;
    request->peer = &ex->link->peer;
    request->peer_text = ex->link->peer_text;
}

static enum MHD_Result
send_reply(struct exchange *ex)
{
    struct uk_http_reply *reply = &ex->open.reply;
    struct MHD_Response *response;
    enum MHD_Result queued = MHD_NO;

    /* The body stays ours: the exchange lives until the reply has gone. */
    response = MHD_create_response_from_buffer(
        reply->body.len, reply->body.len > 0 ? reply->body.bytes : NULL,
        MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    if (reply->body.len > 0 &&
        MHD_add_response_header(response, "Content-Type",
                                reply->type == NULL ? "application/json"
                                                    : reply->type) == MHD_NO)
        goto out;
    for (size_t i = 0; i < reply->headers; i++) {
        if (MHD_add_response_header(response, reply->header[i].name,
                                    reply->header[i].value) == MHD_NO)
            goto out;
    }
    if (reply->close &&
        MHD_add_response_header(response, "Connection", "close") == MHD_NO)
        goto out;
    uk_http_wait(ex->link, UK_HTTP_REPLY_MS);
    queued =
        MHD_queue_response(ex->connection, (unsigned)reply->status, response);
out:
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result
refuse(struct exchange *ex, int status, const char *why)
{
    const struct uk_http_handler *handler = &ex->link->http->options.handler;

    handler->refuse(handler->context, &ex->open, status, why);
    ex->open.reply.close = true;
    return send_reply(ex);
}

/* The headers are there. */
static enum MHD_Result
begin(struct uk_http_connection *link, struct MHD_Connection *connection,
      const char *path, const char *method, const char *version, void **slot)
{
    struct exchange *ex;
    struct headers headers = {.forwarded_for = NULL};
    struct uk_framing *framing = &headers.framing;
    const char *fault;

    if (link == NULL)
        return MHD_NO;
    ex = calloc(1, sizeof(*ex));
    if (ex == NULL)
        return MHD_NO;
    *slot = ex;
    ex->link = link;
    ex->open.http = link->http;
    ex->connection = connection;
    uk_buf_init(&ex->body, UK_HTTP_BODY);
    uk_buf_init(&ex->open.reply.body, UK_HTTP_BODY);
    link->http->active++;
    link->greeted = true;
    uk_http_wait(link, UK_HTTP_BODY_MS);
    fill_request(ex, method, path);
    uk_framing_start(framing, path, version);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header,
                                &headers);
    ex->open.request.forwarded_for = headers.forwarded_for;
    fault = uk_framing_end(framing);
    if (fault != NULL)
        return refuse(ex, 400, fault);
    ex->open.reply.close =
        !uk_framing_is_clear(framing, method, link->http->options.tls);
    if (framing->length > UK_HTTP_BODY)
        return refuse(ex, 413, "the body is too long");
    return MHD_YES;
}

static enum MHD_Result
take_body(struct exchange *ex, const char *bytes, size_t *len)
{
    if (ex->swallowed > 0 || ex->body.len + *len > UK_HTTP_BODY)
        ex->swallowed += *len;
    else
        uk_buf_add(&ex->body, bytes, *len);
    *len = 0;
    return ex->swallowed > SWALLOW || ex->body.bad ? MHD_NO : MHD_YES;
}

/* Suspending costs two system calls, so only those wait like that who have no
 * reply when the library has come by some times. */
static enum MHD_Result
wait_longer(struct exchange *ex)
{
    if (++ex->visits < VISITS)
        return MHD_YES;
    ex->away = true;
    MHD_suspend_connection(ex->connection);
    return MHD_YES;
}

enum MHD_Result
uk_http_on_request(void *context, struct MHD_Connection *connection,
                   const char *path, const char *method, const char *version,
                   const char *upload, size_t *upload_len, void **slot)
{
    struct uk_http *http = context;
    struct exchange *ex = *slot;

    if (ex == NULL)
        return begin(MHD_get_connection_info(connection,
                                             MHD_CONNECTION_INFO_SOCKET_CONTEXT)
                         ->socket_context,
                     connection, path, method, version, slot);
    if (*upload_len > 0)
        return take_body(ex, upload, upload_len);
    if (ex->asked)
        return ex->answered ? send_reply(ex) : wait_longer(ex);
    /* What comes in the last moment has nobody to answer it. */
    if (http->leaving)
        return MHD_NO;
    ex->asked = true;
    if (ex->swallowed > 0)
        return refuse(ex, 413, "the body is too long");
    if (MHD_get_connection_values(connection, MHD_FOOTER_KIND, NULL, NULL) > 0)
        return refuse(ex, 400, "headers behind the body");
    ex->open.request.body = uk_buf_peek(&ex->body);
    ex->open.request.body_len = ex->body.len;
    if (http->options.handler.ask(http->options.handler.context, &ex->open))
        return send_reply(ex);
    ex->waiting = true;
    uk_sweep_hold(&ex->link->item);
    return MHD_YES; /* without a reply: we are called again in the next run */
}

static void
free_exchange(struct exchange *ex)
{
    ex->open.http->active--;
    uk_buf_clear(&ex->open.reply.body);
    uk_buf_clear(&ex->body);
    free(ex);
}

void
uk_http_on_completed(void *context, struct MHD_Connection *connection,
                     void **slot, enum MHD_RequestTerminationCode why)
{
    struct uk_http *http = context;
    struct exchange *ex = *slot;

    (void)connection;
    (void)why;
    if (ex == NULL)
        return;
    uk_sweep_idle(&http->sweep, &ex->link->item, UK_HTTP_IDLE_MS);
    *slot = NULL;
    /* Who hangs up while we are at the reply takes the request along. */
    if (ex->waiting) {
        memset(&ex->open.request, 0, sizeof(ex->open.request));
        ex->open.gone = true;
        return;
    }
    free_exchange(ex);
}

/* The router sees the path as it was sent: nothing that it knows needs an
 * escape, so there is nothing to decode and nothing to decode twice. */
size_t
uk_http_keep_escapes(void *context, struct MHD_Connection *connection,
                     char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

void
uk_http_resume(struct uk_http_exchange *exchange)
{
    struct exchange *ex = (struct exchange *)exchange;

    ex->answered = true;
    ex->waiting = false;
    if (ex->open.gone) {
        free_exchange(ex);
    } else if (ex->away) {
        ex->open.http->resumed = true;
        MHD_resume_connection(ex->connection);
    }
}

void
uk_http_hold(struct uk_http_exchange *exchange)
{
    struct exchange *ex = (struct exchange *)exchange;

    if (exchange->http == NULL || ex->away)
        return;
    ex->away = true;
    MHD_suspend_connection(ex->connection);
}
