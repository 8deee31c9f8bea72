/*
 * The host notices nothing: descriptors, signals, environment, locale, umask,
 * folder, threads, timers and children are after a call what they were before.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/io.h"
#include "tests/pam/lib_host.h"
#include "tests/unit/locales.h"

extern char **environ;

/* --- one picture of the host ------------------------------------------------ */

/* As text, so that a difference shows itself. */
struct picture {
    struct uk_buf text;
    struct sigaction actions[65];
};

static void
add_descriptors(struct uk_buf *text)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    char target[256];

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        ssize_t len =
            readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

        /* Not the one that looks. */
        if (len <= 0 || strtol(entry->d_name, NULL, 10) == dirfd(dir))
            continue;
        target[len] = '\0';
        uk_buf_addf(text, "fd %s %s\n", entry->d_name, target);
    }
    closedir(dir);
}

static void
add_status(struct uk_buf *text)
{
    static const char *const wanted[] = {
        "Umask:",  "Uid:",    "Gid:",    "Groups:",     "Threads:",
        "SigBlk:", "SigIgn:", "SigCgt:", "NoNewPrivs:", "Seccomp:"};
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < UK_COUNT(wanted); i++) {
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
                uk_buf_add_text(text, line);
        }
    }
    fclose(file);
}

static void
add_limits(struct uk_buf *text)
{
    struct itimerval timer;

    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit limit;

        assert_int_equal(getrlimit((__rlimit_resource_t)i, &limit), 0);
        uk_buf_addf(text, "limit %d %llu %llu\n", i,
                    (unsigned long long)limit.rlim_cur,
                    (unsigned long long)limit.rlim_max);
    }
    assert_int_equal(getitimer(ITIMER_REAL, &timer), 0);
    uk_buf_addf(text, "timer %ld %ld\n", (long)timer.it_value.tv_sec,
                (long)timer.it_interval.tv_usec);
    uk_buf_addf(text, "nice %d\n", getpriority(PRIO_PROCESS, 0));
}

static void
take(struct picture *picture)
{
    char folder[4096];

    uk_buf_init(&picture->text, 1 << 20);
    add_descriptors(&picture->text);
    add_status(&picture->text);
    add_limits(&picture->text);
    uk_buf_addf(&picture->text, "environ %p\n", (void *)environ);
    for (char **entry = environ; *entry != NULL; entry++)
        uk_buf_addf(&picture->text, "%p %s\n", (void *)*entry, *entry);
    assert_non_null(getcwd(folder, sizeof(folder)));
    uk_buf_addf(&picture->text, "folder %s\nlocale %s\n", folder,
                setlocale(LC_ALL, NULL));
    for (int n = 1; n < 65; n++) {
        memset(&picture->actions[n], 0, sizeof(picture->actions[n]));
        sigaction(n, NULL, &picture->actions[n]);
    }
    assert_false(picture->text.bad);
}

static void
drop(struct picture *picture)
{
    uk_buf_clear(&picture->text);
}

static void
expect_same(const struct picture *before)
{
    struct picture now;

    take(&now);
    assert_string_equal(uk_buf_peek(&before->text), uk_buf_peek(&now.text));
    for (int n = 1; n < 65; n++) {
        assert_ptr_equal(before->actions[n].sa_handler,
                         now.actions[n].sa_handler);
        assert_int_equal(before->actions[n].sa_flags, now.actions[n].sa_flags);
    }
    drop(&now);
}

