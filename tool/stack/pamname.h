/* The names of PAM's codes, as programs and as stacks write them. */
#ifndef UK_TOOL_STACK_PAMNAME_H
#define UK_TOOL_STACK_PAMNAME_H

#include "core/pamcode.h"

/* "PAM_AUTH_ERR": static; "PAM_?" for a number that is no code. */
const char *uk_pamname(enum uk_pamcode code);

/* "auth_err", as in the brackets of pam.d(5): static. */
const char *uk_pamname_word(enum uk_pamcode code);

#endif
