/* Which system calls a table lets through: by running its program as the
 * kernel would, and in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/calltable.h"
#include "tests/skip.h"

#define KILLED   SECCOMP_RET_KILL_PROCESS
#define LET_PASS SECCOMP_RET_ALLOW
#define FAILS(e) (SECCOMP_RET_ERRNO | (e))

static struct uk_err err;
static struct uk_callfilter filter;

/* The instructions that a filter is made of, by seccomp(2) and the kernel's
 * Documentation/networking/filter.rst. */
static uint32_t
run_with(const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (size_t pc = 0; pc < filter.len; pc++) {
        const struct sock_filter *at = &filter.code[pc];

        switch (at->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_in_range(at->k, 0, sizeof(*data) - 4);
            memcpy(&a, (const char *)data + at->k, 4);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= at->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == at->k ? at->jt : at->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += a >= at->k ? at->jt : at->jf;
            break;
        case BPF_JMP | BPF_JA:
            pc += at->k;
            break;
        case BPF_RET | BPF_K:
            return at->k;
        default:
            fail_msg("instruction %u", at->code);
        }
    }
    fail_msg("it runs over its end");
    return 0;
}

#if defined(__x86_64__)
#define ARCH  AUDIT_ARCH_X86_64
#define OTHER AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH  AUDIT_ARCH_AARCH64
#define OTHER AUDIT_ARCH_ARM
#else
#define ARCH 0
#endif

static uint32_t
verdict_of(uint32_t number, unsigned argument, uint64_t value)
{
    struct seccomp_data data = {.nr = (int)number, .arch = ARCH};

    data.args[argument] = value;
    return run_with(&data);
}

static bool
pack(const struct uk_syscall *rows, size_t count)
{
    struct uk_syscall_table table = {rows, count};

    return uk_callfilter_pack(&table, 1, &filter, &err) == UK_OK;
}

/* By a loop over the rows: slow, and simple. */
static uint32_t
expected(const struct uk_syscall *rows, size_t count, uint32_t number,
         uint32_t argument)
{
    for (size_t i = 0; i < count; i++) {
        bool is_one = rows[i].count == 0;

        if ((uint32_t)rows[i].number != number)
            continue;
        for (unsigned v = 0; v < rows[i].count; v++)
            is_one |= (argument & rows[i].mask) == rows[i].value[v];
        if (!is_one || rows[i].then == UK_SYSCALL_FAIL)
            return FAILS((uint32_t)rows[i].error);
        return rows[i].then == UK_SYSCALL_KILL ? KILLED : LET_PASS;
    }
    return FAILS(ENOSYS);
}

static void
check_all(const struct uk_syscall *rows, size_t count)
{
    static const uint32_t arguments[] = {0, 1, 2, 3, 4, 6, 7, 0x80000000, ~0U};

    if (ARCH == 0)
        skip_because("no filter of system calls is made for this processor");
    assert_true(pack(rows, count));
    for (uint32_t number = 0; number < 1024; number++) {
        for (size_t i = 0; i < UK_COUNT(arguments); i++) {
            if (verdict_of(number, 2, arguments[i]) !=
                expected(rows, count, number, arguments[i]))
                fail_msg("%zu rows: call %u(%#x)", count, number, arguments[i]);
        }
    }
    assert_int_equal(verdict_of(~0U, 0, 0), FAILS(ENOSYS));
    /* x32, the same processor with other structures. */
    assert_int_equal(verdict_of(0x40000000, 0, 0), FAILS(ENOSYS));
}

static void
makes_what_the_rows_say(void **state)
{
    static const struct uk_syscall odd[] = {
        {.number = 0, .then = UK_SYSCALL_DO},
        {.number = 7, .then = UK_SYSCALL_KILL},
        {.number = 8, .then = UK_SYSCALL_KILL},
        {.number = 3, .then = UK_SYSCALL_FAIL, .error = EPERM},
        {.number = 4, .then = UK_SYSCALL_FAIL, .error = EACCES},
        {.number = 5,
         .then = UK_SYSCALL_DO,
         .error = EPERM,
         .argument = 2,
         .mask = 6,
         .count = 3,
         .value = {0, 2, 4}},
        {.number = 900,
         .then = UK_SYSCALL_DO,
         .error = EINVAL,
         .argument = 2,
         .mask = ~0U,
         .count = 1,
         .value = {~0U}},
    };
    struct uk_syscall many[UK_SYSCALLS_MAX];

    for (size_t n = 0; n <= UK_COUNT(odd); n++)
        check_all(odd, n);
    memset(many, 0, sizeof(many));
    for (int i = 0; i < UK_SYSCALLS_MAX; i++)
        many[i] = (struct uk_syscall){.number = 3 * (UK_SYSCALLS_MAX - i)};
    check_all(many, UK_COUNT(many));
}

