/* From root to another user, and no way back; whatever the caller left. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/privs.h"
#include "tests/skip.h"

#define NOBODY  65534 /* "nobody" of every machine */
#define CALLER  12345 /* an unprivileged caller of a set-user-ID program */
#define TARGET  "nobody"
#define KEPT_FD 3

static struct uk_err err;

/* Do it in a process of its own; what it returns. */
static int
apart(int (*act)(int), int arg)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(act(arg));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A line of /proc/self/status, without its name and white space. */
static void
read_status(const char *name, char *to, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/self/status", "re");

    to[0] = '\0';
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *value = line + strlen(name) + 1;

        if (strncmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')
            continue;
        value += strspn(value, " \t");
        value[strcspn(value, "\n")] = '\0';
        snprintf(to, size, "%s", value);
    }
    if (file != NULL)
        fclose(file);
}

static bool
status_is(const char *name, const char *wanted)
{
    char value[512];
    size_t len;

    read_status(name, value, sizeof(value));
    for (len = strlen(value); len > 0 && value[len - 1] == ' '; len--)
        value[len - 1] = '\0';
    if (strcmp(value, wanted) == 0)
        return true;
    fprintf(stderr, "# %s is '%s', not '%s'\n", name, value, wanted);
    return false;
}

static bool
is_locked_down(void)
{
    return status_is("CapInh", "0000000000000000") &&
           status_is("CapPrm", "0000000000000000") &&
           status_is("CapEff", "0000000000000000") &&
           status_is("CapAmb", "0000000000000000") &&
           status_is("NoNewPrivs", "1") && prctl(PR_GET_DUMPABLE) == 0;
}

/* Who starts it: root, su, a host that runs as somebody else meanwhile. */
static const struct {
    uid_t real, effective, saved;
} starts[] = {
    {0, 0, 0},           {CALLER, 0, 0},      {CALLER, 0, CALLER},
    {0, CALLER, CALLER}, {CALLER, CALLER, 0}, {0, CALLER, 0},
};

static int
drop_from(int i)
{
    const gid_t groups[] = {0, 4, 27};
    int signal_of_parent = 0;

    if (setgroups(UK_COUNT(groups), groups) != 0 ||
        setresgid(CALLER, 0, 0) != 0 ||
        setresuid(starts[i].real, starts[i].effective, starts[i].saved) != 0)
        return 1;
    if (uk_privs_drop(TARGET, UK_PRIVS_ONE_CALL, &err) != UK_OK) {
        fprintf(stderr, "# %s\n", err.text);
        return 2;
    }
    if (!status_is("Uid", "65534\t65534\t65534\t65534") ||
        !status_is("Gid", "65534\t65534\t65534\t65534") ||
        !status_is("Groups", "") || !is_locked_down())
        return 3;
    if (setuid(0) == 0 || seteuid(CALLER) == 0 || setgid(0) == 0 ||
        setgroups(0, NULL) == 0)
        return 4;
    if (prctl(PR_GET_PDEATHSIG, &signal_of_parent) != 0 ||
        signal_of_parent != SIGKILL)
        return 5;
    return access("/etc/shadow", R_OK) == 0 ? 6 : 0;
}

static void
test_root(void **state)
{
    if (geteuid() != 0)
        skip_because("only root can become another");
    for (size_t i = 0; i < UK_COUNT(starts); i++) {
        if (apart(drop_from, (int)i) != 0)
            fail_msg("start %zu", i);
    }
}

/* A caller who has it so that capabilities stay when the user changes, and that
 * who is started gets them. */
static int
drop_sticky(int inherit)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &head, own) != 0)
        return 1;
    for (int i = 0; inherit && i < _LINUX_CAPABILITY_U32S_3; i++)
        own[i].inheritable = own[i].permitted;
    if (syscall(SYS_capset, &head, own) != 0 ||
        (inherit &&
         prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0) != 0) ||
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) != 0)
        return 2;
    if (uk_privs_drop(TARGET, UK_PRIVS_ONE_CALL, &err) != UK_OK) {
        fprintf(stderr, "# %s\n", err.text);
        return 3;
    }
    return is_locked_down() ? 0 : 4;
}

static void
test_sticky(void **state)
{
    if (geteuid() != 0)
        skip_because("only root can become another");
    assert_int_equal(apart(drop_sticky, 0), 0);
    assert_int_equal(apart(drop_sticky, 1), 0);
}

