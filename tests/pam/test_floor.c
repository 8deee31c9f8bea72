/*
 * How long a refusal lasts: until one moment, counted from when the key was in
 * hand, whoever the user is and whatever was found out (threat S-38).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "tests/pam/lib_host.h"
#include "tests/pam/lib_sleep.h"

#define MS 1000000LL

static const struct {
    const char *script;
    const char *user;
    const char *typed; /* NULL: a key */
} refusals[] = {
    {"refused", ALICE, NULL},
    {"user-disabled", ALICE, NULL},
    {"granted id=person2", ALICE, NULL},
    {"throttled-here", ALICE, NULL},
    {"throttled-service", ALICE, NULL},
    {"unreachable", ALICE, NULL},
    {"tls", ALICE, NULL},
    {"bad-answer", ALICE, NULL},
    {"misconfigured", ALICE, NULL},
    {"crash", ALICE, NULL},
    {"garbage", ALICE, NULL},
    {"granted", SYSTEM, NULL},
    {"granted", "root", NULL},
    {"granted", "no-such-user-", NULL},
    {"granted", "..", NULL},
    {"granted", ALICE, "password"},
    {"granted", ALICE, ""},
    {"granted", "no-such-user-", "password"},
    {"granted", ALICE, "\b\n\r\177INCORRECT"},
};

/* A person's typing is before the moment: the conversation tells when it was
 * over. */
static int64_t typed_at;

static int
slow_typist(int n, const struct pam_message **messages,
            struct pam_response **replies, void *data)
{
    struct pam_response *reply = calloc(1, sizeof(*reply));

    if (reply == NULL)
        return PAM_BUF_ERR;
    uk_deadline_wait(uk_deadline_in(30));
    reply->resp = strdup(data);
    *replies = reply;
    typed_at = uk_deadline_in(0).at_ns;
    return PAM_SUCCESS;
}

static int
login(const char *user, const char *typed)
{
    union {
        const char *in;
        void *out;
    } data = {.in = typed};
    const struct pam_conv conv = {.conv = slow_typist, .appdata_ptr = data.out};
    pam_handle_t *pamh = NULL;
    int result;

    lib_sleep_clear();
    assert_int_equal(
        pam_start_confdir("probe", user, &conv, host_path("pam.d"), &pamh),
        PAM_SUCCESS);
    result = pam_authenticate(pamh, 0);
    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

/* The moment is the same for all: the floor behind the end of typing, give or
 * take what it takes to get from there to the clock. */
static void
test_moment(void **state)
{
    host_settings("failure_floor = 10s\ntimeout = 20s\n");
    lib_sleep_skip(true);
    for (size_t i = 0; i < UK_COUNT(refusals); i++) {
        const char *typed = refusals[i].typed;
        int64_t late;

        host_script(refusals[i].script);
        assert_int_not_equal(
            login(refusals[i].user, typed != NULL ? typed : host_key()),
            PAM_SUCCESS);
        late = lib_sleep_until() - typed_at - 10000 * MS;
        if (late < 0 || late > 9000 * MS)
            fail_msg("row %zu ends %lld ns off", i, (long long)late);
        host_log_clear();
    }
}

/* And it is really waited for. */
static void
test_wait(void **state)
{
    struct uk_deadline floor = uk_deadline_in(400);
    struct talk talk;

    host_settings("failure_floor = 400ms\ntimeout = 20s\n");
    lib_sleep_skip(false);
    host_script("refused");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_AUTH_ERR);
    assert_true(uk_deadline_passed(floor));
}

/* A deadline behind the floor: nothing is added to it. */
static void
test_late_failure(void **state)
{
    struct talk talk;

    host_settings("failure_floor = 200ms\ntimeout = 600ms\n");
    lib_sleep_clear();
    host_script("hang");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                     PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(lib_sleep_count(), 0);
}

/* Who may come in does not wait. */
static void
test_granted(void **state)
{
    struct talk talk;

    host_settings("failure_floor = 10s\ntimeout = 20s\n");
    lib_sleep_clear();
    host_script("granted id=person1");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_SUCCESS);
    assert_int_equal(lib_sleep_count(), 0);
}

/* Without settings there is a floor as well: the one that is there when the
 * file says nothing. */
static void
test_before_the_settings(void **state)
{
    int64_t start, late = 0;
    struct talk talk;

    lib_sleep_skip(true);
    host_write("userkey.conf", "nonsense\n");
    /* One of some, on a machine that is busy, begins within a second. */
    for (int i = 0; i < 20 && (i == 0 || late >= 1000 * MS); i++) {
        lib_sleep_clear();
        start = uk_deadline_in(0).at_ns;
        assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                         PAM_SERVICE_ERR);
        assert_int_equal(talk.prompts, 0);
        late = lib_sleep_until() - start - 1000 * MS;
        assert_true(late >= 0);
    }
    assert_true(late < 1000 * MS);
}

/* Other phases are behind a login that was granted. */
static void
test_other_phases(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;

    lib_sleep_skip(true);
    lib_sleep_clear();
    host_write("userkey.conf", "nonsense\n");
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SERVICE_ERR);
    assert_int_equal(pam_setcred(pamh, 0), PAM_SUCCESS);
    assert_int_equal(lib_sleep_count(), 0);
    pam_end(pamh, PAM_SUCCESS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moment),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_late_failure),
        cmocka_unit_test(test_granted),
        cmocka_unit_test(test_before_the_settings),
        cmocka_unit_test(test_other_phases),
    };

    return cmocka_run_group_tests_name("floor", tests, host_setup,
                                       host_teardown);
}