static void
refuses_tables_that_contradict(void **state)
{
    struct uk_syscall rows[UK_SYSCALLS_MAX + 1];
    struct uk_syscall_table twice[2];

    memset(rows, 0, sizeof(rows));
    for (int i = 0; i <= UK_SYSCALLS_MAX; i++)
        rows[i].number = i;
    assert_false(pack(rows, UK_SYSCALLS_MAX + 1));
    rows[1].number = 0;
    assert_false(pack(rows, 2));
    rows[1] = rows[0];
    twice[0] = (struct uk_syscall_table){&rows[0], 1};
    twice[1] = (struct uk_syscall_table){&rows[1], 1};
    assert_int_equal(uk_callfilter_pack(twice, 2, &filter, &err), UK_INVALID);
    /* Each with so many values that all of them have no room. */
    for (int i = 0; i < UK_SYSCALLS_MAX; i++)
        rows[i] = (struct uk_syscall){.number = i,
                                      .count = UK_SYSCALL_VALUES,
                                      .error = EPERM,
                                      .mask = ~0U};
    assert_false(pack(rows, UK_SYSCALLS_MAX) && ARCH != 0);
}

/* What a program of ours has: the tables, with threads. */
static void
pack_ours(void)
{
    static const struct uk_syscall more[] = {UK_SYSCALL_THREADS};
    const struct uk_syscall_table tables[] = {
        uk_calltable_common(), uk_calltable_deadly(), {more, 1}};

    assert_int_equal(uk_callfilter_pack(tables, 3, &filter, &err), UK_OK);
    if (ARCH == 0)
        skip_because("no filter of system calls is made for this processor");
}

