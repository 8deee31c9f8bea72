/*
 * The lines of a configuration text, one by one, without comments.
 *
 * '#' begins a comment at the start of a line or after white space.  A line
 * with a control character in it (a NUL, the carriage return of a DOS file) is
 * an error, and so is one that is longer than any honest one.  Pure.
 */
#ifndef UK_CORE_LINES_H
#define UK_CORE_LINES_H

#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_LINES_SIZE 8192 /* room of one line, with its NUL */

struct uk_lines {
    const char *at;   /* borrowed: what has not been read */
    const char *end;  /* borrowed */
    const char *file; /* borrowed: the name for messages */
    unsigned number;  /* of the last line read, from 1 */
    char text[UK_LINES_SIZE];
};

void uk_lines_init(struct uk_lines *lines, const char *text, size_t len,
                   const char *file);

/* The next line that is not empty, without comment and white space around it;
 * borrowed until the next call, and may be written to.  NULL at the end.
 * UK_MISCONFIGURED, beginning with file and line, for one that is none. */
UK_MUST_USE enum uk_code uk_lines_next(struct uk_lines *lines, char **line,
                                       struct uk_err *err);

/* Put file and line in front of the sentence.  Returns the code. */
enum uk_code uk_lines_place(const struct uk_lines *lines, struct uk_err *err);

/* Cut white space off: at the front by the result, at the end in place. */
char *uk_lines_trim(char *text);

#endif
