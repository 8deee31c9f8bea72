/*
 * What an administrator does for one person who cannot do it alone: a password
 * that is forgotten, an address that nobody has confirmed.
 *
 * Source: docs/PROTOCOL.md, "The Admin API".  As in core/admin.h the reply
 * tells what the service said.
 */
#ifndef UK_CORE_ADMINPERSON_H
#define UK_CORE_ADMINPERSON_H

#include <stdint.h>

#include "core/admin.h"
#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

/* For the user of this id: *word is what to hand out, "ID.TOKEN", the
 * caller's; *expires in seconds since 1970. */
UK_MUST_USE enum uk_code uk_adminperson_reset(struct uk_admin *admin,
                                              const char *id,
                                              struct uk_secret *word,
                                              int64_t *expires,
                                              struct uk_err *err);

/* The address is the user's who has it, whether or not it was so before. */
UK_MUST_USE enum uk_code uk_adminperson_confirm(struct uk_admin *admin,
                                                const char *email,
                                                struct uk_err *err);

#endif
