/* One connection, from its request to what remains to be done behind it. */
#include "agent/visit.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/chan.h"
#include "core/io.h"

#include "agent/decide.h"
#include "agent/reply.h"

#define NS_PER_MS 1000000

struct uk_visit {
    const struct uk_visit_host *host; /* borrowed */
    struct uk_visit_place place;      /* in a list of the host's */
    struct uk_peer peer;
    int fd; /* owned; -1 when the answer has gone */
    enum {
        RECEIVING,
        LOOKING_UP, /* whose account the request is about */
        DECIDING,
        LEAVING, /* answered; a session is to be ended */
    } phase;
    struct uk_deadline since; /* a request that is there is as old as that */
    struct uk_deadline by;    /* have the request; then the answer */
    bool prepared;            /* a login has been announced, */
    bool worth;               /* by somebody whose key may let them in */
    struct uk_watch watch;    /* of fd */
    struct uk_alarm late;     /* by has come */
    struct uk_whois_ask *whois;
    struct uk_request request;
    struct uk_guard_pass pass;
    struct uk_decide decide;
    struct uk_question question;
    struct uk_errand errand;
};

static void
end(struct uk_visit *visit)
{
    const struct uk_visit_host *host = visit->host;

    uk_loop_unset(host->loop, &visit->late);
    uk_upstream_forget(host->upstream, &visit->errand);
    host->over(visit);
    uk_question_clear(&visit->question);
    uk_decide_clear(&visit->decide);
    free(visit);
}

/* Leaving: the session that nobody is to have. */

static void
on_left(struct uk_errand *errand, enum uk_code code,
        struct uk_https_reply *reply, const struct uk_err *err)
{
    /* It ends by itself some day; nobody is left to be told. */
    uk_https_reply_clear(reply);
    end(errand->own);
}

static void
leave(struct uk_visit *visit)
{
    const struct uk_visit_host *host = visit->host;
    struct uk_err err = UK_ERR_NONE;
    bool more = visit->decide.leftover.len > 0;

    visit->phase = LEAVING;
    uk_guard_answered(host->guard, &visit->pass, &visit->decide.answer);
    uk_loop_unset(host->loop, &visit->late);
    host->answered(visit, more);
    uk_question_clear(&visit->question);
    if (!more || uk_sessionwords_ask_close(&visit->decide.leftover,
                                           &visit->question, &err) != UK_OK) {
        end(visit);
        return;
    }
    visit->errand = (struct uk_errand){
        .question = &visit->question,
        .by = uk_deadline_in((unsigned)host->settings->timeout),
        .done = on_left,
        .own = visit,
    };
    uk_upstream_ask(host->upstream, &visit->errand);
}

/* Answering. */

static void
hang_up(struct uk_visit *visit)
{
    uk_loop_unwatch(visit->host->loop, &visit->watch);
    uk_io_close(&visit->fd);
}

static void
answer(struct uk_visit *visit)
{
    uk_request_clear(&visit->request); /* wipes the key before anything else */
    if (uk_reply_send(visit->fd, &visit->decide.answer) != UK_OK)
        uk_decide_unsent(&visit->decide);
    hang_up(visit);
    leave(visit);
}

static void
answer_failure(struct uk_visit *visit, enum uk_code code,
               const struct uk_err *err)
{
    uk_decide_failure(code, err, &visit->decide.answer);
    answer(visit);
}

/* Deciding. */

static void ask_on(struct uk_visit *visit);

static void
on_asked(struct uk_errand *errand, enum uk_code code,
         struct uk_https_reply *reply, const struct uk_err *err)
{
    struct uk_visit *visit = errand->own;

    if (code == UK_OK)
        uk_decide_take(&visit->decide, reply);
    else
        uk_decide_fail(&visit->decide, err);
    uk_https_reply_clear(reply);
    ask_on(visit);
}

static void
ask_on(struct uk_visit *visit)
{
    uk_question_clear(&visit->question);
    if (!uk_decide_ask(&visit->decide, &visit->question)) {
        uk_guard_settle(visit->host->guard, &visit->request, &visit->pass,
                        &visit->decide.answer);
        answer(visit);
        return;
    }
    visit->errand = (struct uk_errand){
        .question = &visit->question,
        .by = visit->by,
        .done = on_asked,
        .own = visit,
    };
    uk_upstream_ask(visit->host->upstream, &visit->errand);
}

static void
decide(struct uk_visit *visit)
{
    visit->phase = DECIDING;
    /* The errand has the same deadline, and knows where the time went. */
    uk_loop_unset(visit->host->loop, &visit->late);
    if (!uk_guard_admit(visit->host->guard, &visit->request, visit->peer.uid,
                        &visit->pass, &visit->decide.answer)) {
        answer(visit);
        return;
    }
    uk_decide_start(&visit->decide, &visit->request,
                    visit->host->settings->app_id);
    ask_on(visit);
}

static void
on_whois(void *own, enum uk_code code, const struct uk_err *err)
{
    struct uk_visit *visit = own;

    visit->whois = NULL;
    if (code == UK_OK)
        decide(visit);
    else
        answer_failure(visit, code, err);
}

static void
admit(struct uk_visit *visit)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (uk_peer_may(&visit->peer, &visit->request)) {
        decide(visit);
        return;
    }
    visit->phase = LOOKING_UP;
    code =
        uk_whois_check(visit->host->whois, visit->request.user, visit->peer.uid,
                       on_whois, visit, &visit->whois, &err);
    if (code != UK_OK)
        answer_failure(visit, code, &err);
}

