/*
 * Every verdict and every failure in every phase, as a PAM code.
 *
 * The expected values are the table of docs/DESIGN.md, written out a second
 * time; the names of the codes are Linux-PAM's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <security/pam_modules.h>

#include "pam_module/code.c"

#define PHASES 5

static const enum uk_phase phases[PHASES] = {
    UK_PHASE_AUTH, UK_PHASE_ACCOUNT, UK_PHASE_ACCOUNT_OURS, UK_PHASE_SESSION,
    UK_PHASE_PASSWORD};

#define AUTHINFO PAM_AUTHINFO_UNAVAIL
#define DENIED   PAM_PERM_DENIED
#define UNKNOWN  PAM_USER_UNKNOWN
#define SESSION  PAM_SESSION_ERR
#define AUTHTOK  PAM_AUTHTOK_ERR
#define EXPIRED  PAM_ACCT_EXPIRED

static const struct {
    enum uk_verdict verdict;
    int result[PHASES];
} verdicts[] = {
    {UK_UNDECIDED, {AUTHINFO, AUTHINFO, AUTHINFO, SESSION, AUTHTOK}},
    {UK_GRANTED, {PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, AUTHTOK}},
    {UK_REFUSED, {PAM_AUTH_ERR, DENIED, DENIED, SESSION, AUTHTOK}},
    {UK_USER_DISABLED, {PAM_AUTH_ERR, EXPIRED, EXPIRED, SESSION, AUTHTOK}},
    {UK_NOT_MAPPED, {PAM_AUTH_ERR, PAM_IGNORE, DENIED, SESSION, AUTHTOK}},
    {UK_NOT_ALLOWED, {DENIED, PAM_IGNORE, DENIED, SESSION, AUTHTOK}},
    {UK_UNKNOWN_USER, {UNKNOWN, UNKNOWN, UNKNOWN, SESSION, AUTHTOK}},
    {UK_NOT_A_KEY, {PAM_AUTH_ERR, DENIED, DENIED, SESSION, AUTHTOK}},
    {UK_JUNK, {PAM_AUTH_ERR, DENIED, DENIED, SESSION, AUTHTOK}},
    {UK_THROTTLED_HERE,
     {PAM_MAXTRIES, PAM_MAXTRIES, PAM_MAXTRIES, SESSION, AUTHTOK}},
    {UK_THROTTLED_SERVICE, {AUTHINFO, AUTHINFO, AUTHINFO, SESSION, AUTHTOK}},
    /* A number that is no verdict is no answer. */
    {(enum uk_verdict)99, {AUTHINFO, AUTHINFO, AUTHINFO, SESSION, AUTHTOK}},
};

static const struct {
    enum uk_code code;
    int result; /* in authenticate and account */
} failures[] = {
    {UK_MISCONFIGURED, PAM_SERVICE_ERR},
    {UK_UNREACHABLE, PAM_AUTHINFO_UNAVAIL},
    {UK_TIMEOUT, PAM_AUTHINFO_UNAVAIL},
    {UK_TLS, PAM_AUTHINFO_UNAVAIL},
    {UK_BAD_ANSWER, PAM_AUTHINFO_UNAVAIL},
    {UK_NO_MEMORY, PAM_BUF_ERR},
    {UK_SYSTEM, PAM_SYSTEM_ERR},
    {UK_INVALID, PAM_SYSTEM_ERR},
    {UK_CANCELLED, PAM_CONV_ERR},
    {(enum uk_code)99, PAM_SYSTEM_ERR},
};

static void
test_verdicts(void **state)
{
    for (size_t i = 0; i < UK_COUNT(verdicts); i++) {
        for (size_t p = 0; p < PHASES; p++) {
            int got = uk_code_to_pam(UK_OK, verdicts[i].verdict, phases[p]);

            if (got != verdicts[i].result[p])
                fail_msg("verdict %d in phase %zu is %d", verdicts[i].verdict,
                         p, got);
        }
    }
}

/* Whatever verdict lies in the memory of a call that failed. */
static void
test_failures(void **state)
{
    for (size_t i = 0; i < UK_COUNT(failures); i++) {
        for (size_t v = 0; v < UK_COUNT(verdicts); v++) {
            enum uk_verdict verdict = verdicts[v].verdict;
            enum uk_code code = failures[i].code;

            assert_int_equal(uk_code_to_pam(code, verdict, UK_PHASE_AUTH),
                             failures[i].result);
            assert_int_equal(uk_code_to_pam(code, verdict, UK_PHASE_ACCOUNT),
                             failures[i].result);
            assert_int_equal(
                uk_code_to_pam(code, verdict, UK_PHASE_ACCOUNT_OURS),
                failures[i].result);
            assert_int_equal(uk_code_to_pam(code, verdict, UK_PHASE_SESSION),
                             PAM_SESSION_ERR);
            assert_int_equal(uk_code_to_pam(code, verdict, UK_PHASE_PASSWORD),
                             PAM_AUTHTOK_ERR);
        }
    }
}

/* The rule behind the tables: CVE-2025-23013, CVE-2025-24531. */
static void
test_nothing_else_lets_in(void **state)
{
    for (int code = 0; code < 100; code++) {
        for (int verdict = 0; verdict < 100; verdict++) {
            int auth = uk_code_to_pam((enum uk_code)code,
                                      (enum uk_verdict)verdict, UK_PHASE_AUTH);

            assert_int_not_equal(auth, PAM_IGNORE);
            if (code != UK_OK || verdict != UK_GRANTED)
                assert_int_not_equal(auth, PAM_SUCCESS);
            for (size_t p = 0; code != UK_OK && p < PHASES; p++) {
                int got = uk_code_to_pam((enum uk_code)code,
                                         (enum uk_verdict)verdict, phases[p]);

                assert_int_not_equal(got, PAM_IGNORE);
                assert_int_not_equal(got, PAM_SUCCESS);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_nothing_else_lets_in),
    };

    return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
