/* Calls on their way between threads. */
#include "service/request/work.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"
#include "service/request/handlers.h"
#include "service/request/route.h"

#define BUSY_WAIT "1" /* seconds */

enum uk_code
uk_inbox_init(struct uk_inbox *inbox, struct uk_err *err)
{
    inbox->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (inbox->wake < 0)
        return uk_err_sys(err, errno, "making an event descriptor");
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->first = NULL;
    inbox->last = &inbox->first;
    return UK_OK;
}

void
uk_inbox_clear(struct uk_inbox *inbox)
{
    uk_io_close(&inbox->wake);
    pthread_mutex_destroy(&inbox->lock);
}

void
uk_inbox_wake(struct uk_inbox *inbox)
{
    uint64_t one = 1;

    /* Only a counter at its end could refuse, and then it is awake. */
    (void)!write(inbox->wake, &one, sizeof(one));
}

void
uk_inbox_put(struct uk_inbox *inbox, struct uk_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&inbox->lock);
    *inbox->last = job;
    inbox->last = &job->next;
    pthread_mutex_unlock(&inbox->lock);
    uk_inbox_wake(inbox);
}

static void
come_home(struct uk_call *call)
{
    uk_inbox_put(call->home, &call->job);
}

struct uk_job *
uk_inbox_take(struct uk_inbox *inbox)
{
    struct uk_job *jobs;
    uint64_t count;

    (void)!read(inbox->wake, &count, sizeof(count));
    pthread_mutex_lock(&inbox->lock);
    jobs = inbox->first;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    pthread_mutex_unlock(&inbox->lock);
    return jobs;
}

/* Hand it to the pool that it asks for.  false: the reply says "busy". */
static bool
hand_over(struct uk_call *call)
{
    struct uk_server *server = call->server;
    struct uk_pool *pool =
        call->then == UK_THEN_HASHER ? server->hashers : server->writer;

    call->round = NULL;
    call->answer = NULL;
    if (uk_pool_put(pool, &call->job))
        return true;
    uk_http_set(call->reply, "Retry-After", BUSY_WAIT);
    uk_call_audit(call, "failed", "busy");
    call->then =
        uk_call_error(call, 503, NULL, "the server is busy, try again later");
    return false;
}

bool
uk_work_advance(struct uk_call *call, struct uk_store *store)
{
    call->store = store;
    while (call->then == UK_THEN_LOOP)
        call->then = call->next(call);
    call->store = NULL;
    if (call->then == UK_THEN_REPLY || call->then == UK_THEN_KEY)
        return true;
    uk_http_hold(call->exchange);
    return !hand_over(call);
}

void
uk_work_hash(void *context, struct uk_job *jobs)
{
    (void)context;
    for (struct uk_job *next; jobs != NULL; jobs = next) {
        struct uk_call *call = (struct uk_call *)jobs;

        next = jobs->next;
        call->then = call->next(call);
        if (call->then != UK_THEN_WRITER || !hand_over(call))
            come_home(call);
    }
}

/* One call's change, whole or not at all. */
static enum uk_code
write_one(struct uk_call *call, struct uk_store *store, struct uk_err *err)
{
    enum uk_code code;

    code = store->ops->save(store, err);
    if (code != UK_OK)
        return code;
    call->store = store;
    call->then = call->next(call);
    call->store = NULL;
    return call->reply->status >= 400 ? store->ops->undo(store, err)
                                      : store->ops->keep(store, err);
}

/* The transaction did not come about.  What was promised in it is not so, and
 * what was refused in it may have been refused for something that is not so:
 * "no such key" behind the deletion that was undone. */
static void
fail_all(struct uk_job *jobs, const struct uk_err *err)
{
    for (; jobs != NULL; jobs = jobs->next) {
        struct uk_call *call = (struct uk_call *)jobs;

        call->then = uk_call_fail(call, err);
    }
}

/* The one job that is no call leaves the list; was it there? */
static bool
take_seen(struct uk_server *server, struct uk_job **jobs)
{
    for (struct uk_job **at = jobs; *at != NULL; at = &(*at)->next) {
        if (*at != &server->seen.job)
            continue;
        *at = server->seen.job.next;
        atomic_store(&server->seen.waits, false); /* it may come again */
        return true;
    }
    return false;
}

/*
 * Each change keeps its rows locked until its transaction ends.  Nodes that
 * lock them in the same order wait for each other, and never in a circle: the
 * users by their ids, behind each the rows that are its own, behind all of them
 * the sessions that end.  What fits into no such order has a transaction to
 * itself: addresses, which two may ask for whoever's they are, and where the
 * call does not say whose rows it will change.
 */
enum part {
    USERS,     /* who they are is known */
    ADDRESSES, /* of users that are made */
    ALONE,
};

