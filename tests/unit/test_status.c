/*
 * What the tool's exit says: every code, verdict and reply of the service as a
 * status, and its word.
 *
 * The expected numbers are those of userkey(1), EXIT STATUS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tool/terminal/status.c"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct row {
    int from;
    int status;
};

static const struct row codes[] = {
    {UK_OK, 0},
    {UK_MISCONFIGURED, 1},
    {UK_UNREACHABLE, 7},
    {UK_TIMEOUT, 7},
    {UK_TLS, 7},
    {UK_BAD_ANSWER, 7},
    {UK_NO_MEMORY, 1},
    {UK_SYSTEM, 1},
    {UK_INVALID, 2},
    {UK_CANCELLED, 8},
    {99, 1},
};

static const struct row verdicts[] = {
    {UK_UNDECIDED, 1},      {UK_GRANTED, 0},           {UK_REFUSED, 5},
    {UK_USER_DISABLED, 5},  {UK_NOT_MAPPED, 5},        {UK_NOT_ALLOWED, 5},
    {UK_UNKNOWN_USER, 5},   {UK_NOT_A_KEY, 5},         {UK_JUNK, 5},
    {UK_THROTTLED_HERE, 5}, {UK_THROTTLED_SERVICE, 7}, {99, 1},
};

static const struct row replies[] = {
    {UK_KEYS_NONE, 1},      {UK_KEYS_DONE, 0},
    {UK_KEYS_NOT_FOUND, 3}, {UK_KEYS_CONFLICT, 6},
    {UK_KEYS_LIMIT, 6},     {UK_KEYS_BAD_NAME, 2},
    {UK_KEYS_DENIED, 5},    {UK_KEYS_NOT_LOGGED_IN, 4},
    {UK_KEYS_THROTTLED, 7}, {99, 1},
};

static void
test_codes(void **state)
{
    for (size_t i = 0; i < COUNT(codes); i++)
        if ((int)uk_status_of_code((enum uk_code)codes[i].from) !=
            codes[i].status)
            fail_msg("code %d", codes[i].from);
}

static void
test_verdicts(void **state)
{
    for (size_t i = 0; i < COUNT(verdicts); i++)
        if ((int)uk_status_of_verdict((enum uk_verdict)verdicts[i].from) !=
            verdicts[i].status)
            fail_msg("verdict %d", verdicts[i].from);
}

static void
test_replies(void **state)
{
    for (size_t i = 0; i < COUNT(replies); i++)
        if ((int)uk_status_of_reply((enum uk_keys_reply)replies[i].from) !=
            replies[i].status)
            fail_msg("reply %d", replies[i].from);
}

/* Only what was granted or done is success, whatever number comes. */
static void
test_nothing_else_succeeds(void **state)
{
    for (int n = 0; n < 100; n++) {
        assert_int_equal(uk_status_of_code((enum uk_code)n) == UK_EXIT_DONE,
                         n == UK_OK);
        assert_int_equal(uk_status_of_verdict((enum uk_verdict)n) ==
                             UK_EXIT_DONE,
                         n == UK_GRANTED);
        assert_int_equal(uk_status_of_reply((enum uk_keys_reply)n) ==
                             UK_EXIT_DONE,
                         n == UK_KEYS_DONE);
    }
}

static void
test_words(void **state)
{
    static const char *const words[] = {
        "done",   "failed",   "usage",   "not-found", "not-logged-in",
        "denied", "conflict", "network", "cancelled", "failed"};

    for (size_t i = 0; i < COUNT(words); i++)
        assert_string_equal(uk_status_word((enum uk_exit)i), words[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_nothing_else_succeeds),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