/* Not root: a set-user-ID program's user, or just somebody. */
static int
drop_lent(int lent)
{
    if (setgroups(0, NULL) != 0 ||
        setresgid(CALLER, lent ? 42 : CALLER, lent ? 42 : CALLER) != 0 ||
        setresuid(CALLER, lent ? 43 : CALLER, lent ? 43 : CALLER) != 0)
        return 1;
    if (uk_privs_drop(TARGET, UK_PRIVS_ONE_CALL, &err) != UK_OK) {
        fprintf(stderr, "# %s\n", err.text);
        return 2;
    }
    if (!status_is("Uid", "12345\t12345\t12345\t12345") ||
        !status_is("Gid", "12345\t12345\t12345\t12345") || !is_locked_down())
        return 3;
    return setegid(42) == 0 || seteuid(43) == 0 ? 4 : 0;
}

static void
test_lent(void **state)
{
    if (geteuid() != 0)
        skip_because("only root can become another");
    assert_int_equal(apart(drop_lent, 1), 0);
    assert_int_equal(apart(drop_lent, 0), 0);
}

/* As whoever runs this test, or just somebody: needs no user of its own. */
static int
drop_plain(int unused)
{
    uid_t uid;

    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setresgid(CALLER, CALLER, CALLER) != 0 ||
         setresuid(CALLER, CALLER, CALLER) != 0))
        return 1;
    uid = getuid();
    if (uk_privs_drop("no-such-user", UK_PRIVS_ONE_CALL, &err) != UK_OK)
        return 2;
    return is_locked_down() && getuid() == uid && geteuid() == uid ? 0 : 3;
}

static void
test_plain(void **state)
{
    assert_int_equal(apart(drop_plain, 0), 0);
}

static int
drop_to(int which)
{
    static const char *const users[] = {"no-such-user", "root"};

    if (uk_privs_drop(users[which], UK_PRIVS_ONE_CALL, &err) !=
        UK_MISCONFIGURED)
        return 1;
    if (strstr(err.text, users[which]) == NULL)
        return 2;
    if (which == 0 && strstr(err.text, "useradd") == NULL)
        return 3;
    return geteuid() == 0 ? 0 : 4; /* untouched */
}

static void
test_no_user(void **state)
{
    if (geteuid() != 0)
        skip_because("only root can become another");
    assert_int_equal(apart(drop_to, 0), 0);
    assert_int_equal(apart(drop_to, 1), 0);
}

static rlim_t
limit_of(__rlimit_resource_t what)
{
    struct rlimit limit = {.rlim_cur = 77};

    (void)getrlimit(what, &limit);
    return limit.rlim_cur;
}

/* Everything that a caller may have left, at its worst. */
static int
forget_all(int unused)
{
    struct rlimit small = {.rlim_cur = 8, .rlim_max = 100};
    struct rlimit large = {RLIM_INFINITY, RLIM_INFINITY};
    int signal_of_parent = 0;
    sigset_t mask;

    sigfillset(&mask);
    umask(0);
    if (chdir("/tmp") != 0 || setenv("https_proxy", "x", 1) != 0 ||
        sigprocmask(SIG_SETMASK, &mask, NULL) != 0)
        return 1;
    for (int i = 1; i < NSIG; i++)
        (void)signal(i, SIG_IGN);
    (void)setrlimit(RLIMIT_CORE, &large);
    (void)setrlimit(RLIMIT_NOFILE, &small);
    for (int fd = 0; fd < 8; fd++)
        dup2(STDERR_FILENO, fd);
    close(0);
    if (uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) != UK_OK)
        return 2;
    if (umask(0) != 077 || getenv("https_proxy") != NULL)
        return 3;
    if (sigprocmask(SIG_SETMASK, NULL, &mask) != 0 || !sigisemptyset(&mask))
        return 4;
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;

        if (sigaction(i, NULL, &action) == 0 &&
            (action.sa_handler == SIG_IGN) != (i == SIGPIPE || i == SIGXFSZ))
            return 5;
    }
    for (int fd = 0; fd < 8; fd++) {
        if ((fcntl(fd, F_GETFD) >= 0) != (fd <= KEPT_FD))
            return 6;
    }
    if (limit_of(RLIMIT_CORE) != 0 || limit_of(RLIMIT_FSIZE) > 1 << 20 ||
        limit_of(RLIMIT_NOFILE) < 100)
        return 7;
    if (prctl(PR_GET_PDEATHSIG, &signal_of_parent) != 0 ||
        signal_of_parent != SIGKILL || prctl(PR_GET_DUMPABLE) != 0)
        return 8;
    return 0;
}

