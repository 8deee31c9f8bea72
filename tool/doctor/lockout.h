/*
 * Would this change lock people out?  What the doctor says, and who is left
 * with a Unix password.
 */
#ifndef UK_TOOL_DOCTOR_LOCKOUT_H
#define UK_TOOL_DOCTOR_LOCKOUT_H

#include <stdbool.h>

#include "tool/loginway/loginway.h"

/* Look at the machine as it is going to be with plan, or with NULL as it is;
 * say each error on standard error, with what mends it.  How many there are. */
size_t uk_lockout_look(const struct uk_loginplan *plan);

/* Has somebody a Unix password and a shell, and does what is planned (NULL:
 * what is) let them in by it while the service is away?  If not, *why says
 * what is missing, in a sentence: static. */
bool uk_lockout_has_way_back(const struct uk_loginplan *plan, const char **why);

#endif
