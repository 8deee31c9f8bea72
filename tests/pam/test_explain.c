/* `userkey check` names the code that the module returns: both tables, row by
 * row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <security/pam_modules.h>

#include "core/str.h"
#include "pam_module/code.c"
#include "tool/explain/meaning.c"
#include "tool/stack/pamname.c"

#define NAME(code)                                                             \
    {                                                                          \
        code, #code                                                            \
    }
static const struct {
    int code;
    const char *name;
} names[] = {
    NAME(PAM_SUCCESS),          NAME(PAM_AUTH_ERR),    NAME(PAM_PERM_DENIED),
    NAME(PAM_USER_UNKNOWN),     NAME(PAM_MAXTRIES),    NAME(PAM_SERVICE_ERR),
    NAME(PAM_AUTHINFO_UNAVAIL), NAME(PAM_BUF_ERR),     NAME(PAM_CONV_ERR),
    NAME(PAM_SYSTEM_ERR),       NAME(PAM_ACCT_EXPIRED)};

static const char *
name_of(int code)
{
    for (size_t i = 0; i < UK_COUNT(names); i++) {
        if (names[i].code == code)
            return names[i].name;
    }
    return "a code without a name here";
}

/* Each outcome has a sentence, and only one that nobody decided says so. */
static void
expect_meaning(enum uk_code code, enum uk_verdict verdict)
{
    const char *meaning = uk_explain_meaning(code, verdict);

    assert_true(strlen(meaning) > 10);
    assert_true(uk_str_is_printable(meaning));
    assert_int_equal(strcmp(meaning, "nobody has decided") == 0,
                     code == UK_OK && verdict == UK_UNDECIDED);
}

static void
test_verdicts(void **state)
{
    for (int v = UK_UNDECIDED; v <= UK_THROTTLED_SERVICE; v++) {
        enum uk_verdict verdict = (enum uk_verdict)v;

        assert_string_equal(
            uk_explain_pam(UK_OK, verdict),
            name_of(uk_code_to_pam(UK_OK, verdict, UK_PHASE_AUTH)));
        expect_meaning(UK_OK, verdict);
    }
}

static void
test_failures(void **state)
{
    for (int c = UK_MISCONFIGURED; c <= UK_CANCELLED; c++) {
        enum uk_code code = (enum uk_code)c;

        assert_string_equal(
            uk_explain_pam(code, UK_UNDECIDED),
            name_of(uk_code_to_pam(code, UK_UNDECIDED, UK_PHASE_AUTH)));
        assert_string_equal(uk_explain_pam(code, UK_GRANTED),
                            uk_explain_pam(code, UK_UNDECIDED));
        expect_meaning(code, UK_UNDECIDED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
