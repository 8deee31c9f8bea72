/* Waiting of the program under test, seen and if wanted skipped. */
#ifndef UK_TESTS_PAM_LIB_SLEEP_H
#define UK_TESTS_PAM_LIB_SLEEP_H

#include <stdbool.h>
#include <stdint.h>

/* From now on nobody waits, or really does. */
void lib_sleep_skip(bool skip);

/* How often somebody began to wait, and until when (ns on the monotonic
 * clock; 0 for none) the last time. */
unsigned lib_sleep_count(void);
int64_t lib_sleep_until(void);
void lib_sleep_clear(void);

#endif
