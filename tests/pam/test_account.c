/* acct_mgmt, setcred and chauthtok through the real libpam. */
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attr.h"
#include "tests/pam/lib_host.h"

#define PREFIX "pam_userkey(probe:account): "
#define QUICK  "failure_floor = 0\ntimeout = 20s\n"
#define NOTICE 5

/* Accounts of this test's own, as directories have them: names that are not
 * of our form, and one that is found under any spelling. */
static const struct {
    const char *asked;
    const char *name;
} directory[] = {
    {"john.doe", "john.doe"}, {"John", "John"},       {"0815", "0815"},
    {"j@corp", "j@corp"},     {"someone", "SomeOne"}, {"SOMEONE", "SomeOne"},
};

/* In place of libc's, for the module and for libpam. */
__attribute__((visibility("default"))) int
getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
           struct passwd **result)
{
    static char text[][32] = {"x", "", "/", "/bin/sh"};
    struct passwd *known = NULL;
    size_t len;

    *result = NULL;
    for (size_t i = 0; i < UK_COUNT(directory); i++) {
        if (strcmp(directory[i].asked, name) != 0)
            continue;
        len = strlen(directory[i].name) + 1;
        if (size < len)
            return ERANGE;
        memcpy(buffer, directory[i].name, len);
        *entry = (struct passwd){buffer,  text[0], 4000,   4000,
                                 text[1], text[2], text[3]};
        *result = entry;
        return 0;
    }
    known = getpwnam(name);
    if (known == NULL)
        return 0;
    *entry = *known;
    *result = entry;
    return 0;
}

/* Somebody who came in by other means (sshd's public keys, pam_unix). */
static const struct {
    const char *user;
    const char *users;
    const char *settings;
    int result;
} strangers[] = {
    {ALICE, ALICE " id:person1\n", "", PAM_SUCCESS},
    {ALICE, "", "email_domain = corp.example\n", PAM_SUCCESS},
    {ALICE, "", "", PAM_IGNORE}, /* no line, no rule */
    {ALICE, ALICE " id:person1\n", "min_uid = 65535\n", PAM_IGNORE},
    {SYSTEM, SYSTEM " id:person2\n", "", PAM_IGNORE}, /* below min_uid */
    {"root", "", "", PAM_IGNORE},
    {"root", "root id:person1\n", "", PAM_IGNORE},
    {"root", "root id:person1\n", "allow_root = yes\n", PAM_SUCCESS},
    {"no-such-user-", "", "", PAM_USER_UNKNOWN},
    {"NOBODY", "", "", PAM_USER_UNKNOWN},
    {"a b\n", "", "", PAM_USER_UNKNOWN},
    {"john.doe", "", "", PAM_IGNORE},
    {"john.doe", "", "email_domain = corp.example\n", PAM_IGNORE},
    {"John", "", "", PAM_IGNORE},
    {"0815", "", "", PAM_IGNORE},
    {"j@corp", "", "", PAM_IGNORE},
    {"someone", "someone id:person1\n", "", PAM_IGNORE},
    {"SOMEONE", "someone id:person1\n", "", PAM_IGNORE},
    {"john.dog", "", "", PAM_USER_UNKNOWN},
    {ALICE, "nonsense\n", "", PAM_SERVICE_ERR},
    {"john.doe", "", "no_such_setting = 1\n", PAM_SERVICE_ERR},
    {ALICE, ALICE " id:person1\n", "no_such_setting = 1\n", PAM_SERVICE_ERR},
};

/* libpam makes PERM_DENIED of a stack that says IGNORE only: told apart by
 * what a probe that succeeds before it makes of it. */
static void
stack_account(void)
{
    host_stack("probe",
               "auth required %s conf=%s\n"
               "account [ignore=ignore success=ok default=die] %s conf=%s\n"
               "account required %s return=%d\n",
               host_module(), host_path("userkey.conf"), host_module(),
               host_path("userkey.conf"), host_probe(), PAM_SUCCESS);
}

