/*
 * An agent that does what its command line says, well or badly: the program
 * that test_helper and test_login start in place of the real one.
 *
 * The last part of the path behind --conf names what it does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/chan.h"
#include "core/helper.h"
#include "core/io.h"
#include "core/str.h"

#define FD   UK_HELPER_FD
#define LONG 600000 /* ms */

extern char **environ;

static const char *conf;          /* what stands behind --conf */
static struct uk_request request; /* what came */
static struct uk_err err;
static char text[256]; /* a fault of the world we were started into */

static void
hear(void)
{
    if (uk_chan_receive(FD, uk_deadline_in(LONG), &request, &err) != UK_OK)
        _exit(1);
}

static struct uk_answer
answer_with(enum uk_verdict verdict)
{
    struct uk_answer answer = {.code = UK_OK, .verdict = verdict};

    if (request.op == UK_OP_LOGOUT) {
        answer.verdict = UK_UNDECIDED;
        return answer;
    }
    if (verdict == UK_GRANTED)
        snprintf(answer.person.id, sizeof(answer.person.id), "%s",
                 "64f0c0ffee0123456789abcd");
    snprintf(answer.request_id, sizeof(answer.request_id), "%s", "rq-1");
    return answer;
}

static void
say(struct uk_answer answer)
{
    if (uk_chan_reply(FD, &answer, uk_deadline_in(LONG), &err) != UK_OK)
        _exit(1);
}

/* The bytes of the answer that grants, without an end behind them. */
static void
say_bytes(size_t cut, size_t extra)
{
    struct uk_answer answer = answer_with(UK_GRANTED);
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    if (uk_answer_pack(&answer, &buf, &err) != UK_OK)
        _exit(1);
    while (extra-- > 0)
        uk_buf_add_byte(&buf, 0);
    send(FD, buf.bytes, buf.len - cut, MSG_NOSIGNAL);
    uk_buf_clear(&buf);
}

static void
stay(void)
{
    for (;;)
        pause();
}

static void
be_good(void)
{
    hear();
    say(answer_with(UK_GRANTED));
}

static void
be_bad(void)
{
    hear();
    say(answer_with(UK_REFUSED));
}

static void
refuse_all(void)
{
    struct uk_answer answer = answer_with(UK_REFUSED);

    snprintf(answer.text, sizeof(answer.text), "no keys today");
    hear();
    say(answer);
}

static void
crash(void)
{
    struct rlimit none = {0};

    hear();
    setrlimit(RLIMIT_CORE, &none);
    abort();
}

static void
crash_at_once(void)
{
    struct rlimit none = {0};

    setrlimit(RLIMIT_CORE, &none);
    abort();
}

static void
crash_after(void)
{
    be_good();
    crash_at_once();
}

static void
hang(void)
{
    hear();
    stay();
}

static void
stop_itself(void)
{
    hear();
    raise(SIGSTOP);
    stay();
}

static void
be_silent(void)
{
    hear();
}

static void
say_garbage(void)
{
    char garbage[200];

    hear();
    memset(garbage, 1, sizeof(garbage));
    send(FD, garbage, sizeof(garbage), MSG_NOSIGNAL);
}

static void
say_twice(void)
{
    hear();
    say_bytes(0, 0);
    say_bytes(0, 0);
}

/* A refusal and then a grant. */
static void
change_its_mind(void)
{
    struct uk_answer answer = answer_with(UK_REFUSED);
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    hear();
    if (uk_answer_pack(&answer, &buf, &err) != UK_OK)
        _exit(1);
    send(FD, buf.bytes, buf.len, MSG_NOSIGNAL);
    uk_buf_clear(&buf);
    say_bytes(0, 0);
}

static void
cut_it_short(void)
{
    hear();
    say_bytes(1, 0);
}

static void
say_more(void)
{
    hear();
    say_bytes(0, 1);
}

static void
never_end(void)
{
    hear();
    say_bytes(0, 0);
    stay();
}

static void
come_late(void)
{
    hear();
    uk_deadline_wait(uk_deadline_in(3 * request.budget_ms + 500));
    say(answer_with(UK_GRANTED));
}

static void
say_nothing(void)
{
    hear();
    send(FD, "", 0, MSG_NOSIGNAL);
    stay();
}

static void
say_hugely(void)
{
    char *huge = calloc(1, 2 * UK_MSG_MAX);

    hear();
    if (huge == NULL ||
        send(FD, huge, 2 * UK_MSG_MAX, MSG_NOSIGNAL) < UK_MSG_MAX)
        _exit(1);
    free(huge);
}

/* Granted, but the request is not heard first: it arrives at nobody. */
static void
answer_before(void)
{
    request.op = UK_OP_LOGIN;
    say(answer_with(UK_GRANTED));
}

/* Codes and verdicts that do not go together, or that are not ours to give. */
static void
say_both(void)
{
    struct uk_answer answer;
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    hear();
    answer = answer_with(UK_GRANTED);
    if (uk_answer_pack(&answer, &buf, &err) != UK_OK)
        _exit(1);
    buf.bytes[8] = UK_UNREACHABLE; /* docs/PROTOCOL.md: the code */
    send(FD, buf.bytes, buf.len, MSG_NOSIGNAL);
    uk_buf_clear(&buf);
}

static void
fail(enum uk_code code, enum uk_stage stage)
{
    struct uk_answer answer = {.code = code, .stage = stage};

    hear();
    snprintf(answer.text, sizeof(answer.text), "%s",
             text[0] != '\0' ? text : "as it was told to");
    say(answer);
}

static void
resolve_late(void)
{
    fail(UK_TIMEOUT, UK_STAGE_RESOLVE);
}

