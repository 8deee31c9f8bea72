/* One request on its way: its beginning, its end, its replies. */
#include "service/request/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/http/framing.h"
#include "service/request/noise.h"
#include "service/request/route.h"
#include "service/request/traffic.h"
#include "service/request/tries.h"

#define OUTAGE_WAIT "1" /* seconds */

/* Is it one of the proxies of server.conf that the request comes from? */
static bool
is_proxied(const struct uk_call *call)
{
    const struct uk_config *config = call->server->config;
    char text[UK_ADDRESS_TEXT];

    for (size_t i = 0; i < config->proxies; i++) {
        uk_address_text(&config->proxy[i], false, text);
        if (strcmp(text, call->source) == 0)
            return true;
    }
    return false;
}

/* A proxy that nobody has told us of: all that come through it are one source,
 * with one source's tries.  Anybody can send the header, so this is said once,
 * and only of this machine. */
static void
warn_of_proxy(const struct uk_call *call)
{
    struct uk_server *server = call->server;

    if (!uk_address_is_loopback(call->request->peer) ||
        atomic_exchange(&server->warned_of_proxy, true))
        return;
    uk_log_line(server->log, UK_LEVEL_WARNING,
                "a request from %s has X-Forwarded-For, which is not believed: "
                "if that is a proxy, it belongs into 'trusted_proxies', or "
                "everybody behind it is one source",
                call->source);
}

/* A proxy says whom it speaks for: the last entry, which is the one that the
 * proxy itself has written.  It is believed for one request a connection:
 * should it ever see one request where we see two, the second is not heard. */
static void
find_source(struct uk_call *call)
{
    const char *forwarded = call->request->forwarded_for;
    struct uk_address peer = *call->request->peer;
    const char *last;

    memcpy(call->source, call->request->peer_text,
           strlen(call->request->peer_text) + 1);
    call->source_subject = uk_address_subject(&peer);
    if (!is_proxied(call)) {
        if (forwarded != NULL)
            warn_of_proxy(call);
        return;
    }
    call->reply->close = true;
    if (forwarded == NULL)
        return;
    last = strrchr(forwarded, ',');
    last = last == NULL ? forwarded : last + 1;
    last += strspn(last, " \t");
    if (!uk_address_parse_host(last, &peer))
        return;
    uk_address_text(&peer, false, call->source);
    call->source_subject = uk_address_subject(&peer);
}

struct uk_call *
uk_call_new(struct uk_server *server, struct uk_inbox *home,
            struct uk_http_exchange *exchange)
{
    struct uk_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    call->server = server;
    call->home = home;
    call->exchange = exchange;
    call->request = &exchange->request;
    call->reply = &exchange->reply;
    exchange->own = call;
    uk_id_make(call->id);
    find_source(call);
    call->audit.source = call->source;
    call->audit.request = call->id;
    uk_http_add(call->reply, "X-Appservices-Request-Id", call->id);
    uk_http_add(call->reply, "Cache-Control", "no-store");
    if (atomic_load(&server->stopping))
        call->reply->close = true;
    return call;
}

void
uk_call_end(struct uk_call *call, const struct uk_log *log)
{
    if (call == NULL)
        return;
    if (call->route != NULL && call->route->quiet && call->reply->status < 400)
        call->audit.event = NULL;
    if (call->reply->status >= 500)
        uk_tries_settle(call);
    if (call->audit.event != NULL && call->audit.verdict == NULL)
        uk_call_audit(call, call->reply->status < 400 ? "granted" : "refused",
                      NULL);
    if (call->audit.app == NULL)
        call->audit.app = call->session.app.client_id;
    if (call->traffic != NULL)
        uk_traffic_count(call->traffic, call);
    if (call->audit.event != NULL && uk_noise_admit(call))
        uk_audit_log(&call->audit, log);
    call->exchange->own = NULL;
    uk_json_free(call->body);
    uk_secret_clear(&call->secret);
    uk_wipe(call, sizeof(*call));
    free(call);
}

void
uk_call_audit(struct uk_call *call, const char *verdict, const char *reason)
{
    call->audit.verdict = verdict;
    call->audit.reason = reason;
}

void
uk_call_base(const struct uk_call *call, const char *scheme,
             const char *scheme_tls, struct uk_buf *out)
{
    const char *url = call->server->config->public_url;

    if (url[0] == '\0') {
        const char *host = call->request->host;

        /* What was refused for its host has an answer, too. */
        if (host == NULL || !uk_framing_is_host(host, strlen(host)))
            host = "localhost";
        uk_buf_addf(out, "%s://%s", call->request->tls ? scheme_tls : scheme,
                    host);
        return;
    }
    uk_buf_addf(out, "%s%s", uk_str_starts(url, "https:") ? scheme_tls : scheme,
                strchr(url, ':'));
}

enum uk_then
uk_call_error(struct uk_call *call, int status, const char *code,
              const char *text)
{
    struct uk_buf link = UK_BUF_UP_TO(1024);
    struct uk_json_out out = {.buf = &call->reply->body};

    uk_call_base(call, "http", "https", &link);
    uk_buf_addf(&link, "/logs?co_id=%s", call->id);
    uk_buf_clear(&call->reply->body);
    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "error", text);
    if (code != NULL)
        uk_json_put_text(&out, "error_code", code);
    uk_json_put_text(&out, "link", uk_buf_peek(&link));
    uk_json_end(&out, '}');
    uk_buf_clear(&link);
    call->reply->status = status;
    return UK_THEN_REPLY;
}

enum uk_then
uk_call_empty(struct uk_call *call, int status)
{
    uk_buf_clear(&call->reply->body);
    call->reply->status = status;
    return UK_THEN_REPLY;
}

enum uk_then
uk_call_drop(struct uk_call *call)
{
    call->route = NULL;
    call->audit.event = NULL;
    call->traffic = NULL;
    return UK_THEN_REPLY;
}

enum uk_then
uk_call_throttle(struct uk_call *call, unsigned wait_s)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", wait_s);
    uk_http_set(call->reply, "Retry-After", text);
    return uk_call_error(call, 429, NULL, "too many requests, try again later");
}

/* The database does not answer now; it may the next moment. */
static enum uk_then
fail_for_now(struct uk_call *call, const struct uk_err *err)
{
    uk_outage_note(&call->server->outage, call->id, err, call->server->log);
    uk_call_audit(call, "failed", "no-database");
    uk_http_set(call->reply, "Retry-After", OUTAGE_WAIT);
    return uk_call_error(call, 503, NULL,
                         "the service cannot answer now, try again later");
}

enum uk_then
uk_call_fail(struct uk_call *call, const struct uk_err *err)
{
    if (err->code == UK_UNREACHABLE || err->code == UK_TIMEOUT)
        return fail_for_now(call, err);
    uk_log_line(call->server->log, UK_LEVEL_ERROR, "request %s: %s", call->id,
                err->text);
    uk_call_audit(call, "failed", "internal-error");
    return uk_call_error(call, 500, "InternalServerError",
                         "internal server error");
}

enum uk_then
uk_call_json(struct uk_call *call, int status)
{
    struct uk_err err = UK_ERR_NONE;

    if (uk_buf_check(&call->reply->body, &err) != UK_OK)
        return uk_call_fail(call, &err);
    call->reply->status = status;
    return UK_THEN_REPLY;
}