/* All agents are one user: a limit of tasks would be one for all of them
 * together.  0: there is none (or, without privilege, the hard one). */
static int
tasks_after_forget(int lowered)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    bool may_raise;

    if (lowered) {
        limit.rlim_cur = limit.rlim_max = 3000;
        if (setrlimit(RLIMIT_NPROC, &limit) != 0)
            return 1;
        limit.rlim_max = RLIM_INFINITY;
    }
    may_raise = setrlimit(RLIMIT_NPROC, &limit) == 0;
    if (getrlimit(RLIMIT_NPROC, &limit) != 0)
        return 2;
    limit.rlim_cur = 1;
    if (setrlimit(RLIMIT_NPROC, &limit) != 0)
        return 3;
    if (uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) != UK_OK)
        return 4;
    return limit_of(RLIMIT_NPROC) ==
                   (may_raise ? RLIM_INFINITY : limit.rlim_max)
               ? 0
               : 5;
}

static void
test_tasks(void **state)
{
    assert_int_equal(apart(tasks_after_forget, 0), 0);
    assert_int_equal(apart(tasks_after_forget, 1), 0);
}

#define NO_KEYRINGS 77

/* A key that is readable to whoever has the session keyring, in one of our
 * own: is it to the agent, as root or as its own user? */
static int
keyring_after_forget(int drop)
{
    static const char secret[] = "only the host's";
    char read[sizeof(secret)];
    long ring, key;

    ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    if (ring < 0)
        return NO_KEYRINGS;
    key = syscall(SYS_add_key, "user", "userkey-test", secret, sizeof(secret),
                  KEY_SPEC_SESSION_KEYRING);
    if (key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, read, sizeof(read)) !=
                       sizeof(secret))
        return 1;
    if (uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) != UK_OK)
        return 2;
    if (drop && uk_privs_drop(TARGET, UK_PRIVS_ONE_CALL, &err) != UK_OK)
        return 3;
    if (syscall(SYS_keyctl, KEYCTL_READ, key, read, sizeof(read)) >= 0)
        return 4;
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING,
                   0) == ring
               ? 5
               : 0;
}

static void
test_keyring(void **state)
{
    int found = apart(keyring_after_forget, 0);

    if (found == NO_KEYRINGS) {
        print_message("# SKIP: this kernel, or a filter, has no keyrings\n");
        skip_because("only root can become another");
    }
    assert_int_equal(found, 0);
    assert_int_equal(apart(keyring_after_forget, 1), 0);
}

static int
cwd_after_forget(int unused)
{
    char cwd[16];

    if (chdir("/tmp") != 0 ||
        uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) != UK_OK)
        return 1;
    return getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, "/") == 0 ? 0 : 2;
}

static void
test_forget(void **state)
{
    assert_int_equal(apart(forget_all, 0), 0);
    assert_int_equal(apart(cwd_after_forget, 0), 0);
}

/* A crash leaves no core, although the caller would like one. */
static void
test_no_core(void **state)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) != UK_OK)
            _exit(1);
        (void)signal(SIGABRT, SIG_DFL);
        abort();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_false(WCOREDUMP(status));
}

/* What may be locked into memory is no limit of what may be used: where root
 * cannot raise it, it must not lock. */
static int
use_memory(int unused)
{
    struct rlimit little = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    const size_t size = 64 << 20;
    char *memory;

    if (setrlimit(RLIMIT_MEMLOCK, &little) != 0)
        return 1;
    if (uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) != UK_OK ||
        uk_privs_drop(TARGET, UK_PRIVS_ONE_CALL, &err) != UK_OK)
        return 2;
    memory = malloc(size);
    if (memory == NULL)
        return 3;
    memset(memory, 1, size);
    free(memory);
    return 0;
}

static void
test_memory(void **state)
{
    assert_int_equal(apart(use_memory, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),    cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_lent),    cmocka_unit_test(test_plain),
        cmocka_unit_test(test_no_user), cmocka_unit_test(test_forget),
        cmocka_unit_test(test_no_core), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_tasks),   cmocka_unit_test(test_keyring),
    };

    return cmocka_run_group_tests_name("agent_privs", tests, NULL, NULL);
}
