/*
 * The whole agent for one caller: what the caller says on its socket, and what
 * the network says on the connection to the service.
 *
 * The agent is the real one, from the caller's socket to libcurl's; the
 * service is a listener on loopback in the same event loop, which says the
 * script's next piece behind each request.
 *   ==p  who the caller is, and how the agent is set up: one byte
 *   ==c  the caller's next message
 *   ==q  the same, made well: a letter, the user, and behind a blank the secret
 *   ==s  what the service says next
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/chan.h"
#include "core/https.h"
#include "core/io.h"

#include "agent/serve.h"
#include "agent/visit.h"
#include "tests/fuzz/script.h"

#define WAIT_MS  2   /* for a request, before the service says more */
#define AMPLE_MS 150 /* that a login may take */
#define ASKS     8   /* requests that the service looks at */
#define ASK_ROOM 20480
#define NOBODY   65534

struct service {
    struct uk_watch listener;
    struct uk_watch caller; /* the connection there is */
    struct uk_alarm silent;
    struct uk_alarm speak; /* the caller's next message is due */
    size_t said, spoken;
    char ask[ASK_ROOM]; /* of the connection that there is */
    size_t len;
    unsigned asked, logins;
};

static struct uk_settings settings;
static const struct uk_log quiet = {.fd = -1, .most = UK_LEVEL_ERROR};
static struct fuzz_script script;
static struct service service;
static struct uk_loop *loop; /* for all inputs, as its thread for names is */
static struct uk_whois *whois;
static int ends[2]; /* the caller's, the agent's */
static bool over;

/* The service. */

static void
hang_up(bool hard)
{
    struct linger at_once = {.l_onoff = 1};

    if (!service.caller.watched)
        return;
    uk_loop_unset(loop, &service.silent);
    if (!hard) { /* it has said all */
        shutdown(service.caller.fd, SHUT_WR);
        return;
    }
    /* No port waits behind a connection that is over. */
    setsockopt(service.caller.fd, SOL_SOCKET, SO_LINGER, &at_once,
               sizeof(at_once));
    uk_loop_unwatch(loop, &service.caller);
    close(service.caller.fd);
}

static void
say_next(void)
{
    const struct fuzz_step *step = fuzz_find_step(&script, 's', service.said++);

    if (step == NULL) {
        hang_up(false);
        return;
    }
    if (step->len > 0)
        (void)send(service.caller.fd, step->bytes, step->len,
                   MSG_NOSIGNAL | MSG_DONTWAIT);
    uk_loop_set(loop, &service.silent, uk_deadline_in(WAIT_MS));
}

static void
on_silent(struct uk_alarm *alarm)
{
    say_next();
}

/* What the agent asks for is one of these, and nothing is between. */
static void
check_head(const char *head, size_t body)
{
    static const char *const lines[] = {
        "POST /api/client/v2.0/app/demo/auth/providers/api-key/login HTTP/1.1",
        "GET /api/client/v2.0/auth/profile HTTP/1.1",
        "DELETE /api/client/v2.0/auth/session HTTP/1.1",
        "GET /api/client/v2.0/app/demo/location HTTP/1.1",
    };
    size_t which = 0;

    while (which < 4 && strncmp(head, lines[which], strlen(lines[which])) != 0)
        which++;
    FUZZ_MUST(which < 4 && (body > 0) == (which == 0));
    FUZZ_MUST(strstr(head, "\r\nHost: 127.0.0.1:") != NULL);
    FUZZ_MUST((strstr(head, "\r\nAuthorization: Bearer ") != NULL) ==
              (which == 1 || which == 2));
    service.logins += which == 0;
}

/* Whole requests are taken off the front; how many. */
static unsigned
take_requests(void)
{
    unsigned taken = 0;

    for (;;) {
        char *end = memmem(service.ask, service.len, "\r\n\r\n", 4);
        const char *length;
        size_t head, body;

        if (end == NULL)
            return taken;
        *end = '\0';
        head = (size_t)(end + 4 - service.ask);
        length = strstr(service.ask, "\r\nContent-Length: ");
        body = length == NULL ? 0 : strtoul(length + 18, NULL, 10);
        if (service.len < head + body) {
            *end = '\r';
            return taken;
        }
        check_head(service.ask, body);
        memmove(service.ask, end + 4 + body, service.len - head - body);
        service.len -= head + body;
        taken++;
    }
}

static void
on_request(struct uk_watch *watch)
{
    ssize_t n = recv(watch->fd, service.ask + service.len,
                     sizeof(service.ask) - 1 - service.len, MSG_DONTWAIT);
    unsigned taken;

    if (n <= 0) {
        hang_up(true);
        return;
    }
    service.len += (size_t)n;
    FUZZ_MUST(service.len < sizeof(service.ask) - 1);
    taken = take_requests();
    service.asked += taken;
    FUZZ_MUST(service.asked <= ASKS);
    if (taken > 0)
        say_next();
}

