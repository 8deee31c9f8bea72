/*
 * Memory for a foreign library, wiped when it is given back.
 *
 * libcurl copies what it sends and receives into memory of its own, keys and
 * tokens among it, and frees it as it is.  These five have the signatures
 * that it, or any library of this kind, takes in place of the usual ones.
 */
#ifndef UK_CORE_WIPED_H
#define UK_CORE_WIPED_H

#include <stdbool.h>
#include <stddef.h>

void *uk_wiped_malloc(size_t size);
void *uk_wiped_calloc(size_t count, size_t size);
void *uk_wiped_realloc(void *memory, size_t size);
char *uk_wiped_strdup(const char *text);
void uk_wiped_free(void *memory);

/* Has there not been the memory for one of them, ever? */
bool uk_wiped_was_short(void);

#endif
