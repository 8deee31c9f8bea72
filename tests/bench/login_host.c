/*
 * A host of PAM, timed: a process for each login, as sshd has.
 *
 *   login_host [-n LOGINS] [-k AT_ONCE] [-t TYPING_MS] [-p PAUSE_MS] [-j] SERVICE USER <secret
 *   login_host [-n TIMES] [-u UID] -- COMMAND... <secret
 *
 * Prints a line for each login: the microseconds from pam_start to pam_end,
 * those from the answer to the prompt until pam_authenticate returns, PAM's
 * code, and the kilobytes (PSS) of the process then.  -j: threads of one
 * process in place of processes.  -t: the person types that long.  -p: a random
 * pause before each, up to so long.  At the end "all", the microseconds of all
 * of them together.  A COMMAND is timed from its start to its end, the secret
 * being its input, and its exit status stands in the place of PAM's code.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/str.h"

#define MOST_AT_ONCE 256
#define SECRET_FD    0
#define RESULT_FD    3

struct result {
    int64_t whole_us, answer_us;
    int code, pss_kb;
};

struct person {
    char secret[1024];
    int64_t prompted_us, typed_us; /* when it was asked for, and given */
};

static unsigned long logins = 1, at_once = 1, typing_ms, pause_ms, uid;
static bool threads;
static const char *service, *user;
static char **command;

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
pause_for(unsigned long ms)
{
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

static void
fail(const char *what)
{
    fprintf(stderr, "login_host: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int
answer(int n, const struct pam_message **message, struct pam_response **out,
       void *own)
{
    struct person *person = own;
    struct pam_response *reply = calloc((size_t)n, sizeof(*reply));

    for (int i = 0; reply != NULL && i < n; i++) {
        if (message[i]->msg_style != PAM_PROMPT_ECHO_OFF &&
            message[i]->msg_style != PAM_PROMPT_ECHO_ON)
            continue;
        person->prompted_us = now_us();
        if (typing_ms > 0)
            pause_for(typing_ms);
        reply[i].resp = strdup(person->secret);
        person->typed_us = now_us();
    }
    *out = reply;
    return reply != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* The secret is the input's first line; several may read it at once. */
static void
read_secret(struct person *person)
{
    ssize_t n = pread(SECRET_FD, person->secret, sizeof(person->secret) - 1, 0);

    person->secret[n > 0 ? n : 0] = '\0';
    person->secret[strcspn(person->secret, "\n")] = '\0';
}

static int
read_pss(void)
{
    char text[2048];
    int fd = open("/proc/self/smaps_rollup", O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    char *at;
    unsigned long kb = 0;

    close(fd);
    text[n > 0 ? n : 0] = '\0';
    at = strstr(text, "\nPss:");
    if (at == NULL)
        return 0;
    at += strlen("\nPss:");
    at += strspn(at, " ");
    at[strcspn(at, " ")] = '\0';
    return uk_str_to_ulong(at, 10000000, &kb) ? (int)kb : 0;
}

static struct result
log_in(void)
{
    struct person person = {.typed_us = 0};
    int64_t begin, done;
    const struct pam_conv conv = {answer, &person};
    struct result result = {.whole_us = 0};
    pam_handle_t *pamh = NULL;

    read_secret(&person);
    begin = now_us();
    result.code = pam_start(service, user, &conv, &pamh);
    if (result.code == PAM_SUCCESS)
        result.code = pam_authenticate(pamh, 0);
    done = now_us();
    result.answer_us = done - (person.typed_us != 0 ? person.typed_us : begin);
    result.whole_us = done - begin - (person.typed_us - person.prompted_us);
    if (!threads)
        result.pss_kb = read_pss();
    begin = now_us();
    pam_end(pamh, result.code);
    result.whole_us += now_us() - begin;
    return result;
}

/* The child writes its result to the descriptor that it was given. */
static pid_t
start_login(char **argv, int result_fd)
{
    posix_spawn_file_actions_t files;
    pid_t pid;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, result_fd, RESULT_FD);
    argv[0] = (char[]){"login_host-one"};
    if (posix_spawn(&pid, "/proc/self/exe", &files, NULL, argv,
                    (char *[]){NULL}) != 0)
        fail("starting a login");
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

static pid_t
start_command(void)
{
    pid_t pid = vfork();

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        dup2(null, 1);
        dup2(null, 2);
        if (lseek(SECRET_FD, 0, SEEK_SET) != 0 ||
            (uid != 0 && (setgroups(0, NULL) != 0 || setgid((gid_t)uid) != 0 ||
                          setuid((uid_t)uid) != 0)))
            _exit(126);
        execvp(command[0], command);
        _exit(127);
    }
    if (pid < 0)
        fail("starting the command");
    return pid;
}

static void
print(const struct result *result)
{
    printf("%lld %lld %d %d\n", (long long)result->whole_us,
           (long long)result->answer_us, result->code, result->pss_kb);
}

static void
pause_before(void)
{
    if (pause_ms > 0)
        pause_for((unsigned long)now_us() * 2654435761U % pause_ms);
}

/* Room for the children's results, that they can write to. */
static int
make_results(void)
{
    int fd = memfd_create("results", 0);

    if (fd < 0 || dup2(fd, RESULT_FD) < 0)
        fail("making room for results");
    if (fd != RESULT_FD)
        close(fd);
    return RESULT_FD;
}

static void
run_processes(char **argv)
{
    int results = make_results();
    unsigned long started = 0, running = 0;
    struct result result;

    fcntl(results, F_SETFL, O_APPEND);
    while (started < logins || running > 0) {
        while (running < at_once && started < logins) {
            pause_before();
            start_login(argv, results);
            started++;
            running++;
        }
        if (wait(NULL) > 0)
            running--;
    }
    for (off_t at = 0;
         pread(results, &result, sizeof(result), at) == sizeof(result);
         at += (off_t)sizeof(result))
        print(&result);
}

static void
run_commands(void)
{
    for (unsigned long i = 0; i < logins; i++) {
        int64_t begin = now_us();
        pid_t pid = start_command();
        struct result result = {.code = 0};
        int status;

        waitpid(pid, &status, 0);
        result.whole_us = result.answer_us = now_us() - begin;
        result.code = status;
        print(&result);
    }
}

static void *
run_thread(void *own)
{
    unsigned long *left = own;

    while (__atomic_fetch_sub(left, 1, __ATOMIC_RELAXED) > 0 &&
           *left < 1UL << 62) {
        struct result result;

        pause_before();
        result = log_in();
        print(&result); /* stdio locks */
    }
    return NULL;
}

static void
run_threads(void)
{
    pthread_t thread[MOST_AT_ONCE];
    unsigned long left = logins;

    for (unsigned long i = 0; i < at_once; i++) {
        if (pthread_create(&thread[i], NULL, run_thread, &left) != 0)
            fail("starting a thread");
    }
    for (unsigned long i = 0; i < at_once; i++)
        pthread_join(thread[i], NULL);
}

static bool
parse(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "+n:k:t:p:u:j")) != -1) {
        unsigned long *number = option == 'n'   ? &logins
                                : option == 'k' ? &at_once
                                : option == 't' ? &typing_ms
                                : option == 'p' ? &pause_ms
                                : option == 'u' ? &uid
                                                : NULL;

        if (option == 'j')
            threads = true;
        else if (number == NULL || !uk_str_to_ulong(optarg, 10000000, number))
            return false;
    }
    if (at_once == 0 || at_once > MOST_AT_ONCE || optind >= argc)
        return false;
    if (strcmp(argv[optind - 1], "--") == 0) {
        command = &argv[optind];
        return true;
    }
    service = argv[optind];
    user = argv[optind + 1];
    return argc == optind + 2;
}

int
main(int argc, char **argv)
{
    int64_t begin;

    if (!parse(argc, argv)) {
        fprintf(stderr, "login_host: see its source\n");
        return 2;
    }
    if (strcmp(argv[0], "login_host-one") == 0) {
        struct result result = log_in();

        return write(RESULT_FD, &result, sizeof(result)) == sizeof(result) ? 0
                                                                           : 1;
    }
    begin = now_us();
    if (command != NULL)
        run_commands();
    else if (threads)
        run_threads();
    else
        run_processes(argv);
    printf("all %lld\n", (long long)(now_us() - begin));
    return 0;
}
