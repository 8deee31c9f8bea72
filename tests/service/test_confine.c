/* A service that somebody has taken over, and one that goes on working. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/confine.h"
#include "service/operate/confine.h"
#include "tests/skip.h"

static char folder[] = "/tmp/userkey-confine.XXXXXX";
static char home[] = "/var/tmp/userkey-confine.XXXXXX"; /* of somebody */
static struct uk_config sqlite, postgresql;
static const struct uk_log nowhere = {.fd = -1, .most = UK_LEVEL_ERROR};

static int
try_open(const char *in, const char *name, int flags)
{
    char path[80];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", in, name);
    fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int
read_elsewhere(void)
{
    return try_open(home, "file", O_RDONLY);
}

static int
write_elsewhere(void)
{
    return try_open(home, "file", O_WRONLY);
}

static int
write_settings(void)
{
    return try_open(folder, "server.conf", O_WRONLY);
}

static int
replace_settings(void)
{
    return try_open(folder, "new", O_WRONLY | O_CREAT);
}

static int
read_settings(void)
{
    return try_open(folder, "server.conf", O_RDONLY);
}

/* Certificates are often reached by links that change. */
static int
read_new_certificate(void)
{
    return try_open(folder, "archive/2/cert.pem", O_RDONLY);
}

static int
keep_journal(void)
{
    char path[80];
    int code = try_open(folder, "data/userkey.db-wal", O_RDWR | O_CREAT);

    if (code == 0)
        code = try_open(folder, "data/userkey.db-wal", O_RDWR | O_TRUNC);
    snprintf(path, sizeof(path), "%s/data/userkey.db-wal", folder);
    return code != 0 ? code : unlink(path) == 0 ? 0 : errno;
}

static int
listen_and_connect(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
        connect(to, (struct sockaddr *)&at, sizeof(at)) != 0)
        return errno;
    return accept4(fd, NULL, NULL, SOCK_CLOEXEC) >= 0 ? 0 : errno;
}

static void *
be_a_thread(void *own)
{
    return own;
}

static int
start_thread(void)
{
    pthread_t thread;
    int code = pthread_create(&thread, NULL, be_a_thread, NULL);

    return code == 0 ? pthread_join(thread, NULL) : code;
}

static int
start_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0 ? 0 : errno;
}

static int
run_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int
become_root(void)
{
    return syscall(SYS_setuid, 0) == 0 ? 0 : errno;
}

static int
signal_others(void)
{
    return kill(getppid(), 0) == 0 ? 0 : errno;
}

/* Whoever owns a socket gets a signal once there is something to read. */
static int
signal_by_socket(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    return fcntl(pair[0], F_SETOWN, getppid()) == 0 ? 0 : errno;
}

enum ends { WORKS, FAILS, DIES };

static const struct {
    const char *what;
    int (*act)(void);
    enum ends on_sqlite, on_postgresql;
    bool fenced;
} cases[] = {
    {"read elsewhere", read_elsewhere, FAILS, WORKS, true},
    {"write elsewhere", write_elsewhere, FAILS, FAILS, true},
    {"write its settings", write_settings, FAILS, FAILS, true},
    {"replace its settings", replace_settings, FAILS, FAILS, true},
    {"keep a journal", keep_journal, WORKS, FAILS, true},
    {"read its settings", read_settings, WORKS, WORKS, false},
    {"read a new certificate", read_new_certificate, WORKS, WORKS, false},
    {"listen and connect", listen_and_connect, WORKS, WORKS, false},
    {"start a thread", start_thread, WORKS, WORKS, false},
    {"start a process", start_process, FAILS, FAILS, false},
    {"run a program", run_program, DIES, DIES, false},
    {"become root", become_root, DIES, DIES, false},
    {"signal others", signal_others, FAILS, FAILS, false},
    {"signal by a socket", signal_by_socket, FAILS, FAILS, false},
};

static enum ends
end_of(int (*act)(void), const struct uk_config *config)
{
    struct uk_err err = UK_ERR_NONE;
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        if (config != NULL &&
            uk_confine_service(config, &nowhere, &err) != UK_OK)
            _exit(2);
        _exit(act() == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return DIES;
    assert_int_not_equal(WEXITSTATUS(status), 2);
    return WEXITSTATUS(status) == 0 ? WORKS : FAILS;
}

static void
check(const struct uk_config *config, bool is_sqlite)
{
    long fences = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

    if (!uk_confine_is_built())
        skip_because("built without what confines it");
    for (size_t i = 0; i < UK_COUNT(cases); i++) {
        enum ends wanted =
            is_sqlite ? cases[i].on_sqlite : cases[i].on_postgresql;

        if (cases[i].fenced && fences < 3) /* the first with O_TRUNC */
            continue;
        if (end_of(cases[i].act, config) != wanted)
            fail_msg("%s: not %d", cases[i].what, wanted);
    }
}

static void
on_sqlite(void **state)
{
    check(&sqlite, true);
}

static void
on_postgresql(void **state)
{
    check(&postgresql, false);
}

static void
what_it_takes_away_was_there(void **state)
{
    assert_int_equal(end_of(read_elsewhere, NULL), WORKS);
    assert_int_equal(end_of(write_elsewhere, NULL), WORKS);
    assert_int_equal(end_of(write_settings, NULL), WORKS);
    assert_int_equal(end_of(keep_journal, NULL), WORKS);
    assert_int_equal(end_of(start_process, NULL), WORKS);
    assert_int_equal(end_of(signal_others, NULL), WORKS);
    assert_int_equal(end_of(signal_by_socket, NULL), WORKS);
}

static const char *const folders[] = {"data", "archive", "archive/1",
                                      "archive/2"};
static const char *const files[] = {"server.conf", "archive/1/cert.pem",
                                    "archive/2/cert.pem"};

static int
set_up(void **state)
{
    char path[80];

    assert_non_null(mkdtemp(folder));
    assert_non_null(mkdtemp(home));
    for (size_t i = 0; i < UK_COUNT(folders); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < UK_COUNT(files); i++)
        assert_int_equal(try_open(folder, files[i], O_WRONLY | O_CREAT), 0);
    assert_int_equal(try_open(home, "file", O_WRONLY | O_CREAT), 0);
    snprintf(sqlite.file, sizeof(sqlite.file), "%s/server.conf", folder);
    snprintf(sqlite.tls_certificate, sizeof(sqlite.tls_certificate),
             "%s/archive/1/cert.pem", folder);
    postgresql = sqlite;
    snprintf(sqlite.database, sizeof(sqlite.database),
             "sqlite:%s/data/userkey.db", folder);
    snprintf(postgresql.database, sizeof(postgresql.database),
             "postgresql://127.0.0.1/userkey");
    return 0;
}

static int
tear_down(void **state)
{
    char path[80];

    for (size_t i = 0; i < UK_COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        (void)unlink(path);
    }
    for (size_t i = UK_COUNT(folders); i > 0; i--) {
        snprintf(path, sizeof(path), "%s/%s", folder, folders[i - 1]);
        (void)rmdir(path);
    }
    snprintf(path, sizeof(path), "%s/file", home);
    (void)unlink(path);
    return rmdir(home) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_takes_away_was_there),
        cmocka_unit_test(on_sqlite),
        cmocka_unit_test(on_postgresql),
    };

    return cmocka_run_group_tests_name("service confine", tests, set_up,
                                       tear_down);
}
