/* Calls that have come in together are answered together. */
#include "service/request/round.h"

#include <string.h>

#include "core/str.h"
#include "service/request/work.h"

#define OVERDUE_MS 1000 /* then the store is asked what has become of it */

/* What becomes of the calls of one turn. */
struct outcome {
    struct uk_round_queue replied, asking;
    unsigned away;
};

static void
empty(struct uk_round_queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void
put(struct uk_round_queue *queue, struct uk_call *call)
{
    call->job.next = NULL;
    *queue->last = &call->job;
    queue->last = &call->job.next;
}

/* All of them; the queue is empty. */
static struct uk_job *
take_all(struct uk_round_queue *queue)
{
    struct uk_job *jobs = queue->first;

    empty(queue);
    return jobs;
}

void
uk_round_init(struct uk_round *round, const struct uk_log *log,
              struct uk_store *store)
{
    memset(round, 0, sizeof(*round));
    empty(&round->ready);
    empty(&round->foreseen);
    for (size_t i = 0; i < UK_ROUND_FLIGHTS; i++)
        empty(&round->flight[i].calls);
    round->store = store;
    round->log = *log;
    round->log.held = &round->held;
}

void
uk_round_add(struct uk_round *round, struct uk_call *call)
{
    put(call->foreseen ? &round->foreseen : &round->ready, call);
}

bool
uk_round_is_idle(const struct uk_round *round)
{
    return !round->woken && round->ready.first == NULL &&
           (round->foreseen.first == NULL || round->out == UK_ROUND_FLIGHTS);
}

bool
uk_round_is_asking(const struct uk_round *round)
{
    return round->out > 0;
}

static void
find_login(struct uk_call *call, const struct uk_store_login *login,
           const struct uk_err *err)
{
    if (err->code != UK_OK) {
        call->then = uk_call_fail(call, err);
        return;
    }
    call->login = *login;
    call->then = UK_THEN_LOOP;
}

/* The call as far as it goes here: with a reply, with a key to find, or
 * away. */
static void
advance(struct uk_round *round, struct uk_call *call, struct outcome *out)
{
    const struct uk_question *answer = call->answer;

    if (call->exchange->gone) {
        call->then = uk_call_drop(call);
        put(&out->replied, call);
        return;
    }
    call->round = round;
    while (uk_work_advance(call, round->store)) {
        if (call->then == UK_THEN_KEY && call->answer != NULL) {
            call->answer = NULL;
            find_login(call, &answer->login[call->place], &answer->err);
            continue;
        }
        put(call->then == UK_THEN_KEY ? &out->asking : &out->replied, call);
        return;
    }
    out->away++; /* not ours any more */
}

/* Ask for up to UK_QUESTION_KEYS of the calls and wait; the one behind
 * them. */
static struct uk_job *
ask_some(struct uk_round *round, struct uk_job *jobs)
{
    struct uk_store_hash hashes[UK_QUESTION_KEYS];
    struct uk_store_login logins[UK_QUESTION_KEYS];
    struct uk_err err = UK_ERR_NONE;
    struct uk_job *end = jobs;
    size_t n = 0;

    do {
        hashes[n++] = ((struct uk_call *)end)->hash;
        end = end->next;
    } while (end != NULL && n < UK_QUESTION_KEYS);
    err.code = uk_store_call(round->store, find_keys, hashes, n, logins, &err);
    n = 0;
    for (; jobs != end; jobs = jobs->next)
        find_login((struct uk_call *)jobs, &logins[n++], &err);
    return end;
}

/* Those that nothing is known of: what they need is waited for. */
static void
run_ready(struct uk_round *round, struct outcome *out)
{
    struct uk_job *jobs = take_all(&round->ready);

    round->woken = round->woken || jobs != NULL;
    while (jobs != NULL) {
        for (struct uk_job *next; jobs != NULL; jobs = next) {
            next = jobs->next;
            advance(round, (struct uk_call *)jobs, out);
        }
        for (jobs = out->asking.first; jobs != NULL;)
            jobs = ask_some(round, jobs);
        jobs = take_all(&out->asking);
    }
}

/* One question for as many as it has room for.  One that asks for an app too
 * many is left for the next question, with those behind it. */
static void
ask(struct uk_round *round)
{
    struct uk_round_flight *flight =
        &round->flight[(round->oldest + round->out) % UK_ROUND_FLIGHTS];
    struct uk_question *question = &flight->question;
    struct uk_round_queue *foreseen = &round->foreseen;

    uk_question_clear(question);
    while (foreseen->first != NULL && question->keys < UK_QUESTION_KEYS) {
        struct uk_call *call = (struct uk_call *)foreseen->first;

        if (!uk_question_add_app(question, call->app_name))
            break;
        foreseen->first = call->job.next;
        call->place = question->keys;
        call->answer = question;
        question->hash[question->keys++] = call->hash;
        put(&flight->calls, call);
    }
    if (foreseen->first == NULL)
        empty(foreseen);
    flight->overdue = uk_deadline_in(OVERDUE_MS);
    round->out++;
    round->store->ops->ask(round->store, question);
}

/* Those whose question has been answered, in the order of asking. */
static void
run_answered(struct uk_round *round, struct outcome *out)
{
    struct uk_round_flight *flight = &round->flight[round->oldest];

    while (round->out > 0 && flight->question.answered) {
        struct uk_job *jobs = take_all(&flight->calls);

        for (struct uk_job *next; jobs != NULL; jobs = next) {
            next = jobs->next;
            advance(round, (struct uk_call *)jobs, out);
        }
        round->out--;
        round->oldest = (round->oldest + 1) % UK_ROUND_FLIGHTS;
        flight = &round->flight[round->oldest];
    }
}

static void
listen_to(struct uk_round *round)
{
    bool overdue = round->out > 0 &&
                   uk_deadline_passed(round->flight[round->oldest].overdue);

    if ((round->woken || overdue) && round->store->ops->listen != NULL)
        round->store->ops->listen(round->store);
    round->woken = false;
}

struct uk_job *
uk_round_run(struct uk_round *round, unsigned *away)
{
    struct outcome out = {.away = 0};

    empty(&out.replied);
    empty(&out.asking);
    round->app_known = false;
    if (round->ready.first == NULL && round->foreseen.first == NULL &&
        round->out == 0 && !round->woken)
        return NULL;
    round->store->ops->look(round->store);
    run_ready(round, &out);
    listen_to(round);
    run_answered(round, &out);
    while (round->foreseen.first != NULL && round->out < UK_ROUND_FLIGHTS) {
        ask(round);
        run_answered(round, &out);
    }
    round->store->ops->look_away(round->store);
    *away += out.away;
    return out.replied.first;
}

/* Found by the call's question? */
static bool
find_answer(const struct uk_call *call, const char *client_id,
            struct uk_store_app *out, bool *found)
{
    const struct uk_question *answer = call->answer;
    size_t at;

    if (answer == NULL)
        return false;
    at = uk_question_find_app(answer, client_id);
    if (at == UK_QUESTION_APPS)
        return false;
    *found = answer->app[at].found;
    if (*found)
        *out = answer->app[at].app;
    return true;
}

enum uk_code
uk_round_find_app(struct uk_call *call, const char *client_id,
                  struct uk_store_app *out, bool *found, struct uk_err *err)
{
    struct uk_round *round = call->round;
    enum uk_code code;

    if (call->answer != NULL && call->answer->err.code != UK_OK) {
        *err = call->answer->err;
        return err->code;
    }
    if (find_answer(call, client_id, out, found))
        return UK_OK;
    if (round == NULL)
        return uk_store_call(call->store, find_app, client_id, out, found, err);
    if (round->app_known && strcmp(client_id, round->app_name) == 0) {
        *out = round->app;
        *found = round->app_found;
        return UK_OK;
    }
    code = uk_store_call(call->store, find_app, client_id, out, found, err);
    round->app_known =
        code == UK_OK &&
        uk_str_copy(round->app_name, sizeof(round->app_name), client_id);
    if (round->app_known) {
        round->app_found = *found;
        round->app = *out;
    }
    return code;
}
