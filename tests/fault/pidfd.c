/* What valgrind 3.19 has not learnt: descriptors of processes.
 *
 * A library in front of libc's, for programs under it (tests/valgrind): a program
 * beside us that is not under valgrind opens the descriptor and sends it, so
 * that what is waited for, polled and reaped is a real one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

typedef long syscall_type(long, long, long, long, long, long, long);

SHOWN long syscall(long number, ...);

/* The name, in the abstract space, at which it is asked. */
static int
reach_server(void)
{
    const char *name = getenv("UK_PIDFD_SERVER");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t length = name == NULL ? 0 : strlen(name);
    int fd;

    if (length == 0 || length + 2 > sizeof at.sun_path) {
        errno = ENOSYS;
        return -1;
    }
    memcpy(at.sun_path + 1, name, length);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&at,
                (socklen_t)(sizeof at.sun_family + 1 + length)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The one byte that comes with the descriptor is errno, when there is none. */
static int
receive(int from)
{
    unsigned char why = ENOSYS;
    struct iovec io = {.iov_base = &why, .iov_len = 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    const struct cmsghdr *found;
    int fd;

    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1 || why != 0) {
        errno = why;
        return -1;
    }
    found = CMSG_FIRSTHDR(&message);
    if (found == NULL || found->cmsg_type != SCM_RIGHTS) {
        errno = EMFILE;
        return -1;
    }
    memcpy(&fd, CMSG_DATA(found), sizeof fd);
    return fd;
}

static long
open_beside(long pid)
{
    int number = (int)pid;
    int server, kept;
    int fd = -1;
    sigset_t all, before;

    sigfillset(&all); /* the call that this is can not be interrupted */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    server = reach_server();
    if (server >= 0 &&
        send(server, &number, sizeof number, MSG_NOSIGNAL) == sizeof number)
        fd = receive(server);
    kept = errno;
    if (server >= 0)
        close(server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = kept;
    return fd;
}

/* The kernel tells whose descriptor it is. */
static long
signal_by(long fd, long number)
{
    char line[128];
    long pid = 0;
    FILE *info;

    snprintf(line, sizeof line, "/proc/self/fdinfo/%ld", fd);
    info = fopen(line, "re");
    if (info == NULL)
        return -1;
    while (fgets(line, sizeof line, info) != NULL)
        if (strncmp(line, "Pid:", 4) == 0)
            pid = strtol(line + 4, NULL, 10);
    fclose(info);
    if (pid <= 0) {
        errno = ESRCH;
        return -1;
    }
    return kill((pid_t)pid, (int)number);
}

long
syscall(long number, ...)
{
    syscall_type *real = (syscall_type *)dlsym(RTLD_NEXT, "syscall");
    long word[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        word[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_pidfd_open)
        return open_beside(word[0]);
    if (number == SYS_pidfd_send_signal)
        return signal_by(word[0], word[1]);
    return real(number, word[0], word[1], word[2], word[3], word[4], word[5]);
}
