/* An agent that somebody has taken over, and one that goes on working. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/confine.h"
#include "core/confine.h"
#include "tests/skip.h"

static char folder[] = "/tmp/userkey-confine.XXXXXX";
static char inside[64], outside[64], listening[64];
static int listener = -1;
static pid_t neighbour; /* of the same user */
static struct uk_settings settings;
static long fences; /* the kernel's version of Landlock, or < 0 */

static const struct uk_log nowhere = {.fd = -1, .most = UK_LEVEL_ERROR};

/* Each returns 0, or an errno: what the kernel said. */

static int
code_of(long result)
{
    return result < 0 ? errno : 0;
}

static int
try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    int code = code_of(fd);

    if (fd >= 0)
        close(fd);
    return code;
}

static int
read_home(void)
{
    return try_open(outside, O_RDONLY);
}

static int
write_home(void)
{
    return try_open(outside, O_WRONLY);
}

static int
truncate_home(void)
{
    return try_open(outside, O_RDONLY | O_TRUNC);
}

static int
make_in_run(void)
{
    return try_open("/run/userkey-confine-test", O_WRONLY | O_CREAT);
}

static int
read_other_process(void)
{
    return try_open("/proc/1/status", O_RDONLY);
}

static int
read_own_memory(void)
{
    return try_open("/proc/self/mem", O_RDWR);
}

static int
end_neighbour(void)
{
    return code_of(syscall(SYS_tgkill, neighbour, neighbour, SIGKILL));
}

/* Whoever owns a socket gets a signal of the owner's choice once there is
 * something to read. */
static int
set_socket(int command, long value)
{
    int pair[2], code;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    code = code_of(fcntl(pair[0], command, value));
    close(pair[0]);
    close(pair[1]);
    return code;
}

static int
own_signals(void)
{
    return set_socket(F_SETOWN, neighbour);
}

static int
own_signals_newly(void)
{
    struct f_owner_ex owner = {F_OWNER_PID, neighbour};

    return set_socket(F_SETOWN_EX, (long)(intptr_t)&owner);
}

static int
choose_signal(void)
{
    return set_socket(F_SETSIG, SIGKILL);
}

static int
outlive_parent(void)
{
    return code_of(prctl(PR_SET_PDEATHSIG, 0));
}

static int
starve_neighbour(void)
{
    const struct rlimit none = {0, 0};

    return code_of(prlimit(neighbour, RLIMIT_NOFILE, &none, NULL));
}

static int
make_code(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? errno : 0;
}

