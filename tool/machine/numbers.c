/* The text in which a program says its numbers, line by line. */
#include "tool/machine/numbers.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"

/* A word of these characters, copied; false if it is none or too long. */
static bool
take_word(const char **at, const char *end_at, char *to, size_t size)
{
    size_t len = strcspn(*at, end_at);

    if (len == 0 || len >= size)
        return false;
    memcpy(to, *at, len);
    to[len] = '\0';
    *at += len;
    return true;
}

/* Up to the closing quote; '\' stands before a quote, itself or an n. */
static bool
take_quoted(const char **at, char *to, size_t size)
{
    size_t len = 0;

    while (**at != '"') {
        if (**at == '\\')
            ++*at;
        if (**at == '\0' || **at == '\n' || len + 1 >= size)
            return false;
        to[len++] = *(*at)++;
    }
    to[len] = '\0';
    ++*at;
    return true;
}

/* name="value",... and the bracket behind; more labels than there is room for
 * are read all the same. */
static bool
take_labels(const char **at, struct uk_number *out)
{
    size_t n = 0;

    do {
        char name[UK_NUMBERS_NAME], value[UK_NUMBERS_VALUE];

        ++*at; /* the bracket, or the comma */
        if (!take_word(at, "=\"\n", name, sizeof(name)) ||
            strncmp(*at, "=\"", 2) != 0)
            return false;
        *at += 2;
        if (!take_quoted(at, value, sizeof(value)))
            return false;
        if (n < UK_NUMBERS_LABELS) {
            memcpy(out->label[n].name, name, sizeof(name));
            memcpy(out->label[n].value, value, sizeof(value));
            n++;
        }
    } while (**at == ',');
    return *(*at)++ == '}';
}

static bool
take_line(const char *at, struct uk_number *out)
{
    *out = (struct uk_number){.name = ""};
    if (*at == '#' || !take_word(&at, "{ \n", out->name, sizeof(out->name)))
        return false;
    if (*at == '{' && !take_labels(&at, out))
        return false;
    if (*at++ != ' ')
        return false;
    return take_word(&at, " \n", out->text, sizeof(out->text));
}

bool
uk_numbers_next(const char **at, struct uk_number *out)
{
    while (**at != '\0') {
        const char *line = *at;

        *at += strcspn(*at, "\n");
        if (**at == '\n')
            ++*at;
        if (take_line(line, out))
            return true;
    }
    return false;
}

const char *
uk_number_label(const struct uk_number *number, const char *name)
{
    for (size_t i = 0; i < UK_NUMBERS_LABELS; i++) {
        if (strcmp(number->label[i].name, name) == 0)
            return number->label[i].value;
    }
    return "";
}

bool
uk_number_whole(const struct uk_number *number, unsigned long *out)
{
    char digits[sizeof(number->text)];

    snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(number->text, "."),
             number->text);
    return uk_str_to_ulong(digits, ULONG_MAX, out);
}
