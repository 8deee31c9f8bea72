/* Which system calls a process may still make. */
#include "core/callfilter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

/* Arguments are read by their low half, whose place is known for these. */
#if defined(__x86_64__) && defined(__LP64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#define NEAR 24 /* runs that a conditional jump gets over for certain */

/* A run of numbers that are treated alike, up to the next one's first. */
struct run {
    uint32_t first;
    const struct uk_syscall *call; /* NULL: stands in no table */
};

struct pack {
    struct uk_callfilter *out;
    const struct uk_syscall *call[UK_SYSCALLS_MAX]; /* sorted */
    size_t calls;
    struct run run[2 * UK_SYSCALLS_MAX + 1];
    size_t runs;
    bool full;
};

/* Sorted as they come: most tables are nearly so. */
static bool
take_call(struct pack *p, const struct uk_syscall *call)
{
    size_t at = p->calls;

    if (p->calls == UK_SYSCALLS_MAX)
        return false;
    while (at > 0 && p->call[at - 1]->number >= call->number) {
        if (p->call[at - 1]->number == call->number)
            return false;
        at--;
    }
    memmove(&p->call[at + 1], &p->call[at],
            (p->calls - at) * sizeof(p->call[0]));
    p->call[at] = call;
    p->calls++;
    return true;
}

static bool
are_alike(const struct uk_syscall *a, const struct uk_syscall *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->count == 0 && b->count == 0 && a->then == b->then &&
           a->error == b->error;
}

static void
add_run(struct pack *p, uint32_t first, const struct uk_syscall *call)
{
    if (p->runs > 0 && are_alike(p->run[p->runs - 1].call, call))
        return;
    p->run[p->runs++] = (struct run){first, call};
}

static void
find_runs(struct pack *p)
{
    uint32_t next = 0;

    for (size_t i = 0; i < p->calls; i++) {
        uint32_t number = (uint32_t)p->call[i]->number;

        if (number != next || i == 0)
            add_run(p, next, NULL);
        if (p->runs > 0 && p->run[p->runs - 1].first == number)
            p->runs--; /* nothing before the very first */
        add_run(p, number, p->call[i]);
        next = number + 1;
    }
    add_run(p, next, NULL);
}

static struct sock_filter *
emit(struct pack *p, unsigned short code, uint32_t k)
{
    struct uk_callfilter *out = p->out;

    if (out->len == UK_SYSCALLS_CODE) {
        p->full = true;
        out->len--; /* what is written there now is never used */
    }
    out->code[out->len] = (struct sock_filter)BPF_STMT(code, k);
    return &out->code[out->len++];
}

static void
emit_end(struct pack *p, enum uk_syscall_then then, int error)
{
    uint32_t value = SECCOMP_RET_KILL_PROCESS;

    if (then == UK_SYSCALL_DO)
        value = SECCOMP_RET_ALLOW;
    else if (then == UK_SYSCALL_FAIL)
        value = SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA);
    emit(p, BPF_RET | BPF_K, value);
}

static void
emit_run(struct pack *p, const struct uk_syscall *call)
{
    if (call == NULL) {
        emit_end(p, UK_SYSCALL_FAIL, ENOSYS);
        return;
    }
    if (call->count > 0) {
        emit(p, BPF_LD | BPF_W | BPF_ABS,
             (uint32_t)offsetof(struct seccomp_data, args[0]) +
                 call->argument * (uint32_t)sizeof(uint64_t));
        emit(p, BPF_ALU | BPF_AND | BPF_K, call->mask);
        for (unsigned i = 0; i < call->count; i++)
            emit(p, BPF_JMP | BPF_JEQ | BPF_K, call->value[i])->jt =
                (unsigned char)(call->count - i);
        emit_end(p, UK_SYSCALL_FAIL, call->error);
    }
    emit_end(p, call->then, call->error);
}

/* The lower half of the runs stands behind the question, the upper behind that.
 * A conditional jump reaches 255 instructions, so over many runs it is one over
 * a jump. */
static void
emit_tree(struct pack *p, size_t from, size_t to)
{
    size_t middle = from + (to - from) / 2;
    bool is_far = to - from > NEAR;
    struct sock_filter *jump;
    size_t begin;

    if (to - from == 1) {
        emit_run(p, p->run[from].call);
        return;
    }
    jump = emit(p, BPF_JMP | BPF_JGE | BPF_K, p->run[middle].first);
    if (is_far) {
        jump->jf = 1;
        jump = emit(p, BPF_JMP | BPF_JA, 0);
    }
    begin = p->out->len;
    emit_tree(p, from, middle);
    if (is_far)
        jump->k = (uint32_t)(p->out->len - begin);
    else
        jump->jt = (unsigned char)(p->out->len - begin);
    emit_tree(p, middle, to);
}

/* Numbers mean something else in each instruction set. */
static void
emit_head(struct pack *p, uint32_t arch)
{
    emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, arch)->jt = 1;
    emit_end(p, UK_SYSCALL_KILL, 0);
    emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
}

enum uk_code
uk_callfilter_pack(const struct uk_syscall_table *tables, size_t count,
                   struct uk_callfilter *out, struct uk_err *err)
{
    struct pack p;

    p.out = out;
    p.calls = p.runs = 0;
    p.full = false;
    out->len = 0;
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            if (!take_call(&p, &tables[t].row[i]))
                return uk_err_set(err, UK_INVALID,
                                  "system call %d stands twice in the tables, "
                                  "or there are too many",
                                  tables[t].row[i].number);
        }
    }
#ifdef ARCH
    find_runs(&p);
    emit_head(&p, ARCH);
    emit_tree(&p, 0, p.runs);
#endif
    if (p.full)
        return uk_err_set(err, UK_INVALID, "too many system calls");
    return UK_OK;
}

enum uk_code
uk_callfilter_load(const struct uk_callfilter *filter, struct uk_err *err)
{
    struct sock_fprog program = {
        .len = filter->len,
        .filter = (struct sock_filter *)(uintptr_t)filter->code,
    };
    int failed = filter->len == 0 ? ENOSYS : 0;

    if (failed == 0 &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        failed = errno;
    return failed == 0 ? UK_OK
                       : uk_err_sys(err, failed, "limiting the system calls");
}
