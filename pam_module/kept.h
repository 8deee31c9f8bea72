/*
 * A session that is kept for the time of a login, as a file of the user's.
 *
 * authenticate makes it, owned by root; open_session hands it to the user;
 * close_session takes it back, and the agent logs the session out.  The name
 * is 128 random bits, and travels in the PAM environment, because sshd's
 * keyboard-interactive authenticates in a process of its own.
 *
 * The folder is root's: users may write in their file, but not put anything
 * else in its place.
 */
#ifndef UK_KEPT_H
#define UK_KEPT_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/secret.h"
#include "pam_module/keptjson.h"

#define UK_KEPT_ENV    "USERKEY_SESSION"
#define UK_KEPT_FOLDER "/run/userkey/sessions"
#define UK_KEPT_NAME   32 /* lower-case hexadecimal digits */
/* Room for folder, slash, name, NUL. */
#define UK_KEPT_PATH_SIZE (sizeof(UK_KEPT_FOLDER) + 1 + UK_KEPT_NAME)

/* Write a new file, which nobody but us can read.  Files that have waited for
 * their login in vain for ten minutes go. */
UK_MUST_USE enum uk_code uk_kept_make(const struct uk_kept *kept,
                                      char path[UK_KEPT_PATH_SIZE],
                                      struct uk_err *err);

/* Of exactly the form that uk_kept_make gives? */
bool uk_kept_is_path(const char *path);

/* Make the user its owner.  A file that is theirs already is UK_OK; one that
 * is neither ours nor theirs is UK_MISCONFIGURED. */
UK_MUST_USE enum uk_code uk_kept_give(const char *path,
                                      const struct uk_account *account,
                                      struct uk_err *err);

/* Read the refresh token out of a file that is the user's, or still ours.
 * UK_BAD_ANSWER where the user has written something else. */
UK_MUST_USE enum uk_code uk_kept_read(const char *path,
                                      const struct uk_account *account,
                                      struct uk_secret *refresh,
                                      struct uk_err *err);

/* Remove the file; one that is gone is nobody's trouble. */
void uk_kept_drop(const char *path);

#endif
