/*
 * Which files a process may still open, whom it may signal and where it may be
 * reached: the kernel's Landlock, as far as this kernel has it.
 *
 * What is open already stays so.  To connect, over the network or to a socket
 * in a folder, is not limited: the name service of a machine is reached by
 * both, and nobody can list what it is made of.
 */
#ifndef UK_CORE_FENCE_H
#define UK_CORE_FENCE_H

#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"

enum uk_fence_right {
    UK_FENCE_READ,  /* files and lists of them, below the folder */
    UK_FENCE_WRITE, /* also make, change, rename and remove files */
};

struct uk_fence_rule {
    const char *path; /* a folder or a file; what is not there is passed over */
    enum uk_fence_right right;
};

enum uk_fence_reading {
    UK_FENCE_READ_RULES, /* only what the rules say may be read */
    UK_FENCE_READ_ALL,
};

enum uk_fence_doors {
    UK_FENCE_NO_DOORS, /* no TCP port of its own */
    UK_FENCE_ALL_DOORS,
};

/*
 * From now on, for this thread and those that it starts, for good: no program
 * is run, nothing is written outside the rules, no process but its own is
 * signalled, no abstract socket of others is reached.  The process must have
 * refused new privileges.  UK_SYSTEM; sys is ENOSYS or EOPNOTSUPP where the
 * kernel has no Landlock.
 */
UK_MUST_USE enum uk_code uk_fence_close(const struct uk_fence_rule *rules,
                                        size_t count,
                                        enum uk_fence_reading reading,
                                        enum uk_fence_doors doors,
                                        struct uk_err *err);

#endif
