/* One line of a PAM stack, taken apart as libpam does. */
#include "tool/stack/line.h"

#include <string.h>

#include "core/str.h"
#include "tool/stack/pamname.h"

#define JUMP_MOST 1000000 /* more lines than any stack has */

void
uk_stackline_init(struct uk_stackline *lines, const char *text, size_t len)
{
    lines->at = text;
    lines->end = text + len;
    lines->read = lines->number = 0;
    lines->text[0] = '\0';
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* The line of the file that comes next, up to a comment or a NUL. */
static const char *
take(struct uk_stackline *lines, size_t *len, bool *comment)
{
    const char *line = lines->at;
    size_t rest = (size_t)(lines->end - line);
    const char *newline = memchr(line, '\n', rest);
    size_t all = newline != NULL ? (size_t)(newline - line) : rest;
    const char *nul = memchr(line, '\0', all);
    const char *hash;

    lines->at = newline != NULL ? newline + 1 : lines->end;
    lines->read++;
    *len = nul != NULL ? (size_t)(nul - line) : all;
    hash = memchr(line, '#', *len);
    *comment = hash != NULL;
    if (hash != NULL)
        *len = (size_t)(hash - line);
    return line;
}

enum uk_stackline_next
uk_stackline_next(struct uk_stackline *lines)
{
    size_t used = 0;

    while (lines->at < lines->end) {
        size_t len;
        bool comment, more;
        const char *line = take(lines, &len, &comment);

        while (len > 0 && is_blank(line[len - 1]))
            len--;
        if (strspn(line, " \t") >= len)
            continue; /* an empty one, also between two that belong together */
        if (used == 0)
            lines->number = lines->read;
        more = !comment && line[len - 1] == '\\';
        if (more)
            len--;
        if (used + len + 2 > sizeof(lines->text))
            return UK_STACKLINE_BAD;
        memcpy(lines->text + used, line, len);
        used += len;
        lines->text[used] = '\0';
        if (!more)
            return UK_STACKLINE_ONE;
        lines->text[used++] = ' ';
        lines->text[used] = '\0';
    }
    return used > 0 ? UK_STACKLINE_BAD : UK_STACKLINE_NONE;
}

/* What stands in brackets, up to the first ']' that is not escaped. */
static char *
take_brackets(char *text, char **end)
{
    char *from = text, *to = text;

    while (*from != '\0' && *from != ']') {
        if (from[0] == '\\' && from[1] == ']')
            from++;
        *to++ = *from++;
    }
    *end = *from != '\0' ? from + 1 : from;
    *to = '\0';
    return text;
}

char *
uk_stackline_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t\n");

    if (*word == '\0')
        return NULL;
    if (*word == '[')
        return take_brackets(word + 1, rest);
    *rest = word + strcspn(word, " \t\n");
    if (**rest != '\0')
        *(*rest)++ = '\0';
    return word;
}

static const struct {
    const char *word;
    enum uk_stack_action success, ignored, other;
} keywords[] = {
    {"required", UK_STACK_OK, UK_STACK_IGNORE, UK_STACK_BAD},
    {"requisite", UK_STACK_OK, UK_STACK_IGNORE, UK_STACK_DIE},
    {"optional", UK_STACK_OK, UK_STACK_IGNORE, UK_STACK_IGNORE},
    {"sufficient", UK_STACK_DONE, UK_STACK_IGNORE, UK_STACK_IGNORE},
};

static const struct {
    const char *word;
    enum uk_stack_action action;
} actions[] = {
    {"ignore", UK_STACK_IGNORE}, {"ok", UK_STACK_OK},
    {"done", UK_STACK_DONE},     {"bad", UK_STACK_BAD},
    {"die", UK_STACK_DIE},       {"reset", UK_STACK_RESET},
};

static void
fill(int action[UK_PAM_CODES], int with)
{
    for (int code = 0; code < UK_PAM_CODES; code++) {
        if (action[code] == UK_STACK_UNSET)
            action[code] = with;
    }
}

/* The code of this name, UK_PAM_CODES for "default", -1 for none. */
static int
take_code(const char **text)
{
    if (uk_str_starts(*text, "default")) {
        *text += strlen("default");
        return UK_PAM_CODES;
    }
    for (int code = 0; code < UK_PAM_CODES; code++) {
        const char *word = uk_pamname_word((enum uk_pamcode)code);

        if (uk_str_starts(*text, word)) {
            *text += strlen(word);
            return code;
        }
    }
    return -1;
}

static bool
take_action(const char **text, int *action)
{
    long jump = 0;

    for (size_t i = 0; i < UK_COUNT(actions); i++) {
        if (uk_str_starts(*text, actions[i].word)) {
            *text += strlen(actions[i].word);
            *action = actions[i].action;
            return true;
        }
    }
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        jump = 10 * jump + (**text - '0');
        if (jump > JUMP_MOST)
            jump = JUMP_MOST;
    }
    *action = (int)jump;
    return jump > 0;
}

static const char *
skip_blanks(const char *text)
{
    return text + strspn(text, " \t\n\v\f\r");
}

/* One "code = action" after the other. */
static bool
read_pairs(const char *text, int action[UK_PAM_CODES])
{
    for (text = skip_blanks(text); *text != '\0'; text = skip_blanks(text)) {
        int code = take_code(&text), does;

        text = skip_blanks(text);
        if (code < 0 || *text != '=')
            return false;
        text = skip_blanks(text + 1);
        if (!take_action(&text, &does))
            return false;
        if (code < UK_PAM_CODES)
            action[code] = does;
        else
            fill(action, does);
    }
    return true;
}

bool
uk_stackline_control(const char *text, int action[UK_PAM_CODES])
{
    bool good;

    memset(action, 0, UK_PAM_CODES * sizeof(action[0]));
    for (size_t i = 0; i < UK_COUNT(keywords); i++) {
        if (!uk_str_equal_nocase(text, keywords[i].word))
            continue;
        action[UK_PAM_SUCCESS] = keywords[i].success;
        action[UK_PAM_NEW_AUTHTOK_REQD] = keywords[i].success;
        action[UK_PAM_IGNORE] = keywords[i].ignored;
        fill(action, keywords[i].other);
        return true;
    }
    good = read_pairs(text, action);
    if (!good)
        memset(action, 0, UK_PAM_CODES * sizeof(action[0]));
    fill(action, UK_STACK_BAD);
    return good;
}
