/* Starting and ending the agent, whatever the host and whatever the agent
 * (S-06 to S-13). */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/chan.h"
#include "core/helper.h"
#include "core/io.h"
#include "tests/skip.h"

#include "lib_place.h"

#define SOON    300   /* ms: for a wait that must end in vain */
#define AMPLE   60000 /* ms: for one that must not */
#define THREADS 8
#define ROUNDS  10

static struct place place;
static char program[PLACE_PATH];

static int
set_up(void **state)
{
    place_open(&place);
    place_copy(&place, "helper_agent", "agent");
    snprintf(program, sizeof(program), "%s/agent", place.dir);
    return 0;
}

static int
tear_down(void **state)
{
    place_close(&place);
    return 0;
}

/* One whole exchange: start, ask, stop.  The verdict, or UK_UNDECIDED. */
static enum uk_verdict
run(const char *act, unsigned ms, enum uk_code *code, struct uk_err *err)
{
    struct uk_helper helper = UK_HELPER_NONE;
    struct uk_deadline by = uk_deadline_in(ms);
    struct uk_request request = {.op = UK_OP_LOGIN, .budget_ms = ms};
    struct uk_answer answer = {.verdict = UK_UNDECIDED};
    enum uk_verdict verdict = UK_UNDECIDED;

    *code = uk_secret_set(&request.secret, "k", 1, err);
    if (*code == UK_OK)
        *code = uk_helper_start(&helper, program, act, err);
    if (*code == UK_OK)
        *code = uk_chan_send(helper.fd, &request, by, err);
    if (*code == UK_OK)
        *code = uk_chan_hear(helper.fd, &request, by, &answer, err);
    if (*code == UK_OK)
        verdict = answer.verdict;
    uk_helper_stop(&helper, *code == UK_OK ? by : uk_deadline_in(0));
    uk_answer_clear(&answer);
    uk_request_clear(&request);
    return verdict;
}

/* What the host has, so that it can be seen to be the same afterwards. */
struct host {
    struct sigaction action[NSIG];
    sigset_t mask;
    unsigned long long open; /* descriptors, by bit */
};

static void
look(struct host *host)
{
    memset(host, 0, sizeof(*host));
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, NULL, &host->action[i]);
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &host->mask), 0);
    for (int fd = 0; fd < 64; fd++)
        host->open |= (fcntl(fd, F_GETFD) >= 0 ? 1ULL : 0) << fd;
}

static void
assert_unchanged(const struct host *before)
{
    struct host now;

    look(&now);
    assert_true(now.open == before->open);
    assert_memory_equal(&now.mask, &before->mask, sizeof(now.mask));
    for (int i = 1; i < NSIG; i++)
        assert_ptr_equal(now.action[i].sa_handler,
                         before->action[i].sa_handler);
}

static void
assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void
reap_all(int number)
{
    int kept = errno;

    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = kept;
}

static void
handle(int number)
{
}

static const struct {
    const char *name;
    void (*handler)(int);
} hosts[] = {
    {"default", SIG_DFL},
    {"ignores SIGCHLD", SIG_IGN},
    {"reaps", reap_all},
    {"has a handler", handle},
};

static const struct {
    const char *act;
    unsigned ms;
    enum uk_code code;
    enum uk_verdict verdict;
} table[] = {
    {"good", AMPLE, UK_OK, UK_GRANTED},
    {"bad", AMPLE, UK_OK, UK_REFUSED},
    {"world", AMPLE, UK_OK, UK_GRANTED},
    {"crash", AMPLE, UK_UNREACHABLE, UK_UNDECIDED},
    {"crash-at-once", AMPLE, UK_UNREACHABLE, UK_UNDECIDED},
    /* The whole answer had come. */
    {"crash-after", AMPLE, UK_OK, UK_GRANTED},
    {"hang", SOON, UK_TIMEOUT, UK_UNDECIDED},
    {"deaf", SOON, UK_TIMEOUT, UK_UNDECIDED},
    {"stopped", SOON, UK_TIMEOUT, UK_UNDECIDED},
    {"silent", AMPLE, UK_UNREACHABLE, UK_UNDECIDED},
    {"no such act: exits at once", AMPLE, UK_UNREACHABLE, UK_UNDECIDED},
    {"garbage", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED},
    {"twice", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED},
    {"no-then-yes", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED},
    {"truncated", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED},
    {"trailing", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED},
    {"endless", SOON, UK_TIMEOUT, UK_UNDECIDED},
    {"late", SOON, UK_TIMEOUT, UK_UNDECIDED},
    {"empty", AMPLE, UK_UNREACHABLE, UK_UNDECIDED},
    {"huge", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED},
    {"both", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED},
};

