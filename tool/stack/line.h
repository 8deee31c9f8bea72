/* One line of a PAM stack, taken apart as libpam does.  Pure. */
#ifndef UK_TOOL_STACK_LINE_H
#define UK_TOOL_STACK_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "tool/stack/stack.h"

#define UK_STACKLINE_SIZE 4096 /* room of one line with what continues it */

struct uk_stackline {
    const char *at;  /* borrowed: what has not been read */
    const char *end; /* borrowed */
    unsigned read;   /* lines of the file so far */
    unsigned number; /* where the line at hand begins */
    char text[UK_STACKLINE_SIZE];
};

enum uk_stackline_next {
    UK_STACKLINE_NONE, /* the text is over */
    UK_STACKLINE_ONE,
    UK_STACKLINE_BAD, /* libpam refuses the whole file for it */
};

void uk_stackline_init(struct uk_stackline *lines, const char *text,
                       size_t len);

/* The next one that is not empty, into lines->text, which may be written to. */
enum uk_stackline_next uk_stackline_next(struct uk_stackline *lines);

/* Cut the first word off; what stands in brackets is one.  NULL: no more. */
char *uk_stackline_word(char **rest);

/* "required", "success=1 default=ignore": the action for each code.  false for
 * what is none, and then everything is bad. */
bool uk_stackline_control(const char *text, int action[UK_PAM_CODES]);

#endif
