/*
 * What survives between the calls of one PAM handle.
 *
 * It is kept by settings file, so that two lines of pam.d with two services
 * do not hear of each other, and by user, because sudo authenticates one and
 * opens the session of another on the same handle.  Nothing depends on it
 * that a login needs: sshd authenticates and opens sessions in two processes,
 * and the second has no memory.
 */
#ifndef UK_PAM_MODULE_MEMORY_H
#define UK_PAM_MODULE_MEMORY_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/str.h"
#include "pam_module/kept.h"

struct uk_memory {
    char user[UK_NAME_MAX + 1]; /* who was authenticated */
    bool granted;               /* by us */
    bool disabled;              /* the service said so */
    /* A kept session that nobody has taken over yet, or "".  When the handle
     * ends first, the file goes with it. */
    char waiting[UK_KEPT_PATH_SIZE];
};

/* Remember a copy of memory, in place of what was remembered before. */
UK_MUST_USE enum uk_code uk_memory_set(pam_handle_t *pamh, const char *conf,
                                       const struct uk_memory *memory,
                                       struct uk_err *err);

/* Borrowed until the next uk_memory_set; NULL if there is none. */
const struct uk_memory *uk_memory_peek(pam_handle_t *pamh, const char *conf);

/* The same, but of this user only. */
const struct uk_memory *uk_memory_of(pam_handle_t *pamh, const char *conf,
                                     const char *user);

#endif
