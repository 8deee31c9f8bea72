/* The language in which the tool speaks to people. */
#include "tool/terminal/language.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"

#define DOMAIN "userkey"
#define NAMES                                                                  \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-:"
#define CUT "..."

/* Of the language, those that ASCII has not: "" for English. */
static const char *letters = "";

/* Where others would have a say about the files that are read: a catalogue has
 * formats for printf(), and a converter is a library. */
static void
clear_paths(void)
{
    static const char *const paths[] = {"NLSPATH", "LOCPATH", "GCONV_PATH",
                                        "OUTPUT_CHARSET"};
    const char *names = getenv("LANGUAGE");

    for (size_t i = 0; i < UK_COUNT(paths); i++)
        unsetenv(paths[i]);
    if (names != NULL &&
        (names[strspn(names, NAMES)] != '\0' || strstr(names, "..") != NULL))
        unsetenv("LANGUAGE"); /* glibc makes a part of a path of it */
}

void
uk_language_start(void)
{
    /* TRANSLATORS: in its place the letters of the language that are not among
     * a to z, small and capital ones, with nothing between.  They are shown as
     * they are; every other character that is not ASCII is shown as \xNN. */
    const char *none = N_("letters beyond a-z"), *own;

    clear_paths();
    if (setlocale(LC_CTYPE, "") == NULL ||
        strcmp(nl_langinfo(CODESET), "UTF-8") != 0 ||
        setlocale(LC_MESSAGES, "") == NULL) {
        setlocale(LC_CTYPE, "C");
        return;
    }
    bindtextdomain(DOMAIN, UK_LOCALEDIR);
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    textdomain(DOMAIN);
    own = gettext(none);
    letters = own != none ? own : "";
}

static bool
is_continued(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The bytes of the character that begins here. */
static size_t
measure(const char *text)
{
    size_t len = 1;

    while (is_continued(text[len]))
        len++;
    return len;
}

static bool
is_letter(const char *text, size_t len)
{
    for (const char *at = letters; *at != '\0'; at += measure(at)) {
        if (measure(at) == len && memcmp(at, text, len) == 0)
            return true;
    }
    return false;
}

size_t
uk_language_escape(char *to, size_t size, const char *text)
{
    size_t used = 0, most = size - sizeof(CUT);

    while (*text != '\0') {
        char one[2] = {*text, '\0'}, shown[8];
        const char *from = text;
        size_t len = measure(text);

        if ((unsigned char)*text < 0x80 || !is_letter(text, len)) {
            len = 1;
            uk_str_escape(shown, sizeof(shown), one);
            from = shown;
        }
        text += len;
        if (from == shown)
            len = strlen(shown);
        if (used + len > most) {
            memcpy(to + used, CUT, strlen(CUT));
            used += strlen(CUT);
            break;
        }
        memcpy(to + used, from, len);
        used += len;
    }
    to[used] = '\0';
    return used;
}

size_t
uk_language_width(const char *text)
{
    size_t columns = 0;

    for (; *text != '\0'; text++)
        columns += !is_continued(*text);
    return columns;
}

bool
uk_language_is_yes(const char *answer)
{
    return uk_str_equal_nocase(answer, "y") ||
           uk_str_equal_nocase(answer, "yes") ||
           /* TRANSLATORS: the letter of a yes, as the questions show it. */
           uk_str_equal_nocase(answer, _("y")) ||
           /* TRANSLATORS: a yes, typed as a whole word. */
           uk_str_equal_nocase(answer, _("yes"));
}
