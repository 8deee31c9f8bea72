/* core/conf: every type of value right and wrong, and every way to misspell. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/conf.h"

struct sample {
    char before;
    bool flag;
    unsigned long number;
    unsigned long pause;
    int colour;
    char text[UK_CONF_VALUE];
    char even[UK_CONF_VALUE];
    char path[UK_CONF_VALUE];
    struct uk_conf_list list;
    char after;
};

static const char *
check_even(const char *value)
{
    return strlen(value) % 2 == 0 ? NULL : "an even number of characters";
}

static const char *const colours[] = {"red", "green", NULL};

#define AT(field) offsetof(struct sample, field)

static const struct uk_conf_rule rules[] = {
    {.name = "flag", .type = UK_CONF_BOOL, .offset = AT(flag)},
    {.name = "number",
     .type = UK_CONF_NUMBER,
     .offset = AT(number),
     .fallback = "7",
     .min = 5,
     .max = 10},
    {.name = "timeout",
     .type = UK_CONF_TIME,
     .offset = AT(pause),
     .fallback = "5s",
     .min = 100,
     .max = 60000},
    {.name = "colour",
     .type = UK_CONF_CHOICE,
     .offset = AT(colour),
     .fallback = "green",
     .choices = colours},
    {.name = "text", .type = UK_CONF_TEXT, .offset = AT(text)},
    {.name = "even",
     .type = UK_CONF_TEXT,
     .offset = AT(even),
     .check = check_even},
    {.name = "path", .type = UK_CONF_PATH, .offset = AT(path)},
    {.name = "list",
     .type = UK_CONF_LIST,
     .offset = AT(list),
     .required = true,
     .check = check_even},
};
static const struct uk_conf_table table = {rules, UK_COUNT(rules)};

static enum uk_code
parse(const char *text, struct sample *out, struct uk_conf_seen *seen,
      struct uk_err *err)
{
    memset(out, 0, sizeof(*out));
    return uk_conf_parse(&table, text, strlen(text), "/etc/f.conf", out, seen,
                         err);
}

static void
fills_every_type(void **state)
{
    static const char text[] = "# all of them\n"
                               "flag=yes\n"
                               " number\t = 10 # ten\n"
                               "timeout = 250ms\n"
                               "colour = red\n"
                               "text = a b = c#d\n"
                               "even = ab\n"
                               "path = /a b\n"
                               "\n"
                               "list = aa  bbbb\tcc   # three\n";
    struct sample sample;
    struct uk_conf_seen seen;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(parse(text, &sample, &seen, &err), UK_OK);
    assert_true(sample.flag);
    assert_int_equal(sample.number, 10);
    assert_int_equal(sample.pause, 250);
    assert_int_equal(sample.colour, 0);
    assert_string_equal(sample.text, "a b = c#d");
    assert_string_equal(sample.even, "ab");
    assert_string_equal(sample.path, "/a b");
    assert_int_equal(sample.list.count, 3);
    assert_string_equal(sample.list.item[0], "aa");
    assert_string_equal(sample.list.item[1], "bbbb");
    assert_string_equal(sample.list.item[2], "cc");
    assert_int_equal(sample.before + sample.after, 0);
    assert_int_equal(uk_conf_line(&table, &seen, "flag"), 2);
    assert_int_equal(uk_conf_line(&table, &seen, "list"), 10);
    assert_int_equal(uk_conf_line(&table, &seen, "no such"), 0);
}

static void
falls_back(void **state)
{
    struct sample sample;
    struct uk_conf_seen seen;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(parse("list = aa", &sample, &seen, &err), UK_OK);
    assert_false(sample.flag);
    assert_int_equal(sample.number, 7);
    assert_int_equal(sample.pause, 5000);
    assert_int_equal(sample.colour, 1);
    assert_string_equal(sample.text, "");
    assert_int_equal(uk_conf_line(&table, &seen, "number"), 0);
}

#define TEXT_ALLOWED "a text of up to 255 printable ASCII characters"
#define PATH_ALLOWED "an absolute path of up to 255 printable ASCII characters"
#define WORDS_ALLOWED                                                          \
    "1 to 8 words, each of up to 255 printable ASCII "                         \
    "characters"

/* The sentences, word by word: they are what an administrator has. */
static void
says_what_is_wrong_and_what_is_allowed(void **state)
{
    static const struct {
        const char *line;
        const char *sentence;
    } rows[] = {
        {"timeout = 5 parsecs", "'timeout' is '5 parsecs'; allowed: 100ms to "
                                "60s"},
        {"timeout = 99ms", "'timeout' is '99ms'; allowed: 100ms to 60s"},
        {"timeout = 61s", "'timeout' is '61s'; allowed: 100ms to 60s"},
        {"timeout = -1s", "'timeout' is '-1s'; allowed: 100ms to 60s"},
        {"timeout =", "'timeout' is ''; allowed: 100ms to 60s"},
        {"tiemout = 5s", "'tiemout' is not a setting; did you mean "
                         "'timeout'?"},
        {"Timeout = 5s", "'Timeout' is not a setting; did you mean "
                         "'timeout'?"},
        {"umber = 5", "'umber' is not a setting; did you mean 'number'?"},
        {"password = x", "'password' is not a setting"},
        {"= x", "'' is not a setting"},
        {"a\xc3\xa4\xc3\xb6 = x", "'a\\xc3\\xa4\\xc3\\xb6' is not a setting"},
        {"timeout", "no '=' in the line; a setting is NAME = VALUE"},
        {"ukeySECRET", "no '=' in the line; a setting is NAME = VALUE"},
        {"flag = true", "'flag' is 'true'; allowed: yes, no"},
        {"flag = \"yes\"", "'flag' is '\"yes\"'; allowed: yes, no"},
        {"flag =", "'flag' is ''; allowed: yes, no"},
        {"number = 4", "'number' is '4'; allowed: 5 to 10"},
        {"number = 11", "'number' is '11'; allowed: 5 to 10"},
        {"number = 0x7", "'number' is '0x7'; allowed: 5 to 10"},
        {"number = 18446744073709551621",
         "'number' is '18446744073709551621'; allowed: 5 to 10"},
        {"colour = blue", "'colour' is 'blue'; allowed: red, green"},
        {"colour = Red", "'colour' is 'Red'; allowed: red, green"},
        {"text =", "'text' is ''; allowed: " TEXT_ALLOWED},
        {"text = \xe2\x82\xac",
         "'text' is '\\xe2\\x82\\xac'; allowed: " TEXT_ALLOWED},
        {"even = abc", "'even' is 'abc'; allowed: an even number of "
                       "characters"},
        {"path = a/b", "'path' is 'a/b'; allowed: " PATH_ALLOWED},
        {"path =", "'path' is ''; allowed: " PATH_ALLOWED},
        {"list =", "'list' is ''; allowed: " WORDS_ALLOWED},
        {"list = aa b cc", "'list' is 'aa b cc'; allowed: an even number of "
                           "characters"},
        {"list = aa bb cc dd ee ff gg hh ii",
         "'list' is 'aa bb cc dd ee ff gg hh ii'; allowed: " WORDS_ALLOWED},
        {"even = ukey5MduBSj0HYp6NevCTk1IZq7OfwDUl2Jar8PgxEVm3Kbs9QhyFWn4L",
         "'even' is 'ukey...'; allowed: an even number of characters"},
        {"ukey5MduBSj0HYp6NevCTk1IZq7OfwDUl2Jar8PgxEVm3Kbs9QhyFWn4L = 1",
         "'ukey...' is not a setting"},
        {"even = postgresql://u:geheim@h/db3",
         "'even' is 'a URL with user information'; allowed: an even number of "
         "characters"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct sample sample;
        struct uk_conf_seen seen;
        struct uk_err err = UK_ERR_NONE;
        char text[200];
        char want[300];

        snprintf(text, sizeof(text), "# one\n\n%s\n", rows[i].line);
        snprintf(want, sizeof(want), "'/etc/f.conf':3: %s", rows[i].sentence);
        if (parse(text, &sample, &seen, &err) != UK_MISCONFIGURED)
            fail_msg("'%s' was taken", rows[i].line);
        assert_string_equal(err.text, want);
        assert_int_equal(sample.before + sample.after, 0);
    }
}

static void
refuses_what_stands_twice(void **state)
{
    struct sample sample;
    struct uk_conf_seen seen;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(
        parse("list = aa\nflag = no\n\nflag = no\n", &sample, &seen, &err),
        UK_MISCONFIGURED);
    assert_string_equal(err.text,
                        "'/etc/f.conf':4: 'flag' stands in line 2 already");
}

static void
wants_what_is_required(void **state)
{
    struct sample sample;
    struct uk_conf_seen seen;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(parse("", &sample, &seen, &err), UK_MISCONFIGURED);
    assert_string_equal(err.text, "'/etc/f.conf': 'list' is not set, and has "
                                  "no default");
    assert_int_equal(parse("# list = aa\n", &sample, &seen, &err),
                     UK_MISCONFIGURED);
}

static void
has_a_longest_value(void **state)
{
    static const char *const names[] = {"text", "path", "list"};

    for (size_t i = 0; i < UK_COUNT(names); i++) {
        struct sample sample;
        struct uk_conf_seen seen;
        struct uk_err err = UK_ERR_NONE;
        char value[UK_CONF_VALUE + 1];
        char text[400];

        memset(value, '/', sizeof(value) - 1);
        value[UK_CONF_VALUE] = '\0';
        snprintf(text, sizeof(text), "%s = %s\n%s", names[i], value,
                 i == 2 ? "" : "list = aa\n");
        assert_int_equal(parse(text, &sample, &seen, &err), UK_MISCONFIGURED);
        assert_int_equal(sample.after, 0);
        value[UK_CONF_VALUE - (i == 2 ? 2 : 1)] = '\0';
        snprintf(text, sizeof(text), "%s = %s\n%s", names[i], value,
                 i == 2 ? "" : "list = aa\n");
        assert_int_equal(parse(text, &sample, &seen, &err), UK_OK);
    }
}

/* Module arguments: no file, no lines. */
static void
sets_one_by_name(void **state)
{
    struct sample sample = {0};
    struct uk_conf_seen seen = {{0}};
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_conf_init(&table, &sample, &err), UK_OK);
    assert_int_equal(uk_conf_set(&table, "number", "9", "pam_userkey",
                                 UK_CONF_NO_LINE, &sample, &seen, &err),
                     UK_OK);
    assert_int_equal(sample.number, 9);
    assert_int_equal(uk_conf_line(&table, &seen, "number"), UINT_MAX);
    assert_int_equal(uk_conf_set(&table, "number", "9", "pam_userkey",
                                 UK_CONF_NO_LINE, &sample, &seen, &err),
                     UK_MISCONFIGURED);
    assert_string_equal(err.text, "'pam_userkey': 'number' is given twice");
    assert_int_equal(uk_conf_set(&table, "flog", "yes", "pam_userkey",
                                 UK_CONF_NO_LINE, &sample, &seen, &err),
                     UK_MISCONFIGURED);
    assert_string_equal(err.text, "'pam_userkey': 'flog' is not a setting; did "
                                  "you mean 'flag'?");
    assert_false(sample.flag);
}

