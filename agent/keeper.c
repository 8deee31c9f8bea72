/* Keeps an agent going at a socket that this program has made itself. */
#include "agent/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/deadline.h"

/* A child that died has one after it this long after it began, not sooner. */
#define PAUSE_MS 1000

/* What waitpid() says of one that was killed, for one that could not begin. */
#define NO_CHILD SIGKILL

static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

struct state {
    const struct uk_keeper *keeper;
    sigset_t wanted;        /* blocked: they are waited for, not handled */
    sigset_t before;        /* what was blocked without them */
    int signals;            /* owned: can be read when one has come */
    char program[PATH_MAX]; /* where this one came from; empty: unknown */
    bool leaving, anew;     /* we were told to */
    bool again;             /* it is not the first child any more */
};

static void
find_program(struct state *s)
{
    ssize_t len =
        readlink("/proc/self/exe", s->program, sizeof(s->program) - 1);

    s->program[len > 0 ? (size_t)len : 0] = '\0';
}

/* A signal that has come, within so many ms (-1: whenever); 0: none has. */
static int
next_signal(const struct state *s, int ms)
{
    const struct timespec wait = {ms / 1000, ms % 1000 * 1000000L};
    int number;

    do
        number = ms < 0 ? sigwaitinfo(&s->wanted, NULL)
                        : sigtimedwait(&s->wanted, NULL, &wait);
    while (number < 0 && errno == EINTR);
    return number < 0 ? 0 : number;
}

/* What we are told, the child is told: it has callers to answer first. */
static void
take(struct state *s, int number, pid_t child)
{
    if (number == SIGCHLD || number == 0)
        return;
    if (number == SIGHUP)
        s->anew = true;
    else
        s->leaving = true;
    if (child > 0)
        (void)kill(child, number == SIGHUP ? SIGHUP : SIGTERM);
}

static pid_t
begin(const struct state *s)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    (void)sigprocmask(SIG_SETMASK, &s->before, NULL);
    _exit(s->keeper->work(s->keeper->own));
}

/* Until the child has ended; its status as waitpid() has it. */
static int
attend(struct state *s, pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, WNOHANG) != child)
        take(s, next_signal(s, -1), child);
    return status;
}

/* Or until we are told something. */
static void
wait_for_caller(struct state *s)
{
    struct pollfd for_us[] = {
        {.fd = s->keeper->fd, .events = POLLIN},
        {.fd = s->signals, .events = POLLIN},
    };

    while (!s->leaving && !s->anew) {
        int n = poll(for_us, UK_COUNT(for_us), -1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || for_us[0].revents != 0)
            return;
        take(s, next_signal(s, 0), 0);
    }
}

/* The newest program, with the socket; or this one, where there is none now. */
static void
begin_anew(struct state *s)
{
    const struct uk_keeper *keeper = s->keeper;

    s->anew = false;
    s->again = true;
    if (s->program[0] == '\0' || fcntl(keeper->fd, F_SETFD, 0) != 0)
        return;
    (void)execv(s->program, keeper->argv); /* what is pending stays so */
    uk_log_line(keeper->log, UK_LEVEL_ERROR,
                "userkey-agent: '%s' cannot be started anew (%s); the one that "
                "runs goes on",
                s->program, strerror(errno));
}

/* Not ignored, as a caller may have left them: children would go unseen. */
static bool
take_signals(struct state *s)
{
    bool taken;

    sigemptyset(&s->wanted);
    taken = sigprocmask(SIG_SETMASK, NULL, &s->before) == 0;
    for (size_t i = 0; i < UK_COUNT(numbers); i++) {
        sigaddset(&s->wanted, numbers[i]);
        sigdelset(&s->before, numbers[i]); /* one begun anew has them so */
        taken = taken && signal(numbers[i], SIG_DFL) != SIG_ERR;
    }
    s->signals = signalfd(-1, &s->wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return taken && s->signals >= 0 &&
           sigprocmask(SIG_BLOCK, &s->wanted, NULL) == 0;
}

static void
tell_of_death(const struct state *s, int status)
{
    if (WIFSIGNALED(status))
        uk_log_line(s->keeper->log, UK_LEVEL_ERROR,
                    "userkey-agent: ended by signal %d; whoever comes next is "
                    "served by another",
                    WTERMSIG(status));
}

/* How a child has ended: what comes of that. */
static bool
is_over(const struct state *s, int status)
{
    if (s->leaving || status == 0)
        return true;
    return !s->keeper->before && !s->again && WIFEXITED(status) &&
           WEXITSTATUS(status) != UK_KEEPER_ANEW;
}

static bool
is_at_once(const struct state *s, int status)
{
    return s->anew ||
           (WIFEXITED(status) && WEXITSTATUS(status) == UK_KEEPER_ANEW);
}

int
uk_keeper_run(const struct uk_keeper *keeper)
{
    struct state s = {.keeper = keeper};

    find_program(&s);
    if (!take_signals(&s))
        return UK_KEEPER_FAILED;
    for (;;) {
        struct uk_deadline pause = uk_deadline_in(PAUSE_MS);
        pid_t child = begin(&s);
        int status = child > 0 ? attend(&s, child) : NO_CHILD;

        if (is_over(&s, status))
            return s.leaving || status == 0 ? UK_KEEPER_DONE : UK_KEEPER_FAILED;
        if (!is_at_once(&s, status)) {
            tell_of_death(&s, status);
            if (!WIFEXITED(status))
                take(&s, next_signal(&s, uk_deadline_left_ms(pause)), 0);
            wait_for_caller(&s);
        }
        if (s.leaving)
            return UK_KEEPER_DONE;
        begin_anew(&s);
    }
}

void
uk_keeper_stay_with(pid_t keeper)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != keeper)
        (void)raise(SIGTERM);
}
