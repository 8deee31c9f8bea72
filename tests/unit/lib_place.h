/* A temporary folder whose files can be believed (core/file.h), wherever the
 * build stands and whoever owns it. */
#ifndef UK_TESTS_UNIT_LIB_PLACE_H
#define UK_TESTS_UNIT_LIB_PLACE_H

#include <stddef.h>
#include <sys/types.h>

#define PLACE_PATH 512

struct place {
    char dir[64];
};

/* Make it, below /tmp; take it away with everything in it. */
void place_open(struct place *place);
void place_close(struct place *place);

/* dir/name; borrowed until the fourth next call. */
const char *place_path(const struct place *place, const char *name);

void place_write(const struct place *place, const char *name, const char *text,
                 mode_t mode);

/* The file's beginning as a string; "" if there is none. */
void place_read(const struct place *place, const char *name, char *to,
                size_t size);

/* Copy a program of the build; from is relative to this test's own program
 * ("helper_agent", "../../userkey-agent"). */
void place_copy(const struct place *place, const char *from, const char *name);

#endif
