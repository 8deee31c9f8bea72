/*
 * What a program gives up once it is ready, and before it hears anybody: files
 * (core/fence) first, then system calls (core/callfilter).
 */
#ifndef UK_CORE_CONFINE_H
#define UK_CORE_CONFINE_H

#include <stdbool.h>

#include "core/callfilter.h"
#include "core/fence.h"
#include "core/log.h"

struct uk_confine {
    const struct uk_fence_rule *rule; /* beside what every program reads */
    size_t rules;                     /* UK_CONFINE_RULES at most */
    enum uk_fence_reading reading;
    enum uk_fence_doors doors;
    const struct uk_syscall_table *table; /* beside those of core/calltable */
    size_t tables;                        /* UK_CONFINE_TABLES at most */
};

#define UK_CONFINE_RULES  8
#define UK_CONFINE_TABLES 4

/*
 * For good, for this thread and those that it starts, with new privileges
 * refused.  A kernel that cannot, or a container that does not let us, leaves
 * the program without; log says so at the level 'debug'.  UK_SYSTEM for any
 * other failure, UK_INVALID for tables that contradict each other.
 *
 * A build with -DUK_UNCONFINED, or with a sanitizer, does nothing here: such
 * tools run programs, write files and trace at moments of their own.
 */
UK_MUST_USE enum uk_code uk_confine(const struct uk_confine *how,
                                    const struct uk_log *log,
                                    struct uk_err *err);

/* Is this such a build?  For tests. */
bool uk_confine_is_built(void);

#endif
