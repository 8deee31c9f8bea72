/* The lines of a configuration text, one by one, without comments. */
#include "core/lines.h"

#include <stdbool.h>
#include <string.h>

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void
uk_lines_init(struct uk_lines *lines, const char *text, size_t len,
              const char *file)
{
    lines->at = text;
    lines->end = text + len;
    lines->file = file;
    lines->number = 0;
    lines->text[0] = '\0';
}

enum uk_code
uk_lines_place(const struct uk_lines *lines, struct uk_err *err)
{
    return uk_err_in(err, "'%s':%u", lines->file, lines->number);
}

char *
uk_lines_trim(char *text)
{
    size_t len;

    while (is_blank(*text))
        text++;
    len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

static enum uk_code
check_bytes(const char *text, size_t len, struct uk_err *err)
{
    if (len > 0 && text[len - 1] == '\r')
        return uk_err_set(err, UK_MISCONFIGURED,
                          "the line ends in a carriage return; save the file "
                          "with Unix line ends");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return uk_err_set(err, UK_MISCONFIGURED,
                              "a control character (\\x%02x) at column %zu", c,
                              i + 1);
    }
    if (len >= UK_LINES_SIZE)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "a line of %zu characters; allowed: up to %d", len,
                          UK_LINES_SIZE - 1);
    return UK_OK;
}

/* Where the comment begins, or len. */
static size_t
find_comment(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '#' && (i == 0 || is_blank(text[i - 1])))
            return i;
    }
    return len;
}

enum uk_code
uk_lines_next(struct uk_lines *lines, char **line, struct uk_err *err)
{
    while (lines->at < lines->end) {
        const char *text = lines->at;
        size_t rest = (size_t)(lines->end - text);
        const char *newline = memchr(text, '\n', rest);
        size_t len = newline != NULL ? (size_t)(newline - text) : rest;
        char *found;

        lines->number++;
        lines->at = newline != NULL ? newline + 1 : lines->end;
        if (check_bytes(text, len, err) != UK_OK)
            return uk_lines_place(lines, err);
        len = find_comment(text, len);
        memcpy(lines->text, text, len);
        lines->text[len] = '\0';
        found = uk_lines_trim(lines->text);
        if (*found != '\0') {
            *line = found;
            return UK_OK;
        }
    }
    *line = NULL;
    return UK_OK;
}