static void
expect_no_child(void)
{
    int status;

    assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* --- what agents do --------------------------------------------------------- */

static const struct {
    const char *script;
    int result;
} agents[] = {
    {"granted id=person1", PAM_SUCCESS},  {"refused", PAM_AUTH_ERR},
    {"crash", PAM_AUTHINFO_UNAVAIL},      {"killed", PAM_AUTHINFO_UNAVAIL},
    {"hang", PAM_AUTHINFO_UNAVAIL},       {"silent", PAM_AUTHINFO_UNAVAIL},
    {"exit1", PAM_AUTHINFO_UNAVAIL},      {"garbage", PAM_AUTHINFO_UNAVAIL},
    {"twice", PAM_AUTHINFO_UNAVAIL},      {"truncated", PAM_AUTHINFO_UNAVAIL},
    {"descriptor", PAM_AUTHINFO_UNAVAIL}, {"linger", PAM_SUCCESS},
    {"missing", PAM_AUTHINFO_UNAVAIL},
};

static void
let_agent_be_missing(void)
{
    char text[4096];

    assert_true(snprintf(text, sizeof(text),
                         "service_url = https://a.test.invalid\n"
                         "app_id = app\nusers_file = %s/users\n"
                         "failure_floor = 0\nagent_program = %s/none\n",
                         host_folder(), host_folder()) < (int)sizeof(text));
    host_write("userkey.conf", text);
}

/* Time enough for an agent that answers, and not too much for those that the
 * deadline must end.  "missing" is an agent that is not there. */
static void
let_agent(const char *script)
{
    if (strcmp(script, "missing") == 0)
        let_agent_be_missing();
    else if (strcmp(script, "hang") == 0)
        host_settings("failure_floor = 0\ntimeout = 600ms\n");
    else if (strcmp(script, "linger") == 0)
        host_settings("failure_floor = 0\ntimeout = 3s\n");
    else
        host_settings("failure_floor = 0\ntimeout = 20s\n");
    host_script(script);
}

static int
whole_way(void)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh = host_start(ALICE, &talk);
    int result = pam_authenticate(pamh, 0);

    pam_acct_mgmt(pamh, 0);
    pam_setcred(pamh, PAM_ESTABLISH_CRED);
    pam_open_session(pamh, 0);
    pam_close_session(pamh, 0);
    pam_chauthtok(pamh, PAM_SILENT);
    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

/* --- the tests -------------------------------------------------------------- */

static void
test_nothing_changes(void **state)
{
    struct picture before;

    /* libc and the name service open and load things once. */
    let_agent("granted id=person1");
    assert_int_equal(whole_way(), PAM_SUCCESS);
    take(&before);
    for (size_t i = 0; i < UK_COUNT(agents); i++) {
        let_agent(agents[i].script);
        assert_int_equal(whole_way(), agents[i].result);
        expect_same(&before);
        expect_no_child();
        host_log_clear();
    }
    drop(&before);
}

/* A host with habits: signals blocked and handled, an umask that lets nobody
 * in, an interval timer. */
static volatile sig_atomic_t alarms, deaths;

static void
on_alarm(int n)
{
    alarms++;
}

static void
on_child(int n)
{
    int saved = errno;

    deaths++;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = saved;
}

static void
handle(int n, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(n, &action, NULL), 0);
}

static void
test_habits(void **state)
{
    struct picture before;
    sigset_t set, old;
    mode_t mask = umask(0777);

    handle(SIGPIPE, SIG_IGN, 0);
    handle(SIGTERM, on_alarm, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &old), 0);
    take(&before);
    umask(mask); /* the test's own files are written with the usual one */
    let_agent("granted id=person1");
    umask(0777);
    assert_int_equal(whole_way(), PAM_SUCCESS);
    expect_same(&before);
    umask(mask);
    assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    handle(SIGPIPE, SIG_DFL, 0);
    handle(SIGTERM, SIG_DFL, 0);
    drop(&before);
    host_log_clear();
}

/* S-10: interrupted every few milliseconds, and no call goes on by itself. */
static void
test_interrupted(void **state)
{
    const struct itimerval often = {{0, 5000}, {0, 5000}};
    const struct itimerval never = {{0, 0}, {0, 0}};

    handle(SIGALRM, on_alarm, 0);
    for (size_t i = 0; i < UK_COUNT(agents); i++) {
        int result;

        let_agent(agents[i].script);
        setitimer(ITIMER_REAL, &often, NULL);
        result = whole_way();
        setitimer(ITIMER_REAL, &never, NULL);
        assert_int_equal(result, agents[i].result);
        expect_no_child();
        host_log_clear();
    }
    let_agent("slow ms=300");
    alarms = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    assert_int_equal(whole_way(), PAM_SUCCESS);
    setitimer(ITIMER_REAL, &never, NULL);
    assert_true(alarms > 0);
    handle(SIGALRM, SIG_DFL, 0);
    host_log_clear();
}