static void
test_matrix(void **state)
{
    struct uk_err err = UK_ERR_NONE;
    struct host before;

    for (size_t h = 0; h < UK_COUNT(hosts); h++) {
        struct sigaction action = {.sa_handler = hosts[h].handler};

        assert_int_equal(sigaction(SIGCHLD, &action, NULL), 0);
        look(&before);
        for (size_t i = 0; i < UK_COUNT(table); i++) {
            struct uk_deadline by = uk_deadline_in(table[i].ms + AMPLE);
            enum uk_code code;
            enum uk_verdict verdict;

            verdict = run(table[i].act, table[i].ms, &code, &err);
            if (code != table[i].code || verdict != table[i].verdict)
                fail_msg("host %s, agent %s: code %s, verdict %s: %s",
                         hosts[h].name, table[i].act, uk_code_word(code),
                         uk_verdict_word(verdict), err.text);
            assert_false(uk_deadline_passed(by));
            assert_unchanged(&before);
            assert_no_child();
        }
    }
    assert_ptr_not_equal(signal(SIGCHLD, SIG_DFL), SIG_ERR);
}

/* Answered before it was asked: whichever way the race goes, the answer of
 * somebody who has not heard the question is worth what its content is, and
 * the host lives. */
static void
test_early(void **state)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    for (int i = 0; i < ROUNDS; i++) {
        (void)run("early", AMPLE, &code, &err);
        assert_true(code == UK_OK || code == UK_UNREACHABLE);
        assert_no_child();
    }
}

/* The host's environment stays where it is. */
static void
test_environment(void **state)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    assert_int_equal(setenv("LD_PRELOAD", "/nonexistent/evil.so", 1), 0);
    assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(run("world", AMPLE, &code, &err), UK_GRANTED);
    assert_string_equal(getenv("LD_PRELOAD"), "/nonexistent/evil.so");
    assert_int_equal(unsetenv("LD_PRELOAD"), 0);
    assert_int_equal(unsetenv("https_proxy"), 0);
}

/* Signals that the host blocks or ignores are not so in the agent. */
static void
test_signals(void **state)
{
    struct uk_err err = UK_ERR_NONE;
    struct host before;
    sigset_t all, old;
    enum uk_code code;

    sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_BLOCK, &all, &old), 0);
    for (int i = 1; i < NSIG; i++) {
        if (i != SIGKILL && i != SIGSTOP && i != SIGCHLD)
            (void)signal(i, SIG_IGN);
    }
    look(&before);
    assert_int_equal(run("world", AMPLE, &code, &err), UK_GRANTED);
    assert_unchanged(&before);
    for (int i = 1; i < NSIG; i++)
        (void)signal(i, SIG_DFL);
    assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

/* Do it in a process of its own; 0 is well. */
static int
apart(int (*act)(int), int arg)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(act(arg));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A host whose descriptors in the bits of mask are closed. */
static int
run_without(int mask)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    for (int fd = 0; fd <= UK_HELPER_FD; fd++) {
        if ((mask & 1 << fd) != 0)
            close(fd);
    }
    if (run("world", AMPLE, &code, &err) != UK_GRANTED)
        return 1;
    for (int fd = 0; fd <= UK_HELPER_FD; fd++) {
        if ((mask & 1 << fd) != 0 && fcntl(fd, F_GETFD) >= 0)
            return 2;
    }
    return 0;
}

static void
test_closed_descriptors(void **state)
{
    for (int mask = 0; mask < 1 << (UK_HELPER_FD + 1); mask++)
        assert_int_equal(apart(run_without, mask), 0);
}

/* While it runs, what the host prints goes nowhere near it. */
static int
hold_without(int mask)
{
    struct uk_helper helper = UK_HELPER_NONE;
    struct uk_err err = UK_ERR_NONE;
    bool below;

    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        close(fd);
    if (uk_helper_start(&helper, program, "hang", &err) != UK_OK)
        return 1;
    below = helper.fd <= UK_HELPER_FD || helper.pidfd <= UK_HELPER_FD;
    uk_helper_stop(&helper, uk_deadline_in(0));
    return below ? 2 : 0;
}

/* What the host opens for others to inherit is not for the agent; what we hold
 * is not for whom another thread of the host starts meanwhile. */
