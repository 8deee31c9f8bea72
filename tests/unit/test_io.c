/* Reading and writing whole amounts by a deadline. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/io.h"

#define SOON   100   /* ms: for a wait that must end in vain */
#define AMPLE  60000 /* ms: for one that must not */
#define MANY   (1024 * 1024)
#define PERIOD 2000 /* us between signals */

static struct uk_err err;

static void
close_both(int fd[2])
{
    uk_io_close(&fd[0]);
    uk_io_close(&fd[1]);
}

static void
open_pair(int type, int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fd), 0);
}

static int
open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void
test_wait(void **state)
{
    struct uk_deadline by;
    int fd[2];

    open_pair(SOCK_SEQPACKET, fd);
    assert_int_equal(uk_io_wait(fd[0], POLLOUT, uk_deadline_in(0), &err),
                     UK_OK);
    by = uk_deadline_in(SOON);
    assert_int_equal(uk_io_wait(fd[0], POLLIN, by, &err), UK_TIMEOUT);
    assert_true(uk_deadline_passed(by));
    assert_int_equal(err.stage, UK_STAGE_NONE);
    /* What is there already is seen even when the time is over. */
    assert_int_equal(send(fd[1], "x", 1, 0), 1);
    assert_int_equal(uk_io_wait(fd[0], POLLIN, (struct uk_deadline){0}, &err),
                     UK_OK);
    close_both(fd);
    assert_int_equal(uk_io_wait(1023, POLLIN, uk_deadline_in(AMPLE), &err),
                     UK_SYSTEM);
    assert_int_equal(err.sys, EBADF);
}

static void
test_read_all(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(10000);
    char bytes[9999];
    int fd[2];

    memset(bytes, 'k', sizeof(bytes));
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], bytes, sizeof(bytes)), sizeof(bytes));
    uk_io_close(&fd[1]);
    assert_int_equal(uk_io_read_all(fd[0], &buf, uk_deadline_in(AMPLE), &err),
                     UK_OK);
    assert_int_equal(buf.len, sizeof(bytes));
    assert_memory_equal(buf.bytes, bytes, sizeof(bytes));
    uk_buf_clear(&buf);
    close_both(fd);
}

static void
test_read_all_limits(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(5);
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], "12345", 5), 5);
    assert_int_equal(uk_io_read_all(fd[0], &buf, uk_deadline_in(SOON), &err),
                     UK_TIMEOUT); /* the writer is still there */
    assert_string_equal(uk_buf_peek(&buf), "12345");
    assert_int_equal(write(fd[1], "6", 1), 1);
    assert_int_equal(uk_io_read_all(fd[0], &buf, uk_deadline_in(AMPLE), &err),
                     UK_INVALID);
    uk_buf_clear(&buf);
    close_both(fd);
}

/* The other end of test_write_all: everything, slowly. */
static void *
read_slowly(void *arg)
{
    int fd = *(int *)arg;
    static char bytes[777];
    size_t total = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] != (char)((total + (size_t)i) % 251))
                return NULL;
        }
        total += (size_t)n;
    }
    return total == MANY ? arg : NULL;
}

static void
write_through(int fd[2], const char *bytes)
{
    pthread_t reader;
    void *all_came = NULL;

    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &fd[0]), 0);
    assert_int_equal(
        uk_io_write_all(fd[1], bytes, MANY, uk_deadline_in(AMPLE), &err),
        UK_OK);
    uk_io_close(&fd[1]);
    assert_int_equal(pthread_join(reader, &all_came), 0);
    assert_non_null(all_came);
    uk_io_close(&fd[0]);
}

static void
test_write_all(void **state)
{
    char *bytes = malloc(MANY);
    int fd[2];

    assert_non_null(bytes);
    for (size_t i = 0; i < MANY; i++)
        bytes[i] = (char)(i % 251);
    assert_int_equal(pipe(fd), 0);
    write_through(fd, bytes);
    assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
    assert_int_equal(fcntl(fd[0], F_SETFL, 0), 0);
    write_through(fd, bytes);
    open_pair(SOCK_STREAM, fd);
    write_through(fd, bytes);
    free(bytes);
}

/* A blocking pipe that nobody reads does not hold us past the deadline. */
static void
test_write_all_to_nobody(void **state)
{
    char *bytes = calloc(1, MANY);
    struct uk_deadline by = uk_deadline_in(SOON);
    int fd[2];

    assert_non_null(bytes);
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(uk_io_write_all(fd[1], bytes, MANY, by, &err), UK_TIMEOUT);
    close_both(fd);
    open_pair(SOCK_STREAM, fd);
    uk_io_close(&fd[0]);
    /* No SIGPIPE: this program would be gone. */
    assert_int_equal(
        uk_io_write_all(fd[1], bytes, MANY, uk_deadline_in(AMPLE), &err),
        UK_SYSTEM);
    assert_int_equal(err.sys, EPIPE);
    close_both(fd);
    free(bytes);
}

/* A message to somebody who has gone is an error, and no signal. */
static void
test_send_to_nobody(void **state)
{
    int fd[2];

    open_pair(SOCK_SEQPACKET, fd);
    uk_io_close(&fd[0]);
    assert_int_equal(uk_io_send(fd[1], "abc", 3, uk_deadline_in(AMPLE), &err),
                     UK_UNREACHABLE);
    close_both(fd);
}