static int
turn_into_code(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED
               ? errno
               : code_of(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int
open_a_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return code_of(bind(fd, (struct sockaddr *)&at, sizeof(at)));
}

static int
raw_socket(void)
{
    return code_of(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int
make_link(void)
{
    return code_of(symlink("/etc/shadow", "link"));
}

static int
start_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return code_of(pid);
}

static int
run_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int
trace(void)
{
    return code_of(syscall(SYS_ptrace, 16 /* ATTACH */, neighbour, 0, 0));
}

static int
become_root(void)
{
    return code_of(syscall(SYS_setuid, 0));
}

static int
make_world(void)
{
    return code_of(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */));
}

/* And what it must go on being able to do. */

static int
keep_state(void)
{
    char other[80];
    int code = try_open(inside, O_RDWR | O_CREAT | O_TRUNC);

    snprintf(other, sizeof(other), "%s.new", inside);
    if (code == 0)
        code = try_open(other, O_WRONLY | O_CREAT | O_EXCL);
    if (code == 0)
        code = code_of(rename(other, inside));
    return code == 0 ? code_of(unlink(inside)) : code;
}

static int
read_settings_of_the_resolver(void)
{
    return try_open("/etc/nsswitch.conf", O_RDONLY) == ENOENT
               ? 0
               : try_open("/etc/nsswitch.conf", O_RDONLY);
}

static int
look_up_user(void)
{
    struct passwd entry, *found = NULL;
    char buf[4096];

    getpwnam_r("root", &entry, buf, sizeof(buf), &found);
    return found != NULL && found->pw_uid == 0 ? 0 : ENOENT;
}

static int
look_up_host(void)
{
    struct addrinfo *list = NULL;
    int code = getaddrinfo("localhost", "443", NULL, &list);

    if (code == 0)
        freeaddrinfo(list);
    return code == 0 ? 0 : ENOENT;
}

static void *
be_a_thread(void *own)
{
    *(int *)own = look_up_user();
    return NULL;
}

static int
start_thread(void)
{
    pthread_t thread;
    int result = EINVAL;
    int code = pthread_create(&thread, NULL, be_a_thread, &result);

    if (code == 0)
        code = pthread_join(thread, NULL);
    return code == 0 ? result : code;
}

static int
reach_name_service(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", listening);
    return code_of(connect(fd, (struct sockaddr *)&at, sizeof(at)));
}

/* What libraries ask of descriptors. */
static int
handle_descriptors(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(inside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    bool all = copy >= 0 && fcntl(copy, F_SETFD, FD_CLOEXEC) == 0 &&
               fcntl(copy, F_GETFD) == FD_CLOEXEC &&
               fcntl(copy, F_SETFL, O_NONBLOCK) == 0 &&
               (fcntl(copy, F_GETFL) & O_NONBLOCK) != 0 &&
               fcntl(fd, F_SETLK, &lock) == 0 &&
               fcntl(fd, F_SETLKW, &lock) == 0 &&
               fcntl(fd, F_GETLK, &lock) == 0;

    close(copy);
    close(fd);
    return code_of(unlink(inside)) != 0 || !all ? EPERM : 0;
}

enum ends { WORKS, FAILS, DIES };

static const struct {
    const char *what;
    int (*act)(void);
    enum ends one_call, service;
    long fence; /* by which version of Landlock; 0: by the filter */
} cases[] = {
    {"read a user's file", read_home, FAILS, FAILS, 1},
    {"write a user's file", write_home, FAILS, FAILS, 1},
    {"truncate a user's file", truncate_home, FAILS, FAILS, 1},
    {"make a file in /run", make_in_run, FAILS, FAILS, 1},
    {"look at another process", read_other_process, FAILS, FAILS, 1},
    {"open its own memory", read_own_memory, FAILS, FAILS, 1},
    {"make a link", make_link, FAILS, FAILS, 0},
    {"open a port", open_a_port, FAILS, FAILS, 4},
    {"open a raw socket", raw_socket, FAILS, FAILS, 0},
    {"end another agent", end_neighbour, FAILS, FAILS, 0},
    {"limit another agent", starve_neighbour, FAILS, FAILS, 0},
    {"make code", make_code, FAILS, FAILS, 0},
    {"turn data into code", turn_into_code, FAILS, FAILS, 0},
    {"signal by a socket", own_signals, FAILS, FAILS, 0},
    {"signal all by a socket", own_signals_newly, FAILS, FAILS, 0},
    {"choose a signal", choose_signal, FAILS, FAILS, 0},
    {"outlive its parent", outlive_parent, FAILS, FAILS, 0},
    {"start a process", start_process, WORKS, FAILS, 0},
    {"run a program", run_program, DIES, DIES, 0},
    {"trace another agent", trace, DIES, DIES, 0},
    {"become root", become_root, DIES, DIES, 0},
    {"make a namespace", make_world, DIES, DIES, 0},
    {"abort", NULL, DIES, DIES, 0},
    {"handle descriptors", handle_descriptors, WORKS, WORKS, 0},
    {"keep its state", keep_state, WORKS, WORKS, 0},
    {"read a setting of names", read_settings_of_the_resolver, WORKS, WORKS, 0},
    {"look up a user", look_up_user, WORKS, WORKS, 0},
    {"look up a host", look_up_host, WORKS, WORKS, 0},
    {"start a thread", start_thread, WORKS, WORKS, 0},
    {"reach a name service", reach_name_service, WORKS, WORKS, 0},
};

/* As the one who is confined: who that is decides about the files as well, so
 * root's rights are kept here, to see the fence and not the permissions. */
static enum ends
end_of(size_t n, enum uk_privs_life life)
{
    struct uk_err err = UK_ERR_NONE;
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        int code;

        setrlimit(RLIMIT_CORE, &none);
        if (uk_confine_agent(&settings, life, &nowhere, &err) != UK_OK)
            _exit(2);
        if (cases[n].act == NULL)
            abort();
        code = cases[n].act();
        _exit(code == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return DIES;
    assert_int_not_equal(WEXITSTATUS(status), 2);
    return WEXITSTATUS(status) == 0 ? WORKS : FAILS;
}

static void
check(enum uk_privs_life life)
{
    if (!uk_confine_is_built())
        skip_because("built without what confines it");
    for (size_t i = 0; i < UK_COUNT(cases); i++) {
        enum ends wanted =
            life == UK_PRIVS_SERVICE ? cases[i].service : cases[i].one_call;

        if (cases[i].fence > fences)
            continue;
        if (end_of(i, life) != wanted)
            fail_msg("%s: %d, not %d", cases[i].what, end_of(i, life), wanted);
    }
}

static void
one_call(void **state)
{
    check(UK_PRIVS_ONE_CALL);
}

static void
service(void **state)
{
    check(UK_PRIVS_SERVICE);
}

/* A service manager that knows no fences ends who asks for one. */
static int
confine_within(void)
{
    static struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {UK_COUNT(code), code};
    const struct rlimit none = {0, 0};
    struct uk_err err = UK_ERR_NONE;

    setrlimit(RLIMIT_CORE, &none);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 77;
    if (uk_confine_agent(&settings, UK_PRIVS_ONE_CALL, &nowhere, &err) != UK_OK)
        return 2;
    /* What the filter takes is gone, what the fence would take is not. */
    return raw_socket() == EAFNOSUPPORT && read_home() == 0 ? 0 : 3;
}

static void
walls_of_others(void **state)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(uk_confine_is_built() ? confine_within() : 77);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip_because("built without what confines it");
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* None of the refusals above is there without it. */
static void
what_it_takes_away_was_there(void **state)
{
    assert_int_equal(read_home(), 0);
    assert_int_equal(write_home(), 0);
    assert_int_equal(read_other_process(), 0);
    assert_int_equal(open_a_port(), 0);
    assert_int_equal(make_code(), 0);
    assert_int_equal(turn_into_code(), 0);
    assert_int_equal(kill(neighbour, 0), 0);
    assert_int_equal(own_signals(), 0);
    assert_int_equal(own_signals_newly(), 0);
    assert_int_equal(choose_signal(), 0);
    assert_int_equal(outlive_parent(), 0);
}

static void
name_files(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(settings.state_folder, sizeof(settings.state_folder), "%s/state",
             folder);
    snprintf(inside, sizeof(inside), "%s/state/tries", folder);
    snprintf(outside, sizeof(outside), "%s/private", folder);
    snprintf(listening, sizeof(listening), "%s/socket", folder);
    memcpy(at.sun_path, listening, strlen(listening) + 1);
    assert_int_equal(mkdir(settings.state_folder, 0700), 0);
    assert_int_equal(try_open(outside, O_WRONLY | O_CREAT), 0);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 64), 0);
}

static int
set_up(void **state)
{
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    name_files();
    fences = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    neighbour = fork();
    if (neighbour == 0) {
        pause();
        _exit(0);
    }
    return 0;
}

static int
tear_down(void **state)
{
    kill(neighbour, SIGKILL);
    waitpid(neighbour, NULL, 0);
    close(listener);
    (void)unlink(outside);
    (void)unlink(listening);
    (void)rmdir(settings.state_folder);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_takes_away_was_there),
        cmocka_unit_test(one_call),
        cmocka_unit_test(service),
        cmocka_unit_test(walls_of_others),
    };

    return cmocka_run_group_tests_name("agent confine", tests, set_up,
                                       tear_down);
}
