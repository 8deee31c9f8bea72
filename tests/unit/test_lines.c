/* core/lines: what is a line, and where comments begin. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/lines.h"

/* The lines of a text, joined with '|', each behind its number. */
static enum uk_code
join(const char *text, size_t len, char *to, size_t size, struct uk_err *err)
{
    struct uk_lines lines;
    size_t at = 0;
    char *line;

    to[0] = '\0';
    uk_lines_init(&lines, text, len, "F");
    for (;;) {
        enum uk_code code = uk_lines_next(&lines, &line, err);
        int more;

        if (code != UK_OK || line == NULL)
            return code;
        more = snprintf(to + at, size - at, "%u%s|", lines.number, line);
        assert_in_range(more, 0, size - at - 1);
        at += (size_t)more;
    }
}

static void
reads_lines(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"", ""},
        {"\n\n\n", ""},
        {"a", "1a|"},
        {"a\n", "1a|"},
        {"a\nb", "1a|2b|"},
        {"\n\n a b \t\n", "3a b|"},
        {"# all\n#\n\t# of it\n", ""},
        {"a # b\n", "1a|"},
        {"a\t#b\n", "1a|"},
        {"a#b\n", "1a#b|"},
        {"a=# b", "1a=# b|"},
        {"a ## b", "1a|"},
        {" #\nb", "2b|"},
        {"k\xc3\xa4se # \xf0\x9f\xa7\x80", "1k\xc3\xa4se|"},
    };
    char joined[100];
    struct uk_err err = UK_ERR_NONE;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_int_equal(join(rows[i].text, strlen(rows[i].text), joined,
                              sizeof(joined), &err),
                         UK_OK);
        assert_string_equal(joined, rows[i].want);
    }
}

static void
refuses_control_characters(void **state)
{
    for (int c = 0; c < 256; c++) {
        char text[] = "a\nbc?d\n";
        char joined[100];
        char want[80];
        struct uk_err err = UK_ERR_NONE;
        enum uk_code code;
        bool control = (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f;

        text[4] = (char)c;
        code = join(text, sizeof(text) - 1, joined, sizeof(joined), &err);
        assert_int_equal(code, control ? UK_MISCONFIGURED : UK_OK);
        if (!control)
            continue;
        snprintf(want, sizeof(want),
                 "'F':2: a control character (\\x%02x) at column 3",
                 (unsigned)c);
        assert_string_equal(err.text, want);
    }
}

static void
refuses_them_in_comments_too(void **state)
{
    static const char text[] = "# a\x1b[2J\n";
    char joined[100];
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(join(text, sizeof(text) - 1, joined, sizeof(joined), &err),
                     UK_MISCONFIGURED);
}

static void
says_what_a_dos_file_is(void **state)
{
    static const char text[] = "a\r\nb\r\n";
    char joined[100];
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(join(text, sizeof(text) - 1, joined, sizeof(joined), &err),
                     UK_MISCONFIGURED);
    assert_string_equal(err.text,
                        "'F':1: the line ends in a carriage return; save the "
                        "file with Unix line ends");
}

static void
has_a_longest_line(void **state)
{
    static char text[UK_LINES_SIZE + 2];
    static char joined[UK_LINES_SIZE + 100];
    struct uk_err err = UK_ERR_NONE;

    memset(text, 'x', sizeof(text));
    text[UK_LINES_SIZE - 1] = '\n';
    text[UK_LINES_SIZE] = 'y';
    assert_int_equal(
        join(text, UK_LINES_SIZE + 1, joined, sizeof(joined), &err), UK_OK);
    assert_int_equal(strlen(joined), UK_LINES_SIZE - 1 + 2 + 3);
    text[UK_LINES_SIZE - 1] = 'x';
    text[UK_LINES_SIZE] = '\n';
    assert_int_equal(
        join(text, UK_LINES_SIZE + 1, joined, sizeof(joined), &err),
        UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, "'F':1: a line of 8192 characters"));
}

/* Not a byte behind the end is looked at (the sanitizer would tell). */
static void
stops_at_the_end(void **state)
{
    static const char text[] = "abc # def\nghi\n";

    for (size_t len = 0; len < sizeof(text); len++) {
        char exact[sizeof(text)];
        char joined[100];
        struct uk_err err = UK_ERR_NONE;

        memset(exact, '\x01', sizeof(exact));
        memcpy(exact, text, len);
        assert_int_equal(join(exact, len, joined, sizeof(joined), &err),
                         len == sizeof(text) ? UK_MISCONFIGURED : UK_OK);
    }
}

static void
trims(void **state)
{
    char text[] = " \t a b\t ";
    char blank[] = " \t ";
    char none[] = "";

    assert_string_equal(uk_lines_trim(text), "a b");
    assert_string_equal(uk_lines_trim(blank), "");
    assert_string_equal(uk_lines_trim(none), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines),
        cmocka_unit_test(refuses_control_characters),
        cmocka_unit_test(refuses_them_in_comments_too),
        cmocka_unit_test(says_what_a_dos_file_is),
        cmocka_unit_test(has_a_longest_line),
        cmocka_unit_test(stops_at_the_end),
        cmocka_unit_test(trims),
    };

    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
