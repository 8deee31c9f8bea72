/*
 * The agent that listens, and a crowd: who comes, speaks and goes in any order.
 * Nobody hears anything but one answer, nobody is let in, and who has asked and
 * stayed has been told.
 *
 * Two bytes are what happens next, one turn of the agent's loop behind the
 * other: the first says what, the second to which caller.  No server is there.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/reception.h"
#include "core/https.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/lib_folder.h"

#define CALLERS  40
#define EVENTS   256
#define AMPLE_MS 2000
#define OTHER    12345 /* a uid that is not root's */

enum event {
    COME,
    COME_AS_OTHER,
    COME_ALL_AS_OTHER,
    ASK,
    PREPARE,
    NOISE,
    GO,
    SHUT,
    WAIT,
    HANG_UP,
    KINDS
};

static struct {
    int fd; /* or -1 */
    bool asked, noisy, root;
} caller[CALLERS];

static struct uk_settings settings;
static struct uk_loop *loop;
static struct uk_upstream *upstream;
static const struct uk_log quiet = {.fd = -1, .most = UK_LEVEL_ERROR};
static struct sockaddr_un place = {.sun_family = AF_UNIX};
static int listener;
static struct uk_alarm next;
static const uint8_t *script;
static size_t left;
static bool anew; /* who is not in yet is the next agent's */

static void
start(void)
{
    struct uk_err err = UK_ERR_NONE;

    snprintf(place.sun_path, sizeof(place.sun_path), "%s/agent", folder_make());
    FUZZ_MUST(uk_https_start(&err) == UK_OK);
    FUZZ_MUST(uk_conf_init(uk_settings_table(), &settings, &err) == UK_OK);
    snprintf(settings.app_id, sizeof(settings.app_id), "demo");
    snprintf(settings.service_url.item[0], UK_CONF_VALUE, "http://127.0.0.1:1");
    settings.service_url.count = 1;
    settings.insecure_http = true;
    settings.timeout = AMPLE_MS;
    FUZZ_MUST(uk_loop_new(&loop, &err) == UK_OK);
}

/* Callers. */

static void
come(size_t i, bool other)
{
    if (caller[i].fd >= 0)
        return;
    caller[i].fd =
        socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    FUZZ_MUST(caller[i].fd >= 0);
    caller[i].asked = caller[i].noisy = false;
    caller[i].root = geteuid() == 0 && !other;
    if (other && geteuid() == 0)
        FUZZ_MUST(seteuid(OTHER) == 0);
    if (connect(caller[i].fd, (struct sockaddr *)&place, sizeof(place)) != 0) {
        close(caller[i].fd);
        caller[i].fd = -1;
    }
    if (geteuid() == OTHER)
        FUZZ_MUST(seteuid(0) == 0);
}

/* Who is not root's is asked for by name, in a thread that stays. */
static void
ask(size_t i, enum uk_op op)
{
    struct uk_request request = {.op = op, .user = "alice", .service = "sshd"};
    struct uk_buf message = UK_BUF_UP_TO(UK_MSG_MAX);
    struct uk_err err = UK_ERR_NONE;

    if (!caller[i].root && op != UK_OP_PREPARE)
        return;
    request.budget_ms = op == UK_OP_PREPARE ? 0 : AMPLE_MS;
    if (op != UK_OP_PREPARE)
        FUZZ_MUST(uk_secret_set(&request.secret, "k3y", 3, &err) == UK_OK);
    if (uk_request_pack(&request, &message, &err) == UK_OK &&
        send(caller[i].fd, message.bytes, message.len, MSG_NOSIGNAL) > 0)
        caller[i].asked = caller[i].asked || op == UK_OP_LOGIN;
    uk_buf_clear(&message);
    uk_request_clear(&request);
}

