/* One server of the service. */
#include "agent/server.h"

#include <stdio.h>

/* A connection that answered less than this ago stands, for all we know. */
#define WARM_NS INT64_C(3000000000)

/* Say how it is doing now; why is what it failed with, if it did. */
static void
tell(const struct uk_server *server, const char *why)
{
    const struct uk_log *log = server->host->log;

    switch (server->health.state) {
    case UK_HEALTH_GOOD:
        uk_log_line(log, UK_LEVEL_NOTICE, "server '%s' answers again",
                    server->url);
        break;
    case UK_HEALTH_AILING:
        uk_log_line(log, UK_LEVEL_WARNING, "server '%s' has a problem%s: %s",
                    server->url,
                    server->host->settings->service_url.count > 1
                        ? ", others are asked before it"
                        : "",
                    why);
        break;
    case UK_HEALTH_OUT:
        uk_log_line(log, UK_LEVEL_WARNING,
                    "server '%s' has let three wait in vain; it is only probed",
                    server->url);
        break;
    }
}

static void
note(struct uk_server *server, enum uk_health_sign sign, const char *why)
{
    struct uk_deadline now = uk_deadline_in(0);

    if (sign == UK_HEALTH_ANSWERED)
        server->answered = now;
    else
        server->failed++;
    if (!uk_health_note(&server->health, sign, now))
        return;
    tell(server, why);
    server->host->turned(server->host->own);
}

/* What an attempt says about the server.  A caller who left it no time says
 * nothing; a refusal of one request is no problem of the server's. */
void
uk_server_learn(struct uk_server *server, const struct uk_httpstry *attempt,
                enum uk_code code, int status, bool patient,
                const struct uk_err *err)
{
    char why[64] = "";

    server->failing = code != UK_OK;
    if (server->host->timed != NULL)
        server->host->timed(server->host->whose, attempt);
    if (attempt->head.bytes > 0 || code == UK_TLS || code == UK_BAD_ANSWER)
        uk_health_there(&server->health);
    if (code == UK_OK) {
        server->speaks =
            attempt->head.http2 ? UK_SERVER_HTTP_2 : UK_SERVER_HTTP_1;
        if (status >= 500)
            snprintf(why, sizeof(why), "it answered with status %d", status);
        note(server, status >= 500 ? UK_HEALTH_FAILED : UK_HEALTH_ANSWERED,
             why);
    } else if (code == UK_TIMEOUT) {
        if (patient)
            note(server, UK_HEALTH_SILENT, err->text);
    } else if (code == UK_UNREACHABLE || code == UK_TLS ||
               code == UK_BAD_ANSWER) {
        note(server, UK_HEALTH_FAILED, err->text);
    }
}

enum uk_code
uk_server_launch(struct uk_server *server, struct uk_flight *flight,
                 const struct uk_question *question, struct uk_err *err)
{
    struct uk_httpstry *attempt = &flight->attempt;
    enum uk_code code;

    attempt->server = server->url;
    attempt->ask = (struct uk_https_ask){
        .method = question->method,
        .path = uk_buf_peek(&question->path),
        .bearer = question->bearer,
        .body = question->body.len > 0 ? &question->body : NULL,
    };
    attempt->twice = true;
    /* libcurl may keep a connection whose first request could not be sent, and
     * whoever waits to share it waits in vain. */
    attempt->join = server->speaks != UK_SERVER_HTTP_1 && !server->failing;
    code = uk_httpsmany_launch(server->host->many, flight, err);
    if (code == UK_OK) {
        server->host->in_flight++;
        server->asked++;
    }
    server->host->launched(server->host->own);
    return code;
}

void
uk_server_landed(struct uk_server *server)
{
    server->host->in_flight--;
}

/* A look has landed: what it says is of no interest, that it says it is. */
static void
on_look(struct uk_flight *flight, enum uk_code code,
        struct uk_https_reply *reply, const struct uk_err *err)
{
    struct uk_server *server = flight->own;

    server->looking = false;
    uk_server_landed(server);
    /* A kept connection that was closed while nobody looked says nothing about
     * the server. */
    if (!flight->attempt.stale) {
        uk_server_learn(server, &flight->attempt, code, reply->status, true,
                        err);
        uk_health_look(&server->health, code, err, uk_deadline_in(0));
    }
    uk_httpstry_clear(&flight->attempt);
    uk_https_reply_clear(reply);
}

void
uk_server_look(struct uk_server *server)
{
    struct uk_server_host *host = server->host;
    struct uk_deadline by = uk_deadline_in((unsigned)host->settings->timeout);
    struct uk_err err = UK_ERR_NONE;

    if (server->looking)
        return;
    server->look = (struct uk_flight){
        .connect_by = by, .by = by, .landed = on_look, .own = server};
    if (uk_server_launch(server, &server->look, &host->where, &err) == UK_OK)
        server->looking = true;
    else
        uk_httpstry_clear(&server->look.attempt);
}

bool
uk_server_is_warm(const struct uk_server *server)
{
    struct uk_deadline until = server->answered;

    until.at_ns += WARM_NS;
    return server->answered.at_ns != 0 && !uk_deadline_passed(until);
}
