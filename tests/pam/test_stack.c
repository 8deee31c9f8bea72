/*
 * The module in every kind of stack, as pam.d(5) defines them: what it says
 * is what the stack makes of it, and no failure lets anybody in where a stack
 * is written as docs and examples tell.
 *
 * The expected grants are those of Linux-PAM's own modules that return the
 * same codes (threats S-20, S-21): an administrator's open stack stays open,
 * which is why the examples end in pam_deny.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "tests/pam/lib_host.h"

/* %1: our module with its arguments; %2: one that succeeds; %3: one that
 * denies. */
enum shape {
    ALONE,           /* required */
    BEHIND_SUCCESS,  /* ok required, ours required */
    OR_DENY,         /* ours sufficient, deny required */
    OPEN_SUFFICIENT, /* ok required, ours sufficient, and nothing */
    JUMP,            /* ours [success=1], deny, ok */
    REQUISITE,       /* ours requisite, ok required */
    FALL_BACK,       /* ours [success=done authinfo_unavail=ignore
                        default=die], ok required */
    SHAPES,
};

static void
write_shape(enum shape shape, char *to, size_t size)
{
    char ours[2048], ok[1024], deny[1024];

    snprintf(ours, sizeof(ours), "%s conf=%s", host_module(),
             host_path("userkey.conf"));
    snprintf(ok, sizeof(ok), "%s return=%d", host_probe(), PAM_SUCCESS);
    snprintf(deny, sizeof(deny), "%s return=%d", host_probe(), PAM_AUTH_ERR);
    switch (shape) {
    case ALONE:
        snprintf(to, size, "auth required %s\n", ours);
        break;
    case BEHIND_SUCCESS:
        snprintf(to, size, "auth required %s\nauth required %s\n", ok, ours);
        break;
    case OR_DENY:
        snprintf(to, size, "auth sufficient %s\nauth required %s\n", ours,
                 deny);
        break;
    case OPEN_SUFFICIENT:
        snprintf(to, size, "auth required %s\nauth sufficient %s\n", ok, ours);
        break;
    case JUMP:
        snprintf(to, size,
                 "auth [success=1 default=ignore] %s\nauth requisite %s\n"
                 "auth required %s\n",
                 ours, deny, ok);
        break;
    case REQUISITE:
        snprintf(to, size, "auth requisite %s\nauth required %s\n", ours, ok);
        break;
    case FALL_BACK:
        snprintf(to, size,
                 "auth [success=done authinfo_unavail=ignore default=die] %s\n"
                 "auth required %s\n",
                 ours, ok);
        break;
    case SHAPES:
        fail();
    }
}

/* What each of our answers makes of each shape. */
static const struct {
    const char *script;
    const char *settings;
    const char *user;
    bool in[SHAPES];
} rows[] = {
    {"granted", "", ALICE, {true, true, true, true, true, true, true}},
    {"refused", "", ALICE, {[OPEN_SUFFICIENT] = true}},
    {"user-disabled", "", ALICE, {[OPEN_SUFFICIENT] = true}},
    {"granted id=person2", "", ALICE, {[OPEN_SUFFICIENT] = true}},
    {"granted", "", SYSTEM, {[OPEN_SUFFICIENT] = true}},
    {"granted", "", "no-such-user-", {[OPEN_SUFFICIENT] = true}},
    {"throttled-here", "", ALICE, {[OPEN_SUFFICIENT] = true}},
    {"no-memory", "", ALICE, {[OPEN_SUFFICIENT] = true}},
    {"system", "", ALICE, {[OPEN_SUFFICIENT] = true}},
    {"granted", "no_such_setting = 1\n", ALICE, {[OPEN_SUFFICIENT] = true}},
    {"misconfigured", "", ALICE, {[OPEN_SUFFICIENT] = true}},
    /* "Could not find out", and nothing else, may fall through to another
     * module where the administrator says so. */
    {"unreachable", "", ALICE, {[OPEN_SUFFICIENT] = true, [FALL_BACK] = true}},
    {"timeout", "", ALICE, {[OPEN_SUFFICIENT] = true, [FALL_BACK] = true}},
    {"tls", "", ALICE, {[OPEN_SUFFICIENT] = true, [FALL_BACK] = true}},
    {"bad-answer", "", ALICE, {[OPEN_SUFFICIENT] = true, [FALL_BACK] = true}},
    {"garbage", "", ALICE, {[OPEN_SUFFICIENT] = true, [FALL_BACK] = true}},
    {"silent", "", ALICE, {[OPEN_SUFFICIENT] = true, [FALL_BACK] = true}},
    {"throttled-service",
     "",
     ALICE,
     {[OPEN_SUFFICIENT] = true, [FALL_BACK] = true}},
};

static void
test_matrix(void **state)
{
    char stack[8192], settings[256];

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        snprintf(settings, sizeof(settings), "failure_floor = 0\n%s",
                 rows[i].settings);
        host_settings(settings);
        host_script(rows[i].script);
        for (int shape = 0; shape < SHAPES; shape++) {
            struct talk talk;
            int result;

            write_shape((enum shape)shape, stack, sizeof(stack));
            host_stack("probe", "%s", stack);
            result = host_login_with(rows[i].user, host_key(), &talk);
            if ((result == PAM_SUCCESS) != rows[i].in[shape])
                fail_msg("'%s' in shape %d: PAM code %d", rows[i].script, shape,
                         result);
        }
        host_log_clear();
    }
    host_settings("failure_floor = 0\ntimeout = 20s\n");
}

/* The whole way of a login, as hosts go it. */
static void
test_whole_way(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;

    host_simple_stack("");
    host_script("granted");
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_null(pam_getenv(pamh, "USERKEY_SESSION"));
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_setcred(pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    assert_int_equal(talk.prompts, 1);
    assert_int_equal(host_asked(), 1);
    assert_int_equal(host_logouts(), 0);
    host_log_clear();
}

/* Two services, one behind the other: each keeps to itself. */
static void
test_two_services(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    char text[8192];
    pam_handle_t *pamh;
    char *first;

    host_script("granted id=person1");
    first = host_read("userkey.conf");
    host_write("second.conf", first);
    free(first);
    host_settings("failure_floor = 0\nmin_uid = 65535\n"); /* not for ALICE */
    snprintf(text, sizeof(text),
             "auth sufficient %s conf=%s\nauth required %s conf=%s\n"
             "account required %s conf=%s\naccount required %s conf=%s\n",
             host_module(), host_path("userkey.conf"), host_module(),
             host_path("second.conf"), host_module(), host_path("userkey.conf"),
             host_module(), host_path("second.conf"));
    host_stack("probe", "%s", text);
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(talk.prompts, 2);
    /* The first one did not let ALICE in, so she is nobody of its. */
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    host_settings("failure_floor = 0\ntimeout = 20s\n");
    host_log_clear();
}

/* Without settings every refusal lasts a second: seen elsewhere. */
int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_whole_way),
        cmocka_unit_test(test_two_services),
    };

    return cmocka_run_group_tests_name("stack", tests, host_setup_awake,
                                       host_teardown);
}
