/* The process that keeps a socket: what it is told while nobody serves. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/deadline.h"
#include "core/io.h"

#include "agent/keeper.h"

#define AMPLE_MS 60000
#define BEGUN    42 /* exit status of the program that was begun anew */

/* A child that cannot serve, as with settings that are broken; it says that it
 * was there. */
static int
fail_to_serve(void *own)
{
    const int *there = own;

    return write(*there, "", 1) == 1 ? UK_KEEPER_FAILED : UK_KEEPER_DONE;
}

static int
make_door(struct sockaddr_un *address)
{
    socklen_t len = sizeof(address->sun_family); /* a name of the kernel's */
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    len = sizeof(*address);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

/* A keeper whose first child fails; it goes on as this program, called with
 * "anew". */
static pid_t
start_keeper(int door)
{
    static char name[] = "test_agent_keeper", word[] = "anew";
    static char *const argv[] = {name, word, NULL};
    const struct uk_log log = {.fd = STDERR_FILENO, .most = UK_LEVEL_ERROR};
    int there[2] = {-1, -1};
    char byte;
    const struct uk_keeper keeper = {
        .log = &log,
        .argv = argv,
        .own = &there[1],
        .work = fail_to_serve,
        .fd = door,
        .before = true,
    };
    pid_t pid;

    assert_int_equal(pipe2(there, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(uk_keeper_run(&keeper));
    uk_io_close(&there[1]);
    assert_int_equal(read(there[0], &byte, 1), 1);
    uk_io_close(&there[0]);
    return pid;
}

/* What a process sleeps in, as the kernel calls it; "" where it tells nobody. */
static const char *
place_of(pid_t pid)
{
    static char place[64];
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
    file = fopen(path, "r");
    assert_non_null(file);
    place[fread(place, 1, sizeof(place) - 1, file)] = '\0';
    fclose(file);
    return place;
}

/* Its child has come and gone, and it waits for a caller.  Where nobody may see
 * that, it is told sooner, to the same end. */
static void
wait_until_it_waits(pid_t pid)
{
    for (int i = 0; i < 400 && strstr(place_of(pid), "poll") == NULL; i++)
        uk_deadline_wait(uk_deadline_in(5));
}

static int
status_of(pid_t pid)
{
    struct uk_deadline by = uk_deadline_in(AMPLE_MS);
    int status = -1;

    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (uk_deadline_passed(by)) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            fail_msg("it does not end");
        }
        uk_deadline_wait(uk_deadline_in(5));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Nobody serves and nobody has come: it ends, or is begun anew, at once. */
static void
test_told_while_waiting(void **state)
{
    static const struct {
        int number, status;
    } rows[] = {
        {SIGTERM, UK_KEEPER_DONE},
        {SIGINT, UK_KEEPER_DONE},
        {SIGHUP, BEGUN},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct sockaddr_un address;
        int door = make_door(&address);
        pid_t pid = start_keeper(door);

        wait_until_it_waits(pid);
        assert_int_equal(kill(pid, rows[i].number), 0);
        assert_int_equal(status_of(pid), rows[i].status);
        uk_io_close(&door);
    }
}

/* A child's end that is reported late is no reason to begin anew. */
static void
test_not_told(void **state)
{
    struct sockaddr_un address;
    int door = make_door(&address);
    pid_t pid = start_keeper(door);

    for (int i = 0; i < 5; i++) {
        wait_until_it_waits(pid);
        assert_int_equal(kill(pid, SIGCHLD), 0);
    }
    wait_until_it_waits(pid);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(status_of(pid), UK_KEEPER_DONE);
    uk_io_close(&door);
}

/* Who comes is a reason. */
static void
test_caller(void **state)
{
    struct sockaddr_un address;
    int door = make_door(&address);
    pid_t pid = start_keeper(door);
    int caller = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    wait_until_it_waits(pid);
    assert_int_equal(connect(caller, (const struct sockaddr *)&address,
                             sizeof(sa_family_t) + 6),
                     0); /* the names that the kernel gives: NUL, five digits */
    assert_int_equal(status_of(pid), BEGUN);
    uk_io_close(&caller);
    uk_io_close(&door);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_while_waiting),
        cmocka_unit_test(test_not_told),
        cmocka_unit_test(test_caller),
    };

    if (argc == 2 && strcmp(argv[1], "anew") == 0)
        return BEGUN;
    return cmocka_run_group_tests_name("agent/keeper", tests, NULL, NULL);
}
