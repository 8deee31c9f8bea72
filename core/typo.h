/*
 * The name that somebody probably meant.
 *
 * For "did you mean": a name resembles another when at most UK_TYPO_MOST
 * slips lie between them, a slip being a character more, less or other, or two
 * exchanged.
 */
#ifndef UK_CORE_TYPO_H
#define UK_CORE_TYPO_H

#include <stddef.h>

#define UK_TYPO_MOST 2

/* How many slips turn a into b; more than UK_TYPO_MOST for names that are too
 * long to resemble any. */
size_t uk_typo_slips(const char *a, const char *b);

#endif
