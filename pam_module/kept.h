/*
 * A session that is kept for the time of a login, as a file that its user can
 * read.
 *
 * authenticate makes it; open_session lets the user read it; close_session
 * takes it back, and the agent logs the session out.  The name is 128 random
 * bits, and travels in the PAM environment, because sshd's
 * keyboard-interactive authenticates in a process of its own.
 *
 * Folder and file are root's from beginning to end: users can neither change
 * the file nor put another in its place, so what stands in it is what was
 * written.  Whose session it is stands in it too, because a user can have a
 * word about the PAM environment.
 */
#ifndef UK_PAM_MODULE_KEPT_H
#define UK_PAM_MODULE_KEPT_H

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

/* Write a new file, which nobody but us can read.  UK_SYSTEM also where a limit
 * of the host would end the process for writing it. */
UK_MUST_USE enum uk_code uk_kept_make(const struct uk_kept *kept,
                                      char path[UK_KEPT_PATH_SIZE],
                                      struct uk_err *err);

/* Of exactly the form that uk_kept_make gives? */
bool uk_kept_is_path(const char *path);

/* Let the user read a file that uk_kept_read has found to be of theirs; twice
 * is UK_OK too.  UK_SYSTEM where the file system cannot. */
UK_MUST_USE enum uk_code uk_kept_give(const char *path,
                                      const struct uk_account *account,
                                      struct uk_err *err);

/* Read the refresh token.  UK_MISCONFIGURED for a file that we did not make, or
 * made for another account than this one (NULL: anybody's will do);
 * UK_BAD_ANSWER where it is not what we write, half of it for instance. */
UK_MUST_USE enum uk_code uk_kept_read(const char *path, const char *account,
                                      struct uk_secret *refresh,
                                      struct uk_err *err);

/* Remove the file.  false, with the reason in errno, where it was gone (ENOENT)
 * or cannot be removed. */
bool uk_kept_drop(const char *path);

#endif
