/*
 * A file that is made beside its place, and is in its place once it is whole.
 *
 * What a process leaves that is killed on the way has another name
 * (PATH.partial), and the next one that makes the same file removes it.
 */
#ifndef UK_SERVICE_STORE_FRESH_H
#define UK_SERVICE_STORE_FRESH_H

#include <limits.h>
#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"

struct uk_fresh {
    char path[PATH_MAX];
    char beside[PATH_MAX]; /* where it is now */
    int fd;                /* locked, so that nobody takes it for a leftover */
};

#define UK_FRESH_NONE                                                          \
    {                                                                          \
        .fd = -1                                                               \
    }

/* Make the file beside: empty, readable by nobody else, in folders that can be
 * believed.  path is absolute.  UK_INVALID where it is there already, or what
 * SQLite would take for a part of it. */
UK_MUST_USE enum uk_code uk_fresh_start(struct uk_fresh *fresh,
                                        const char *path, struct uk_err *err);

/* Flush it and put it in its place, where still nothing is.  UK_SYSTEM where
 * SQLite, which must have closed it, has left a part of it beside. */
UK_MUST_USE enum uk_code uk_fresh_keep(struct uk_fresh *fresh,
                                       struct uk_err *err);

/* Remove it if it was not kept.  To be called when nothing has it open any
 * more: closing drops SQLite's locks.  Takes the empty one, and twice. */
void uk_fresh_stop(struct uk_fresh *fresh);

/* Does SQLite have rows of the database in a file beside it? */
bool uk_fresh_has_log(const char *path);

#endif
