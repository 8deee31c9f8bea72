/* The agent at work for one caller. */
#include "agent/serve.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/io.h"

#include "agent/decide.h"
#include "agent/reply.h"
#include "agent/visit.h"

/* How long a request may take to come. */
#define PATIENCE_MS 30000

/* The same where no settings are known: the default of 'timeout'. */
#define FAILURE_PATIENCE_MS 5000

/* With the next one who waits to be told of a failure, and with all of them:
 * then another may do better, whoever keeps coming. */
#define WAIT_MS 200
#define MOST_MS 1000

/* Who starts the agent has the request at hand, and no login takes longer than
 * the timeout: an agent that waited on would only be one process more of a
 * caller who has stopped. */
static struct uk_deadline
patience_with(const struct uk_serve *serve, const struct uk_peer *peer)
{
    return uk_deadline_in(peer->parent ? (unsigned)serve->settings->timeout
                                       : PATIENCE_MS);
}

/* The caller waits until this process has gone, so what remains to be done is
 * done by another, which has the settings' timeout and not a second more. */
static void
on_answered(struct uk_visit *visit, bool more)
{
    const struct uk_serve *serve = uk_visit_host(visit)->own;

    if (!more)
        return;
    if (fork() > 0)
        _exit(0);
    alarm((unsigned)(serve->settings->timeout / 1000 + 2));
}

static void
on_over(struct uk_visit *visit)
{
    uk_loop_stop(uk_visit_host(visit)->loop);
}

void
uk_serve_one(const struct uk_serve *serve, int fd, const struct uk_peer *peer)
{
    struct uk_visit_host host = {
        .settings = serve->settings,
        .loop = serve->loop,
        .upstream = serve->upstream,
        .guard = serve->guard,
        .own = serve,
        .answered = on_answered,
        .over = on_over,
    };
    struct uk_err err = UK_ERR_NONE;
    struct uk_visit *visit;
    enum uk_code code;

    code = uk_whois_new(serve->loop, &host.whois, &err);
    if (code != UK_OK) {
        uk_serve_failure(fd, code, &err);
        return;
    }
    code = uk_visit_begin(&host, fd, peer, serve->since,
                          patience_with(serve, peer), &visit, &err);
    if (code == UK_OK) {
        uk_visit_look(visit);
        (void)!uk_loop_run(serve->loop, &err);
    }
    uk_whois_free(host.whois);
}

void
uk_serve_failure(int fd, enum uk_code code, const struct uk_err *why)
{
    struct uk_answer answer = {.code = UK_OK};

    uk_decide_failure(code, why, &answer);
    uk_reply_refuse(fd, uk_deadline_in(FAILURE_PATIENCE_MS), UK_VISIT_TYPING_MS,
                    &answer);
    uk_answer_clear(&answer);
}

void
uk_serve_failures(int fd, enum uk_code code, const struct uk_err *why)
{
    struct uk_deadline last = uk_deadline_in(MOST_MS);
    struct uk_answer answer = {.code = UK_OK};
    struct uk_err err = UK_ERR_NONE;

    while (uk_deadline_left_ms(last) > 0 &&
           uk_io_wait(fd, POLLIN, uk_deadline_in(WAIT_MS), &err) == UK_OK) {
        int caller = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (caller < 0)
            return;
        uk_decide_failure(code, why, &answer);
        uk_reply_refuse(caller, uk_deadline_in(WAIT_MS), 0, &answer);
        uk_io_close(&caller);
    }
}
