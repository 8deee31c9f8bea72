/* Read and write whole amounts by a deadline. */
#include "core/io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/secret.h"

#define CHUNK 4096

/* Worth another round of waiting, rather than a failure? */
static bool
is_passing(int errnum)
{
    return errnum == EINTR || errnum == EAGAIN || errnum == EWOULDBLOCK;
}

/* Has the other side of a socket gone? */
static bool
is_gone(int errnum)
{
    return errnum == EPIPE || errnum == ECONNRESET || errnum == ENOTCONN ||
           errnum == ECONNREFUSED;
}

enum uk_code
uk_io_wait(int fd, short events, struct uk_deadline by, struct uk_err *err)
{
    struct pollfd p = {.fd = fd, .events = events};

    for (;;) {
        int n = poll(&p, 1, uk_deadline_left_ms(by));

        if (n > 0 && (p.revents & POLLNVAL) != 0)
            return uk_err_sys(err, EBADF, "waiting for descriptor %d", fd);
        if (n > 0)
            return UK_OK; /* errors and hang-ups are for the call that follows */
        if (n < 0 && !is_passing(errno))
            return uk_err_sys(err, errno, "waiting for descriptor %d", fd);
        if (uk_deadline_passed(by))
            return uk_err_late(err, UK_STAGE_NONE, "nothing came in time");
    }
}

enum uk_code
uk_io_read_all(int fd, struct uk_buf *buf, struct uk_deadline by,
               struct uk_err *err)
{
    char chunk[CHUNK];
    enum uk_code code;

    for (;;) {
        ssize_t n;

        code = uk_io_wait(fd, POLLIN, by, err);
        if (code != UK_OK)
            break;
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && is_passing(errno))
            continue;
        if (n < 0)
            code = uk_err_sys(err, errno, "reading");
        if (n <= 0)
            break;
        uk_buf_add(buf, chunk, (size_t)n);
        code = uk_buf_check(buf, err);
        if (code != UK_OK)
            break;
    }
    uk_wipe(chunk, sizeof(chunk));
    return code;
}

/* A blocking pipe that poll() calls writable takes PIPE_BUF bytes without
 * waiting, but would wait for room for more. */
static ssize_t
put_some(int fd, const char *bytes, size_t len)
{
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno == ENOTSOCK)
        n = write(fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);
    return n;
}

enum uk_code
uk_io_write_all(int fd, const void *bytes, size_t len, struct uk_deadline by,
                struct uk_err *err)
{
    const char *at = bytes;

    while (len > 0) {
        enum uk_code code = uk_io_wait(fd, POLLOUT, by, err);
        ssize_t n;

        if (code != UK_OK)
            return code;
        n = put_some(fd, at, len);
        if (n < 0 && is_passing(errno))
            continue;
        if (n <= 0)
            return uk_err_sys(err, n < 0 ? errno : EIO, "writing");
        at += n;
        len -= (size_t)n;
    }
    return UK_OK;
}

enum uk_code
uk_io_send(int fd, const void *bytes, size_t len, struct uk_deadline by,
           struct uk_err *err)
{
    for (;;) {
        /* At once, where that can be: to wait first is to ask twice. */
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        enum uk_code code;

        if (n >= 0 && (size_t)n == len)
            return UK_OK;
        if (n < 0 && is_passing(errno)) {
            code = uk_io_wait(fd, POLLOUT, by, err);
            if (code != UK_OK)
                return code;
            continue;
        }
        if (n < 0 && is_gone(errno))
            return uk_err_set(err, UK_UNREACHABLE, "the other side hung up");
        /* A short count: this is no socket that keeps messages whole. */
        return uk_err_sys(err, n < 0 ? errno : EPROTOTYPE,
                          "sending a message of %zu bytes", len);
    }
}

/* Where no message has come (n < 0, or 0 at the end): UK_OK once it is worth
 * another look. */
static enum uk_code
wait_for_message(int fd, ssize_t n, const char *doing, struct uk_deadline by,
                 struct uk_err *err)
{
    if (n < 0 && is_passing(errno))
        return uk_io_wait(fd, POLLIN, by, err);
    if (n == 0 || is_gone(errno))
        return uk_err_set(err, UK_UNREACHABLE, "the other side hung up");
    return uk_err_sys(err, errno, "%s a message", doing);
}

enum uk_code
uk_io_await(int fd, size_t *len, struct uk_deadline by, struct uk_err *err)
{
    ssize_t n;

    while ((n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT)) <= 0) {
        enum uk_code code = wait_for_message(fd, n, "looking for", by, err);

        if (code != UK_OK)
            return code;
    }
    *len = (size_t)n;
    return UK_OK;
}

/*
 * With no room for control data the kernel itself drops descriptors that come
 * along and says MSG_CTRUNC: none is ever ours to close.
 */
static ssize_t
take_message(int fd, void *bytes, size_t room, int *flags)
{
    struct iovec part = {.iov_base = bytes, .iov_len = room};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    *flags = message.msg_flags;
    return n;
}

enum uk_code
uk_io_receive(int fd, void *bytes, size_t room, size_t *len,
              struct uk_deadline by, struct uk_err *err)
{
    ssize_t n;
    int flags;

    while ((n = take_message(fd, bytes, room, &flags)) <= 0) {
        enum uk_code code = wait_for_message(fd, n, "receiving", by, err);

        if (code != UK_OK)
            return code;
    }
    if ((flags & MSG_TRUNC) != 0)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "a message of more than %zu bytes", room);
    if ((flags & MSG_CTRUNC) != 0)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "a message with descriptors in it");
    *len = (size_t)n;
    return UK_OK;
}

void
uk_io_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