/* Receiving. */

/* The budget of a caller ends at the administrator's, whatever it says. */
static struct uk_deadline
budget_from(const struct uk_visit *visit, struct uk_deadline from)
{
    unsigned long most = visit->host->settings->timeout;
    unsigned long ms = visit->request.budget_ms;

    if (ms > most)
        ms = most;
    from.at_ns += (int64_t)ms * NS_PER_MS;
    return from;
}

/* A login is coming. */
static enum uk_code
prepare(struct uk_visit *visit, struct uk_err *err)
{
    visit->worth = visit->request.user[0] != '\0';
    uk_request_clear(&visit->request);
    if (visit->prepared)
        return uk_err_set(err, UK_BAD_ANSWER, "a login is announced twice");
    visit->prepared = true;
    visit->by = uk_deadline_in(UK_VISIT_TYPING_MS);
    uk_loop_set(visit->host->loop, &visit->late, visit->by);
    return UK_OK;
}

static void receive(struct uk_visit *visit, struct uk_deadline from);

static void
take(struct uk_visit *visit, struct uk_deadline from)
{
    struct uk_err err = UK_ERR_NONE;

    if (visit->request.op == UK_OP_PREPARE) {
        if (prepare(visit, &err) == UK_OK)
            receive(visit, uk_deadline_in(0));
        else
            answer_failure(visit, err.code, &err);
        return;
    }
    /* Who hangs up from now on waits for no answer: what is under way goes on,
     * so that a session it opens is ended. */
    uk_loop_unwatch(visit->host->loop, &visit->watch);
    visit->by = budget_from(visit, from);
    uk_loop_set(visit->host->loop, &visit->late, visit->by);
    admit(visit);
}

/* Nothing more is there yet.  Where a login has been announced, there is time
 * for a connection; a request that lies there already needs that itself: behind
 * a look it would wait for that, and then for a connection of its own. */
static void
wait_for_more(struct uk_visit *visit)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;

    if (visit->worth)
        uk_upstream_warm(visit->host->upstream);
    visit->worth = false;
    if (!visit->watch.watched)
        code = uk_loop_watch(visit->host->loop, &visit->watch, visit->fd, &err);
    if (code != UK_OK)
        answer_failure(visit, code, &err);
}

static void
receive(struct uk_visit *visit, struct uk_deadline from)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = uk_chan_receive(visit->fd, (struct uk_deadline){0},
                                        &visit->request, &err);

    if (code == UK_TIMEOUT) {
        wait_for_more(visit);
    } else if (code == UK_UNREACHABLE) { /* gone without a word */
        hang_up(visit);
        leave(visit);
    } else if (code != UK_OK) {
        answer_failure(visit, code, &err);
    } else {
        take(visit, from);
    }
}

static void
on_ready(struct uk_watch *watch)
{
    receive(watch->own, uk_deadline_in(0));
}

static void
on_late(struct uk_alarm *alarm)
{
    struct uk_visit *visit = alarm->own;
    struct uk_err err = UK_ERR_NONE;

    if (visit->whois != NULL)
        uk_whois_forget(visit->host->whois, visit->whois);
    visit->whois = NULL;
    if (visit->phase == RECEIVING) {
        /* From now on none can come; but one may have come just now. */
        shutdown(visit->fd, SHUT_RD);
        if (uk_chan_receive(visit->fd, (struct uk_deadline){0}, &visit->request,
                            &err) == UK_OK) {
            take(visit, uk_deadline_in(0));
            return;
        }
    }
    uk_err_late(&err, UK_STAGE_AGENT,
                visit->phase == RECEIVING
                    ? "no request came in time"
                    : "the name service did not say in time whose account "
                      "this is");
    answer_failure(visit, UK_TIMEOUT, &err);
}

enum uk_code
uk_visit_begin(const struct uk_visit_host *host, int fd,
               const struct uk_peer *peer, struct uk_deadline since,
               struct uk_deadline patience, struct uk_visit **out,
               struct uk_err *err)
{
    struct uk_visit *visit = calloc(1, sizeof(*visit));

    if (visit == NULL) {
        uk_io_close(&fd);
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a caller");
    }
    visit->host = host;
    visit->fd = fd;
    visit->peer = *peer;
    visit->by = patience;
    visit->since = since;
    visit->watch = (struct uk_watch){.ready = on_ready, .own = visit};
    visit->late = (struct uk_alarm){.rang = on_late, .own = visit};
    uk_loop_set(host->loop, &visit->late, visit->by);
    *out = visit;
    return UK_OK;
}

void
uk_visit_look(struct uk_visit *visit)
{
    receive(visit, visit->since);
}

void
uk_visit_dismiss(struct uk_visit *visit)
{
    if (visit->phase != RECEIVING)
        return;
    shutdown(visit->fd, SHUT_RD);
    /* What had come is read all the same, or its end. */
    receive(visit, uk_deadline_in(0));
}

bool
uk_visit_idle(const struct uk_visit *visit)
{
    return visit->phase == RECEIVING;
}

const struct uk_peer *
uk_visit_peer(const struct uk_visit *visit)
{
    return &visit->peer;
}

const struct uk_visit_host *
uk_visit_host(const struct uk_visit *visit)
{
    return visit->host;
}

struct uk_visit_place *
uk_visit_place(struct uk_visit *visit)
{
    return &visit->place;
}
