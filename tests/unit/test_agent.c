/* The agent as it is built, started as the module starts it, against a service
 * on loopback. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/chan.h"
#include "core/helper.h"
#include "core/io.h"

#include "lib_place.h"
#include "lib_service.h"
#include "tests/skip.h"

#define SOON  500   /* ms: for a wait that must end in vain */
#define AMPLE 30000 /* ms: for one that must not */
/* Memory is searched for what stands inside: the beginning of what is freed is
 * written over by the allocator. */
#define KEY    "a-key-of-somebody-with-a-marker-5f1c9a-in-it"
#define MARKER "marker-5f1c9a"
#define UID    64998 /* of _userkey, where this test makes one */

static struct place place;
static char program[PLACE_PATH];
static struct uk_err err;
static bool can_run; /* there is a _userkey, or none is needed */
#define NO_USER "there is no user '_userkey', and none can be put in its place"

/* A passwd file of this process's own, with or without the agent's user. */
static void
use_passwd(const char *last_line)
{
    static char text[65536];
    const char *mine = place_path(&place, "passwd");
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, text, sizeof(text) - 256);

    assert_true(len > 0);
    close(fd);
    snprintf(text + len, 256, "%s", last_line);
    place_write(&place, "passwd", text, 0644);
    assert_int_equal(mount(mine, "/etc/passwd", NULL, MS_BIND, NULL), 0);
}

/* A test that is root must not need a user that only packages make. */
static void
make_user(void)
{
    can_run = geteuid() != 0 || getpwnam("_userkey") != NULL;
    if (can_run || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return;
    use_passwd("_userkey:x:64998:64998::/:/usr/sbin/nologin\n");
    can_run = true;
}

static int
set_up(void **state)
{
    place_open(&place);
    place_copy(&place, "../../userkey-agent", "agent-under-test");
    snprintf(program, sizeof(program), "%s/agent-under-test", place.dir);
    make_user();
    return 0;
}

static int
tear_down(void **state)
{
    (void)umount2("/etc/passwd", MNT_DETACH); /* if it is ours */
    place_close(&place);
    return 0;
}

static const char *
write_conf(unsigned port, unsigned timeout_ms)
{
    char text[512];

    snprintf(text, sizeof(text),
             "service_url = http://127.0.0.1:%u\n"
             "insecure_http = yes\napp_id = demo\ntimeout = %ums\n",
             port, timeout_ms);
    place_write(&place, "userkey.conf", text, 0644);
    return place_path(&place, "userkey.conf");
}

struct question {
    enum uk_op op;
    bool want_emails, keep;
    const char *secret;
    unsigned budget;
};

static enum uk_code
ask(const char *conf, struct question question, struct uk_answer *out)
{
    struct uk_helper agent = UK_HELPER_NONE;
    struct uk_deadline by = uk_deadline_in(2 * AMPLE);
    struct uk_request request = {
        .op = question.op,
        .budget_ms = question.budget,
        .want_emails = question.want_emails,
        .keep = question.keep,
        .user = "alice",
    };
    enum uk_code code;

    assert_int_equal(uk_secret_set(&request.secret, question.secret,
                                   strlen(question.secret), &err),
                     UK_OK);
    code = uk_helper_start(&agent, program, conf, &err);
    if (code == UK_OK)
        code = uk_chan_send(agent.fd, &request, by, &err);
    if (code == UK_OK)
        code = uk_chan_hear(agent.fd, &request, by, out, &err);
    uk_helper_stop(&agent, by);
    uk_request_clear(&request);
    assert_false(uk_deadline_passed(by)); /* it left by itself */
    return code;
}

static const struct question login = {UK_OP_LOGIN, false, false, KEY, AMPLE};
static const struct question hurried = {UK_OP_LOGIN, false, false, KEY, SOON};

static void
assert_answer(const char *conf, struct question question, enum uk_code code,
              enum uk_verdict verdict, struct uk_answer *out)
{
    if (ask(conf, question, out) != UK_OK)
        fail_msg("no answer: %s", err.text);
    if (out->code != code || out->verdict != verdict)
        fail_msg("%s, %s: %s", uk_code_word(out->code),
                 uk_verdict_word(out->verdict), out->text);
}

/* Wait for a number that another process counts. */
static void
wait_for(volatile const int *number, int wanted)
{
    struct uk_deadline by = uk_deadline_in(AMPLE);

    while (*number != wanted && !uk_deadline_passed(by))
        uk_deadline_wait(uk_deadline_in(20));
    assert_int_equal(*number, wanted);
}

/* A process of the program under test, or -1. */
static pid_t
find_agent(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t pid = -1;

    assert_non_null(proc);
    while (pid < 0 && (entry = readdir(proc)) != NULL) {
        char link[300], path[PLACE_PATH];
        ssize_t len;

        snprintf(link, sizeof(link), "/proc/%s/exe", entry->d_name);
        len = readlink(link, path, sizeof(path) - 1);
        path[len > 0 ? len : 0] = '\0';
        if (strcmp(path, program) == 0)
            pid = (pid_t)strtol(entry->d_name, NULL, 10);
    }
    closedir(proc);
    return pid;
}

/* Long before an agent's own time is over. */
static void
wait_until_gone(pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0)
        return;
    assert_int_equal(uk_io_wait(pidfd, POLLIN, uk_deadline_in(AMPLE / 2), &err),
                     UK_OK);
    close(pidfd);
}

