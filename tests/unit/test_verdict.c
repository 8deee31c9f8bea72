/* core/verdict: the words for logs, and which numbers are verdicts. */
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/verdict.h"

/* The words are promised to administrators: docs/DESIGN.md, "The decision". */
static void
has_the_words_of_the_design(void **state)
{
    static const struct {
        enum uk_verdict verdict;
        const char *word;
    } rows[] = {
        {UK_UNDECIDED, "undecided"},
        {UK_GRANTED, "granted"},
        {UK_REFUSED, "refused"},
        {UK_USER_DISABLED, "user-disabled"},
        {UK_NOT_MAPPED, "not-mapped"},
        {UK_NOT_ALLOWED, "not-allowed"},
        {UK_UNKNOWN_USER, "unknown-user"},
        {UK_NOT_A_KEY, "malformed"},
        {UK_JUNK, "junk"},
        {UK_THROTTLED_HERE, "throttled"},
        {UK_THROTTLED_SERVICE, "throttled"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++)
        assert_string_equal(uk_verdict_word(rows[i].verdict), rows[i].word);
}

static void
takes_no_other_number_for_a_verdict(void **state)
{
    static const unsigned numbers[] = {
        UK_THROTTLED_SERVICE + 1, 12, 100, 255, 256, INT_MAX, UINT_MAX};

    for (size_t i = 0; i < UK_COUNT(numbers); i++)
        assert_string_equal(uk_verdict_word((enum uk_verdict)numbers[i]),
                            "undecided");
}

static void
begins_undecided(void **state)
{
    enum uk_verdict cleared = {0};

    assert_int_equal(cleared, UK_UNDECIDED);
    assert_string_not_equal(uk_verdict_word(cleared), "granted");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_words_of_the_design),
        cmocka_unit_test(takes_no_other_number_for_a_verdict),
        cmocka_unit_test(begins_undecided),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
