/*
 * Where the value of a new key goes: standard output, or a file.
 *
 * It is decided and proved before the key is made: a key whose value is lost
 * is of no use to anyone, and one of few.
 */
#ifndef UK_TOOL_KEYS_TARGET_H
#define UK_TOOL_KEYS_TARGET_H

#include <limits.h>
#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

struct uk_target {
    char path[PATH_MAX]; /* absolute; "" for standard output */
    bool replaces;       /* the key that is in it */
};

/*
 * given is of --out, or NULL.  An empty file of ours takes the place of one
 * that is not there.  One that is there is not touched: UK_SYSTEM; or with
 * may_replace it is the one to replace, if there is a key in it and nothing
 * else, and nobody else can read it.  With json the path must be text.
 */
UK_MUST_USE enum uk_code uk_target_open(struct uk_target *target,
                                        const char *given, bool may_replace,
                                        bool json, struct uk_err *err);

/* The key that is in the file to replace. */
UK_MUST_USE enum uk_code uk_target_read(const struct uk_target *target,
                                        struct uk_secret *out,
                                        struct uk_err *err);

/* The value, in the file; readers of one that was there see the old key or
 * the new one.  Where it fails, arrived tells whether the new one may be in
 * the place of the old one all the same: the disk has not said that it will
 * last. */
UK_MUST_USE enum uk_code uk_target_fill(const struct uk_target *target,
                                        const struct uk_secret *value,
                                        bool *arrived, struct uk_err *err);

/* There is no key for it: our file goes, one that was there stays. */
void uk_target_drop(const struct uk_target *target);

#endif