/* One answer and its end, or its end alone, or nothing yet. */
static void
hear(size_t i)
{
    static char room[UK_MSG_MAX + 1];
    struct uk_answer answer = {.code = UK_OK};
    struct uk_err err = UK_ERR_NONE;
    ssize_t n = recv(caller[i].fd, room, sizeof(room), 0);

    if (n < 0 && errno == ECONNRESET) /* it had more to say */
        n = recv(caller[i].fd, room, sizeof(room), 0);
    if (n <= 0) {
        FUZZ_MUST(!caller[i].asked || caller[i].noisy || anew);
        return;
    }
    FUZZ_MUST(uk_answer_unpack(room, (size_t)n, &answer, &err) == UK_OK);
    FUZZ_MUST(answer.verdict != UK_GRANTED);
    FUZZ_MUST(recv(caller[i].fd, room, sizeof(room), 0) <= 0);
    uk_answer_clear(&answer);
}

static void
go(size_t i)
{
    close(caller[i].fd);
    caller[i].fd = -1;
}

/* The play. */

static void
happen(enum event event, size_t i)
{
    if (event == COME || event == COME_AS_OTHER)
        come(i, event == COME_AS_OTHER);
    if (event == COME_ALL_AS_OTHER)
        for (size_t all = 0; all < CALLERS; all++)
            come(all, true);
    if (event == HANG_UP)
        raise(SIGHUP);
    if (caller[i].fd < 0)
        return;
    if (event == ASK || event == PREPARE)
        ask(i, event == ASK ? UK_OP_LOGIN : UK_OP_PREPARE);
    caller[i].noisy |= event == NOISE || event == SHUT;
    if (event == NOISE)
        (void)!send(caller[i].fd, "noise", 1 + i % 5, MSG_NOSIGNAL);
    if (event == SHUT)
        shutdown(caller[i].fd, SHUT_WR);
    if (event == GO)
        go(i);
}

static void
on_next(struct uk_alarm *alarm)
{
    if (left < 2) {
        raise(SIGTERM);
        return;
    }
    happen((enum event)(script[0] % KINDS), script[1] % CALLERS);
    script += 2;
    left -= 2;
    uk_loop_set(loop, alarm, uk_deadline_in(script[-2] % KINDS == WAIT));
}

static void
serve(void)
{
    static const struct uk_stamps stamps;
    struct uk_serve agent = {.settings = &settings,
                             .loop = loop,
                             .log = &quiet,
                             .stamps = &stamps,
                             .since = uk_deadline_in(0)};
    struct uk_err err = UK_ERR_NONE;

    anew = false;
    FUZZ_MUST(uk_upstream_new(&settings, loop, &quiet, &upstream, &err) ==
              UK_OK);
    agent.upstream = upstream;
    next = (struct uk_alarm){.rang = on_next};
    uk_loop_set(loop, &next, uk_deadline_in(0));
    FUZZ_MUST(uk_reception_run(&agent, listener, UK_RECEPTION_OWN, &anew,
                               &err) == UK_OK);
    uk_loop_unset(loop, &next);
    uk_upstream_free(upstream);
}

/* A signal that came behind the last look waits no longer. */
static void
forget_signals(void)
{
    static const struct timespec now;
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGHUP);
    while (sigtimedwait(&wanted, NULL, &now) > 0)
        continue;
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (loop == NULL)
        start();
    unlink(place.sun_path);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    FUZZ_MUST(bind(listener, (struct sockaddr *)&place, sizeof(place)) == 0);
    FUZZ_MUST(chmod(place.sun_path, 0666) == 0);
    FUZZ_MUST(listen(listener, 2 * CALLERS) == 0);
    for (size_t i = 0; i < CALLERS; i++)
        caller[i].fd = -1;
    script = bytes;
    left = len > (size_t)2 * EVENTS ? (size_t)2 * EVENTS : len;
    serve();
    close(listener);
    for (size_t i = 0; i < CALLERS; i++) {
        if (caller[i].fd < 0)
            continue;
        hear(i);
        go(i);
    }
    forget_signals();
    return 0;
}
