/*
 * Open only what is safe to believe; replace whole files.
 *
 * A file is believed when no one but root and the effective user can change
 * it: every folder on its absolute path, and the file itself, belongs to one
 * of the two and is writable by no one else (a sticky folder of root's, like
 * /tmp, may stand on the way, but not hold the file), no part of the path is a
 * symbolic link, and it is a regular file.  The folder that holds it and the
 * file itself are checked by the descriptors that they are used by; folders
 * above, which nobody else can exchange then, by their names (core/walk.h).
 */
#ifndef UK_CORE_FILE_H
#define UK_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

enum uk_file_trust {
    UK_FILE_TRUSTED, /* nobody else can change it */
    UK_FILE_PRIVATE, /* nobody else can read it either (mode & 077 == 0) */
};

/* Open for reading, close-on-exec.  UK_MISCONFIGURED names the component of
 * the path that is not to be believed, and says why; UK_SYSTEM for what the
 * kernel refuses (sys is ENOENT for a file that is not there). */
UK_MUST_USE enum uk_code uk_file_open(const char *path,
                                      enum uk_file_trust trust, int *fd,
                                      struct uk_err *err);

/* The same, and append all of it to buf, whose limit is the file's. */
UK_MUST_USE enum uk_code uk_file_read(const char *path,
                                      enum uk_file_trust trust,
                                      struct uk_buf *buf, struct uk_err *err);

/* Append what is still to be read of a regular file, for which there is never
 * anything to wait. */
UK_MUST_USE enum uk_code uk_file_read_rest(int fd, struct uk_buf *buf,
                                           struct uk_err *err);

/* Make the folder, and those above it, where missing, with this mode. */
UK_MUST_USE enum uk_code uk_file_make_folder(const char *path, mode_t mode,
                                             struct uk_err *err);

/* Write a new file beside it (O_EXCL), flush it to the disk and rename it over
 * path: readers see the old content or the new. */
UK_MUST_USE enum uk_code uk_file_replace(const char *path, const void *bytes,
                                         size_t len, mode_t mode,
                                         struct uk_err *err);

/* Write a file that must not exist yet; nothing of it is left when it fails. */
UK_MUST_USE enum uk_code uk_file_create(const char *path, const void *bytes,
                                        size_t len, mode_t mode,
                                        struct uk_err *err);

#endif
