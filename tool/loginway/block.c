/* Marked blocks in the text of one PAM service's file, put in and taken out. */
#include "tool/loginway/block.h"

#include <string.h>

#include "core/str.h"
#include "tool/terminal/language.h"

#define BEGIN                                                                  \
    "# userkey enable-login: begin ('userkey disable-login' undoes it)"
/* For a file whose last line had no end. */
#define BEGIN_CUT BEGIN " (cut)"
#define WAS       "#was: "
#define END       "# userkey enable-login: end"
#define MARK      "# userkey enable-login: "

#define AUTH    "auth     include   userkey"
#define ACCOUNT "account  include   userkey"
#define SESSION "session  include   userkey"

/* One line of a text, without its end. */
struct line {
    const char *at;
    size_t len;
    const char *next; /* NULL behind the last one */
    unsigned number;
};

static struct line
first_line(const char *text)
{
    size_t len = strcspn(text, "\n");

    return (struct line){.at = text,
                         .len = len,
                         .next = text[len] == '\n' ? text + len + 1 : NULL,
                         .number = 1};
}

/* The empty rest behind the last newline is no line. */
static bool
is_line(const struct line *line)
{
    return line->at != NULL && (line->len > 0 || line->next != NULL);
}

static struct line
next_line(const struct line *line)
{
    struct line next = {.at = NULL};

    if (line->next == NULL)
        return next;
    next = first_line(line->next);
    next.number = line->number + 1;
    return next;
}

static bool
line_is(const struct line *line, const char *text)
{
    return line->len == strlen(text) && memcmp(line->at, text, line->len) == 0;
}

bool
uk_loginblock_is_there(const char *text)
{
    return uk_str_starts(text, MARK) || strstr(text, "\n" MARK) != NULL;
}

/*
 * Putting in.
 */

#define WORDS    4
#define WORD_MAX 64

/* The first words of a line.  A bracket is one word up to its end. */
static size_t
split(const struct line *line, char word[WORDS][WORD_MAX])
{
    const char *at = line->at, *end = line->at + line->len;
    size_t count = 0;

    while (count < WORDS) {
        const char *from;
        bool bracket;

        while (at < end && (*at == ' ' || *at == '\t'))
            at++;
        if (at == end || *at == '#')
            break;
        from = at;
        bracket = *at == '[';
        while (at < end && (bracket ? *at != ']' : *at != ' ' && *at != '\t'))
            at++;
        if ((size_t)(at - from) >= WORD_MAX)
            from = at - (WORD_MAX - 1); /* long, and so none of ours */
        memcpy(word[count], from, (size_t)(at - from));
        word[count++][at - from] = '\0';
        if (bracket && at < end)
            at++;
    }
    return count;
}

