/*
 * An agent that does what a script says, well or badly.
 *
 * The script is the file "script" beside the settings file; it holds one
 * behaviour and its parameters.  What was asked and how we were started goes
 * to the file "agent.log" there, one line a request.  The secret does not:
 * its length and a hash stand for it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/chan.h"
#include "core/helper.h"
#include "core/io.h"
#include "tests/pam/lib_hash.h"

#define PATH_SIZE 4096
#define A_MINUTE  60000

extern char **environ;

/* Our environment is empty, so the options for a sanitizer are said here: its
 * search for leaks attaches a tracer to us, who would keep us from being
 * reaped. */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}

static char folder[PATH_SIZE];
static char script[1024];
static struct uk_request request;
static struct uk_err err;

/* The value of "name=value" in the script, or the fallback. */
static const char *
param(const char *name, const char *fallback)
{
    static char value[8][256];
    static unsigned turn;
    char pattern[64];
    const char *at;
    size_t len;

    snprintf(pattern, sizeof(pattern), " %s=", name);
    at = strstr(script, pattern);
    if (at == NULL)
        return fallback;
    at += strlen(pattern);
    len = strcspn(at, " \n");
    turn = (turn + 1) % 8;
    snprintf(value[turn], sizeof(value[turn]), "%.*s", (int)len, at);
    return value[turn];
}

static void
copy(char *to, size_t size, const char *from)
{
    if (!uk_str_copy(to, size, from))
        exit(3);
}

static void
read_script(const char *conf)
{
    char path[PATH_SIZE];
    const char *slash = strrchr(conf, '/');
    FILE *file;

    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - conf), conf);
    if (snprintf(path, sizeof(path), "%s/script", folder) >= (int)sizeof(path))
        exit(3);
    file = fopen(path, "re");
    if (file == NULL || fgets(script, sizeof(script), file) == NULL)
        exit(3);
    fclose(file);
}

/* "0,1,2,3" */
static void
list_descriptors(char *to, size_t size)
{
    size_t len = 0;

    to[0] = '\0';
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            len += (size_t)snprintf(to + len, size - len, "%s%d",
                                    len > 0 ? "," : "", fd);
    }
}

static bool
signals_are_default(void)
{
    sigset_t mask;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int n = 1; n < 32; n++) {
        struct sigaction action;

        if (sigismember(&mask, n) == 1)
            return false;
        /* A sanitizer's own handlers are not the host's. */
        if (sigaction(n, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            return false;
    }
    return true;
}

static void
log_request(int argc, char **argv)
{
    char path[PATH_SIZE], descriptors[256], line[2048];
    int len, fd;

    list_descriptors(descriptors, sizeof(descriptors));
    len = snprintf(line, sizeof(line),
                   "%s user='%s' service='%s' rhost='%s' keep=%d emails=%d "
                   "len=%zu hash=%08x argc=%d environ=%s fds=%s signals=%s\n",
                   request.op == UK_OP_LOGIN ? "login" : "logout", request.user,
                   request.service, request.rhost, request.keep,
                   request.want_emails, request.secret.len,
                   lib_hash(request.secret.bytes, request.secret.len), argc,
                   environ[0] == NULL ? "empty" : environ[0], descriptors,
                   signals_are_default() ? "default" : "inherited");
    if (snprintf(path, sizeof(path), "%s/agent.log", folder) >=
        (int)sizeof(path))
        exit(3);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, line, (size_t)len) != len)
        exit(3);
    close(fd);
}

static void
say(const struct uk_answer *answer)
{
    if (uk_chan_reply(UK_HELPER_FD, answer, uk_deadline_in(A_MINUTE), &err) !=
        UK_OK)
        exit(4);
}

