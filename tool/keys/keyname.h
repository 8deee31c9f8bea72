/*
 * The names of keys that come in the place of one another: ci, ci-2, ci-3.
 */
#ifndef UK_TOOL_KEYS_KEYNAME_H
#define UK_TOOL_KEYS_KEYNAME_H

#include "core/attr.h"
#include "core/err.h"
#include "core/keys.h"
#include "tool/keys/find.h"

/* The next name behind that of old which none of these has.  UK_INVALID where
 * there is no room for a number. */
UK_MUST_USE enum uk_code uk_keyname_next(const struct uk_find *find,
                                         const struct uk_key *old,
                                         char name[UK_KEYS_NAME + 1],
                                         struct uk_err *err);

/* The last one that has come in the place of this one already, or NULL;
 * borrowed from find. */
const struct uk_key *uk_keyname_successor(const struct uk_find *find,
                                          const struct uk_key *old);

#endif