/* The stacks in which distributions keep how a system authenticates. */
static bool
is_system(const char *name, const char *phase)
{
    static const char *const names[] = {"system-auth", "password-auth",
                                        "system-login", "system-local-login",
                                        "system-remote-login"};

    if (uk_str_starts(name, "common-"))
        return strcmp(name + strlen("common-"), phase) == 0;
    for (size_t i = 0; i < UK_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* Does this line bring in the system's stack of this phase? */
static bool
brings(const struct line *line, const char *phase)
{
    char word[WORDS][WORD_MAX];
    size_t count = split(line, word);

    if (count == 2 && strcmp(word[0], "@include") == 0)
        return uk_str_starts(word[1], "common-") && is_system(word[1], phase);
    return count >= 3 && strcmp(word[0], phase) == 0 &&
           (strcmp(word[1], "include") == 0 ||
            strcmp(word[1], "substack") == 0) &&
           is_system(word[2], phase);
}

static bool
names_us(const struct line *line)
{
    char word[WORDS][WORD_MAX];
    size_t count = split(line, word);

    for (size_t i = 1; i < count; i++) {
        const char *slash = strrchr(word[i], '/');
        const char *name = slash != NULL ? slash + 1 : word[i];

        if (strcmp(name, "pam_userkey.so") == 0 || strcmp(name, "userkey") == 0)
            return true;
    }
    return false;
}

/* Where the blocks go: line numbers. */
struct places {
    unsigned auth, account, last;
    bool cut;
};

static enum uk_code
find_places(const char *text, struct places *out, struct uk_err *err)
{
    struct places places = {.auth = 0};
    unsigned more = 0;

    for (struct line line = first_line(text); is_line(&line);
         line = next_line(&line)) {
        places.last = line.number;
        places.cut = line.next == NULL;
        if (line.len > 0 && line.at[line.len - 1] == '\\')
            return uk_err_set(err, UK_INVALID,
                              _("line %u goes on in the next one; write the "
                                "lines of pam_userkey(8) by hand"),
                              line.number);
        if (names_us(&line))
            return uk_err_set(err, UK_INVALID,
                              _("line %u brings in the login by key already; "
                                "leave this service out, or take that line out "
                                "first"),
                              line.number);
        if (brings(&line, "auth")) {
            more += places.auth != 0;
            places.auth = line.number;
        }
        if (places.account == 0 && brings(&line, "account"))
            places.account = line.number;
    }
    if (more > 0 || places.auth == 0 || places.account == 0)
        return uk_err_set(
            err, UK_INVALID,
            more > 0 ? _("it has more than one line that brings in the "
                         "system's %s (such as '@include common-auth'); enable "
                         "the service that it gets its stack from, or write "
                         "the lines of pam_userkey(8) by hand")
                     : _("it has no line that brings in the system's %s (such "
                         "as '@include common-auth'); enable the service that "
                         "it gets its stack from, or write the lines of "
                         "pam_userkey(8) by hand"),
            places.auth == 0 || more > 0 ? _("authentication")
                                         : _("account phase"));
    *out = places;
    return UK_OK;
}

static void
add_line(struct uk_buf *out, const struct line *line)
{
    uk_buf_add(out, line->at, line->len + (line->next != NULL));
}

enum uk_code
uk_loginblock_put(const char *text, struct uk_buf *out, struct uk_err *err)
{
    struct places places = {.auth = 0};
    enum uk_code code;

    if (uk_loginblock_is_there(text))
        return uk_err_set(err, UK_INVALID,
                          _("it has a block of 'userkey enable-login' already; "
                            "'userkey disable-login' takes it out"));
    code = find_places(text, &places, err);
    if (code != UK_OK)
        return code;
    for (struct line line = first_line(text); is_line(&line);
         line = next_line(&line)) {
        if (line.number == places.account)
            uk_buf_add_text(out, BEGIN "\n" ACCOUNT "\n" END "\n");
        if (line.number == places.auth) {
            uk_buf_add_text(out, BEGIN "\n" WAS);
            uk_buf_add(out, line.at, line.len);
            uk_buf_add_text(out, "\n" AUTH "\n" END);
            if (line.next != NULL)
                uk_buf_add_byte(out, '\n');
        } else {
            add_line(out, &line);
        }
    }
    uk_buf_add_text(out, places.cut ? "\n" BEGIN_CUT "\n" : BEGIN "\n");
    uk_buf_add_text(out, SESSION "\n" END "\n");
    return uk_buf_check(out, err);
}

/*
 * Taking out.
 */

/* Behind its first line: append what stood there before, and find the end of
 * the block; false for one that is not ours. */
static bool
undo(struct line *line, struct uk_buf *out)
{
    bool was = false;

    *line = next_line(line);
    if (line->len > strlen(WAS) && is_line(line) &&
        memcmp(line->at, WAS, strlen(WAS)) == 0) {
        struct line old = *line;

        old.at += strlen(WAS);
        old.len -= strlen(WAS);
        add_line(out, &old);
        was = true;
        *line = next_line(line);
    }
    if (!is_line(line) ||
        (was ? !line_is(line, AUTH)
             : !line_is(line, ACCOUNT) && !line_is(line, SESSION)))
        return false;
    *line = next_line(line);
    return is_line(line) && line_is(line, END);
}

enum uk_code
uk_loginblock_take(const char *text, struct uk_buf *out, struct uk_err *err)
{
    for (struct line line = first_line(text); is_line(&line);
         line = next_line(&line)) {
        unsigned number = line.number;
        bool cut = line_is(&line, BEGIN_CUT);

        if (!cut && !line_is(&line, BEGIN)) {
            if (line.len >= strlen(MARK) &&
                memcmp(line.at, MARK, strlen(MARK)) == 0)
                return uk_err_set(err, UK_INVALID,
                                  _("line %u is a piece of a block that is not "
                                    "whole"),
                                  number);
            add_line(out, &line);
            continue;
        }
        if (cut && out->len > 0) {
            out->bytes[--out->len] = '\0'; /* the newline that we added */
        }
        if (!undo(&line, out))
            return uk_err_set(err, UK_INVALID,
                              _("the block that begins in line %u has been "
                                "changed by hand"),
                              number);
    }
    return uk_buf_check(out, err);
}
