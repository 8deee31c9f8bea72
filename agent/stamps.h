/*
 * Have the files changed that this process has read?
 *
 * A login must go by the settings that stand there when it begins, whoever
 * serves it: a process that has read them earlier looks before each one.
 */
#ifndef UK_AGENT_STAMPS_H
#define UK_AGENT_STAMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "core/settings.h"

#define UK_STAMPS_MOST 6

/* {0} is of no file. */
struct uk_stamps {
    size_t count;
    struct {
        const char *path; /* borrowed */
        struct stat was;
    } file[UK_STAMPS_MOST];
};

/* What the files are now, before they are read.  Paths are borrowed; "" is
 * none. */
void uk_stamps_add(struct uk_stamps *stamps, const char *path);
void uk_stamps_add_settings(struct uk_stamps *stamps,
                            const struct uk_settings *settings);

/* Leave out what this process, being another user's now, may not look at. */
void uk_stamps_settle(struct uk_stamps *stamps);

/* Which is another one than it was?  NULL for none. */
const char *uk_stamps_changed(const struct uk_stamps *stamps);

#endif
