/* The agent at work for all who come. */
#include "agent/reception.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/io.h"
#include "core/msg.h"

#include "agent/decide.h"
#include "agent/reply.h"
#include "agent/visit.h"

/* Most who are in at once, of them those who are not root, of them of one
 * uid. */
#define MOST        1024
#define MOST_OTHERS 256
#define MOST_OF_ONE 16
#define PATIENCE_MS 60000 /* with who has not said yet what they want */
#define PAUSE_MS    100   /* where this machine lacks something */

struct reception {
    const struct uk_serve *serve;
    struct uk_visit_host host;
    enum uk_reception_door door;
    int fd;      /* borrowed: the listening socket */
    int signals; /* owned */
    struct uk_watch callers, signalled;
    struct uk_alarm again; /* to look at the door */
    struct uk_alarm idle;  /* nobody has come for long */
    struct uk_alarm last;  /* those who are in have had all the time there is */
    struct uk_visit *first, *oldest; /* all who are in, the youngest first */
    size_t in, others;               /* how many; of them not root's */
    bool leaving;
    bool anew; /* for another of us */
};

/* Who is in. */

static void
put_in(struct reception *r, struct uk_visit *visit)
{
    struct uk_visit_place *place = uk_visit_place(visit);

    place->next = r->first;
    place->before = NULL;
    if (r->first != NULL)
        uk_visit_place(r->first)->before = visit;
    else
        r->oldest = visit;
    r->first = visit;
    r->in++;
    if (uk_visit_peer(visit)->uid != 0)
        r->others++;
}

static void
take_out(struct reception *r, struct uk_visit *visit)
{
    struct uk_visit_place *place = uk_visit_place(visit);

    if (place->before != NULL)
        uk_visit_place(place->before)->next = place->next;
    else
        r->first = place->next;
    if (place->next != NULL)
        uk_visit_place(place->next)->before = place->before;
    else
        r->oldest = place->before;
    r->in--;
    if (uk_visit_peer(visit)->uid != 0)
        r->others--;
}

static size_t
count_of(const struct reception *r, uid_t uid)
{
    size_t count = 0;

    for (struct uk_visit *v = r->first; v != NULL; v = uk_visit_place(v)->next)
        count += uk_visit_peer(v)->uid == uid;
    return count;
}

enum whose { OF_UID, OF_OTHERS, OF_ANYBODY };

static bool
is_of(const struct uk_visit *visit, enum whose whose, uid_t uid)
{
    uid_t theirs = uk_visit_peer(visit)->uid;

    return whose == OF_ANYBODY || (whose == OF_OTHERS && theirs != 0) ||
           (whose == OF_UID && theirs == uid);
}

/* Send away who has been there longest without a word.  They know that they
 * have said nothing, and may come again. */
static bool
make_room(struct reception *r, enum whose whose, uid_t uid)
{
    for (struct uk_visit *v = r->oldest; v != NULL;
         v = uk_visit_place(v)->before) {
        if (uk_visit_idle(v) && is_of(v, whose, uid)) {
            size_t before = r->in;

            uk_visit_dismiss(v);
            return r->in < before;
        }
    }
    return false;
}

static bool
has_room(struct reception *r, uid_t uid)
{
    if (uid != 0 && count_of(r, uid) >= MOST_OF_ONE &&
        !make_room(r, OF_UID, uid))
        return false;
    if (uid != 0 && r->others >= MOST_OTHERS && !make_room(r, OF_OTHERS, uid))
        return false;
    return r->in < MOST || make_room(r, OF_OTHERS, uid) ||
           make_room(r, OF_ANYBODY, uid);
}

/* Coming and going. */

static void
rest_or_leave(struct reception *r)
{
    struct uk_loop *loop = r->serve->loop;

    if (r->first != NULL)
        uk_loop_unset(loop, &r->idle);
    else if (r->leaving)
        uk_loop_stop(loop);
    else if (r->door == UK_RECEPTION_LENT)
        uk_loop_set(loop, &r->idle,
                    uk_deadline_in((unsigned)r->serve->settings->agent_idle));
}

static struct reception *
reception_of(struct uk_visit *visit)
{
    union {
        const void *in;
        struct reception *out;
    } same = {.in = uk_visit_host(visit)->own};

    return same.out;
}

static void
on_answered(struct uk_visit *visit, bool more)
{
    /* It counts until its session has ended as well: that is work too. */
}

static void
on_over(struct uk_visit *visit)
{
    struct reception *r = reception_of(visit);

    take_out(r, visit);
    rest_or_leave(r);
}

static void
refuse(int fd)
{
    struct uk_answer answer = {.verdict = UK_THROTTLED_HERE,
                               .retry_after_s = 1};

    uk_reply_refuse(fd, (struct uk_deadline){0}, 0, &answer);
    uk_io_close(&fd);
}

static void
let_in(struct reception *r, int fd)
{
    struct uk_deadline now = uk_deadline_in(0);
    struct uk_err err = UK_ERR_NONE;
    struct uk_visit *visit;
    struct uk_peer peer;

    if (uk_peer_find(fd, &peer, &err) != UK_OK) {
        uk_io_close(&fd);
        return;
    }
    peer.parent = false; /* nobody has started us for themselves alone */
    if (!has_room(r, peer.uid)) {
        refuse(fd);
        return;
    }
    if (uk_visit_begin(&r->host, fd, &peer, now, uk_deadline_in(PATIENCE_MS),
                       &visit, &err) != UK_OK)
        return;
    put_in(r, visit);
    rest_or_leave(r);
    uk_visit_look(visit);
}

static void leave(struct reception *r);

