/* core/typo: how many slips lie between two names. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/typo.h"

/* Distances counted by hand. */
static void
counts_slips(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        size_t slips;
    } rows[] = {
        {"timeout", "timeout", 0},
        {"tiemout", "timeout", 1},
        {"timeuot", "timeout", 1},
        {"timout", "timeout", 1},
        {"timeouts", "timeout", 1},
        {"Timeout", "timeout", 1},
        {"timaout", "timeout", 1},
        {"time_out", "timeout", 1},
        {"tmeout ", "timeout", 2},
        {"imeotu", "timeout", 2},
        {"", "", 0},
        {"", "ab", 2},
        {"ab", "", 2},
        {"kitten", "sitting", 3},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_int_equal(uk_typo_slips(rows[i].a, rows[i].b), rows[i].slips);
        assert_int_equal(uk_typo_slips(rows[i].b, rows[i].a), rows[i].slips);
    }
}

static void
long_names_resemble_none(void **state)
{
    static const char most[] = "abcdefghijklmnopqrstuvwxyz012345";
    static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456";

    assert_int_equal(uk_typo_slips(most, most), 0);
    assert_true(uk_typo_slips(more, more) > UK_TYPO_MOST);
    assert_true(uk_typo_slips(most, more) > UK_TYPO_MOST);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_slips),
        cmocka_unit_test(long_names_resemble_none),
    };

    return cmocka_run_group_tests_name("typo", tests, NULL, NULL);
}