static void
on_connection(struct uk_watch *watch)
{
    struct uk_err err = UK_ERR_NONE;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    hang_up(true); /* of two, the new one is talked to */
    service.len = 0;
    service.caller = (struct uk_watch){.ready = on_request};
    FUZZ_MUST(uk_loop_watch(loop, &service.caller, fd, &err) == UK_OK);
}

static void
start_service(void)
{
    struct sockaddr_in place = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct uk_err err = UK_ERR_NONE;
    socklen_t len = sizeof(place);

    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FUZZ_MUST(bind(fd, (struct sockaddr *)&place, len) == 0);
    FUZZ_MUST(getsockname(fd, (struct sockaddr *)&place, &len) == 0);
    FUZZ_MUST(listen(fd, 16) == 0);
    service.listener = (struct uk_watch){.ready = on_connection};
    FUZZ_MUST(uk_loop_new(&loop, &err) == UK_OK);
    FUZZ_MUST(uk_whois_new(loop, &whois, &err) == UK_OK);
    FUZZ_MUST(uk_loop_watch(loop, &service.listener, fd, &err) == UK_OK);
    FUZZ_MUST(uk_https_start(&err) == UK_OK);
    FUZZ_MUST(uk_conf_init(uk_settings_table(), &settings, &err) == UK_OK);
    snprintf(settings.app_id, sizeof(settings.app_id), "demo");
    snprintf(settings.service_url.item[0], UK_CONF_VALUE, "http://127.0.0.1:%d",
             ntohs(place.sin_port));
    settings.service_url.count = 1;
    settings.insecure_http = true;
    settings.timeout = AMPLE_MS;
    /* So the counts are kept in memory. */
    snprintf(settings.state_folder, sizeof(settings.state_folder),
             "/nowhere/at/all");
}

/* The caller. */

/* "aalice KEY": the low bits of the letter are operation and flags. */
static void
make_message(const struct fuzz_step *step, struct uk_buf *out)
{
    char *text = fuzz_text(step->bytes, step->len);
    char *blank = strchr(text, ' ');
    struct uk_request request = {
        .op = (enum uk_op)(text[0] & 3),
        .budget_ms = AMPLE_MS,
        .want_emails = (text[0] & 4) != 0,
        .keep = (text[0] & 8) != 0,
        .service = "sshd",
        .rhost = "10.0.0.7",
    };
    struct uk_err err = UK_ERR_NONE;

    if (blank != NULL)
        *blank = '\0';
    if (step->len > 0 &&
        !uk_str_copy(request.user, sizeof(request.user), text + 1))
        request.user[0] = '\0';
    if (blank != NULL && blank[1] != '\0' &&
        uk_secret_set(&request.secret, blank + 1, strlen(blank + 1), &err) !=
            UK_OK)
        request.op = 0;
    if (uk_request_pack(&request, out, &err) != UK_OK)
        uk_buf_clear(out);
    uk_request_clear(&request);
    free(text);
}

/* The caller's n-th message; false behind the last. */
static bool
get_message(size_t n, struct uk_buf *out)
{
    for (size_t i = 0; i < script.count; i++) {
        const struct fuzz_step *step = &script.step[i];

        if ((step->what != 'c' && step->what != 'q') || n-- > 0)
            continue;
        if (step->what == 'q')
            make_message(step, out);
        else
            uk_buf_add(out, step->bytes, step->len);
        return true;
    }
    return false;
}