static void
test_inherited(void **state)
{
    struct uk_helper helper = UK_HELPER_NONE;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;
    int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    int above = fcntl(fd, F_DUPFD, 200);

    assert_true(fd > STDERR_FILENO && above >= 200);
    assert_int_equal(run("world", AMPLE, &code, &err), UK_GRANTED);
    close(above);
    /* With fd still open, ours need not be moved out of the agent's way. */
    assert_int_equal(uk_helper_start(&helper, program, "hang", &err), UK_OK);
    assert_int_equal(fcntl(helper.fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(helper.pidfd, F_GETFD), FD_CLOEXEC);
    uk_helper_stop(&helper, uk_deadline_in(0));
    close(fd);
}

static void
test_above_standard(void **state)
{
    assert_int_equal(apart(hold_without, 0), 0);
}

/* A socket where only root could put it, at which this user listens. */
static int
reach_listener(int uid)
{
    const char *path = place_path(&place, "door");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct uk_helper helper = UK_HELPER_NONE;
    struct uk_err err = UK_ERR_NONE;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    enum uk_code code;

    (void)unlink(path);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
        seteuid((uid_t)uid) != 0 || listen(fd, 1) != 0 || seteuid(0) != 0)
        return 99;
    code = uk_helper_reach(&helper, path, &err);
    uk_helper_stop(&helper, uk_deadline_in(0));
    return (int)code;
}

static void
test_listener(void **state)
{
    if (geteuid() != 0)
        skip_because("only root can become another");
    assert_int_equal(apart(reach_listener, 0), UK_OK);
    assert_int_equal(apart(reach_listener, 65534), UK_MISCONFIGURED);
}

/* Room for so many descriptors. */
static int
run_with_few(int limit)
{
    struct rlimit few = {.rlim_cur = (rlim_t)limit, .rlim_max = (rlim_t)limit};
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (setrlimit(RLIMIT_NOFILE, &few) != 0)
        return 1;
    if (run("bad", AMPLE, &code, &err) == UK_GRANTED)
        return 2;
    if (run("good", AMPLE, &code, &err) == UK_GRANTED)
        return code == UK_OK ? 0 : 3;
    return code != UK_OK ? 10 : 4;
}

static void
test_few_descriptors(void **state)
{
    int first_good = 0;

    for (int limit = 0; limit < 32; limit++) {
        int result = apart(run_with_few, limit);

        assert_true(result == 0 || result == 10);
        if (result == 0 && first_good == 0)
            first_good = limit;
    }
    assert_int_not_equal(first_good, 0); /* the test has seen both */
    assert_true(first_good > UK_HELPER_FD);
}

static const struct {
    int what;
    rlim_t most;
} limits[] = {
    {RLIMIT_FSIZE, 0},
    {RLIMIT_CPU, 1},
    {RLIMIT_CORE, RLIM_INFINITY},
    {RLIMIT_STACK, 64 * 1024},
    {RLIMIT_NPROC, 0},
    {RLIMIT_MEMLOCK, 0},
    {RLIMIT_DATA, 256 * 1024},
    {RLIMIT_AS, 20 * 1024 * 1024},
    {RLIMIT_SIGPENDING, 0},
    {RLIMIT_MSGQUEUE, 0},
};

static int
run_limited(int i)
{
    struct rlimit limit = {.rlim_cur = limits[i].most,
                           .rlim_max = limits[i].most};
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (setrlimit((__rlimit_resource_t)limits[i].what, &limit) != 0)
        return 0; /* not ours to set */
    if (run("bad", AMPLE, &code, &err) == UK_GRANTED)
        return 1;
    if (run("good", AMPLE, &code, &err) == UK_GRANTED)
        return code != UK_OK;
    return code == UK_OK;
}

static void
test_limits(void **state)
{
    for (size_t i = 0; i < UK_COUNT(limits); i++) {
#ifdef __SANITIZE_ADDRESS__ /* which needs address space itself */
        if (limits[i].what == RLIMIT_DATA || limits[i].what == RLIMIT_AS ||
            limits[i].what == RLIMIT_STACK)
            continue;
#endif
        assert_int_equal(apart(run_limited, (int)i), 0);
    }
}

static void *
run_often(void *arg)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    for (int i = 0; i < ROUNDS; i++) {
        if (run("world", AMPLE, &code, &err) != UK_GRANTED ||
            run("bad", AMPLE, &code, &err) != UK_REFUSED ||
            run("crash", AMPLE, &code, &err) != UK_UNDECIDED)
            return NULL;
    }
    return arg;
}