static void
test_send_and_receive(void **state)
{
    char room[8];
    size_t len = 99;
    int fd[2];

    open_pair(SOCK_SEQPACKET, fd);
    assert_int_equal(
        uk_io_send(fd[0], "12345678", 8, uk_deadline_in(AMPLE), &err), UK_OK);
    assert_int_equal(uk_io_send(fd[0], "abc", 3, uk_deadline_in(AMPLE), &err),
                     UK_OK);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_OK);
    assert_int_equal(len, 8);
    assert_memory_equal(room, "12345678", 8);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(room, "abc", 3);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(SOON), &err),
                     UK_TIMEOUT);
    assert_int_equal(len, 3);
    close_both(fd);
}

/* Its length is known and it is still there; an end is one. */
static void
test_await(void **state)
{
    char room[8];
    size_t len = 77;
    int fd[2];

    open_pair(SOCK_SEQPACKET, fd);
    assert_int_equal(uk_io_await(fd[1], &len, uk_deadline_in(SOON), &err),
                     UK_TIMEOUT);
    assert_int_equal(len, 77);
    assert_int_equal(
        uk_io_send(fd[0], "12345678", 8, uk_deadline_in(AMPLE), &err), UK_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(uk_io_await(fd[1], &len, uk_deadline_in(AMPLE), &err),
                         UK_OK);
        assert_int_equal(len, 8);
    }
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_OK);
    assert_memory_equal(room, "12345678", 8);
    uk_io_close(&fd[0]);
    assert_int_equal(uk_io_await(fd[1], &len, uk_deadline_in(AMPLE), &err),
                     UK_UNREACHABLE);
    uk_io_close(&fd[1]);
}

static void
test_receive_too_long(void **state)
{
    char room[8];
    size_t len = 99;
    int fd[2];

    open_pair(SOCK_SEQPACKET, fd);
    assert_int_equal(send(fd[0], "123456789", 9, 0), 9);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_BAD_ANSWER);
    assert_int_equal(len, 99);
    close_both(fd);
}

static void
test_hung_up(void **state)
{
    char room[8];
    size_t len = 99;
    int fd[2];

    open_pair(SOCK_SEQPACKET, fd);
    uk_io_close(&fd[0]);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_UNREACHABLE);
    assert_int_equal(uk_io_send(fd[1], "x", 1, uk_deadline_in(AMPLE), &err),
                     UK_UNREACHABLE);
    close_both(fd);
    /* Gone with our message unread is gone as well. */
    open_pair(SOCK_SEQPACKET, fd);
    assert_int_equal(send(fd[1], "x", 1, 0), 1);
    uk_io_close(&fd[0]);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_UNREACHABLE);
    assert_int_equal(len, 99);
    close_both(fd);
}

static void
send_descriptor(int fd, int what)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {.iov_base = control, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof(control),
    };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &what, sizeof(int));
    assert_int_equal(sendmsg(fd, &message, 0), 1);
}

static void
test_descriptors_are_refused(void **state)
{
    char room[8];
    size_t len = 99;
    int fd[2], before;

    open_pair(SOCK_SEQPACKET, fd);
    before = open_descriptors();
    send_descriptor(fd[0], STDERR_FILENO);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_BAD_ANSWER);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(len, 99);
    close_both(fd);
}

static void
on_alarm(int number)
{
}

/* With signals all the time, everything takes its time and nothing breaks. */
static void
test_signals(void **state)
{
    struct sigaction catch = {.sa_handler = on_alarm}; /* no SA_RESTART */
    struct itimerval often = {{0, PERIOD}, {0, PERIOD}},
                     never = {.it_value = {0}};
    struct uk_deadline by = uk_deadline_in(SOON);
    char *bytes = malloc(MANY);
    char room[8];
    size_t len;
    int fd[2];

    assert_non_null(bytes);
    for (size_t i = 0; i < MANY; i++)
        bytes[i] = (char)(i % 251);
    assert_int_equal(sigaction(SIGALRM, &catch, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    open_pair(SOCK_SEQPACKET, fd);
    assert_int_equal(uk_io_receive(fd[1], room, sizeof(room), &len, by, &err),
                     UK_TIMEOUT);
    assert_true(uk_deadline_passed(by));
    close_both(fd);
    assert_int_equal(pipe(fd), 0);
    write_through(fd, bytes);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_ptr_not_equal(signal(SIGALRM, SIG_DFL), SIG_ERR);
    free(bytes);
}

static void
test_close(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int number = fd;

    assert_true(fd >= 0);
    uk_io_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(number, F_GETFD), -1);
    uk_io_close(&fd);
    assert_int_equal(fd, -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_read_all),
        cmocka_unit_test(test_read_all_limits),
        cmocka_unit_test(test_write_all),
        cmocka_unit_test(test_write_all_to_nobody),
        cmocka_unit_test(test_send_to_nobody),
        cmocka_unit_test(test_send_and_receive),
        cmocka_unit_test(test_await),
        cmocka_unit_test(test_receive_too_long),
        cmocka_unit_test(test_hung_up),
        cmocka_unit_test(test_descriptors_are_refused),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_close),
    };

    return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
