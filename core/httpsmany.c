/* Many HTTPS exchanges at once, on an event loop of the caller's. */
#include "core/httpsmany.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "core/httpstrust.h"
#include "core/io.h"
#include "core/wiped.h"

#define EVENTS 64 /* most that are fetched at once */
#define ROUNDS 8  /* of libcurl's timer, before others get their turn */

/* Most connections to one server at a time, where it speaks HTTP/1.1; what
 * comes above waits for one. */
#define MOST_CONNECTIONS 128L
/* Most that are kept while nobody needs them. */
#define MOST_KEPT 32L

/*
 * TLS sessions are resumed: what that saves is the certificates and, where the
 * server wants one, a round trip.  A resumed session proves that the server is
 * the one of an earlier handshake of this process, which was verified by the
 * same settings; and the certificate of that handshake, which OpenSSL keeps
 * with a session in memory, goes through the same checks again (its name, the
 * pin, uk_httpstrust_check()).
 */
struct uk_httpsmany {
    struct uk_httpstrust trust;
    CURLSH *share; /* owned: the sessions */
    struct uk_httpsspare spare;
    struct uk_httpsurls urls;
    CURLM *multi;            /* owned */
    int epoll;               /* owned: watches libcurl's sockets */
    struct uk_deadline wake; /* when libcurl wants to be called */
    struct uk_flight *first; /* all that fly; the youngest first */
    bool blind;              /* there is a socket that is not watched */
};

static const struct uk_deadline never = {.at_ns = INT64_MAX};

/* What libcurl calls. */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *own, void *of_socket)
{
    struct uk_httpsmany *many = own;
    struct epoll_event event = {.data.fd = fd};
    bool first;

    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(many->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        event.events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        event.events |= EPOLLOUT;
    /* of_socket is ours, from the first time until libcurl is through with the
     * socket. */
    first = of_socket == NULL;
    if (epoll_ctl(many->epoll, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd,
                  &event) != 0 &&
        epoll_ctl(many->epoll, first ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                  &event) != 0) {
        /* Told of it, libcurl would end all who fly, and take no others until
         * the last is gone; this one is late, and that is all. */
        many->blind = true;
        return 0;
    }
    if (first)
        (void)curl_multi_assign(many->multi, fd, many);
    return 0;
}

static int
on_timer(CURLM *multi, long ms, void *own)
{
    struct uk_httpsmany *many = own;

    many->wake = ms < 0 ? never : uk_deadline_in((unsigned)ms);
    return 0;
}

static enum uk_code
set_up_multi(struct uk_httpsmany *many, struct uk_err *err)
{
    CURLM *multi = curl_multi_init();

    many->multi = multi;
    many->share = curl_share_init();
    if (multi == NULL || many->share == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for libcurl");
    if (curl_share_setopt(many->share, CURLSHOPT_SHARE,
                          CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) !=
            CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, many) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) !=
            CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, many) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                          MOST_CONNECTIONS) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MOST_KEPT) != CURLM_OK)
        return uk_err_set(err, UK_SYSTEM, "libcurl refuses to be set up");
    return UK_OK;
}

enum uk_code
uk_httpsmany_new(const struct uk_settings *settings, struct uk_httpsmany **out,
                 struct uk_err *err)
{
    struct uk_httpsmany *many = calloc(1, sizeof(*many));
    enum uk_code code;

    if (many == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for connections");
    many->wake = never;
    many->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (many->epoll < 0)
        code = uk_err_sys(err, errno, "making an epoll descriptor");
    else
        code = uk_httpstrust_load(&many->trust, settings, err);
    if (code == UK_OK)
        code = set_up_multi(many, err);
    if (code != UK_OK) {
        uk_httpsmany_free(many);
        return code;
    }
    *out = many;
    return UK_OK;
}

static void
unlink_flight(struct uk_httpsmany *many, struct uk_flight *flight)
{
    if (flight->before != NULL)
        flight->before->next = flight->next;
    else
        many->first = flight->next;
    if (flight->next != NULL)
        flight->next->before = flight->before;
    flight->next = flight->before = NULL;
}

void
uk_httpsmany_abandon(struct uk_httpsmany *many, struct uk_flight *flight)
{
    (void)curl_multi_remove_handle(many->multi, flight->attempt.easy);
    unlink_flight(many, flight);
    uk_httpstry_clear(&flight->attempt);
}

void
uk_httpsmany_free(struct uk_httpsmany *many)
{
    if (many == NULL)
        return;
    while (many->first != NULL)
        uk_httpsmany_abandon(many, many->first);
    uk_httpsspare_clear(&many->spare);
    uk_httpsurl_clear(&many->urls);
    curl_multi_cleanup(many->multi);
    curl_share_cleanup(many->share);
    uk_io_close(&many->epoll);
    uk_httpstrust_clear(&many->trust);
    free(many);
}

bool
uk_httpsmany_is_sound(const struct uk_httpsmany *many)
{
    return !many->blind && !uk_wiped_was_short();
}

int
uk_httpsmany_fd(const struct uk_httpsmany *many)
{
    return many->epoll;
}

static struct uk_deadline
due(const struct uk_flight *flight)
{
    return flight->attempt.sent
               ? flight->by
               : uk_deadline_sooner(flight->connect_by, flight->by);
}

struct uk_deadline
uk_httpsmany_next(const struct uk_httpsmany *many)
{
    struct uk_deadline next = many->wake;

    for (const struct uk_flight *f = many->first; f != NULL; f = f->next)
        next = uk_deadline_sooner(next, due(f));
    return next;
}

enum uk_code
uk_httpsmany_launch(struct uk_httpsmany *many, struct uk_flight *flight,
                    struct uk_err *err)
{
    struct uk_httpstry *attempt = &flight->attempt;
    enum uk_code code;

