/* What a script can name because a reply has had it. */
#ifndef UK_TESTS_FUZZ_LIB_SERVICE_LEARNED_H
#define UK_TESTS_FUZZ_LIB_SERVICE_LEARNED_H

/* Names stand for what is in this reply from now on, where it has it; NULL
 * forgets all of that. */
void learned_take(const char *reply);

/* What a name stands for; NULL for what is none. */
const char *learned_name(char letter);

#endif
