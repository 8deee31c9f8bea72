/* A folder of a target's own, which goes when the process ends by itself. */
#ifndef UK_TESTS_FUZZ_LIB_FOLDER_H
#define UK_TESTS_FUZZ_LIB_FOLDER_H

/* Make it; once.  Its path stays. */
const char *folder_make(void);

/* A file in it, which others can read. */
void folder_write(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Remove what stands in any folder; one that is not there is empty. */
void folder_empty(const char *path);

#endif
