/*
 * What a person sees of a copy: how far it is, that ^C ends it cleanly, and
 * the table of what there is.
 */
#ifndef UK_SERVICE_COMMAND_COPYING_H
#define UK_SERVICE_COMMAND_COPYING_H

#include "core/deadline.h"
#include "service/store/copy.h"

struct uk_copying {
    struct uk_copy_source *source; /* ours, to close */
    struct uk_copy_target *target; /* likewise */
    uint64_t rows[UK_COPY_TABLES];
    bool terminal, shown;
    struct uk_deadline next; /* when progress is shown again */
};

/* From here on a signal does not end the process but the copy, so that what is
 * half made can be removed; a second one does not wait for that.  One that is
 * ignored (nohup) stays so. */
void uk_copying_start(struct uk_copying *copying);

/* Copy all of it, and close the source.  UK_CANCELLED by a signal. */
UK_MUST_USE enum uk_code uk_copying_run(struct uk_copying *copying,
                                        struct uk_err *err);

/* Keep it, and print the number of rows of each table. */
UK_MUST_USE enum uk_code uk_copying_finish(struct uk_copying *copying,
                                           struct uk_err *err);

/* Close what is open; what was not finished is not kept. */
void uk_copying_stop(struct uk_copying *copying);

/* Print one line on standard error; paths in it can have any byte. */
void uk_copying_say(const char *fmt, ...) UK_PRINTF(1, 2);

#endif