/* S-12: whatever the host does about its children, the answer counts. */
static void
test_children(void **state)
{
    static const struct {
        void (*handler)(int);
        int flags;
        int how; /* what is done with the signal in the mask */
    } hosts[] = {
        {SIG_DFL, 0, SIG_UNBLOCK},
        {SIG_IGN, 0, SIG_UNBLOCK},
        {SIG_DFL, SA_NOCLDWAIT, SIG_UNBLOCK},
        {on_child, 0, SIG_UNBLOCK},
        {on_child, SA_RESTART, SIG_UNBLOCK},
        {SIG_DFL, 0, SIG_BLOCK},
        {on_child, 0, SIG_BLOCK},
    };
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t h = 0; h < UK_COUNT(hosts); h++) {
        assert_int_equal(sigprocmask(hosts[h].how, &set, NULL), 0);
        handle(SIGCHLD, hosts[h].handler, hosts[h].flags);
        for (size_t i = 0; i < UK_COUNT(agents); i++) {
            int result;

            let_agent(agents[i].script);
            result = whole_way();
            if (result != agents[i].result)
                fail_msg("host %zu, agent '%s': PAM code %d", h,
                         agents[i].script, result);
            expect_no_child();
            host_log_clear();
        }
    }
    handle(SIGCHLD, SIG_DFL, 0);
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
}

/* A child of the host's own is not reaped by us. */
static void
test_child_of_the_host(void **state)
{
    int pipe_ends[2], status = -1;
    pid_t pid;
    char byte;

    assert_int_equal(pipe(pipe_ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(pipe_ends[1]);
        _exit(read(pipe_ends[0], &byte, 1) == 0 ? 7 : 8);
    }
    close(pipe_ends[0]);
    let_agent("granted id=person1");
    assert_int_equal(whole_way(), PAM_SUCCESS);
    close(pipe_ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    host_log_clear();
}

/* In a process of its own, without standard descriptors: what we open must
 * not become them. */
static int
without_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        close(fd);
    if (whole_way() != PAM_SUCCESS)
        return 1;
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
            return 2;
    }
    return 0;
}

/* Few descriptors: a failure is one, and never a grant or a shrug. */
static int
with_few_descriptors(void)
{
    bool granted = false;

    for (rlim_t most = 4; most < 40 && !granted; most++) {
        const struct rlimit few = {most, 1024};
        const struct rlimit many = {1024, 1024};
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);
        int result;

        /* The stack is read, and the key asked for, before. */
        if (pam_setcred(pamh, 0) != PAM_SUCCESS ||
            setrlimit(RLIMIT_NOFILE, &few) != 0)
            return 1;
        result = pam_authenticate(pamh, 0);
        if (setrlimit(RLIMIT_NOFILE, &many) != 0)
            return 2;
        pam_end(pamh, result);
        if (result == PAM_IGNORE)
            return 3;
        granted = result == PAM_SUCCESS;
    }
    return granted ? 0 : 4;
}

static void
expect_in_a_process(int (*work)(void))
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(work());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
test_without_descriptors(void **state)
{
    let_agent("granted id=person1");
    expect_in_a_process(without_descriptors);
}

static void
test_with_few_descriptors(void **state)
{
    let_agent("granted id=person1");
    expect_in_a_process(with_few_descriptors);
}

/* S-09: again and again, and nothing is left over. */
static void
test_many_times(void **state)
{
    struct picture before;

    let_agent("granted id=person1");
    assert_int_equal(whole_way(), PAM_SUCCESS);
    take(&before);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(whole_way(), PAM_SUCCESS);
        host_log_clear();
    }
    expect_same(&before);
    expect_no_child();
    drop(&before);
}

/* Several logins at once in one process. */
#define THREADS 8
#define TIMES   10

static int
converse(int n, const struct pam_message **messages,
         struct pam_response **replies, void *data)
{
    struct pam_response *reply = calloc(1, sizeof(*reply));

    if (reply == NULL)
        return PAM_BUF_ERR;
    reply->resp = strdup(data);
    *replies = reply;
    return PAM_SUCCESS;
}

