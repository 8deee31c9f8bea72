/*
 * What a PAM stack makes of what its modules say: a run without the modules.
 * Pure.
 */
#ifndef UK_TOOL_STACK_RUN_H
#define UK_TOOL_STACK_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/pamcode.h"
#include "tool/stack/stack.h"

#define UK_STACKRUN_NOBODY ((size_t)-1)

/* What the module of this line says. */
typedef enum uk_pamcode
uk_stackrun_says(void *context, const struct uk_stack_line *line, size_t index);

struct uk_stackrun {
    enum uk_pamcode result;
    size_t grantor;           /* the line that made it a success, or ... */
    size_t refuser;           /* the first that spoilt it, or ...NOBODY */
    bool bad_jump;            /* over the end */
    bool ran[UK_STACK_LINES]; /* which lines were asked */
    int said[UK_STACK_LINES]; /* and their enum uk_pamcode */
};

/* Run the lines of one phase; *out is filled. */
void uk_stackrun(const struct uk_stack *stack, enum uk_stack_phase phase,
                 uk_stackrun_says *says, void *context,
                 struct uk_stackrun *out);

#endif