static void
test_granted(void **state)
{
    struct service service;
    struct uk_answer answer;

    if (!can_run)
        skip_because(NO_USER);
    service_start(&service, (struct service_plan){.login = SERVICE_GOOD});
    assert_answer(write_conf(service.port, AMPLE), login, UK_OK, UK_GRANTED,
                  &answer);
    assert_string_equal(answer.person.id, SERVICE_USER);
    assert_int_equal(answer.person.n_emails, 0);
    assert_int_equal(answer.tokens.refresh.len, 0);
    wait_for(&service.seen->logouts, 1); /* behind the answer */
    assert_non_null(strstr((const char *)(uintptr_t)service.seen->key, KEY));
    assert_int_equal(service.seen->logins, 1);
    assert_int_equal(service.seen->profiles, 0);
    service_stop(&service);
    uk_answer_clear(&answer);
}

static void
test_emails(void **state)
{
    struct question question = login;
    struct service service;
    struct uk_answer answer;

    if (!can_run)
        skip_because(NO_USER);
    question.want_emails = true;
    service_start(&service, (struct service_plan){.login = SERVICE_GOOD});
    assert_answer(write_conf(service.port, AMPLE), question, UK_OK, UK_GRANTED,
                  &answer);
    assert_int_equal(answer.person.n_emails, 1);
    assert_string_equal(answer.person.email[0], SERVICE_EMAIL);
    wait_for(&service.seen->logouts, 1);
    service_stop(&service);
    uk_answer_clear(&answer);
}

/* Kept, and later ended by another agent. */
static void
test_keep(void **state)
{
    struct question question = login;
    struct service service;
    struct uk_answer answer;
    char refresh[1024];

    if (!can_run)
        skip_because(NO_USER);
    question.keep = true;
    service_start(&service, (struct service_plan){.login = SERVICE_GOOD});
    assert_answer(write_conf(service.port, AMPLE), question, UK_OK, UK_GRANTED,
                  &answer);
    assert_true(answer.tokens.access.len > 0);
    snprintf(refresh, sizeof(refresh), "%s",
             uk_secret_peek(&answer.tokens.refresh));
    assert_int_equal(service.seen->logouts, 0);
    uk_answer_clear(&answer);
    question = (struct question){
        .op = UK_OP_LOGOUT, .secret = refresh, .budget = AMPLE};
    assert_answer(place_path(&place, "userkey.conf"), question, UK_OK,
                  UK_UNDECIDED, &answer);
    assert_int_equal(service.seen->logouts, 1);
    assert_string_equal((const char *)(uintptr_t)service.seen->bearer, refresh);
    service_stop(&service);
}

