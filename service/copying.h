/*
 * What a person sees of a copy: how far it is, that ^C ends it cleanly, and
 * the table of what there is.
 */
#ifndef UK_COPYING_H
#define UK_COPYING_H

#include "service/copy.h"

/* Copy all of it; shows progress on a terminal, then prints the number of rows
 * of each table.  UK_CANCELLED by a signal. */
UK_MUST_USE enum uk_code uk_copying_run(struct uk_copy_source *source,
                                        struct uk_copy_target *target,
                                        struct uk_err *err);

/* Print one line on standard error; paths in it can have any byte. */
void uk_copying_say(const char *fmt, ...) UK_PRINTF(1, 2);

#endif
