/* One conversation on a connected descriptor. */
#include "agent/serve.h"

#include <poll.h>

#include "core/chan.h"
#include "core/io.h"
#include "core/msg.h"
#include "core/session.h"

#include "agent/decide.h"

#define NS_PER_MS 1000000

/* How long a request may take to come. */
#define PATIENCE_MS 30000

/* The same where no settings are known: the default of 'timeout'. */
#define FAILURE_PATIENCE_MS 5000

/* Who starts the agent has the request at hand, and no login takes longer than
 * the timeout: an agent that waited on would only be one process more of a
 * caller who has stopped. */
static struct uk_deadline
patience_with(const struct uk_serve *serve, const struct uk_peer *peer)
{
    return uk_deadline_in(peer->parent ? (unsigned)serve->settings->timeout
                                       : PATIENCE_MS);
}

/*
 * In *by is how long to wait for the request, then how long for its answer.  A
 * request that was there before we were ready was sent about when this process
 * began; one that is waited for is new.  The budget of a caller ends at the
 * administrator's, whatever it says.
 */
static enum uk_code
receive(const struct uk_serve *serve, int fd, struct uk_request *request,
        struct uk_deadline *by, struct uk_err *err)
{
    struct uk_deadline from = serve->since;
    uint32_t ms;
    enum uk_code code;

    if (uk_io_wait(fd, POLLIN, (struct uk_deadline){0}, err) != UK_OK) {
        code = uk_io_wait(fd, POLLIN, *by, err);
        if (code != UK_OK)
            return code;
        from = uk_deadline_in(0);
    }
    code = uk_chan_receive(fd, *by, request, err);
    if (code != UK_OK)
        return code;
    ms = request->budget_ms < serve->settings->timeout
             ? request->budget_ms
             : (uint32_t)serve->settings->timeout;
    by->at_ns = from.at_ns + (int64_t)ms * NS_PER_MS;
    return UK_OK;
}

/* An answer that cannot be sent is a failure that can. */
static enum uk_code
reply(int fd, const struct uk_answer *answer, struct uk_deadline by)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_answer failure = {.code = UK_OK};
    enum uk_code code, sent;

    code = uk_chan_reply(fd, answer, by, &err);
    if (code != UK_INVALID && code != UK_NO_MEMORY)
        return code;
    uk_decide_failure(code, &err, &failure);
    sent = uk_chan_reply(fd, &failure, by, &err);
    (void)sent; /* there is nothing further that could be said */
    return code;
}

static struct uk_service
service_by(const struct uk_serve *serve, struct uk_deadline by)
{
    return (struct uk_service){
        .https = serve->https,
        .app_id = serve->settings->app_id,
        .by = by,
    };
}

void
uk_serve_one(const struct uk_serve *serve, int fd, const struct uk_peer *peer,
             struct uk_secret *leftover)
{
    struct uk_request request = {.op = 0};
    struct uk_answer answer = {.code = UK_OK};
    struct uk_deadline by = patience_with(serve, peer);
    struct uk_err err = UK_ERR_NONE;
    struct uk_service service;
    enum uk_code code;

    code = receive(serve, fd, &request, &by, &err);
    if (code == UK_OK)
        code = uk_peer_check(peer, &request, &err);
    if (code == UK_OK) {
        service = service_by(serve, by);
        uk_decide(&request, &service, &answer, leftover);
    } else {
        uk_decide_failure(code, &err, &answer);
    }
    uk_request_clear(&request); /* wipes the key before anything else */
    if (reply(fd, &answer, by) != UK_OK && answer.tokens.refresh.len > 0)
        uk_secret_move(leftover, &answer.tokens.refresh);
    uk_answer_clear(&answer);
}

void
uk_serve_leftover(const struct uk_serve *serve,
                  const struct uk_secret *leftover)
{
    struct uk_service service =
        service_by(serve, uk_deadline_in((unsigned)serve->settings->timeout));
    struct uk_err err = UK_ERR_NONE;
    enum uk_code ignored;

    if (leftover->len == 0)
        return;
    /* The session ends by itself some day; nobody is left to be told. */
    ignored = uk_session_close(&service, leftover, &err);
    (void)ignored;
}

void
uk_serve_failure(int fd, enum uk_code code, const struct uk_err *why)
{
    struct uk_answer answer = {.code = UK_OK};
    struct uk_deadline by = uk_deadline_in(FAILURE_PATIENCE_MS);
    struct uk_err err = UK_ERR_NONE;
    enum uk_code ignored;

    /* What is left unread would take the answer with it. */
    ignored = uk_chan_discard(fd, by, &err);
    uk_decide_failure(code, why, &answer);
    if (ignored != UK_UNREACHABLE)
        ignored = uk_chan_reply(fd, &answer, by, &err);
    (void)ignored;
    uk_answer_clear(&answer);
}
