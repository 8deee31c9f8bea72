/*
 * The text in which a program says its numbers (Prometheus), line by line.
 */
#ifndef UK_TOOL_MACHINE_NUMBERS_H
#define UK_TOOL_MACHINE_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#define UK_NUMBERS_NAME   64
#define UK_NUMBERS_VALUE  512 /* of a label, with its NUL */
#define UK_NUMBERS_LABELS 2

struct uk_number {
    char name[UK_NUMBERS_NAME];
    struct {
        char name[UK_NUMBERS_NAME];
        char value[UK_NUMBERS_VALUE];
    } label[UK_NUMBERS_LABELS];
    char text[32]; /* the number itself, as it stands there */
};

/* The next number behind *at, which moves on; false at the end.  Lines that
 * are none are passed over.  Pure. */
bool uk_numbers_next(const char **at, struct uk_number *out);

/* The value of a label; "" where there is none. */
const char *uk_number_label(const struct uk_number *number, const char *name);

/* What stands before the point; false if that is no whole number. */
bool uk_number_whole(const struct uk_number *number, unsigned long *out);

#endif
