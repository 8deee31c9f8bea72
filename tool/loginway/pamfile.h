/*
 * Files of /etc/pam.d, read and replaced whole; what they were is kept.
 *
 * A file keeps its owner and mode, and is never half-written: a login that
 * begins meanwhile reads the old one or the new one.
 */
#ifndef UK_TOOL_LOGINWAY_PAMFILE_H
#define UK_TOOL_LOGINWAY_PAMFILE_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

#define UK_LOGINFILE_PAM   "/etc/pam.d"
#define UK_LOGINFILE_STACK "userkey" /* the file that services include */
#define UK_LOGINFILE_STATE UK_STATEDIR "/userkey-login"
#define UK_LOGINFILE_MAX   (256 * 1024)
#define UK_LOGINFILE_PATH  512

/* A file as it is going to be. */
struct uk_planned {
    const char *path; /* borrowed, as are the bytes */
    const struct uk_buf *text;
};

/* The stack that the services get: conf/pam.d/userkey.  Static. */
extern const char uk_loginfile_stack[];

/* A service's name, as it may stand in a path? */
bool uk_loginfile_is_name(const char *name);

/* Append the file of this service.  UK_INVALID for a link or what is no file,
 * UK_SYSTEM (sys is ENOENT for none). */
UK_MUST_USE enum uk_code
uk_loginfile_read(const char *service, struct uk_buf *out, struct uk_err *err);

/* Replace it, or make it (root's, 0644). */
UK_MUST_USE enum uk_code uk_loginfile_write(const char *service,
                                            const struct uk_buf *text,
                                            struct uk_err *err);
UK_MUST_USE enum uk_code uk_loginfile_remove(const char *service,
                                             struct uk_err *err);

/* Keep a text under this name in our own folder, and read it there. */
UK_MUST_USE enum uk_code uk_loginfile_keep(const char *name,
                                           const struct uk_buf *text,
                                           struct uk_err *err);
UK_MUST_USE enum uk_code uk_loginfile_kept(const char *name, struct uk_buf *out,
                                           struct uk_err *err);

/* Call for each file of /etc/pam.d until one returns false. */
UK_MUST_USE enum uk_code uk_loginfile_each(bool (*take)(void *context,
                                                        const char *service,
                                                        const char *text),
                                           void *context, struct uk_err *err);

#endif
