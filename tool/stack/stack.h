/*
 * The stack of one PAM service, as libpam would load it.
 *
 * Includes and substacks are resolved, brackets and keywords are actions for
 * each code; what libpam would make fail is a line that fails.  Pure but for
 * the texts, which the caller finds.
 */
#ifndef UK_TOOL_STACK_STACK_H
#define UK_TOOL_STACK_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/pamcode.h"

#define UK_STACK_LINES 512 /* most lines of one service, with its includes */
#define UK_STACK_NAME  256 /* room of a file's name, with its NUL */
#define UK_STACK_FILES 512 /* most readings of files: each include is one */
#define UK_STACK_DEPTH 16  /* files that include one another */

enum uk_stack_phase {
    UK_STACK_AUTH,
    UK_STACK_ACCOUNT,
    UK_STACK_SESSION,
    UK_STACK_PASSWORD,
    UK_STACK_PHASES
};

/* What is done about a code; a positive number is a jump over so many. */
enum uk_stack_action {
    UK_STACK_UNSET = 0,
    UK_STACK_IGNORE = -1,
    UK_STACK_OK = -2,
    UK_STACK_DONE = -3,
    UK_STACK_BAD = -4,
    UK_STACK_DIE = -5,
    UK_STACK_RESET = -6,
};

enum uk_stack_kind {
    UK_STACK_MODULE,
    UK_STACK_SUBSTACK, /* what follows one level up is jumped over as one */
    UK_STACK_BROKEN,   /* fails whenever it is reached */
};

struct uk_stack_line {
    enum uk_stack_phase phase;
    enum uk_stack_kind kind;
    unsigned level; /* of substacks */
    int action[UK_PAM_CODES];
    char file[UK_STACK_NAME]; /* where it stands, as it was asked for */
    unsigned number;
    char *control;     /* owned: as it is written, without brackets */
    char *module;      /* owned: name or path; "" for a broken line */
    char *args;        /* owned: the rest, with single blanks */
    const char *fault; /* why it is broken: static; NULL for one that is not */
};

/* {0} is the empty one. */
struct uk_stack {
    struct uk_stack_line *line; /* owned */
    size_t count;
    const char *fault; /* why libpam refuses all of it: static; or NULL */
    char fault_file[UK_STACK_NAME];
    unsigned fault_line;
    bool other[UK_STACK_PHASES]; /* the lines of this phase are 'other''s */
    size_t files;                /* that were read for it */
    bool found;                  /* the service has a file (or lines) of its
                                  * own */
};

/* Where texts come from. */
struct uk_stack_source {
    /* Append the file of this name (a service's, or an absolute path); false
     * if there is none or it cannot be read.  name is "" for pam.conf. */
    bool (*read)(const void *context, const char *name, struct uk_buf *text);
    const void *context; /* borrowed */
    bool one_file;       /* there is no pam.d, only pam.conf */
};

/* *out is the caller's, for uk_stack_clear().  A stack that libpam would
 * refuse is UK_OK with its fault.  UK_INVALID for one that is too large,
 * UK_NO_MEMORY. */
UK_MUST_USE enum uk_code uk_stack_load(const struct uk_stack_source *source,
                                       const char *service,
                                       struct uk_stack *out,
                                       struct uk_err *err);
void uk_stack_clear(struct uk_stack *stack);

/* The next line of this phase at or behind index, or stack->count. */
size_t uk_stack_next(const struct uk_stack *stack, enum uk_stack_phase phase,
                     size_t index);

/* "auth", "account": static. */
const char *uk_stack_phase_word(enum uk_stack_phase phase);

/* Is it this module, whatever folder it is named with? */
bool uk_stack_is(const struct uk_stack_line *line, const char *module);

/* Has the line this argument: the very word, or NAME= before a value? */
bool uk_stack_has(const struct uk_stack_line *line, const char *name);

#endif
