/* One user's right to read a file that stays root's. */
#ifndef UK_PAM_MODULE_KEPTACL_H
#define UK_PAM_MODULE_KEPTACL_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/err.h"

/*
 * Let this user read the file, and nobody but the owner do anything else with
 * it.  A POSIX access control list says it: an owner could also fill the file,
 * open it to others and hold its end up.  UK_SYSTEM where the file system
 * knows no such lists.
 */
UK_MUST_USE enum uk_code uk_keptacl_set(int fd, uid_t uid, struct uk_err *err);

/* Has that been done? */
bool uk_keptacl_is_set(const struct stat *st);

#endif