static void
test_refused(void **state)
{
    struct service service;
    struct uk_answer answer;

    if (!can_run)
        skip_because(NO_USER);
    service_start(&service, (struct service_plan){.login = SERVICE_REFUSES});
    assert_answer(write_conf(service.port, AMPLE), login, UK_OK, UK_REFUSED,
                  &answer);
    service_stop(&service);
}

static void
test_unreachable(void **state)
{
    struct uk_answer answer;

    if (!can_run)
        skip_because(NO_USER);
    assert_answer(write_conf(service_free_port(), AMPLE), login, UK_UNREACHABLE,
                  UK_UNDECIDED, &answer);
    assert_true(answer.text[0] != '\0');
}

static void
test_timeout(void **state)
{
    struct question question = hurried;
    struct service service;
    struct uk_answer answer;

    if (!can_run)
        skip_because(NO_USER);
    service_start(&service, (struct service_plan){.login = SERVICE_HANGS,
                                                  .profile = SERVICE_HANGS});
    /* By the request's budget, and by the settings' timeout. */
    do { /* until there is time enough to ask, on this machine */
        assert_answer(write_conf(service.port, AMPLE), question, UK_TIMEOUT,
                      UK_UNDECIDED, &answer);
        question.budget *= 2;
    } while (service.seen->logins == 0 && question.budget < AMPLE);
    assert_int_equal(answer.stage, UK_STAGE_ANSWER);
    assert_answer(write_conf(service.port, SOON), login, UK_TIMEOUT,
                  UK_UNDECIDED, &answer);
    service_stop(&service);
    /* A session that is opened for nothing is ended all the same. */
    service_start(&service, (struct service_plan){.profile = SERVICE_HANGS});
    question.want_emails = true;
    question.budget = 2 * SOON;
    do {
        assert_answer(write_conf(service.port, AMPLE), question, UK_TIMEOUT,
                      UK_UNDECIDED, &answer);
        question.budget *= 2;
    } while (service.seen->logins == 0 && question.budget < AMPLE);
    wait_for(&service.seen->logouts, 1);
    service_stop(&service);
}

/* Broken before the request is read: said all the same. */
static void
test_misconfigured(void **state)
{
    const char *conf = place_path(&place, "userkey.conf");
    struct uk_answer answer;

    place_write(&place, "userkey.conf", "service_url = ftp://x\n", 0644);
    assert_answer(conf, login, UK_MISCONFIGURED, UK_UNDECIDED, &answer);
    assert_non_null(strstr(answer.text, "userkey.conf"));
    place_write(&place, "userkey.conf", "", 0666);
    assert_answer(conf, login, UK_MISCONFIGURED, UK_UNDECIDED, &answer);
    assert_non_null(strstr(answer.text, conf));
    assert_int_equal(unlink(conf), 0);
    assert_answer(conf, login, UK_MISCONFIGURED, UK_UNDECIDED, &answer);
    assert_non_null(strstr(answer.text, conf));
}

/* Root without the agent's user: nothing is sent, and the cure is named. */
static void
test_no_user(void **state)
{
    struct service service;
    struct uk_answer answer;
    bool there;

    if (geteuid() != 0)
        skip_because("only root starts an agent that needs the user");
    there = getpwnam("_userkey") != NULL;
    if (there && umount2("/etc/passwd", MNT_DETACH) != 0)
        skip_because("the system has a user '_userkey' of its own");
    service_start(&service, (struct service_plan){.login = SERVICE_GOOD});
    assert_answer(write_conf(service.port, AMPLE), login, UK_MISCONFIGURED,
                  UK_UNDECIDED, &answer);
    assert_non_null(strstr(answer.text, "useradd"));
    assert_int_equal(service.seen->logins, 0);
    service_stop(&service);
    if (there)
        use_passwd("_userkey:x:64998:64998::/:/usr/sbin/nologin\n");
}