/* false when nobody waits any more. */
static bool
accept_one(struct reception *r)
{
    int fd = accept4(r->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0)
        let_in(r, fd);
    return fd >= 0 || errno == EINTR || errno == ECONNABORTED;
}

/* Nobody can be let in now, for want of a descriptor or of memory; who waits
 * would have the loop run round and round. */
static void
rest_at_door(struct reception *r)
{
    uk_loop_unwatch(r->serve->loop, &r->callers);
    uk_loop_set(r->serve->loop, &r->again, uk_deadline_in(PAUSE_MS));
}

/* One after the other, with a turn for others behind each: mostly there is only
 * one, and to ask whether there are more is no cheaper than to be told. */
static void
on_callers(struct uk_watch *watch)
{
    struct reception *r = watch->own;
    const char *changed = uk_stamps_changed(r->serve->stamps);

    if (changed != NULL)
        uk_log_line(r->serve->log, UK_LEVEL_NOTICE, "leaving: '%s' has changed",
                    changed);
    if (changed != NULL || !uk_upstream_is_sound(r->serve->upstream)) {
        r->anew = true;
        leave(r);
        return;
    }
    if (!accept_one(r) && errno != EAGAIN)
        rest_at_door(r);
}

static void
on_again(struct uk_alarm *alarm)
{
    struct reception *r = alarm->own;
    struct uk_err err = UK_ERR_NONE;

    if (!r->leaving &&
        uk_loop_watch(r->serve->loop, &r->callers, r->fd, &err) != UK_OK)
        rest_at_door(r);
}

/* Where another follows, those who come wait for it.  At our own door, from now
 * on nobody comes, and they know it; who came just before is the last to be let
 * in. */
static void
close_door(struct reception *r)
{
    uk_loop_unwatch(r->serve->loop, &r->callers);
    if (r->door != UK_RECEPTION_OWN || r->anew)
        return;
    shutdown(r->fd, SHUT_RD);
    while (accept_one(r))
        continue;
}

static void
leave(struct reception *r)
{
    struct uk_visit *next;

    if (r->leaving)
        return;
    close_door(r);
    r->leaving = true;
    /* A visit that is dismissed goes, and takes no other with it. */
    for (struct uk_visit *v = r->first; v != NULL; v = next) {
        next = uk_visit_place(v)->next;
        uk_visit_dismiss(v);
    }
    uk_loop_set(
        r->serve->loop, &r->last,
        uk_deadline_in((unsigned)(2 * r->serve->settings->timeout + 1000)));
    rest_or_leave(r);
}

static void
on_signal(struct uk_watch *watch)
{
    struct reception *r = watch->own;
    struct signalfd_siginfo info;

    if (read(r->signals, &info, sizeof(info)) != sizeof(info))
        return;
    uk_log_line(r->serve->log, UK_LEVEL_INFO, "leaving: signal %u",
                info.ssi_signo);
    if (info.ssi_signo == SIGHUP && !r->leaving)
        r->anew = true;
    if (info.ssi_signo != SIGHUP && r->anew)
        r->anew = r->leaving = false; /* no other follows after all */
    leave(r);
}

static void
on_idle(struct uk_alarm *alarm)
{
    struct reception *r = alarm->own;

    uk_log_line(r->serve->log, UK_LEVEL_INFO,
                "leaving: nobody has come for "
                "the time of 'agent_idle'");
    leave(r);
}

static void
on_last(struct uk_alarm *alarm)
{
    struct reception *r = alarm->own;

    uk_loop_stop(r->serve->loop);
}

static enum uk_code
take_signals(struct reception *r, struct uk_err *err)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) != 0)
        return uk_err_sys(err, errno, "blocking signals");
    r->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (r->signals < 0)
        return uk_err_sys(err, errno, "making a descriptor of signals");
    return uk_loop_watch(r->serve->loop, &r->signalled, r->signals, err);
}

static enum uk_code
open_up(struct reception *r, struct uk_err *err)
{
    enum uk_code code;

    if (fcntl(r->fd, F_SETFL, fcntl(r->fd, F_GETFL) | O_NONBLOCK) != 0)
        return uk_err_sys(err, errno, "setting up descriptor %d", r->fd);
    code = uk_whois_new(r->serve->loop, &r->host.whois, err);
    if (code == UK_OK)
        code = take_signals(r, err);
    if (code == UK_OK)
        code = uk_loop_watch(r->serve->loop, &r->callers, r->fd, err);
    return code;
}

enum uk_code
uk_reception_run(const struct uk_serve *serve, int fd,
                 enum uk_reception_door door, bool *anew, struct uk_err *err)
{
    struct reception r = {
        .serve = serve,
        .host = {.settings = serve->settings,
                 .loop = serve->loop,
                 .upstream = serve->upstream,
                 .guard = serve->guard,
                 .own = &r,
                 .answered = on_answered,
                 .over = on_over},
        .door = door,
        .fd = fd,
        .signals = -1,
        .callers = {.ready = on_callers, .own = &r},
        .signalled = {.ready = on_signal, .own = &r},
        .again = {.rang = on_again, .own = &r},
        .idle = {.rang = on_idle, .own = &r},
        .last = {.rang = on_last, .own = &r},
    };
    enum uk_code code = open_up(&r, err);

    if (code == UK_OK) {
        rest_or_leave(&r);
        code = uk_loop_run(serve->loop, err);
    }
    if (code == UK_OK)
        *anew = r.anew;
    uk_loop_unwatch(serve->loop, &r.callers);
    uk_loop_unwatch(serve->loop, &r.signalled);
    uk_loop_unset(serve->loop, &r.again);
    uk_loop_unset(serve->loop, &r.idle);
    uk_loop_unset(serve->loop, &r.last);
    uk_whois_free(r.host.whois);
    uk_io_close(&r.signals);
    return code;
}
