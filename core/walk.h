/*
 * A way down an absolute path, each folder checked before the next is looked
 * for (a part of core/file).
 *
 * So a folder may be looked at by its name: once nobody but root and us can
 * change those above it, nobody else can put another in its place.
 */
#ifndef UK_CORE_WALK_H
#define UK_CORE_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "core/attr.h"
#include "core/err.h"

struct uk_walk {
    const char *path; /* borrowed */
    int folder;       /* owned: the folder held (O_PATH), or -1 */
    size_t held;      /* path[0] to path[held - 1] is its name */
    size_t end;       /* path[0] to path[end - 1] is that of the part at hand */
    char part[NAME_MAX + 1]; /* the part at hand, without what leads to it */
};

/* What else a folder may be than one that only root and we can write. */
enum uk_walk_sticky {
    UK_WALK_STICKY_REFUSED, /* where an existing file is believed */
    UK_WALK_STICKY_WILL_DO, /* on the way, and where O_EXCL makes a new file */
};

/* Stand in "/", with no part at hand.  UK_MISCONFIGURED for a path that is not
 * absolute or too long.  To be closed, whatever comes out. */
UK_MUST_USE enum uk_code uk_walk_open(struct uk_walk *walk, const char *path,
                                      struct uk_err *err);
void uk_walk_close(struct uk_walk *walk);

/* Is the folder held a folder (and no symbolic link to one) that only root and
 * we can change?  UK_MISCONFIGURED otherwise. */
UK_MUST_USE enum uk_code uk_walk_check(const struct uk_walk *walk,
                                       enum uk_walk_sticky sticky,
                                       struct uk_err *err);

/* The same about what stat() said of the part at hand, as a regular file. */
UK_MUST_USE enum uk_code uk_walk_check_file(const struct uk_walk *walk,
                                            const struct stat *st,
                                            bool is_private,
                                            struct uk_err *err);

/* Take the next part in hand; *more is false at the path's end. */
UK_MUST_USE enum uk_code uk_walk_next(struct uk_walk *walk, bool *more,
                                      struct uk_err *err);

/* Step into the part at hand. */
UK_MUST_USE enum uk_code uk_walk_enter(struct uk_walk *walk,
                                       struct uk_err *err);

/* All of it, from "/" to the folder that holds the last part, which is in hand
 * then.  To be closed, whatever comes out. */
UK_MUST_USE enum uk_code uk_walk_to_last(struct uk_walk *walk, const char *path,
                                         enum uk_walk_sticky sticky,
                                         struct uk_err *err);

/* The same look at every folder, when none of them is needed. */
UK_MUST_USE enum uk_code
uk_walk_look(const char *path, enum uk_walk_sticky sticky, struct uk_err *err);

/* errno happened to the part at hand: "doing 'PATH': words".  Its code. */
enum uk_code uk_walk_fail(const struct uk_walk *walk, const char *doing,
                          struct uk_err *err);

#endif