/* Nobody asks after all. */
static void
test_end_of_file(void **state)
{
    static const char *const confs[] = {"userkey.conf", "missing"};

    write_conf(service_free_port(), AMPLE);
    for (size_t i = 0; i < UK_COUNT(confs); i++) {
        struct uk_helper agent = UK_HELPER_NONE;

        assert_int_equal(uk_helper_start(&agent, program,
                                         place_path(&place, confs[i]), &err),
                         UK_OK);
        uk_io_close(&agent.fd);
        wait_until_gone(agent.pid);
        uk_helper_stop(&agent, uk_deadline_in(AMPLE));
    }
}

static void
read_proc(pid_t pid, const char *name, char *to, size_t size)
{
    char path[64];
    int fd;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : read(fd, to, size - 1);
    to[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

/* Start one that waits for a service that hangs. */
static pid_t
start_hanging(const char *conf, struct uk_helper *agent)
{
    struct uk_request request = {
        .op = UK_OP_LOGIN, .budget_ms = AMPLE, .user = "alice"};
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    if (uk_secret_set(&request.secret, KEY, strlen(KEY), &err) != UK_OK ||
        uk_helper_start(agent, program, conf, &err) != UK_OK ||
        uk_request_pack(&request, &buf, &err) != UK_OK ||
        uk_io_send(agent->fd, buf.bytes, buf.len, uk_deadline_in(AMPLE),
                   &err) != UK_OK)
        return -1;
    uk_buf_clear(&buf);
    uk_request_clear(&request);
    return agent->pid;
}

static void
test_locked_down(void **state)
{
    struct uk_helper agent = UK_HELPER_NONE;
    struct service service;
    char text[4096], uid[64];
    pid_t pid;

    if (!can_run)
        skip_because(NO_USER);
    service_start(&service, (struct service_plan){.login = SERVICE_HANGS});
    pid = start_hanging(write_conf(service.port, AMPLE), &agent);
    assert_true(pid > 0);
    wait_for(&service.seen->logins, 1);
    read_proc(pid, "status", text, sizeof(text));
    snprintf(uid, sizeof(uid), "\nUid:\t%u\t%u\t%u\t%u\n", UID, UID, UID, UID);
    if (geteuid() == 0 && getpwnam("_userkey")->pw_uid == UID)
        assert_non_null(strstr(text, uid));
    assert_null(strstr(text, "\nUid:\t0"));
    assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
    assert_non_null(strstr(text, "\nCapPrm:\t0000000000000000\n"));
    assert_non_null(strstr(text, "\nCapEff:\t0000000000000000\n"));
    read_proc(pid, "environ", text, sizeof(text));
    assert_string_equal(text, "");
    uk_helper_stop(&agent, uk_deadline_in(0));
    service_stop(&service);
}

/* The host is killed: the agent does not outlive it. */
static void
test_host_killed(void **state)
{
    struct service service;
    const char *conf;
    pid_t host, pid = -1;
    int fd[2];

    if (!can_run)
        skip_because(NO_USER);
    service_start(&service, (struct service_plan){.login = SERVICE_HANGS});
    conf = write_conf(service.port, AMPLE);
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    host = fork();
    assert_true(host >= 0);
    if (host == 0) {
        struct uk_helper agent = UK_HELPER_NONE;

        pid = start_hanging(conf, &agent);
        if (write(fd[1], &pid, sizeof(pid)) != sizeof(pid))
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(fd[0], &pid, sizeof(pid)), sizeof(pid));
    assert_true(pid > 0);
    wait_for(&service.seen->logins, 1);
    assert_int_equal(kill(host, SIGKILL), 0);
    assert_int_equal(waitpid(host, NULL, 0), host);
    wait_until_gone(pid);
    close(fd[0]);
    close(fd[1]);
    service_stop(&service);
}

/* How often the marker stands in a process's memory; -1: not to be read. */
static int
count_in_memory(pid_t pid, const char *marker)
{
    char path[64], line[512];
    FILE *maps;
    int mem, count = 0;

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    mem = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    maps = fopen(path, "re");
    if (mem < 0 || maps == NULL)
        return -1;
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *dash, *end;
        unsigned long from = strtoul(line, &dash, 16);
        size_t size = strtoul(dash + 1, &end, 16) - from;
        char *copy = end[1] == 'r' ? malloc(size) : NULL;
        ssize_t n = copy == NULL ? 0 : pread(mem, copy, size, (off_t)from);

        for (char *at = copy; n > 0; count++) {
            at = memmem(at, (size_t)(copy + n - at), marker, strlen(marker));
            if (at++ == NULL)
                break;
        }
        free(copy);
    }
    fclose(maps);
    close(mem);
    return count;
}

/* While the session is being ended, the key is nowhere any more. */
static void
test_nothing_remains(void **state)
{
    struct service service;
    struct uk_answer answer;
    pid_t rest;
    int count;

#ifdef __SANITIZE_ADDRESS__
    skip_because("AddressSanitizer keeps what was freed, and a lot of it");
#endif
    if (!can_run || geteuid() != 0)
        skip_because("only root looks into another's memory");
    service_start(&service, (struct service_plan){.logout = SERVICE_HANGS});
    assert_answer(write_conf(service.port, AMPLE), login, UK_OK, UK_GRANTED,
                  &answer);
    wait_for(&service.seen->logouts, 1);
    rest = find_agent();
    assert_true(rest > 0);
    count = count_in_memory(rest, MARKER);
    if (count < 0)
        skip_because("another's memory cannot be looked into here");
    /* The search finds what is there: the address of the service is. */
    assert_true(count_in_memory(rest, "127.0.0.1") > 0);
    assert_int_equal(count, 0);
    service_stop(&service);
    wait_until_gone(rest);
}

/* Started by hand, with this as descriptor 3: it says one line and leaves. */
static void
run_by_hand(int door, const char *option, const char *words)
{
    char text[512] = "";
    int out[2], status;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (door >= 0)
            dup2(door, UK_HELPER_FD);
        else
            close(UK_HELPER_FD);
        dup2(out[1], STDERR_FILENO);
        execl(program, "userkey-agent", option, "/nonexistent", (char *)NULL);
        _exit(99);
    }
    close(out[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    n = read(out[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    close(out[0]);
    assert_int_equal(WEXITSTATUS(status), 2);
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    if (strstr(text, words) == NULL)
        fail_msg("'%s' does not say '%s'", text, words);
}

static void
test_by_hand(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int stream[2], pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream),
                     0);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    snprintf(name.sun_path, sizeof(name.sun_path), "%.80s/socket", place.dir);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 1), 0);
    run_by_hand(-1, "--conf", "not a socket");
    run_by_hand(null, "--conf", "not a socket");
    run_by_hand(stream[0], "--conf", "not a socket");
    run_by_hand(pair[0], "--help", "usage");
    run_by_hand(pair[0], "--config", "usage");
    for (int i = 0; i < 2; i++) {
        close(stream[i]);
        close(pair[i]);
    }
    close(null);
    close(listener);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_granted),
        cmocka_unit_test(test_emails),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_misconfigured),
        cmocka_unit_test(test_no_user),
        cmocka_unit_test(test_end_of_file),
        cmocka_unit_test(test_locked_down),
        cmocka_unit_test(test_host_killed),
        cmocka_unit_test(test_nothing_remains),
        cmocka_unit_test(test_by_hand),
    };

    return cmocka_run_group_tests_name("agent", tests, set_up, tear_down);
}