static void
test_threads(void **state)
{
    pthread_t thread[THREADS];
    struct host before;

    look(&before);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_often, program),
                         0);
    for (int i = 0; i < THREADS; i++) {
        void *well = NULL;

        assert_int_equal(pthread_join(thread[i], &well), 0);
        assert_non_null(well);
    }
    assert_unchanged(&before);
    assert_no_child();
}

static void
assert_no_start(enum uk_code wanted, const char *words)
{
    struct uk_helper helper = UK_HELPER_NONE;
    struct uk_err err = UK_ERR_NONE;
    struct host before;

    look(&before);
    assert_int_equal(uk_helper_start(&helper, program, "good", &err), wanted);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, words);
    assert_int_equal(helper.fd, -1);
    assert_int_equal(helper.pidfd, -1);
    assert_unchanged(&before);
    assert_no_child();
}

static void
test_program(void **state)
{
    char kept[PLACE_PATH];

    memcpy(kept, program, sizeof(kept));
    assert_int_equal(chmod(program, 0775), 0);
    assert_no_start(UK_MISCONFIGURED, "written by others");
    assert_int_equal(chmod(program, 0644), 0);
    assert_no_start(UK_UNREACHABLE, "Permission denied");
    assert_int_equal(chmod(program, 0755), 0);
    assert_int_equal(symlink(program, place_path(&place, "link")), 0);
    snprintf(program, sizeof(program), "%s/link", place.dir);
    assert_no_start(UK_MISCONFIGURED, "symbolic link");
    snprintf(program, sizeof(program), "%s/missing", place.dir);
    assert_no_start(UK_UNREACHABLE, "No such file");
    assert_int_equal(mkdir(place_path(&place, "folder"), 0755), 0);
    snprintf(program, sizeof(program), "%s/folder", place.dir);
    assert_no_start(UK_MISCONFIGURED, "not a regular file");
    snprintf(program, sizeof(program), "helper_agent");
    assert_no_start(UK_MISCONFIGURED, "absolute");
    place_write(&place, "text", "not a program\n", 0755);
    snprintf(program, sizeof(program), "%s/text", place.dir);
    assert_no_start(UK_UNREACHABLE, "format");
    memcpy(program, kept, sizeof(kept));
}

/* One that is leaving is waited for; one that does not leave is ended. */
static void
test_stop(void **state)
{
    const char *conf = place_path(&place, "slow-to-leave");
    char trace[8];
    enum uk_code code;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(run(conf, AMPLE, &code, &err), UK_GRANTED);
    place_read(&place, "slow-to-leave.left", trace, sizeof(trace));
    assert_string_equal(trace, "x");
    assert_no_child();
}

static void
test_stop_empty(void **state)
{
    struct uk_helper helper = UK_HELPER_NONE;
    struct uk_err err = UK_ERR_NONE;

    uk_helper_stop(&helper, uk_deadline_in(AMPLE));
    assert_int_equal(uk_helper_start(&helper, program, "deaf", &err), UK_OK);
    uk_helper_stop(&helper, uk_deadline_in(0));
    assert_int_equal(helper.fd, -1);
    assert_int_equal(helper.pidfd, -1);
    uk_helper_stop(&helper, uk_deadline_in(AMPLE));
    assert_no_child();
}

/* A signal every few milliseconds changes nothing. */
static void
test_under_signals(void **state)
{
    struct itimerval never = {.it_value = {0}};
    struct itimerval often = {.it_interval = {.tv_usec = 3000},
                              .it_value = {.tv_usec = 3000}};
    struct sigaction catch = {.sa_handler = handle};
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    assert_int_equal(sigaction(SIGALRM, &catch, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(run("good", AMPLE, &code, &err), UK_GRANTED);
    assert_int_equal(
        run(place_path(&place, "slow-to-leave"), AMPLE, &code, &err),
        UK_GRANTED);
    assert_int_equal(run("hang", SOON, &code, &err), UK_UNDECIDED);
    assert_int_equal(code, UK_TIMEOUT);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_no_child();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_early),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_closed_descriptors),
        cmocka_unit_test(test_inherited),
        cmocka_unit_test(test_listener),
        cmocka_unit_test(test_above_standard),
        cmocka_unit_test(test_few_descriptors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_program),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_empty),
        cmocka_unit_test(test_under_signals),
    };

    return cmocka_run_group_tests_name("helper", tests, set_up, tear_down);
}