static const struct {
    long number;
    unsigned argument;
    uint64_t value;
    uint32_t verdict;
} ours[] = {
    {__NR_read, 0, 0, LET_PASS},
    {__NR_execve, 0, 0, KILLED},
    {__NR_execveat, 0, 0, KILLED},
    {__NR_ptrace, 0, 0, KILLED},
    {__NR_setuid, 0, 0, KILLED},
    {__NR_bpf, 0, 0, KILLED},
    {__NR_mount, 0, 0, KILLED},
    {__NR_io_uring_setup, 0, 0, KILLED},
    {__NR_kill, 0, 0, FAILS(ENOSYS)},
    {__NR_clone3, 0, 0, FAILS(ENOSYS)},
    {__NR_memfd_create, 0, 0, FAILS(ENOSYS)},
    {__NR_keyctl, 0, 0, FAILS(ENOSYS)},
    {__NR_fchmodat, 0, 0, FAILS(ENOSYS)},
    {__NR_linkat, 0, 0, FAILS(ENOSYS)},
    {__NR_symlinkat, 0, 0, FAILS(ENOSYS)},
    {__NR_listen, 0, 0, FAILS(ENOSYS)},
    {__NR_socket, 0, AF_INET, LET_PASS},
    {__NR_socket, 0, AF_INET6, LET_PASS},
    {__NR_socket, 0, AF_UNIX, LET_PASS},
    {__NR_socket, 0, AF_NETLINK, LET_PASS},
    {__NR_socket, 0, AF_PACKET, FAILS(EAFNOSUPPORT)},
    {__NR_socket, 0, AF_VSOCK, FAILS(EAFNOSUPPORT)},
    {__NR_socket, 0, AF_ALG, FAILS(EAFNOSUPPORT)},
    {__NR_mmap, 2, PROT_READ | PROT_WRITE, LET_PASS},
    {__NR_mmap, 2, PROT_READ | PROT_EXEC, LET_PASS},
    {__NR_mmap, 2, PROT_WRITE | PROT_EXEC, FAILS(EPERM)},
    {__NR_mmap, 2, PROT_READ | PROT_WRITE | PROT_EXEC, FAILS(EPERM)},
    {__NR_mprotect, 2, PROT_NONE, LET_PASS},
    {__NR_mprotect, 2, PROT_READ | PROT_EXEC, FAILS(EPERM)},
    {__NR_clone, 0, CLONE_VM | CLONE_THREAD, LET_PASS},
    {__NR_clone, 0, SIGCHLD, FAILS(EPERM)},
    {__NR_clone, 0, CLONE_THREAD | CLONE_NEWUSER, FAILS(EPERM)},
    {__NR_ioctl, 1, 0x5412 /* TIOCSTI */, FAILS(ENOTTY)},
    {__NR_ioctl, 1, 0x5452 /* FIOASYNC */, FAILS(ENOTTY)},
    {__NR_ioctl, 1, 0x8901 /* FIOSETOWN */, FAILS(ENOTTY)},
    {__NR_ioctl, 1, 0x8902 /* SIOCSPGRP */, FAILS(ENOTTY)},
    {__NR_fcntl, 1, F_SETFL, LET_PASS},
    {__NR_fcntl, 1, F_SETLK, LET_PASS},
    {__NR_fcntl, 1, F_OFD_SETLKW, LET_PASS},
    {__NR_fcntl, 1, F_SETOWN, FAILS(EPERM)},
    {__NR_fcntl, 1, F_SETOWN_EX, FAILS(EPERM)},
    {__NR_fcntl, 1, F_SETSIG, FAILS(EPERM)},
    {__NR_fcntl, 1, F_SETLEASE, FAILS(EPERM)},
    {__NR_prctl, 0, PR_SET_PDEATHSIG, FAILS(EINVAL)},
    {__NR_prctl, 0, PR_SET_NAME, LET_PASS},
    {__NR_prctl, 0, PR_SET_DUMPABLE, FAILS(EINVAL)},
    {__NR_prctl, 0, PR_SET_PTRACER, FAILS(EINVAL)},
    {__NR_prlimit64, 0, 0, LET_PASS},
    {__NR_prlimit64, 0, 1, FAILS(EPERM)},
};

static void
ours_let_through(void **state)
{
    pack_ours();
    for (size_t i = 0; i < UK_COUNT(ours); i++) {
        uint32_t got = verdict_of((uint32_t)ours[i].number, ours[i].argument,
                                  ours[i].value);

        if (got != ours[i].verdict)
            fail_msg("row %zu, call %ld: %#x", i, ours[i].number, got);
    }
}

static void
another_instruction_set_is_the_end(void **state)
{
#ifdef OTHER
    struct seccomp_data data = {.nr = 3, .arch = OTHER};

    pack_ours();
    assert_int_equal(run_with(&data), KILLED);
#else
    skip_because("no filter of system calls is made for this processor");
#endif
}

/* In a child: load it and do this. */
static int
end_of(void (*act)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_DUMPABLE, 0);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            uk_callfilter_load(&filter, &err) != UK_OK)
            _exit(err.sys == ENOSYS || err.sys == EINVAL ? 77 : 78);
        act();
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void
live_on(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);

    _exit(fd < 0 && errno == EAFNOSUPPORT && getpid() > 0 &&
                  syscall(__NR_kill, getpid(), SIGKILL) < 0 && errno == ENOSYS
              ? 0
              : 2);
}

static void
run_a_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
}

static void
the_kernel_takes_it(void **state)
{
    int status;

    pack_ours();
    status = end_of(live_on);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip_because("the kernel takes no filter of system calls here");
    assert_int_equal(status, 0);
    status = end_of(run_a_program);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_what_the_rows_say),
        cmocka_unit_test(refuses_tables_that_contradict),
        cmocka_unit_test(ours_let_through),
        cmocka_unit_test(another_instruction_set_is_the_end),
        cmocka_unit_test(the_kernel_takes_it),
    };

    return cmocka_run_group_tests_name("callfilter", tests, NULL, NULL);
}