static void
finds_wrong_tables(void **state)
{
    static const struct uk_conf_rule wrong[] = {
        {.name = "n", .type = UK_CONF_NUMBER, .fallback = "3", .max = 2}};
    static const struct uk_conf_table one = {wrong, 1};
    static const struct uk_conf_table many = {wrong, UK_CONF_RULES + 1};
    unsigned long number = 0;
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_conf_init(&one, &number, &err), UK_INVALID);
    assert_int_equal(uk_conf_init(&many, &number, &err), UK_INVALID);
}

/* A good text cut anywhere, and with each byte as each other: an answer in
 * any case, and no byte outside the struct. */
static void
survives_damage(void **state)
{
    static const char good[] = "list = aa bb # c\ntimeout = 5s\ncolour=red\n";
    char text[sizeof(good)];
    size_t refused = 0;

    for (size_t n = 0; n < 256 * (sizeof(good) - 1); n++) {
        struct sample sample = {0};
        struct uk_conf_seen seen;
        struct uk_err err = UK_ERR_NONE;
        enum uk_code code;

        memcpy(text, good, sizeof(good));
        text[n / 256] = (char)(n % 256);
        code = uk_conf_parse(&table, text, sizeof(good) - 1, "f", &sample,
                             &seen, &err);
        assert_true(code == UK_OK || code == UK_MISCONFIGURED);
        assert_int_equal(sample.before + sample.after, 0);
        refused += code != UK_OK;
        if (n % 256 == 0)
            (void)!uk_conf_parse(&table, good, n / 256, "f", &sample, &seen,
                                 &err);
    }
    assert_true(refused > 128 * sizeof(good));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_every_type),
        cmocka_unit_test(falls_back),
        cmocka_unit_test(says_what_is_wrong_and_what_is_allowed),
        cmocka_unit_test(refuses_what_stands_twice),
        cmocka_unit_test(wants_what_is_required),
        cmocka_unit_test(has_a_longest_value),
        cmocka_unit_test(sets_one_by_name),
        cmocka_unit_test(finds_wrong_tables),
        cmocka_unit_test(survives_damage),
    };

    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
