/*
 * Who is let in to the agent that listens, and who makes room: so many in all,
 * of them so many who are not root, of them so many of one uid.
 *
 * The agent is a process of its own.  Whose uid a caller has is played: it
 * stands in the name of the caller's socket.
 */
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/chan.h"
#include "core/https.h"

#include "agent/reception.h"
#include "tests/skip.h"
#include "tests/unit/lib_place.h"

/* As README and manual have it: of one uid, of all that are not root. */
#define OF_ONE 16
#define OTHERS 256
#define IN_ALL 1024
#define ALICE  12345
#define BOB    12346

#define AMPLE  30000 /* ms */
#define SHORT  500   /* ms: where a service that is silent is waited for */
#define SETTLE 200   /* ms in which nothing may happen */

static struct place place;
static struct uk_settings settings;
static struct uk_err err;
static int listener, service;
static pid_t agent;
static unsigned serial; /* of callers */

/* Stands in for the kernel's word. */
int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    struct sockaddr_un from = {.sun_path = ""};
    socklen_t from_len = sizeof(from);
    const char *slash;
    struct ucred peer = {.pid = 1};

    if (level != SOL_SOCKET || name != SO_PEERCRED)
        return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
    if (getpeername(fd, (struct sockaddr *)&from, &from_len) != 0)
        return -1;
    slash = strrchr(from.sun_path, '/');
    peer.uid =
        slash != NULL ? (uid_t)strtoul(slash + 1, NULL, 10) : (uid_t)ALICE;
    memcpy(value, &peer, sizeof(peer));
    *len = sizeof(peer);
    return 0;
}

static void
serve(void)
{
    static const struct uk_log quiet = {.fd = -1, .most = UK_LEVEL_ERROR};
    static const struct uk_stamps stamps;
    struct uk_serve serve = {.settings = &settings,
                             .log = &quiet,
                             .stamps = &stamps,
                             .since = uk_deadline_in(0)};
    bool anew = false;
    enum uk_code code = uk_https_start(&err);

    close(service);
    if (code == UK_OK)
        code = uk_loop_new(&serve.loop, &err);
    if (code == UK_OK)
        code = uk_upstream_new(&settings, serve.loop, &quiet, &serve.upstream,
                               &err);
    if (code == UK_OK)
        code =
            uk_reception_run(&serve, listener, UK_RECEPTION_OWN, &anew, &err);
    if (code == UK_OK) {
        uk_upstream_free(serve.upstream);
        uk_loop_free(serve.loop);
    } else {
        fprintf(stderr, "# %s\n", err.text);
    }
    _exit(code == UK_OK && !anew ? 0 : 1);
}

static int
bound(int family, int type, const void *at, socklen_t len)
{
    int fd = socket(family, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, at, len), 0);
    return fd;
}

static struct sockaddr_un
named(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", place_path(&place, name));
    return at;
}

