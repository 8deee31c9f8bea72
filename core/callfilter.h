/*
 * Which system calls a process may still make: tables in, a filter of the
 * kernel's (seccomp) out.
 *
 * Not libseccomp: with our hundred calls it took 500 us of each start to build
 * and have loaded what here takes 50, because the kernel runs a new filter once
 * for every call that it has, and this one is a search tree.
 */
#ifndef UK_CORE_CALLFILTER_H
#define UK_CORE_CALLFILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_SYSCALL_VALUES 12
#define UK_SYSCALLS_MAX   224  /* rows of all tables together */
#define UK_SYSCALLS_CODE  1024 /* instructions */

enum uk_syscall_then {
    UK_SYSCALL_DO,
    UK_SYSCALL_FAIL, /* with the row's errno */
    UK_SYSCALL_KILL, /* the whole process: nobody needs it who is still us */
};

/* One call.  Where there are values, UK_SYSCALL_DO holds for those of the
 * argument (its low 32 bits, masked), and the errno for all others. */
struct uk_syscall {
    int number;
    enum uk_syscall_then then;
    int error;
    unsigned argument, count;
    uint32_t mask, value[UK_SYSCALL_VALUES];
};

#define UK_SYSCALL(name)                                                       \
    {                                                                          \
        .number = __NR_##name, .then = UK_SYSCALL_DO                           \
    }
#define UK_SYSCALL_NO(name)                                                    \
    {                                                                          \
        .number = __NR_##name, .then = UK_SYSCALL_KILL                         \
    }
#define UK_SYSCALL_IS(name, nth, bits, code, n, ...)                           \
    {                                                                          \
        .number = __NR_##name, .then = UK_SYSCALL_DO, .error = (code),         \
        .argument = (nth), .count = (n), .mask = (bits), .value = {            \
            __VA_ARGS__                                                        \
        }                                                                      \
    }

struct uk_syscall_table {
    const struct uk_syscall *row;
    size_t count;
};

struct uk_callfilter {
    struct sock_filter code[UK_SYSCALLS_CODE];
    unsigned short len; /* 0: not on this kind of processor */
};

/* A call that stands in no table fails with ENOSYS, which the C library takes
 * for an older kernel; one of another instruction set ends the process.  Pure.
 * UK_INVALID for a call that stands there twice, or for too many. */
UK_MUST_USE enum uk_code
uk_callfilter_pack(const struct uk_syscall_table *tables, size_t count,
                   struct uk_callfilter *out, struct uk_err *err);

/* From now on, for this thread and those that it starts, for good.  The process
 * must have refused new privileges.  UK_SYSTEM; sys is ENOSYS or EINVAL where
 * the kernel has no filters. */
UK_MUST_USE enum uk_code uk_callfilter_load(const struct uk_callfilter *filter,
                                            struct uk_err *err);

#endif
