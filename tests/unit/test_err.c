/* core/err: sentences, codes and their words. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"

static void
sets_code_and_sentence(void **state)
{
    struct uk_err err = {
        .code = UK_TIMEOUT, .stage = UK_STAGE_TLS, .sys = 7, .text = "old"};

    assert_int_equal(uk_err_set(&err, UK_INVALID, "'%s' is %d", "x", 3),
                     UK_INVALID);
    assert_int_equal(err.code, UK_INVALID);
    assert_int_equal(err.stage, UK_STAGE_NONE);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.text, "'x' is 3");
}

static void
adds_the_kernels_reason(void **state)
{
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_err_sys(&err, ENOENT, "opening '%s'", "/x"), UK_SYSTEM);
    assert_int_equal(err.sys, ENOENT);
    assert_string_equal(err.text, "opening '/x': No such file or directory");
    assert_int_equal(uk_err_sys(&err, ENOMEM, "opening"), UK_NO_MEMORY);
    assert_int_equal(err.code, UK_NO_MEMORY);
    assert_int_equal(uk_err_sys(&err, 99999, "opening"), UK_SYSTEM);
    assert_string_equal(err.text, "opening: error 99999");
}

/* Where the machine has other languages; elsewhere it is the same again. */
static void
speaks_english_in_every_locale(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
                                        "tr_TR.UTF-8", "C.UTF-8"};
    struct uk_err err = UK_ERR_NONE;

    for (size_t i = 0; i < UK_COUNT(names); i++) {
        setlocale(LC_ALL, names[i]);
        (void)uk_err_sys(&err, EACCES, "opening");
        assert_string_equal(err.text, "opening: Permission denied");
    }
    setlocale(LC_ALL, "C");
}

static void
names_the_stage_of_a_timeout(void **state)
{
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_err_late(&err, UK_STAGE_RESOLVE, "no answer for '%s'",
                                 "auth.example.com"),
                     UK_TIMEOUT);
    assert_int_equal(err.code, UK_TIMEOUT);
    assert_int_equal(err.stage, UK_STAGE_RESOLVE);
    assert_string_equal(err.text, "no answer for 'auth.example.com'");
}

static void
puts_the_purpose_in_front(void **state)
{
    struct uk_err err = UK_ERR_NONE;

    (void)uk_err_late(&err, UK_STAGE_AGENT, "it is late");
    assert_int_equal(uk_err_in(&err, "asking about '%s'", "alice"), UK_TIMEOUT);
    assert_int_equal(uk_err_in(&err, "logging in"), UK_TIMEOUT);
    assert_string_equal(err.text,
                        "logging in: asking about 'alice': it is late");
    assert_int_equal(err.stage, UK_STAGE_AGENT);
}

static void
keeps_the_sentence_when_the_code_changes(void **state)
{
    struct uk_err err = UK_ERR_NONE;

    (void)uk_err_sys(&err, EACCES, "opening '/x'");
    assert_int_equal(uk_err_recode(&err, UK_MISCONFIGURED), UK_MISCONFIGURED);
    assert_int_equal(err.code, UK_MISCONFIGURED);
    assert_int_equal(err.sys, EACCES);
    assert_string_equal(err.text, "opening '/x': Permission denied");
}

static void
cuts_what_is_too_long(void **state)
{
    char longer[2 * UK_ERR_TEXT];
    struct {
        struct uk_err err;
        char behind[16];
    } at = {.behind = "untouched"};

    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    (void)uk_err_set(&at.err, UK_INVALID, "%s", longer);
    assert_int_equal(strlen(at.err.text), UK_ERR_TEXT - 1);
    (void)uk_err_sys(&at.err, EIO, "%s", longer);
    assert_int_equal(strlen(at.err.text), UK_ERR_TEXT - 1);
    (void)uk_err_set(&at.err, UK_INVALID, "the cause");
    (void)uk_err_in(&at.err, "%s", longer);
    assert_int_equal(strlen(at.err.text), UK_ERR_TEXT - 1);
    (void)uk_err_set(&at.err, UK_INVALID, "%s", longer);
    (void)uk_err_in(&at.err, "purpose");
    assert_int_equal(strncmp(at.err.text, "purpose: aaa", 12), 0);
    assert_int_equal(strlen(at.err.text), UK_ERR_TEXT - 1);
    assert_string_equal(at.behind, "untouched");
}

static void
has_a_word_for_each_code_and_stage(void **state)
{
    static const char *const codes[] = {
        [UK_OK] = "ok",
        [UK_MISCONFIGURED] = "misconfigured",
        [UK_UNREACHABLE] = "unreachable",
        [UK_TIMEOUT] = "timeout",
        [UK_TLS] = "tls",
        [UK_BAD_ANSWER] = "bad-answer",
        [UK_NO_MEMORY] = "no-memory",
        [UK_SYSTEM] = "system",
        [UK_INVALID] = "invalid",
        [UK_CANCELLED] = "cancelled",
        [UK_CANCELLED + 1] = "unknown",
    };
    static const char *const stages[] = {
        [UK_STAGE_NONE] = "none",
        [UK_STAGE_AGENT] = "agent",
        [UK_STAGE_RESOLVE] = "resolve",
        [UK_STAGE_CONNECT] = "connect",
        [UK_STAGE_TLS] = "tls",
        [UK_STAGE_ANSWER] = "answer",
        [UK_STAGE_ANSWER + 1] = "unknown",
    };

    for (unsigned i = 0; i < UK_COUNT(codes); i++)
        assert_string_equal(uk_code_word((enum uk_code)i), codes[i]);
    for (unsigned i = 0; i < UK_COUNT(stages); i++)
        assert_string_equal(uk_stage_word((enum uk_stage)i), stages[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_code_and_sentence),
        cmocka_unit_test(adds_the_kernels_reason),
        cmocka_unit_test(speaks_english_in_every_locale),
        cmocka_unit_test(names_the_stage_of_a_timeout),
        cmocka_unit_test(puts_the_purpose_in_front),
        cmocka_unit_test(keeps_the_sentence_when_the_code_changes),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(has_a_word_for_each_code_and_stage),
    };

    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
