/*
 * The system calls that every program of ours goes on to need, once it is
 * ready, together with those that none ever needs.
 *
 * Missing from it, because programs differ: clone, fork, kill, listen, accept.
 * clone3 is missing on purpose: its flags are out of a filter's reach,
 * and the C library takes clone where there is none.
 */
#ifndef UK_CORE_CALLTABLE_H
#define UK_CORE_CALLTABLE_H

#include "core/callfilter.h"

/* Threads and files, memory that is written or run, connections of the
 * families that names and services are reached by. */
struct uk_syscall_table uk_calltable_common(void);

/* New programs, other users, other processes' memory, the kernel's own. */
struct uk_syscall_table uk_calltable_deadly(void);

/* For the row of 'clone': a thread, and neither a process nor a namespace. */
#define UK_SYSCALL_THREADS                                                     \
    UK_SYSCALL_IS(clone, 0, CLONE_THREAD | UK_SYSCALL_NAMESPACES, EPERM, 1,    \
                  CLONE_THREAD)
/* The same, or a process. */
#define UK_SYSCALL_PROCESSES                                                   \
    UK_SYSCALL_IS(clone, 0, UK_SYSCALL_NAMESPACES, EPERM, 1, 0)
#define UK_SYSCALL_NAMESPACES                                                  \
    (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |               \
     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP)

#endif
