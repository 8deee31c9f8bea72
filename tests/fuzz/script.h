/*
 * Inputs that are scripts: who says what, one step behind the other.
 *
 * A step begins where a line begins with "==" and a letter, which tells what
 * it is; its bytes reach to the next one.  Whatever stands before the first
 * is nobody's.
 */
#ifndef UK_TESTS_FUZZ_SCRIPT_H
#define UK_TESTS_FUZZ_SCRIPT_H

#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define FUZZ_STEPS 24 /* of a script, at most */

struct fuzz_step {
    char what;
    const uint8_t *bytes; /* borrowed from the input */
    size_t len;
};

struct fuzz_script {
    struct fuzz_step step[FUZZ_STEPS];
    size_t count;
};

static inline bool
fuzz_is_step(const uint8_t *bytes, size_t len, size_t at)
{
    return (at == 0 || bytes[at - 1] == '\n') && len - at >= 3 &&
           bytes[at] == '=' && bytes[at + 1] == '=';
}

static inline void
fuzz_read_script(const uint8_t *bytes, size_t len, struct fuzz_script *out)
{
    out->count = 0;
    for (size_t at = 0; at < len; at++) {
        if (fuzz_is_step(bytes, len, at)) {
            if (out->count == FUZZ_STEPS)
                return;
            out->step[out->count++] = (struct fuzz_step){
                .what = (char)bytes[at + 2], .bytes = bytes + at + 3};
            at += 2;
        } else if (out->count > 0) {
            struct fuzz_step *last = &out->step[out->count - 1];

            /* Without the end of line in front of the next one. */
            if (bytes[at] != '\n' || !fuzz_is_step(bytes, len, at + 1))
                last->len++;
        }
    }
}

/* The n-th step of that kind; NULL behind the last. */
static inline const struct fuzz_step *
fuzz_find_step(const struct fuzz_script *script, char what, size_t n)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->step[i].what == what && n-- == 0)
            return &script->step[i];
    }
    return NULL;
}

#endif
