/* agent/health: when is nobody there? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/health.h"

#define SECOND INT64_C(1000000000)

static struct uk_deadline
at(int64_t seconds)
{
    return (struct uk_deadline){.at_ns = seconds * SECOND};
}

/* What a look came to. */
static const struct {
    enum uk_code code;
    int sys;
    bool proof;
} looks[] = {
    {UK_UNREACHABLE, 0, true}, /* no name, nobody listens, hung up */
    {UK_UNREACHABLE, ECONNREFUSED, true},
    {UK_UNREACHABLE, ENETUNREACH, true},
    {UK_UNREACHABLE, EHOSTUNREACH, true},
    {UK_UNREACHABLE, ETIMEDOUT, true},
    {UK_TIMEOUT, 0, true},
    /* This machine's own doing, or its users'. */
    {UK_UNREACHABLE, EMFILE, false},
    {UK_UNREACHABLE, ENFILE, false},
    {UK_UNREACHABLE, ENOBUFS, false},
    {UK_UNREACHABLE, EAGAIN, false},
    {UK_UNREACHABLE, EADDRNOTAVAIL, false},
    {UK_UNREACHABLE, EADDRINUSE, false},
    {UK_UNREACHABLE, EPERM, false},
    {UK_UNREACHABLE, EACCES, false},
    {UK_NO_MEMORY, ENOMEM, false},
    {UK_SYSTEM, 0, false},
    {UK_MISCONFIGURED, 0, false},
    /* Somebody is there, whoever it is. */
    {UK_OK, 0, false},
    {UK_TLS, 0, false},
    {UK_BAD_ANSWER, 0, false},
};

static void
knows_what_proves_it(void **state)
{
    for (size_t i = 0; i < UK_COUNT(looks); i++) {
        struct uk_health fresh = {.state = UK_HEALTH_GOOD};
        struct uk_health gone = {.gone = at(1)};
        const struct uk_err err = {.code = looks[i].code, .sys = looks[i].sys};

        uk_health_look(&fresh, looks[i].code, &err, at(10));
        if (uk_health_gone(&fresh, 0, at(10)) != looks[i].proof)
            fail_msg("look %zu", i);
        uk_health_look(&gone, looks[i].code, &err, at(10));
        if (uk_health_gone(&gone, 0, at(10)) != looks[i].proof)
            fail_msg("look %zu, after another", i);
    }
}

/* It is so from the first look on, until anybody has an answer. */
static void
knows_since_when(void **state)
{
    struct uk_health health = {.state = UK_HEALTH_GOOD};
    const struct uk_err err = {.code = UK_TIMEOUT};

    assert_false(uk_health_gone(&health, 0, at(100)));
    uk_health_look(&health, UK_TIMEOUT, &err, at(10));
    assert_false(uk_health_gone(&health, 5000, at(14)));
    uk_health_look(&health, UK_TIMEOUT, &err, at(14));
    assert_true(uk_health_gone(&health, 5000, at(15)));
    uk_health_there(&health);
    assert_false(uk_health_gone(&health, 0, at(16)));
    uk_health_look(&health, UK_TIMEOUT, &err, at(20));
    assert_false(uk_health_gone(&health, 5000, at(24)));
}

/* What questions come to says how well a server is, not that it is gone: who
 * asks has chosen how, and with how little time. */
static void
does_not_believe_questions(void **state)
{
    struct uk_health health = {.state = UK_HEALTH_GOOD};

    for (int i = 0; i < 10; i++) {
        (void)uk_health_note(&health, UK_HEALTH_SILENT, at(i));
        (void)uk_health_note(&health, UK_HEALTH_FAILED, at(i));
    }
    assert_false(uk_health_gone(&health, 0, at(100)));
}

/* A step of a server's life: what a question came to, and how well the server
 * is held to be behind it. */
static const struct {
    enum uk_health_sign sign;
    enum uk_health_state state;
} steps[] = {
    {UK_HEALTH_SILENT, UK_HEALTH_AILING}, {UK_HEALTH_SILENT, UK_HEALTH_AILING},
    {UK_HEALTH_ANSWERED, UK_HEALTH_GOOD}, /* not in a row */
    {UK_HEALTH_SILENT, UK_HEALTH_AILING}, {UK_HEALTH_SILENT, UK_HEALTH_AILING},
    {UK_HEALTH_SILENT, UK_HEALTH_OUT},    {UK_HEALTH_SILENT, UK_HEALTH_OUT},
    {UK_HEALTH_ANSWERED, UK_HEALTH_GOOD}, {UK_HEALTH_FAILED, UK_HEALTH_AILING},
};

static void
is_out_behind_three_time_outs(void **state)
{
    struct uk_health health = {.state = UK_HEALTH_GOOD};

    for (size_t i = 0; i < UK_COUNT(steps); i++) {
        (void)uk_health_note(&health, steps[i].sign, at((int64_t)i));
        if (health.state != steps[i].state)
            fail_msg("step %zu: state %d", i, (int)health.state);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_proves_it),
        cmocka_unit_test(knows_since_when),
        cmocka_unit_test(does_not_believe_questions),
        cmocka_unit_test(is_out_behind_three_time_outs),
    };

    return cmocka_run_group_tests_name("agent_health", tests, NULL, NULL);
}
