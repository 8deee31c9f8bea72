/* Reach or start the agent from inside a host process that is not ours. */
#include "core/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/io.h"
#include "core/str.h"
#include "core/walk.h"

/* A killed process leaves at once; one that the kernel cannot even kill (it
 * waits for a disk) must not hold the host for ever. */
#define KILL_PATIENCE_MS 2000

/* glibc has wrappers for these from 2.36 only. */
static int
open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void
kill_pidfd(int pidfd)
{
    (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

/* What the kernel will say in a moment about this program, said before and in
 * our words.  One that is not there is nobody who answers, as when an upgrade
 * has broken; the fallback that an administrator has for outages holds. */
static enum uk_code
check_program(const char *program, struct uk_err *err)
{
    int fd = -1;
    enum uk_code code = uk_file_open(program, UK_FILE_TRUSTED, &fd, err);

    if (code == UK_SYSTEM && err->sys == ENOENT) {
        uk_err_recode(err, UK_UNREACHABLE);
        return uk_err_in(err, "'agent_program' is not there; is the "
                              "installation complete?");
    }
    if (code == UK_SYSTEM && err->sys != EMFILE && err->sys != ENFILE)
        uk_err_recode(err, UK_MISCONFIGURED);
    if (code != UK_OK)
        return uk_err_in(err, "'agent_program'");
    uk_io_close(&fd);
    return UK_OK;
}

/*
 * Both ends stand above the numbers that the child will use, and so above the
 * host's standard descriptors, which may be closed: what the host prints would
 * land in our conversation.
 */
static enum uk_code
lift(int *fd, struct uk_err *err)
{
    int above;

    if (*fd > UK_HELPER_FD)
        return UK_OK;
    above = fcntl(*fd, F_DUPFD_CLOEXEC, UK_HELPER_FD + 1);
    if (above < 0)
        return uk_err_sys(err, errno, "moving a descriptor out of the way");
    uk_io_close(fd);
    *fd = above;
    return UK_OK;
}

/* Reaching. */

/* Whoever called listen(): the agent before it gave up root's rights, or who
 * holds the socket for it. */
static enum uk_code
check_listener(int fd, const char *path, struct uk_err *err)
{
    struct ucred theirs;
    socklen_t len = sizeof(theirs);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &theirs, &len) != 0)
        return uk_err_sys(err, errno, "asking who listens at '%s'", path);
    if (theirs.uid == 0 || theirs.uid == geteuid())
        return UK_OK;
    return uk_err_set(err, UK_MISCONFIGURED,
                      "at '%s' listens uid %lu; it must be root", path,
                      (unsigned long)theirs.uid);
}

static enum uk_code
connect_to(int fd, const char *path, struct uk_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!uk_str_copy(address.sun_path, sizeof(address.sun_path), path))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is too long for the path of a socket", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        uk_err_sys(err, errno, "connecting to '%s'", path);
        if (err->sys == EPROTOTYPE || err->sys == EACCES)
            return uk_err_recode(err, UK_MISCONFIGURED);
        return uk_err_recode(err, UK_UNREACHABLE);
    }
    return UK_OK;
}

enum uk_code
uk_helper_reach(struct uk_helper *helper, const char *path, struct uk_err *err)
{
    int fd = -1;
    enum uk_code code = UK_OK;

    if (access(path, F_OK) != 0)
        return uk_err_set(err, UK_UNREACHABLE, "there is no '%s'", path);
    /* Who could have put another socket there could be asked in its place. */
    code = uk_walk_look(path, UK_WALK_STICKY_REFUSED, err);
    if (code != UK_OK)
        return uk_err_in(err, "'agent_socket'");
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return uk_err_sys(err, errno, "making a socket");
    code = lift(&fd, err);
    if (code == UK_OK)
        code = connect_to(fd, path, err);
    if (code == UK_OK)
        code = check_listener(fd, path, err);
    if (code != UK_OK) {
        uk_io_close(&fd);
        return uk_err_in(err, "'agent_socket'");
    }
    *helper = (struct uk_helper){.fd = fd, .pidfd = -1, .pid = -1};
    return UK_OK;
}

/* Starting. */

static enum uk_code
make_pair(int pair[2], struct uk_err *err)
{
    enum uk_code code;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return uk_err_sys(err, errno, "making a socket pair");
    code = lift(&pair[0], err);
    if (code == UK_OK)
        code = lift(&pair[1], err);
    if (code != UK_OK) {
        uk_io_close(&pair[0]);
        uk_io_close(&pair[1]);
    }
    return code;
}

