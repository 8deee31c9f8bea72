/*
 * What the fuzz targets share.
 *
 * A target is one file: LLVMFuzzerTestOneInput() takes any bytes and returns 0.
 * A crash is a finding, and so is a rule that does not hold (FUZZ_MUST).  The
 * same file makes two programs: with libFuzzer, which looks for inputs (`make
 * fuzz`), and with replay.c, which runs those that are kept (`make check`).
 */
#ifndef UK_TESTS_FUZZ_FUZZ_H
#define UK_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Defined by a target that takes milliseconds for an input. */
extern const char fuzz_is_slow __attribute__((weak));

/* Also where NDEBUG is set. */
#define FUZZ_MUST(rule)                                                        \
    do {                                                                       \
        if (!(rule)) {                                                         \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,  \
                    #rule);                                                    \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* The bytes as a text of their own, up to the first NUL; for free(). */
static inline char *
fuzz_text(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);

    FUZZ_MUST(text != NULL);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)bytes[i];
    text[len] = '\0';
    return text;
}

#endif