static void
be_misconfigured(void)
{
    fail(UK_MISCONFIGURED, UK_STAGE_NONE);
}

static void
say_disabled(void)
{
    hear();
    say(answer_with(UK_USER_DISABLED));
}

static void
say_throttled(void)
{
    struct uk_answer answer;

    hear();
    answer = answer_with(UK_THROTTLED_SERVICE);
    answer.retry_after_s = 17;
    say(answer);
}

/* Leave traces in files beside conf, for what cannot be told otherwise. */
static void
leave_trace(const char *name, const char *what)
{
    char path[512];
    int fd;

    snprintf(path, sizeof(path), "%s.%s", conf, name);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, what, strlen(what)) < 0)
        _exit(1);
    close(fd);
}

/* Good, but slow to go. */
static void
leave_slowly(void)
{
    be_good();
    uk_deadline_wait(uk_deadline_in(300));
    leave_trace("left", "x");
}

/* Hand over tokens; take note of those that are to be logged out. */
static void
keep_tokens(void)
{
    struct uk_answer answer;

    hear();
    if (request.op == UK_OP_LOGOUT)
        leave_trace("logout", uk_secret_peek(&request.secret));
    answer = answer_with(UK_GRANTED);
    if (request.op == UK_OP_LOGIN &&
        (uk_secret_set(&answer.tokens.access, "access-1", 8, &err) != UK_OK ||
         uk_secret_set(&answer.tokens.refresh, "refresh-1", 9, &err) != UK_OK))
        _exit(1);
    say(answer);
    uk_answer_clear(&answer);
}

/* The same with addresses. */
static void
say_emails(void)
{
    struct uk_answer answer;

    hear();
    answer = answer_with(UK_GRANTED);
    if (request.want_emails) {
        answer.person.n_emails = 1;
        snprintf(answer.person.email[0], sizeof(answer.person.email[0]), "%s",
                 "alice@example.com");
    }
    say(answer);
}

/* What came, as the request id of the answer. */
static void
echo_request(void)
{
    struct uk_answer answer;

    hear();
    answer = answer_with(UK_GRANTED);
    snprintf(answer.request_id, sizeof(answer.request_id),
             "%.16s-%.12s-%.16s-%d-%d", request.user, request.service,
             request.rhost, request.want_emails, request.keep);
    leave_trace("key", uk_secret_peek(&request.secret));
    say(answer);
}

/* How was this process started? */

static bool
find_fault(bool fault, const char *what)
{
    if (fault && text[0] == '\0')
        snprintf(text, sizeof(text), "%s", what);
    return fault;
}

static void
check_descriptors(void)
{
    for (int fd = 0; fd < 4096; fd++) {
        struct stat st;
        bool open = fstat(fd, &st) == 0;

        if (fd <= STDERR_FILENO)
            find_fault(!open || !S_ISCHR(st.st_mode) ||
                           st.st_rdev != makedev(1, 3),
                       "a standard descriptor is not /dev/null");
        else if (fd == FD)
            find_fault(!open || !S_ISSOCK(st.st_mode), "no socket");
        else if (find_fault(open, "a descriptor is left over"))
            break;
    }
}

static void
check_environment(void)
{
    char byte;
    int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);

    find_fault(fd < 0 || read(fd, &byte, 1) != 0, "/proc/self/environ");
    find_fault(environ != NULL && environ[0] != NULL, "environ");
    close(fd);
}

static void
check_signals(void)
{
    sigset_t blocked;

    if (sigprocmask(SIG_SETMASK, NULL, &blocked) != 0)
        find_fault(true, "sigprocmask");
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;

        find_fault(sigismember(&blocked, i) == 1, "a signal is blocked");
        find_fault(sigaction(i, NULL, &action) == 0 &&
                       action.sa_handler == SIG_IGN,
                   "a signal is ignored");
    }
}

static void
check_world(void)
{
    check_descriptors();
    check_environment();
    check_signals();
    find_fault(getsid(0) != getpid(), "not a session of its own");
    if (text[0] != '\0')
        fail(UK_INVALID, UK_STAGE_NONE);
    else
        be_good();
}

static const struct {
    const char *name;
    void (*act)(void);
} acts[] = {
    {"good", be_good},
    {"bad", be_bad},
    {"off", refuse_all},
    {"crash", crash},
    {"crash-at-once", crash_at_once},
    {"crash-after", crash_after},
    {"hang", hang},
    {"deaf", stay},
    {"stopped", stop_itself},
    {"silent", be_silent},
    {"garbage", say_garbage},
    {"twice", say_twice},
    {"no-then-yes", change_its_mind},
    {"truncated", cut_it_short},
    {"trailing", say_more},
    {"endless", never_end},
    {"late", come_late},
    {"empty", say_nothing},
    {"huge", say_hugely},
    {"early", answer_before},
    {"both", say_both},
    {"resolve", resolve_late},
    {"misconfigured", be_misconfigured},
    {"disabled", say_disabled},
    {"throttled", say_throttled},
    {"slow-to-leave", leave_slowly},
    {"tokens", keep_tokens},
    {"emails", say_emails},
    {"echo", echo_request},
    {"world", check_world},
};

int
main(int argc, char **argv)
{
    const char *name;

    if (argc != 3 || strcmp(argv[1], "--conf") != 0)
        return 2;
    conf = argv[2];
    name = strrchr(conf, '/') != NULL ? strrchr(conf, '/') + 1 : conf;
    for (size_t i = 0; i < UK_COUNT(acts); i++) {
        if (strcmp(acts[i].name, name) == 0)
            acts[i].act();
    }
    /* Nothing of a sanitizer's epilogue: some of these leave in a hurry. */
    _exit(0);
}