static int
account_of(const char *user)
{
    struct talk talk = {.style = TALK_FAILS};
    pam_handle_t *pamh = host_start(user, &talk);
    int result = pam_acct_mgmt(pamh, 0);

    assert_int_equal(talk.prompts, 0);
    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

static int
account_alone(const char *user)
{
    host_stack("probe", "account required %s conf=%s\n", host_module(),
               host_path("userkey.conf"));
    return account_of(user);
}

static void
test_strangers(void **state)
{
    char settings[256];

    host_script("granted id=person1");
    for (size_t i = 0; i < UK_COUNT(strangers); i++) {
        int alone, with_others, expected = strangers[i].result;

        snprintf(settings, sizeof(settings), QUICK "%s", strangers[i].settings);
        host_settings(settings);
        host_users(strangers[i].users);
        alone = account_alone(strangers[i].user);
        stack_account();
        with_others = account_of(strangers[i].user);
        /* Alone, IGNORE is nobody's yes. */
        assert_int_equal(alone,
                         expected == PAM_IGNORE ? PAM_PERM_DENIED : expected);
        assert_int_equal(with_others,
                         expected == PAM_IGNORE ? PAM_SUCCESS : expected);
        host_log_clear();
    }
    assert_int_equal(host_asked(), 0); /* no key, no question */
    host_settings(QUICK);
    host_users(ALICE " id:person1\n");
}

/* No key opens such an account, whatever stands in the files. */
static void
test_names_that_keys_are_not_for(void **state)
{
    host_simple_stack("");
    host_settings(QUICK "email_domain = corp.example\n");
    host_users("someone id:person1\n");
    host_script("granted id=person1 email=john.doe@corp.example");
    for (size_t i = 0; i < UK_COUNT(directory); i++) {
        struct talk talk;
        int result = host_login_with(directory[i].asked, host_key(), &talk);

        if (result != PAM_USER_UNKNOWN)
            fail_msg("%s: PAM code %d", directory[i].asked, result);
    }
    assert_int_equal(host_asked(), 0);
    host_settings(QUICK);
    host_users(ALICE " id:person1\n");
    host_log_clear();
}

/* Every login without a key passes here: no line for what is not our case. */
static void
test_silence(void **state)
{
    host_stack("probe", "account required %s conf=%s\n", host_module(),
               host_path("userkey.conf"));
    host_log_clear();
    account_of(ALICE);
    account_of("root");
    host_expect_log(NULL);
    account_of("no-such-user-");
    host_expect_log(PREFIX "unknown-user user='no-such-user-' time=Nms: no "
                           "such account on this machine");
    assert_int_equal(host_log_priority(0), NOTICE);
    host_stack("probe", "account required %s conf=%s debug\n", host_module(),
               host_path("userkey.conf"));
    host_log_clear();
    account_of("root");
    host_expect_log(PREFIX "not-allowed user='root' time=Nms: root needs a "
                           "line of its own and 'allow_root = yes' "
                           "[conf='FOLDER/userkey.conf' pam=25]");
    host_log_clear();
    account_of("john.doe");
    host_expect_log(PREFIX "not-mapped user='john.doe' time=Nms: keys are not "
                           "for accounts with names like this "
                           "[conf='FOLDER/userkey.conf' pam=25]");
    host_log_clear();
}

/* Somebody whose key we took in the same handle. */
static void
test_ours(void **state)
{
    static const struct {
        const char *script;
        int auth;
        const char *users_after; /* NULL: as before */
        int account;
    } rows[] = {
        {"granted id=person1", PAM_SUCCESS, NULL, PAM_SUCCESS},
        {"granted id=person1", PAM_SUCCESS, "", PAM_PERM_DENIED},
        {"granted id=person1", PAM_SUCCESS, "nonsense", PAM_SERVICE_ERR},
        {"user-disabled", PAM_AUTH_ERR, NULL, PAM_ACCT_EXPIRED},
        {"user-disabled", PAM_AUTH_ERR, "", PAM_ACCT_EXPIRED},
        {"refused", PAM_AUTH_ERR, NULL, PAM_SUCCESS},
        {"granted id=person2", PAM_AUTH_ERR, NULL, PAM_SUCCESS},
    };

    host_simple_stack("");
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);
        int result;

        host_script(rows[i].script);
        assert_int_equal(pam_authenticate(pamh, 0), rows[i].auth);
        if (rows[i].users_after != NULL)
            host_users(rows[i].users_after);
        result = pam_acct_mgmt(pamh, 0);
        host_users(ALICE " id:person1\n");
        if (result != rows[i].account)
            fail_msg("row %zu: PAM code %d", i, result);
        pam_end(pamh, result);
    }
    host_log_clear();
}

/* Who was authenticated is remembered with the answer: sudo changes the user
 * of a handle. */
static void
test_another_user(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;

    stack_account();
    host_script("granted id=person1");
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS); /* ignored */
    host_users("");
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_USER, ALICE), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    pam_end(pamh, PAM_SUCCESS);
    host_users(ALICE " id:person1\n");
    host_log_clear();
}

/* A later try in the same handle takes the place of the earlier one. */
static void
test_again(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;

    host_simple_stack("");
    pamh = host_start(ALICE, &talk);
    host_script("user-disabled");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    host_script("granted id=person1");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    host_script("user-disabled");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_ACCT_EXPIRED);
    host_script("tls");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(talk.prompts, 4);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* Handles survive fork: both ends of it free what they have. */
