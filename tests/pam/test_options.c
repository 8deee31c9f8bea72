/* Module arguments: what they set, what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/settings.h"
#include "pam_module/options.c"

#define MOST 4

static struct uk_err err;

static int
count(const char *const *words)
{
    int n = 0;

    while (n < MOST && words[n] != NULL)
        n++;
    return n;
}

static void
test_defaults(void **state)
{
    struct uk_options options;

    assert_int_equal(uk_options_parse(0, NULL, &options, &err), UK_OK);
    assert_string_equal(options.conf, UK_SETTINGS_FILE);
    assert_string_equal(options.prompt, "");
    assert_false(options.debug);
    assert_false(options.try_first_pass);
    assert_false(options.use_first_pass);
}

static void
test_all(void **state)
{
    static const char *const words[] = {"debug", "conf=/some/where",
                                        "prompt=API key: ", "try_first_pass"};
    struct uk_options options;

    assert_int_equal(uk_options_parse(4, words, &options, &err), UK_OK);
    assert_string_equal(options.conf, "/some/where");
    assert_string_equal(options.prompt, "API key: ");
    assert_true(options.debug);
    assert_true(options.try_first_pass);
    assert_false(options.use_first_pass);
}

static void
test_switches(void **state)
{
    static const struct {
        const char *word;
        bool on;
    } rows[] = {
        {"use_first_pass", true},
        {"use_first_pass=yes", true},
        {"use_first_pass=no", false},
    };
    struct uk_options options;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_int_equal(uk_options_parse(1, &rows[i].word, &options, &err),
                         UK_OK);
        assert_int_equal(options.use_first_pass, rows[i].on);
    }
}

/* What a prompt ends in is not what an administrator thinks of. */
static void
test_prompt_ends_in_a_space(void **state)
{
    static const char *const plain[] = {"prompt=Key:"};
    static const char *const spaced[] = {"prompt=Key: "};
    struct uk_options options;

    assert_int_equal(uk_options_parse(1, plain, &options, &err), UK_OK);
    assert_string_equal(options.prompt, "Key: ");
    assert_int_equal(uk_options_parse(1, spaced, &options, &err), UK_OK);
    assert_string_equal(options.prompt, "Key: ");
}

static const struct {
    const char *words[MOST];
    const char *says; /* a part of the sentence */
} refused[] = {
    {{"debgu"}, "did you mean 'debug'?"},
    {{"nullok"}, "'nullok' is not a setting"},
    {{""}, "is not a setting"},
    {{"=yes"}, "is not a setting"},
    {{"debug=maybe"}, "'debug' is 'maybe'; allowed: yes, no"},
    {{"debug="}, "allowed: yes, no"},
    {{"DEBUG"}, "is not a setting"},
    {{"debug", "debug"}, "'debug' is given twice"},
    {{"debug", "debug=no"}, "'debug' is given twice"},
    {{"conf"}, "'conf' needs a value"},
    {{"conf="}, "an absolute path"},
    {{"conf=userkey.conf"}, "an absolute path"},
    {{"prompt"}, "'prompt' needs a value"},
    {{"prompt="}, "a text of up to 255 printable ASCII characters"},
    {{"prompt=K\033[2Jey"}, "printable ASCII"},
    {{"prompt=Schl\303\274ssel"}, "printable ASCII"},
    {{"try_first_pass", "use_first_pass"}, "allowed: one of them"},
    {{"conf=/a", "conf=/b"}, "'conf' is given twice"},
    {{"nullok", "debug"}, "'nullok' is not a setting"}, /* the first one */
    {{"service_url=https://evil.example"}, "is not a setting"},
    {{"an_argument_that_is_longer_than_any_name_of_ours"}, "is not a setting"},
    {{"an_argument_that_is_longer_than_any_name_of_ours=yes"},
     "is not a setting"},
};

static void
test_refused(void **state)
{
    for (size_t i = 0; i < UK_COUNT(refused); i++) {
        struct uk_options options = {.prompt = "untouched"};
        enum uk_code code = uk_options_parse(count(refused[i].words),
                                             refused[i].words, &options, &err);

        if (code != UK_MISCONFIGURED ||
            strstr(err.text, refused[i].says) == NULL)
            fail_msg("'%s': code %d, %s", refused[i].words[0], code, err.text);
        assert_true(
            uk_str_starts(err.text, "reading the module's arguments: "));
        assert_true(uk_str_is_printable(err.text));
        assert_string_equal(options.prompt, "untouched");
    }
}

static void
test_long_values(void **state)
{
    char word[7 + UK_CONF_VALUE + 1] = "prompt=";
    const char *words[] = {word};
    struct uk_options options;

    memset(word + 7, 'x', UK_CONF_VALUE);
    word[7 + UK_CONF_VALUE] = '\0';
    assert_int_equal(uk_options_parse(1, words, &options, &err),
                     UK_MISCONFIGURED);
    word[7 + UK_CONF_VALUE - 1] = '\0';
    assert_int_equal(uk_options_parse(1, words, &options, &err), UK_OK);
    assert_int_equal(strlen(options.prompt), UK_CONF_VALUE - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_prompt_ends_in_a_space),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_values),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