/* 0 to 2 are /dev/null, 3 is the socket, nothing else is open. */
static int
add_descriptors(posix_spawn_file_actions_t *actions, int theirs)
{
    int failed = 0;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && failed == 0; fd++)
        failed = posix_spawn_file_actions_addopen(actions, fd, "/dev/null",
                                                  O_RDWR, 0);
    if (failed == 0)
        failed =
            posix_spawn_file_actions_adddup2(actions, theirs, UK_HELPER_FD);
    if (failed == 0)
        failed =
            posix_spawn_file_actions_addclosefrom_np(actions, UK_HELPER_FD + 1);
    return failed;
}

/* No signal blocked or ignored; a session of its own, so that the keys and
 * the hang-up of the caller's terminal are not the agent's. */
static int
add_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    int failed;

    sigfillset(&all);
    sigemptyset(&none);
    failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                            POSIX_SPAWN_SETSID);
    return failed;
}

/* posix_spawn() reads its arguments only, but its type does not say so. */
static char *
read_only(const char *text)
{
    union {
        const char *in;
        char *out;
    } same = {.in = text};

    return same.out;
}

static int
spawn(pid_t *pid, const char *program, const char *conf_file, int theirs)
{
    char *argv[] = {read_only(program), read_only("--conf"),
                    read_only(conf_file), NULL};
    char *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed;

    failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed != 0)
        goto out;
    failed = add_descriptors(&actions, theirs);
    if (failed == 0)
        failed = add_attributes(&attributes);
    if (failed == 0)
        failed =
            posix_spawn(pid, program, &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
out:
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Is there something to wait for behind this descriptor?  Not where the host
 * ignores SIGCHLD or has reaped the child; the number may then even be
 * another process's by now. */
static bool
is_our_child(int pidfd)
{
    siginfo_t info;

    return waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) ==
           0;
}

/* End a child that cannot be held by a descriptor.  It is of this very moment,
 * so its number cannot be another's yet. */
static void
give_up(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The child that just started, by a descriptor.  None for one that is gone
 * already, which the socket will tell. */
static enum uk_code
hold(pid_t pid, int *pidfd, struct uk_err *err)
{
    enum uk_code code;
    int fd = open_pidfd(pid);

    if (fd < 0 && errno == ESRCH)
        return UK_OK;
    if (fd < 0) {
        code = uk_err_sys(err, errno, "holding on to the agent");
        give_up(pid);
        return code;
    }
    if (!is_our_child(fd)) {
        uk_io_close(&fd);
        return UK_OK;
    }
    code = lift(&fd, err);
    *pidfd = fd; /* on failure too: it is what the child is ended by */
    return code;
}

/* A program that may be believed and cannot be run is an outage too. */
static enum uk_code
blame_program(int errnum, const char *program, struct uk_err *err)
{
    enum uk_code code =
        uk_err_sys(err, errnum, "'agent_program': starting '%s'", program);

    if (errnum == EACCES || errnum == ENOEXEC || errnum == ENOENT)
        code = uk_err_recode(err, UK_UNREACHABLE);
    return code;
}

enum uk_code
uk_helper_start(struct uk_helper *helper, const char *program,
                const char *conf_file, struct uk_err *err)
{
    struct uk_helper started = UK_HELPER_NONE;
    int pair[2] = {-1, -1};
    enum uk_code code;
    int failed;

    code = check_program(program, err);
    if (code == UK_OK)
        code = make_pair(pair, err);
    if (code != UK_OK)
        return code;
    failed = spawn(&started.pid, program, conf_file, pair[1]);
    uk_io_close(&pair[1]);
    started.fd = pair[0];
    if (failed != 0)
        code = blame_program(failed, program, err);
    else
        code = hold(started.pid, &started.pidfd, err);
    if (code != UK_OK)
        uk_helper_stop(&started, (struct uk_deadline){0});
    else
        *helper = started;
    return code;
}

/* Wait for the end of the process; its status is nobody's business. */
static bool
reap(int pidfd, struct uk_deadline by)
{
    struct uk_err ignored;
    siginfo_t info;

    if (uk_io_wait(pidfd, POLLIN, by, &ignored) != UK_OK)
        return false;
    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) != 0 &&
           errno == EINTR)
        ;
    return true;
}

void
uk_helper_stop(struct uk_helper *helper, struct uk_deadline by)
{
    uk_io_close(&helper->fd);
    if (helper->pidfd >= 0 && !reap(helper->pidfd, by)) {
        kill_pidfd(helper->pidfd);
        (void)reap(helper->pidfd, uk_deadline_in(KILL_PATIENCE_MS));
    }
    uk_io_close(&helper->pidfd);
    helper->pid = -1;
}