static void
test_fork(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;
    int status = -1;
    pid_t pid;

    host_simple_stack("");
    host_script("granted id=person1");
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool ok = pam_acct_mgmt(pamh, 0) == PAM_SUCCESS &&
                  pam_end(pamh, PAM_SUCCESS | PAM_DATA_SILENT) == PAM_SUCCESS;

        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    host_log_clear();
}

/* S-25: no flag of setcred lets anybody in, or keeps anybody out. */
static void
test_setcred(void **state)
{
    static const int flags[] = {PAM_ESTABLISH_CRED,
                                PAM_REINITIALIZE_CRED,
                                PAM_REFRESH_CRED,
                                PAM_DELETE_CRED,
                                0,
                                PAM_SILENT};
    struct talk talk = {.style = TALK_FAILS};

    host_simple_stack("");
    host_script("granted id=person1");
    for (size_t i = 0; i < UK_COUNT(flags); i++) {
        pam_handle_t *pamh = host_start(ALICE, &talk);

        assert_int_equal(pam_setcred(pamh, flags[i]), PAM_SUCCESS);
        assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    }
    assert_int_equal(talk.prompts, 0);
    assert_int_equal(host_asked(), 0);
    host_expect_log(NULL);
}

/* setcred follows the way that authenticate took, also by jumps. */
static void
test_setcred_in_a_jump(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;

    host_script("granted id=person1");
    host_stack("probe",
               "auth [success=1 default=ignore] %s conf=%s\n"
               "auth requisite %s return=%d\nauth required %s return=0\n",
               host_module(), host_path("userkey.conf"), host_probe(),
               PAM_AUTH_ERR, host_probe());
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* Nothing is changed, and nobody is told that it was. */
static void
test_chauthtok(void **state)
{
    struct talk talk = {.answers = {"new", "new"}};
    pam_handle_t *pamh;

    host_simple_stack("");
    host_script("granted id=person1");
    host_log_clear();
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_chauthtok(pamh, 0), PAM_AUTHTOK_ERR);
    assert_int_equal(talk.prompts, 0);
    assert_int_equal(talk.errors, 1);
    assert_non_null(strstr(talk.error, "userkey create"));
    assert_non_null(strstr(talk.error, "userkey delete"));
    host_expect_log("pam_userkey(probe:chauthtok): invalid user='" ALICE
                    "' time=Nms: keys are not changed here; they are managed "
                    "with 'userkey create' and 'userkey delete'");
    assert_int_equal(pam_chauthtok(pamh, PAM_SILENT), PAM_AUTHTOK_ERR);
    assert_int_equal(talk.errors, 1);
    assert_int_equal(host_asked(), 0);
    pam_end(pamh, PAM_AUTHTOK_ERR);
    host_log_clear();
}

/* Where the stack passes over our first no, libpam asks again: the answer is
 * the same, and the explanation is not repeated. */
static void
test_chauthtok_passed_over(void **state)
{
    struct talk talk = {.answers = {"new", "new"}};
    pam_handle_t *pamh;

    host_stack("probe",
               "password [default=ignore] %s conf=%s/userkey.conf\n"
               "password required pam_permit.so\n",
               host_module(), host_folder());
    host_log_clear();
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_chauthtok(pamh, 0), PAM_SUCCESS); /* pam_permit's */
    assert_int_equal(host_log_count(), 2);
    assert_true(strstr(host_log_line(1), "keys are not changed here") != NULL);
    assert_int_equal(talk.errors, 1);
    assert_int_equal(talk.prompts, 0);
    pam_end(pamh, PAM_SUCCESS);
    host_simple_stack("");
    host_log_clear();
}

/* What is remembered after a refusal is of nobody, not of a user "". */
static void
test_nobody_remembered(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;

    host_simple_stack("");
    host_script("granted id=person1");
    pamh = host_start(ALICE, &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    host_script("refused");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    assert_int_equal(pam_set_item(pamh, PAM_USER, ""), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_USER_UNKNOWN);
    pam_end(pamh, PAM_AUTH_ERR);
    host_log_clear();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_names_that_keys_are_not_for),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_ours),
        cmocka_unit_test(test_another_user),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_setcred),
        cmocka_unit_test(test_setcred_in_a_jump),
        cmocka_unit_test(test_chauthtok),
        cmocka_unit_test(test_chauthtok_passed_over),
        cmocka_unit_test(test_nobody_remembered),
    };

    return cmocka_run_group_tests_name("account", tests, host_setup,
                                       host_teardown);
}