static void
speak(struct uk_alarm *alarm)
{
    struct uk_buf message = UK_BUF_UP_TO(1 << 20);

    if (get_message(service.spoken++, &message) &&
        send(ends[0], uk_buf_peek(&message), message.len,
             MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        uk_loop_set(loop, alarm, uk_deadline_in(WAIT_MS));
    else
        shutdown(ends[0], SHUT_WR); /* it waits for its answer */
    uk_buf_clear(&message);
}

/* What it has asked: the first of its messages that announces no other. */
static bool
read_request(struct uk_request *out)
{
    struct uk_buf message = UK_BUF_UP_TO(1 << 20);
    struct uk_err err = UK_ERR_NONE;
    bool found = false, good = true;

    for (size_t i = 0; good && !found && get_message(i, &message); i++) {
        good = uk_request_unpack(uk_buf_peek(&message), message.len, out,
                                 &err) == UK_OK;
        found = good && out->op != UK_OP_PREPARE;
        if (!found)
            uk_request_clear(out);
        uk_buf_clear(&message);
    }
    uk_buf_clear(&message);
    return found;
}

/* Has the service named this person?  Not to be told where an escape or the
 * end of a chunk can be within the name. */
static bool
has_been_said(const char *id)
{
    struct uk_buf all = UK_BUF_UP_TO(1 << 21);
    const struct fuzz_step *step;
    bool said;

    for (size_t i = 0; (step = fuzz_find_step(&script, 's', i)) != NULL; i++)
        uk_buf_add(&all, step->bytes, step->len);
    FUZZ_MUST(!all.bad && all.len > 0);
    FUZZ_MUST(memmem(all.bytes, all.len, "HTTP/1.1 20", 11) != NULL);
    said = memmem(all.bytes, all.len, id, strlen(id)) != NULL ||
           memchr(all.bytes, '\\', all.len) != NULL ||
           strcasestr(all.bytes, "chunked") != NULL ||
           strlen(all.bytes) < all.len;
    uk_buf_clear(&all);
    return said;
}

static void
check_grant(const struct uk_answer *answer, const struct uk_request *request,
            const struct uk_peer *peer)
{
    FUZZ_MUST(request->op == UK_OP_LOGIN && service.logins > 0);
    FUZZ_MUST(peer->parent || peer->uid == 0 ||
              (peer->uid == NOBODY && strcmp(request->user, "nobody") == 0));
    FUZZ_MUST(request->keep || answer->tokens.access.len == 0);
    FUZZ_MUST(request->want_emails || answer->person.n_emails == 0);
    FUZZ_MUST(!answer->offline && has_been_said(answer->person.id));
}

/* One answer to what was asked, and its end. */
static void
check_answer(const struct uk_peer *peer)
{
    static char room[UK_MSG_MAX + 1];
    struct uk_request request = {.op = 0};
    struct uk_answer answer = {.code = UK_OK};
    struct uk_err err = UK_ERR_NONE;
    ssize_t n = recv(ends[0], room, sizeof(room), MSG_DONTWAIT);
    bool asked = read_request(&request);

    /* Somebody who says more than was asked for hears this first. */
    if (n < 0 && errno == ECONNRESET)
        n = recv(ends[0], room, sizeof(room), MSG_DONTWAIT);
    FUZZ_MUST(asked || service.logins == 0);
    FUZZ_MUST(n >= 0 && n <= UK_MSG_MAX);
    if (n > 0) {
        FUZZ_MUST(uk_answer_unpack(room, (size_t)n, &answer, &err) == UK_OK);
        FUZZ_MUST(recv(ends[0], room, sizeof(room), MSG_DONTWAIT) == 0);
        FUZZ_MUST(asked || answer.code != UK_OK);
    }
    FUZZ_MUST(n > 0 || !asked);
    if (asked)
        FUZZ_MUST(uk_answer_check(&answer, &request, &err) == UK_OK);
    if (answer.verdict == UK_GRANTED)
        check_grant(&answer, &request, peer);
    uk_answer_clear(&answer);
    uk_request_clear(&request);
}

/* The agent. */

static void
on_answered(struct uk_visit *visit, bool more)
{
}

static void
on_over(struct uk_visit *visit)
{
    over = true;
    uk_loop_stop(loop);
}

static void
serve(const struct uk_peer *peer, bool counts)
{
    struct uk_visit_host host = {.settings = &settings,
                                 .loop = loop,
                                 .whois = whois,
                                 .answered = on_answered,
                                 .over = on_over};
    static const struct uk_grace_key key;
    struct uk_err err = UK_ERR_NONE;
    struct uk_visit *visit;

    FUZZ_MUST(uk_upstream_new(&settings, loop, &quiet, &host.upstream, &err) ==
              UK_OK);
    FUZZ_MUST(uk_guard_new(&settings, counts ? &key : NULL, loop, &quiet,
                           host.upstream, &host.guard, &err) == UK_OK);
    FUZZ_MUST(uk_visit_begin(&host, ends[1], peer, uk_deadline_in(0),
                             uk_deadline_in(AMPLE_MS), &visit, &err) == UK_OK);
    speak(&service.speak);
    over = false;
    uk_visit_look(visit);
    FUZZ_MUST(uk_loop_run(loop, &err) == UK_OK && over);
    hang_up(true);
    uk_loop_unset(loop, &service.silent);
    uk_loop_unset(loop, &service.speak);
    uk_guard_free(host.guard);
    uk_upstream_free(host.upstream);
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct uk_peer peers[] = {
        {.pid = 1, .uid = 12345, .parent = true},
        {.pid = 1, .uid = 0},
        {.pid = 1, .uid = NOBODY},
        {.pid = 1, .uid = 12345},
    };
    const struct fuzz_step *who;
    unsigned how = 0;

    if (loop == NULL)
        start_service();
    fuzz_read_script(bytes, len, &script);
    who = fuzz_find_step(&script, 'p', 0);
    if (who != NULL && who->len > 0)
        how = who->bytes[0];
    service.said = service.spoken = 0;
    service.asked = service.logins = 0;
    service.silent = (struct uk_alarm){.rang = on_silent};
    service.speak = (struct uk_alarm){.rang = speak};
    FUZZ_MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    serve(&peers[how % 4], (how & 4) != 0);
    check_answer(&peers[how % 4]);
    close(ends[0]);
    return 0;
}