static void
rest(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* Until somebody kills us; a test that fails must not leave us for ever. */
static void
hang(void)
{
    rest(A_MINUTE);
    exit(5);
}

static const struct {
    const char *word;
    enum uk_verdict verdict;
} verdicts[] = {
    {"granted", UK_GRANTED},
    {"refused", UK_REFUSED},
    {"user-disabled", UK_USER_DISABLED},
    {"not-a-key", UK_NOT_A_KEY},
    {"throttled-here", UK_THROTTLED_HERE},
    {"throttled-service", UK_THROTTLED_SERVICE},
    {"undecided", UK_UNDECIDED},
};

static const struct {
    const char *word;
    enum uk_code code;
} failures[] = {
    {"misconfigured", UK_MISCONFIGURED},
    {"unreachable", UK_UNREACHABLE},
    {"timeout", UK_TIMEOUT},
    {"tls", UK_TLS},
    {"bad-answer", UK_BAD_ANSWER},
    {"no-memory", UK_NO_MEMORY},
    {"system", UK_SYSTEM},
};

static void
fill_person(struct uk_answer *answer)
{
    const char *email = param("email", NULL);

    copy(answer->person.id, sizeof(answer->person.id), param("id", "person1"));
    if (email != NULL && request.want_emails) {
        copy(answer->person.email[0], sizeof(answer->person.email[0]), email);
        answer->person.n_emails = 1;
    }
    if (!request.keep || param("tokens", NULL) == NULL)
        return;
    if (uk_secret_set(&answer->tokens.access, "acc\"ess\\1", 9, &err) !=
            UK_OK ||
        uk_secret_set(&answer->tokens.refresh, "ref\"resh\\1", 10, &err) !=
            UK_OK)
        exit(3);
}

static bool
decent_answer(struct uk_answer *answer)
{
    size_t len = strcspn(script, " \n");
    unsigned long retry, age;

    copy(answer->request_id, sizeof(answer->request_id), param("request", ""));
    if (uk_str_to_ulong(param("retry", "0"), 9999, &retry))
        answer->retry_after_s = (uint32_t)retry;
    for (size_t i = 0; i < UK_COUNT(verdicts); i++) {
        if (strlen(verdicts[i].word) == len &&
            strncmp(script, verdicts[i].word, len) == 0) {
            answer->verdict = verdicts[i].verdict;
            if (answer->verdict == UK_GRANTED)
                fill_person(answer);
            if (uk_str_to_ulong(param("offline", ""), UINT32_MAX, &age)) {
                answer->offline = true;
                answer->offline_age_s = (uint32_t)age;
            }
            return true;
        }
    }
    for (size_t i = 0; i < UK_COUNT(failures); i++) {
        if (strlen(failures[i].word) == len &&
            strncmp(script, failures[i].word, len) == 0) {
            answer->code = failures[i].code;
            answer->stage =
                answer->code == UK_TIMEOUT ? UK_STAGE_CONNECT : UK_STAGE_NONE;
            copy(answer->text, sizeof(answer->text), "the agent's sentence");
            return true;
        }
    }
    return false;
}

/* A good answer's bytes, to be spoiled. */
static struct uk_buf
granted_bytes(void)
{
    struct uk_answer answer = {.verdict = UK_GRANTED};
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    fill_person(&answer);
    if (uk_answer_pack(&answer, &buf, &err) != UK_OK)
        exit(3);
    return buf;
}

static void
send_bytes(const void *bytes, size_t len)
{
    if (send(UK_HELPER_FD, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
        exit(4);
}

static void
answer_truncated(void)
{
    struct uk_buf buf = granted_bytes();

    send_bytes(buf.bytes, buf.len - 1);
}

static void
answer_with_more(void)
{
    struct uk_buf buf = granted_bytes();

    uk_buf_add_byte(&buf, 0);
    send_bytes(buf.bytes, buf.len);
}

static void
answer_in_version_9(void)
{
    struct uk_buf buf = granted_bytes();

    buf.bytes[4] = 9;
    send_bytes(buf.bytes, buf.len);
}

static void
answer_twice(void)
{
    struct uk_buf buf = granted_bytes();

    send_bytes(buf.bytes, buf.len);
    send_bytes(buf.bytes, buf.len);
}

static void
answer_garbage(void)
{
    send_bytes("{\"ok\":true,\"user\":\"root\"}", 25);
}

static void
answer_zeros(void)
{
    static const char zeros[64];

    send_bytes(zeros, sizeof(zeros));
}

static void
answer_nothing(void)
{
    send_bytes("", 0);
}

static void
answer_too_much(void)
{
    static char much[UK_MSG_MAX + 1];
    struct uk_buf buf = granted_bytes();

    memcpy(much, buf.bytes, buf.len);
    send_bytes(much, sizeof(much));
}

/* An echo of the request: no kind of answer. */
static void
answer_request(void)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    if (uk_request_pack(&request, &buf, &err) != UK_OK)
        exit(3);
    send_bytes(buf.bytes, buf.len);
}

static void
answer_with_descriptor(void)
{
    struct uk_buf buf = granted_bytes();
    struct iovec part = {.iov_base = buf.bytes, .iov_len = buf.len};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd = STDIN_FILENO;

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    if (sendmsg(UK_HELPER_FD, &message, MSG_NOSIGNAL) < 0)
        exit(4);
}

static void
answer_slowly(void)
{
    struct uk_answer answer = {.verdict = UK_GRANTED};
    unsigned long ms = 0;

    if (!uk_str_to_ulong(param("ms", "100"), A_MINUTE, &ms))
        exit(3);
    rest((long)ms);
    fill_person(&answer);
    say(&answer);
}

/* A whole answer, and then no end. */
static void
answer_and_grip(void)
{
    struct uk_buf buf = granted_bytes();

    send_bytes(buf.bytes, buf.len);
    hang();
}

/* A whole conversation, and then no end of the process. */
static void
answer_and_linger(void)
{
    struct uk_answer answer = {.verdict = UK_GRANTED};

    fill_person(&answer);
    say(&answer);
    hang();
}

static void
close_and_hang(void)
{
    close(UK_HELPER_FD);
    hang();
}

static void
leave(void)
{
    exit(0);
}

static void
leave_badly(void)
{
    exit(1);
}

static void
crash(void)
{
    signal(SIGABRT, SIG_DFL);
    abort();
}

static void
be_killed(void)
{
    raise(SIGKILL);
}

static const struct {
    const char *word;
    void (*act)(void);
} acts[] = {
    {"truncated", answer_truncated},
    {"more", answer_with_more},
    {"version", answer_in_version_9},
    {"twice", answer_twice},
    {"garbage", answer_garbage},
    {"zeros", answer_zeros},
    {"nothing", answer_nothing},
    {"long", answer_too_much},
    {"echo", answer_request},
    {"slow", answer_slowly},
    {"grip", answer_and_grip},
    {"linger", answer_and_linger},
    {"mute", close_and_hang},
    {"hang", hang},
    {"silent", leave},
    {"exit1", leave_badly},
    {"crash", crash},
    {"killed", be_killed},
    {"descriptor", answer_with_descriptor},
};

static void
act(void)
{
    size_t len = strcspn(script, " \n");

    for (size_t i = 0; i < UK_COUNT(acts); i++) {
        if (strlen(acts[i].word) == len &&
            strncmp(script, acts[i].word, len) == 0) {
            acts[i].act();
            return;
        }
    }
    exit(3);
}

/* The host's limit is not for our log. */
static void
lift_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        exit(3);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        exit(3);
}

int
main(int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    struct uk_answer answer = {.code = UK_OK};

    setrlimit(RLIMIT_CORE, &no_core);
    lift_file_limit();
    if (argc != 3 || strcmp(argv[1], "--conf") != 0)
        return 2;
    read_script(argv[2]);
    if (strncmp(script, "deaf", 4) == 0)
        hang();
    do { /* one that is only announced has no answer */
        if (uk_chan_receive(UK_HELPER_FD, uk_deadline_in(A_MINUTE), &request,
                            &err) != UK_OK)
            return 4;
    } while (request.op == UK_OP_PREPARE);
    log_request(argc, argv);
    if (request.op == UK_OP_LOGOUT && param("logout", NULL) == NULL)
        say(&answer);
    else if (request.op == UK_OP_LOGIN && decent_answer(&answer))
        say(&answer);
    else
        act();
    uk_answer_clear(&answer);
    uk_request_clear(&request);
    return 0;
}
