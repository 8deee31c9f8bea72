/*
 * The key that somebody means: by its id, or by its name if that is unique.
 */
#ifndef UK_TOOL_KEYS_FIND_H
#define UK_TOOL_KEYS_FIND_H

#include <stddef.h>

#include "core/keys.h"
#include "tool/terminal/args.h"
#include "tool/terminal/status.h"

/* All keys of the person; {0} is releasable. */
struct uk_find {
    struct uk_key *key; /* owned */
    size_t count;
};

/* UK_EXIT_DONE and the key, borrowed; or UK_EXIT_NOT_FOUND or UK_EXIT_CONFLICT
 * with the reason, and what there is, on standard error. */
enum uk_exit uk_find_key(const struct uk_find *find, const struct uk_args *args,
                         const char *word, const struct uk_key **out);
void uk_find_clear(struct uk_find *find);

/* "userkey", or "userkey server-key": what stands before the verbs of keys. */
const char *uk_find_command(const struct uk_args *args);

/* Say so on standard error if so many leave little room for others. */
void uk_find_warn(size_t count, const struct uk_args *args);

/* Is this word the value of a key?  Then somebody has just shown it to
 * everyone on the machine; says so on standard error. */
bool uk_find_is_secret(const char *word);

#endif
