/* Programs of the system that change it, run to their end. */
#ifndef UK_LOGINRUN_H
#define UK_LOGINRUN_H

#include <stdbool.h>

/* Run it, with the environment of a machine's start and nothing to read; what
 * it prints goes to standard error.  argv[0] is its absolute path.  Did it
 * exit with 0?  It is never stopped half-way. */
bool uk_loginrun(const char *const argv[]);

#endif
