/*
 * The module's line in the log: how loud it is, what it says of what has no
 * case of its own, and that nothing but printable ASCII gets into it, whatever
 * lies in the call.
 *
 * The levels are those of docs/DESIGN.md, written out a second time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "pam_module/report.c"
#include "tests/pam/lib_host.h"

static pam_handle_t *pamh;
static struct talk talk;

static struct uk_call
make_call(enum uk_phase phase)
{
    struct uk_call call = {.pamh = pamh,
                           .phase = phase,
                           .user = ALICE,
                           .service = "probe",
                           .rhost = "",
                           .ruser = ""};

    call.settings.log_level = UK_LEVEL_DEBUG - UK_LEVEL_ERROR;
    call.options.debug = true; /* every level is wanted */
    return call;
}

static const struct {
    enum uk_verdict verdict;
    enum uk_phase phase;
    int level;
    const char *says;
} verdicts[] = {
    {UK_GRANTED, UK_PHASE_AUTH, LOG_INFO, "granted user='"},
    {UK_GRANTED, UK_PHASE_ACCOUNT, LOG_DEBUG, "granted user='"},
    {UK_NOT_MAPPED, UK_PHASE_AUTH, LOG_NOTICE, "not-mapped user='"},
    {UK_NOT_MAPPED, UK_PHASE_ACCOUNT, LOG_DEBUG, "not-mapped user='"},
    {UK_NOT_MAPPED, UK_PHASE_ACCOUNT_OURS, LOG_NOTICE, "not-mapped user='"},
    {UK_REFUSED, UK_PHASE_AUTH, LOG_NOTICE, "has the reason"},
    {UK_JUNK, UK_PHASE_AUTH, LOG_NOTICE, "; nothing was sent; does the "},
    {UK_THROTTLED_SERVICE, UK_PHASE_AUTH, LOG_WARNING, "throttled user='"},
    /* Nobody has answered: never the line of a login. */
    {UK_UNDECIDED, UK_PHASE_AUTH, LOG_WARNING, ": nobody answered"},
    {(enum uk_verdict)99, UK_PHASE_AUTH, LOG_NOTICE, " user='" ALICE "'"},
};

static void
test_verdicts(void **state)
{
    for (size_t i = 0; i < UK_COUNT(verdicts); i++) {
        struct uk_call call = make_call(verdicts[i].phase);

        call.outcome.verdict = verdicts[i].verdict;
        host_log_clear();
        uk_report(&call, UK_OK, PAM_AUTH_ERR);
        assert_int_equal(host_log_count(), 1);
        if (host_log_priority(0) != verdicts[i].level ||
            !host_log_has(verdicts[i].says))
            fail_msg("row %zu: level %d, %s", i, host_log_priority(0),
                     host_log_line(0));
        if (verdicts[i].verdict != UK_GRANTED)
            assert_false(host_log_has("granted"));
    }
    host_log_clear();
}

static void
test_failures(void **state)
{
    static const struct {
        enum uk_code code;
        int level;
    } rows[] = {
        {UK_CANCELLED, LOG_NOTICE},    {UK_INVALID, LOG_NOTICE},
        {UK_UNREACHABLE, LOG_WARNING}, {UK_TIMEOUT, LOG_WARNING},
        {UK_TLS, LOG_WARNING},         {UK_BAD_ANSWER, LOG_WARNING},
        {UK_MISCONFIGURED, LOG_ERR},   {UK_NO_MEMORY, LOG_ERR},
        {UK_SYSTEM, LOG_ERR},          {(enum uk_code)99, LOG_ERR},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_call call = make_call(UK_PHASE_AUTH);

        call.outcome.verdict = UK_GRANTED; /* no longer counts */
        uk_err_set(&call.err, UK_SYSTEM, "the reason");
        host_log_clear();
        uk_report(&call, rows[i].code, PAM_SYSTEM_ERR);
        assert_int_equal(host_log_count(), 1);
        if (host_log_priority(0) != rows[i].level ||
            !host_log_has(": the reason") || host_log_has("granted"))
            fail_msg("row %zu: level %d, %s", i, host_log_priority(0),
                     host_log_line(0));
    }
    host_log_clear();
}

/* log_level decides, beside the word 'debug' in pam.d. */
static void
test_wanted(void **state)
{
    for (int level = UK_LEVEL_ERROR; level <= UK_LEVEL_DEBUG; level++) {
        struct uk_call call = make_call(UK_PHASE_AUTH);
        bool warns = level > UK_LEVEL_ERROR; /* the next one is warning */

        call.options.debug = false;
        call.settings.log_level = level - UK_LEVEL_ERROR;
        uk_err_set(&call.err, UK_SYSTEM, "the reason");
        host_log_clear();
        uk_report_aside(&call, &call.err);
        assert_int_equal(host_log_count(), warns ? 1 : 0);
        if (warns)
            assert_int_equal(host_log_priority(0), LOG_WARNING);
    }
    host_log_clear();
}

/* Each byte, in the places that are put into a line as they are. */
static void
test_bytes(void **state)
{
    for (int byte = 1; byte <= 0xff; byte++) {
        const char text[] = {'a', (char)byte, 'b', '\0'};
        bool printable = byte >= 0x20 && byte <= 0x7e;
        struct uk_call call = make_call(UK_PHASE_AUTH);
        const char *line;
        char want[32];

        snprintf(call.err.text, sizeof(call.err.text), "%s", text);
        snprintf(call.options.conf, sizeof(call.options.conf), "%s", text);
        call.user = text;
        call.rhost = text;
        host_log_clear();
        uk_report(&call, UK_SYSTEM, PAM_SYSTEM_ERR);
        line = host_log_line(0);
        assert_true(uk_str_is_printable(line));
        snprintf(want, sizeof(want), ": a%cb [conf='a%cb'",
                 printable ? byte : '?', printable ? byte : '?');
        if (strstr(line, want) == NULL)
            fail_msg("byte %d: %s", byte, line);
    }
    host_log_clear();
}

/* All that can be long at once is one line, and ends in what ends it. */
static void
test_longest(void **state)
{
    static char name[4096];
    struct uk_call call = make_call(UK_PHASE_AUTH);
    struct line line = {.len = 0};

    memset(name, '\377', sizeof(name) - 1);
    call.user = name;
    call.rhost = name;
    memset(call.err.text, 'e', sizeof(call.err.text) - 1);
    memset(call.options.conf, 'c', sizeof(call.options.conf) - 1);
    memset(call.outcome.person.id, 'i', sizeof(call.outcome.person.id) - 1);
    host_log_clear();
    uk_report(&call, UK_SYSTEM, PAM_SYSTEM_ERR);
    assert_true(host_log_has("ccc' pam=4]"));
    /* What would not fit is cut. */
    for (int i = 0; i < 100; i++)
        add(&line, "%.50s", name);
    assert_int_equal(line.len, LINE_SIZE - 1);
    assert_int_equal(strlen(line.text), LINE_SIZE - 1);
    host_log_clear();
}

static int
setup(void **state)
{
    host_setup(state);
    pamh = host_start(ALICE, &talk);
    return 0;
}

static int
teardown(void **state)
{
    pam_end(pamh, PAM_SUCCESS);
    return host_teardown(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_wanted),   cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests_name("report", tests, setup, teardown);
}