/* Whose rows it is about to change, as far as the call tells. */
static const char *
user_of(const struct uk_call *call)
{
    return call->path.user[0] != '\0' ? call->path.user : call->audit.user;
}

static bool
ends_session(const struct uk_call *call)
{
    return call->route != NULL && call->route->handler == uk_session_end;
}

static enum part
part_of(const struct uk_call *call)
{
    const struct uk_route *route = call->route;

    if (ends_session(call))
        return USERS;
    if (route != NULL && (route->handler == uk_admin_user_email ||
                          route->handler == uk_link_password ||
                          (route->role == UK_ROLE_ADMIN &&
                           route->handler != uk_admin_user_create &&
                           call->path.user[0] == '\0')))
        return ALONE;
    return user_of(call)[0] == '\0' ? ADDRESSES : USERS;
}

/* Of the one user, the rows: all of them or new ones, then one by one. */
static int
compare(const struct uk_job *left, const struct uk_job *right)
{
    const struct uk_call *a = (const struct uk_call *)left;
    const struct uk_call *b = (const struct uk_call *)right;
    int order = (int)part_of(a) - (int)part_of(b);

    if (order == 0)
        order = (int)ends_session(a) - (int)ends_session(b);
    if (order == 0 && ends_session(a))
        return strcmp(a->claims.session_id, b->claims.session_id);
    if (order == 0)
        order = strcmp(user_of(a), user_of(b));
    if (order == 0)
        order = strcmp(a->key_id, b->key_id);
    return order != 0
               ? order
               : strcmp(a->person.identity.email, b->person.identity.email);
}

static struct uk_job *
put_in_order(struct uk_job *jobs)
{
    struct uk_job *sorted = NULL;

    for (struct uk_job *next; jobs != NULL; jobs = next) {
        struct uk_job **at = &sorted;

        next = jobs->next;
        while (*at != NULL && compare(*at, jobs) <= 0)
            at = &(*at)->next;
        jobs->next = *at;
        *at = jobs;
    }
    return sorted;
}

/* Off the list, what its first one can share a transaction with. */
static struct uk_job *
take_part(struct uk_job **jobs)
{
    struct uk_job *first = *jobs, *end = first;
    enum part part;

    if (first == NULL)
        return NULL;
    part = part_of((struct uk_call *)first);
    while (part != ALONE && end->next != NULL &&
           part_of((struct uk_call *)end->next) == part)
        end = end->next;
    *jobs = end->next;
    end->next = NULL;
    return first;
}

/* Behind its last one, all that are left. */
static void
add_rest(struct uk_job **part, struct uk_job **jobs)
{
    while (*part != NULL)
        part = &(*part)->next;
    *part = *jobs;
    *jobs = NULL;
}

/* One transaction; seen: what has been seen is a part of it, the last one, as
 * it waits for nobody.  A database that did not answer in time is not waited
 * for again by each of the others: the next to come may disable a key. */
static void
write_part(struct uk_server *server, struct uk_job **jobs, bool seen)
{
    struct uk_store *store = server->write_store;
    struct uk_job *part = take_part(jobs);
    int64_t begun_ns = uk_deadline_in(0).at_ns;
    struct uk_err err = UK_ERR_NONE;
    unsigned long changes = 0;
    enum uk_code code;

    code = store->ops->begin(store, &err);
    for (struct uk_job *job = part; job != NULL && code == UK_OK;
         job = job->next, changes++)
        code = write_one((struct uk_call *)job, store, &err);
    if (code == UK_OK && seen)
        code = uk_seen_write(&server->seen, store, uk_id_now_us(), &err);
    if (code == UK_OK)
        code = store->ops->commit(store, &err);
    if (code != UK_OK) {
        store->ops->rollback(store);
        if (code == UK_UNREACHABLE || code == UK_TIMEOUT)
            add_rest(&part, jobs);
        uk_err_in(&err, "writing to the database");
        fail_all(part, &err);
        uk_meter_add(&server->writing.failed, 1);
    }
    uk_meter_observe(&server->writing.changes, &uk_meter_batch, changes);
    uk_meter_observe(&server->writing.seconds, &uk_meter_seconds,
                     (unsigned long)(uk_deadline_in(0).at_ns - begun_ns) /
                         1000);
    for (struct uk_job *next; part != NULL; part = next) {
        next = part->next;
        come_home((struct uk_call *)part);
    }
}

void
uk_work_write(void *context, struct uk_job *jobs)
{
    struct uk_server *server = context;
    bool seen = take_seen(server, &jobs);

    for (jobs = put_in_order(jobs); jobs != NULL || seen; seen = false)
        write_part(server, &jobs, seen);
}
