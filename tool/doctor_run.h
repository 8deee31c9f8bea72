/* What a program of the machine prints. */
#ifndef UK_DOCTOR_RUN_H
#define UK_DOCTOR_RUN_H

#include <stdbool.h>

#include "core/buf.h"

/* Run it, with an empty environment and nothing to read, for at most some
 * seconds, and append what it prints.  argv[0] is its absolute path.  Did it
 * exit with 0? */
bool uk_doctor_run(const char *const argv[], struct uk_buf *out);

#endif
