/*
 * Agents that say what a script says, in the place of core/helper.
 *
 * Whoever reaches or starts an agent meets the script's next one: on its socket
 * lies all that it will say, and the end behind it.
 */
#ifndef UK_TESTS_FUZZ_LIB_MODULE_AGENTS_H
#define UK_TESTS_FUZZ_LIB_MODULE_AGENTS_H

#include "core/msg.h"
#include "tests/fuzz/script.h"

#define AGENTS_NONE ((size_t)-1)

/* Steps a, b, g and x of the script, which is borrowed. */
void agents_begin(const struct fuzz_script *script);
void agents_end(void);

/* How many have been met. */
size_t agents_count(void);

/*
 * What was asked of them since the first-th: each a message of ours, of them
 * one at most about a key, and that is what was typed.  Who was asked, and
 * about whom; or AGENTS_NONE.
 */
size_t agents_asked(size_t first, const char *typed,
                    char user[UK_NAME_MAX + 1]);

/* The n-th one's answer, if it has said one thing and nothing besides. */
const struct uk_answer *agents_answer(size_t n);

#endif