static void *
log_in_often(void *key)
{
    const struct pam_conv conv = {.conv = converse, .appdata_ptr = key};
    char folder[4096];
    uintptr_t granted = 0;

    /* host_path() is not for threads. */
    snprintf(folder, sizeof(folder), "%s/pam.d", host_folder());
    for (int i = 0; i < TIMES; i++) {
        pam_handle_t *pamh = NULL;
        int result;

        if (pam_start_confdir("probe", ALICE, &conv, folder, &pamh) !=
            PAM_SUCCESS)
            continue;
        result = pam_authenticate(pamh, 0);
        granted +=
            result == PAM_SUCCESS && pam_acct_mgmt(pamh, 0) == PAM_SUCCESS;
        pam_end(pamh, result);
    }
    return (void *)granted;
}

/* A thread that was joined may still be counted for a moment. */
static void
wait_for_threads(void)
{
    const struct timespec moment = {0, 1000000};

    for (int i = 0; i < 5000; i++) {
        struct uk_buf status = UK_BUF_UP_TO(4096);
        bool alone;

        add_status(&status);
        alone = strstr(uk_buf_peek(&status), "Threads:\t1\n") != NULL;
        uk_buf_clear(&status);
        if (alone)
            return;
        nanosleep(&moment, NULL);
    }
}

static void *
do_nothing(void *data)
{
    return data;
}

static void
test_threads(void **state)
{
    char *key = strdup(host_key());
    pthread_t threads[THREADS];
    struct picture before;

    let_agent("granted id=person1");
    assert_int_equal(whole_way(), PAM_SUCCESS);
    /* The first thread makes libc take signals for itself. */
    assert_int_equal(pthread_create(&threads[0], NULL, do_nothing, NULL), 0);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    wait_for_threads();
    take(&before);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, key),
                         0);
    for (int i = 0; i < THREADS; i++) {
        void *granted = NULL;

        assert_int_equal(pthread_join(threads[i], &granted), 0);
        assert_int_equal((uintptr_t)granted, TIMES);
    }
    assert_int_equal(host_asked(), 1 + THREADS * TIMES);
    wait_for_threads();
    expect_same(&before);
    expect_no_child();
    drop(&before);
    free(key);
    host_log_clear();
}

/* S-05: the environment of a host that was called by somebody else. */
static void
test_environment(void **state)
{
    static const char *const names[] = {
        "https_proxy",   "SSLKEYLOGFILE",   "LD_PRELOAD",
        "SSL_CERT_FILE", "LD_LIBRARY_PATH", "OPENSSL_CONF",
    };
    struct picture before;

    for (size_t i = 0; i < UK_COUNT(names); i++)
        assert_int_equal(setenv(names[i], "/nonexistent/evil", 1), 0);
    take(&before);
    let_agent("granted id=person1");
    assert_int_equal(whole_way(), PAM_SUCCESS);
    expect_same(&before);
    drop(&before);
    for (size_t i = 0; i < UK_COUNT(names); i++)
        unsetenv(names[i]);
    host_log_clear();
}

/* No locale decides anything: in Turkish, I is not the capital of i. */
static void
test_locales(void **state)
{
    static const char *const locales[] = {LOCALES_TURKISH, "tr_TR.UTF-8",
                                          "C.UTF-8", "POSIX"};

    locales_make(host_folder());
    for (size_t i = 0; i < UK_COUNT(locales); i++) {
        setlocale(LC_ALL, locales[i]); /* or stays what it is */
        let_agent("granted id=person1");
        assert_int_equal(whole_way(), PAM_SUCCESS);
        let_agent("refused");
        assert_int_equal(whole_way(), PAM_AUTH_ERR);
    }
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    host_log_clear();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_changes),
        cmocka_unit_test(test_habits),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_children),
        cmocka_unit_test(test_child_of_the_host),
        cmocka_unit_test(test_without_descriptors),
        cmocka_unit_test(test_with_few_descriptors),
        cmocka_unit_test(test_many_times),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_locales),
    };

    return cmocka_run_group_tests_name("guest", tests, host_setup,
                                       host_teardown);
}
