/* The door of an agent's own: whose place it does not take. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/io.h"

#include "agent/door.h"
#include "tests/unit/lib_place.h"

#define FD 100 /* where the door is wanted */

static struct place place;
static struct uk_err err;

static int
make_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    return fd;
}

static struct sockaddr_un
address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    return address;
}

static int
call(const char *path, int fd)
{
    struct sockaddr_un address = address_of(path);

    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

static int
set_up(void **state)
{
    place_open(&place);
    return 0;
}

static int
tear_down(void **state)
{
    close(FD);
    place_close(&place);
    return 0;
}

static void
test_listens(void **state)
{
    const char *path = place_path(&place, "s");
    struct stat st;
    int fd = make_socket();

    assert_int_equal(uk_door_open(path, UK_DOOR_FOR_CALLERS, FD, &err), UK_OK);
    assert_int_equal(uk_door_look(FD), UK_DOOR_LISTENING);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
    assert_int_equal(call(path, fd), 0);
    assert_int_equal(uk_door_look(fd), UK_DOOR_CONNECTED);
    uk_io_close(&fd);
}

/* Nobody listens any more at what is there. */
static void
test_left(void **state)
{
    const char *path = place_path(&place, "s");
    struct sockaddr_un address = address_of(path);
    int fd = make_socket();

    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    uk_io_close(&fd);
    assert_int_equal(uk_door_open(path, UK_DOOR_FOR_ROOT, FD, &err), UK_OK);
}

/* Somebody does, and is so busy that nobody gets through. */
static void
test_busy(void **state)
{
    const char *path = place_path(&place, "s");
    struct sockaddr_un address = address_of(path);
    int listener = make_socket(), crowd[8];
    size_t n = 0;

    assert_int_equal(
        bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 0), 0);
    do {
        assert_true(n < UK_COUNT(crowd));
        crowd[n] = make_socket();
    } while (call(path, crowd[n++]) == 0);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(uk_door_open(path, UK_DOOR_FOR_CALLERS, FD, &err),
                     UK_INVALID);
    assert_non_null(strstr(err.text, "listens at"));
    while (n > 0)
        uk_io_close(&crowd[--n]);
    uk_io_close(&listener);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_listens),
        TEST(test_left),
        TEST(test_busy),
    };

    return cmocka_run_group_tests_name("agent/door", tests, NULL, NULL);
}