    attempt->share = many->share;
    attempt->spare = &many->spare;
    attempt->urls = &many->urls;
    code = uk_httpstry_prepare(attempt, &many->trust, err);
    if (code == UK_OK &&
        (curl_easy_setopt(attempt->easy, CURLOPT_PRIVATE, flight) != CURLE_OK ||
         curl_multi_add_handle(many->multi, attempt->easy) != CURLM_OK))
        code = uk_err_set(err, UK_NO_MEMORY, "no memory for libcurl");
    if (code != UK_OK) {
        uk_httpstry_clear(attempt);
        return code;
    }
    flight->before = NULL;
    flight->next = many->first;
    if (flight->next != NULL)
        flight->next->before = flight;
    many->first = flight;
    return UK_OK;
}

static void
land(struct uk_httpsmany *many, struct uk_flight *flight, enum uk_code code,
     const struct uk_err *err)
{
    struct uk_https_reply reply = {.status = 0};

    (void)curl_multi_remove_handle(many->multi, flight->attempt.easy);
    unlink_flight(many, flight);
    if (code == UK_OK)
        uk_httpstry_hand_over(&flight->attempt, &reply);
    flight->landed(flight, code, &reply, err);
}

/* Those that libcurl is through with. */
static void
land_done(struct uk_httpsmany *many)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(many->multi, &left)) != NULL) {
        struct uk_err err = UK_ERR_NONE;
        struct uk_flight *flight = NULL;
        CURLcode rc = message->data.result;

        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                              &flight) != CURLE_OK ||
            flight == NULL)
            continue;
        land(many, flight, uk_httpstry_conclude(&flight->attempt, rc, &err),
             &err);
    }
}

/* One that waits for a connection which another has begun is where that one
 * is. */
static enum uk_code
tell_late(const struct uk_httpsmany *many, const struct uk_flight *flight,
          struct uk_err *err)
{
    enum uk_code code = uk_httpstry_late(&flight->attempt, err);

    for (const struct uk_flight *f = many->first; f != NULL; f = f->next) {
        struct uk_err theirs = UK_ERR_NONE;

        if (flight->attempt.join && !flight->attempt.sent && !f->attempt.sent &&
            f->attempt.server == flight->attempt.server &&
            uk_httpstry_late(&f->attempt, &theirs) == code &&
            theirs.stage > err->stage)
            *err = theirs;
    }
    return code;
}

/* Who has landed may have launched others, at the front of the list, or taken
 * others back: after each one the search begins anew. */
static bool
land_one_late(struct uk_httpsmany *many)
{
    for (struct uk_flight *f = many->first; f != NULL; f = f->next) {
        struct uk_err err = UK_ERR_NONE;

        if (!uk_deadline_passed(due(f)))
            continue;
        land(many, f, tell_late(many, f, &err), &err);
        return true;
    }
    return false;
}

static void
land_late(struct uk_httpsmany *many)
{
    if (!uk_deadline_passed(uk_httpsmany_next(many)))
        return;
    while (land_one_late(many))
        continue;
}

static int
as_curl(uint32_t events)
{
    int bits = 0;

    if ((events & (EPOLLIN | EPOLLHUP)) != 0)
        bits |= CURL_CSELECT_IN;
    if ((events & EPOLLOUT) != 0)
        bits |= CURL_CSELECT_OUT;
    if ((events & EPOLLERR) != 0)
        bits |= CURL_CSELECT_ERR;
    return bits;
}

void
uk_httpsmany_work(struct uk_httpsmany *many)
{
    struct epoll_event events[EVENTS];
    int running;
    int n = epoll_wait(many->epoll, events, EVENTS, 0);

    for (int i = 0; i < n; i++)
        (void)curl_multi_socket_action(many->multi, events[i].data.fd,
                                       as_curl(events[i].events), &running);
    land_done(many);
    uk_httpsmany_wake(many);
}

void
uk_httpsmany_wake(struct uk_httpsmany *many)
{
    int running;

    for (int i = 0; i < ROUNDS && uk_deadline_passed(many->wake); i++) {
        many->wake = never;
        (void)curl_multi_socket_action(many->multi, CURL_SOCKET_TIMEOUT, 0,
                                       &running);
        land_done(many);
    }
    land_late(many);
}
