/* Programs of this machine, run to their end. */
#ifndef UK_TOOL_MACHINE_PROGRAM_H
#define UK_TOOL_MACHINE_PROGRAM_H

#include <stdbool.h>

#include "core/buf.h"

/*
 * argv[0] is a program's absolute path; it has nothing to read.  Did it exit
 * with 0?
 */

/* Append what it prints, with an empty environment, for at most some
 * seconds. */
bool uk_program_read(const char *const argv[], struct uk_buf *out);

/* One that changes the system: with the environment of a machine's start, what
 * it prints goes to standard error, and it is never stopped half-way. */
bool uk_program_run(const char *const argv[]);

#endif