/* A service that takes every connection and never answers. */
static void
open_service(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(at);

    service = bound(AF_INET, SOCK_STREAM, &at, sizeof(at));
    assert_int_equal(listen(service, OTHERS * 2), 0);
    assert_int_equal(getsockname(service, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(uk_conf_init(uk_settings_table(), &settings, &err), UK_OK);
    snprintf(settings.app_id, sizeof(settings.app_id), "demo");
    snprintf(settings.service_url.item[0], UK_CONF_VALUE, "http://127.0.0.1:%d",
             ntohs(at.sin_port));
    settings.service_url.count = 1;
    settings.insecure_http = true;
}

static void
open_agent(unsigned timeout)
{
    struct sockaddr_un at;

    place_open(&place);
    open_service();
    settings.timeout = timeout;
    at = named("agent");
    listener = bound(AF_UNIX, SOCK_SEQPACKET, &at, sizeof(at));
    assert_int_equal(listen(listener, 64), 0);
    agent = fork();
    assert_true(agent >= 0);
    if (agent == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve();
    }
    close(listener);
}

/* With its service gone nobody waits any more, and it leaves when it is told
 * to. */
static void
close_agent(void)
{
    int status = -1;

    close(service);
    assert_int_equal(kill(agent, SIGTERM), 0);
    assert_int_equal(waitpid(agent, &status, 0), agent);
    assert_int_equal(status, 0);
    place_close(&place);
}

static int
come(unsigned uid)
{
    struct sockaddr_un to = named("agent"), from;
    char name[32];
    int fd;

    snprintf(name, sizeof(name), "%u.%u", uid, serial++);
    from = named(name);
    fd = bound(AF_UNIX, SOCK_SEQPACKET, &from, sizeof(from));
    unlink(from.sun_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* It takes as long as the service is waited for. */
static void
ask(int fd, enum uk_op op)
{
    struct uk_request request = {.op = op, .budget_ms = AMPLE};

    assert_int_equal(uk_secret_set(&request.secret, "a.b.c", 5, &err), UK_OK);
    assert_int_equal(uk_chan_send(fd, &request, uk_deadline_in(AMPLE), &err),
                     UK_OK);
    uk_request_clear(&request);
}

/* To end a session is everybody's right. */
static int
come_and_ask(unsigned uid)
{
    int fd = come(uid);

    ask(fd, UK_OP_LOGOUT);
    return fd;
}

/* Has the agent said something to this one, or hung up? */
static bool
is_told(int fd, int ms)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    return poll(&look, 1, ms) > 0;
}

/* Everybody who has come by now has been looked at: this one came last, and
 * hears what is wrong with what it says. */
static void
await_agent(void)
{
    int fd = come(0);

    assert_int_equal(send(fd, "noise", 5, MSG_NOSIGNAL), 5);
    assert_true(is_told(fd, AMPLE));
    close(fd);
}

/* Until the agent is let go on, nothing that comes is looked at. */
static void
hold_agent(void)
{
    int status;

    assert_int_equal(kill(agent, SIGSTOP), 0);
    assert_int_equal(waitpid(agent, &status, WUNTRACED), agent);
    assert_true(WIFSTOPPED(status));
}

/* Refused at the door: there are too many. */
static void
must_be_refused(unsigned uid)
{
    struct uk_request asked = {.op = UK_OP_LOGIN};
    struct uk_answer answer = {.code = UK_TIMEOUT};
    int fd;

    hold_agent(); /* who has not asked by then is hung up on */
    fd = come(uid);
    ask(fd, UK_OP_LOGIN);
    assert_int_equal(kill(agent, SIGCONT), 0);
    assert_int_equal(
        uk_chan_hear(fd, &asked, uk_deadline_in(AMPLE), &answer, &err), UK_OK);
    assert_int_equal(answer.code, UK_OK);
    assert_int_equal(answer.verdict, UK_THROTTLED_HERE);
    assert_int_equal(answer.retry_after_s, 1);
    close(fd);
}

/* Hung up on, without a word. */
static void
must_be_gone(int fd)
{
    char byte;

    assert_true(is_told(fd, AMPLE));
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

static void
must_be_in(const int *fd, size_t count)
{
    await_agent();
    for (size_t i = 0; i < count; i++) {
        if (is_told(fd[i], 0))
            fail_msg("caller %zu of %zu", i, count);
    }
}

static void
close_all(const int *fd, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fd[i]);
}

/* So many of one uid are in at once; of another, and of root, more are. */
static void
test_of_one(void **state)
{
    int fd[OF_ONE + 3];

    open_agent(AMPLE);
    for (int i = 0; i < OF_ONE; i++)
        fd[i] = come_and_ask(ALICE);
    must_be_in(fd, OF_ONE);
    must_be_refused(ALICE);
    fd[OF_ONE] = come_and_ask(BOB);
    for (int i = OF_ONE + 1; i < OF_ONE + 3; i++)
        fd[i] = come_and_ask(0);
    must_be_in(fd, UK_COUNT(fd));
    close_all(fd, UK_COUNT(fd));
    close_agent();
}

/* So many who are not root are in at once, and root all the same; who has come
 * and gone is not counted any more. */
static void
test_others(void **state)
{
    int fd[OTHERS + 1];

    open_agent(AMPLE);
    for (int i = 0; i < OTHERS; i++)
        close(come((unsigned)(ALICE + i)));
    for (int i = 0; i < 3; i++)
        await_agent(); /* root's do not count */
    for (int i = 0; i < OTHERS; i++)
        fd[i] = come_and_ask((unsigned)(ALICE + i));
    fd[OTHERS] = come_and_ask(0);
    must_be_in(fd, OTHERS + 1);
    must_be_refused(BOB + OTHERS);
    close_all(fd, UK_COUNT(fd));
    close_agent();
}

/* Where there are as many of one uid as may be, the one that has waited longest
 * without a word makes room: not one that has asked, nor another's. */
static void
test_room(void **state)
{
    int fd[OF_ONE + 2];

    open_agent(AMPLE);
    fd[0] = come(BOB);
    fd[1] = come_and_ask(ALICE);
    for (int i = 2; i <= OF_ONE; i++)
        fd[i] = come(ALICE);
    must_be_in(fd, OF_ONE + 1);
    fd[OF_ONE + 1] = come(ALICE);
    must_be_gone(fd[2]);
    close(fd[2]);
    fd[2] = fd[0];
    must_be_in(fd, UK_COUNT(fd));
    close_all(fd + 1, UK_COUNT(fd) - 1);
    close_agent();
}

/* More than root needs: the one without a word who came first makes room, and
 * who is not root before root. */
static void
test_in_all(void **state)
{
    struct rlimit limit;
    static int fd[IN_ALL + 1];

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 2 * IN_ALL;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        skip_because("so many descriptors may not be open here");
    open_agent(AMPLE);
    for (int i = 0; i < IN_ALL - 1; i++)
        fd[i] = come(i == 1 ? ALICE : 0);
    must_be_in(fd, IN_ALL - 1); /* whoever asks that has been the last */
    fd[IN_ALL - 1] = come(0);
    fd[IN_ALL] = come(0);
    must_be_gone(fd[1]);
    assert_false(is_told(fd[0], SETTLE));
    close(come(0));
    must_be_gone(fd[0]);
    close_all(fd, UK_COUNT(fd));
    close_agent();
}

/* At a door of its own nobody comes after it: whoever stands there when it is
 * told to leave is answered. */
static void
test_last(void **state)
{
    int fd[5];

    open_agent(SHORT);
    await_agent();
    hold_agent();
    for (size_t i = 0; i < UK_COUNT(fd); i++)
        fd[i] = come_and_ask(0);
    assert_int_equal(kill(agent, SIGTERM), 0);
    assert_int_equal(kill(agent, SIGCONT), 0);
    for (size_t i = 0; i < UK_COUNT(fd); i++) {
        struct uk_request asked = {.op = UK_OP_LOGOUT};
        struct uk_answer answer = {.code = UK_OK};

        assert_int_equal(
            uk_chan_hear(fd[i], &asked, uk_deadline_in(AMPLE), &answer, &err),
            UK_OK);
        assert_int_equal(answer.code, UK_TIMEOUT);
    }
    close_all(fd, UK_COUNT(fd));
    close_agent();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_one), cmocka_unit_test(test_others),
        cmocka_unit_test(test_room),   cmocka_unit_test(test_in_all),
        cmocka_unit_test(test_last),
    };

    return cmocka_run_group_tests_name("agent_reception", tests, NULL, NULL);
}
