/*
 * Settings, users file and agent program that are missing, wrong or not to be
 * believed: nobody gets in, nothing is sent, and the log names the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attr.h"
#include "tests/pam/lib_host.h"

#define PREFIX "pam_userkey(probe:auth): "
#define QUICK  "failure_floor = 0\ntimeout = 20s\n"
#define ERR    3

static void
write_mode(const char *name, const char *text, mode_t mode)
{
    host_write(name, text);
    assert_int_equal(chmod(host_path(name), mode), 0);
}

static void
remove_it(const char *name)
{
    assert_int_equal(unlink(host_path(name)), 0);
}

static void
link_it(const char *name)
{
    char *text = host_read(name);

    host_write("elsewhere", text);
    free(text);
    remove_it(name);
    assert_int_equal(symlink(host_path("elsewhere"), host_path(name)), 0);
}

static void
make_folder_of(const char *name)
{
    remove_it(name);
    assert_int_equal(mkdir(host_path(name), 0755), 0);
}

static void
make_pipe_of(const char *name)
{
    remove_it(name);
    assert_int_equal(mkfifo(host_path(name), 0600), 0);
}

static void
open_up(const char *name)
{
    assert_int_equal(chmod(host_path(name), 0666), 0);
}

static void
open_up_to_group(const char *name)
{
    assert_int_equal(chmod(host_path(name), 0664), 0);
}

static void
open_up_folder(const char *name)
{
    assert_int_equal(chmod(host_folder(), 0777), 0);
}

static void
spoil(const char *name)
{
    host_write(name, "this is = not\na setting\n");
}

static void
fill_with_nul(const char *name)
{
    host_write(name, "\001\002\003\n");
}

static void
empty(const char *name)
{
    host_write(name, "");
}

/* Everything as it should be. */
static void
restore(void)
{
    static const char *const names[] = {"userkey.conf", "users"};

    assert_int_equal(chmod(host_folder(), 0755), 0);
    for (size_t i = 0; i < UK_COUNT(names); i++)
        rmdir(host_path(names[i]));
    host_settings(QUICK);
    host_users(ALICE " id:person1\n");
    host_script("granted id=person1");
    host_log_clear();
}

static const struct {
    const char *name;
    void (*spoil)(const char *name);
    const char *says;
} files[] = {
    {"userkey.conf", remove_it, "No such file or directory"},
    {"userkey.conf", link_it, "is a symbolic link"},
    {"userkey.conf", make_folder_of, "is not a regular file"},
    {"userkey.conf", make_pipe_of, "is not a regular file"},
    {"userkey.conf", open_up, "can be written by others"},
    {"userkey.conf", open_up_to_group, "can be written by others"},
    {"userkey.conf", open_up_folder, "can be written by others"},
    {"userkey.conf", spoil, "userkey.conf':1: "},
    {"userkey.conf", fill_with_nul, "a control character"},
    {"userkey.conf", empty, "service_url"},
    {"users", remove_it, "No such file or directory"},
    {"users", link_it, "is a symbolic link"},
    {"users", make_folder_of, "is not a regular file"},
    {"users", make_pipe_of, "is not a regular file"},
    {"users", open_up, "can be written by others"},
    {"users", open_up_to_group, "can be written by others"},
    {"users", spoil, "users':1: "},
    {"users", fill_with_nul, "users':1: "},
};

static void
test_files(void **state)
{
    for (size_t i = 0; i < UK_COUNT(files); i++) {
        struct talk talk;
        int result;

        restore();
        files[i].spoil(files[i].name);
        result = host_login_with(ALICE, host_key(), &talk);
        if (result != PAM_SERVICE_ERR || host_log_count() != 1 ||
            strstr(host_log_line(0), files[i].says) == NULL ||
            strstr(host_log_line(0),
                   PREFIX "misconfigured user='" ALICE "' ") == NULL)
            fail_msg("row %zu: PAM code %d, %s", i, result, host_log_line(0));
        assert_int_equal(host_log_priority(0), ERR);
        assert_int_equal(host_asked(), 0);
    }
    restore();
}

/* An empty users file is one: it lets nobody in. */
static void
test_empty_users(void **state)
{
    struct talk talk;

    restore();
    empty("users");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_AUTH_ERR);
    assert_int_equal(host_asked(), 0);
    restore();
}

/* Root reads everything, so another reads: a screen locker runs as its user. */
static void
test_unreadable(void **state)
{
    uid_t me = geteuid();
    struct talk talk;

    host_need_others();
    restore();
    assert_int_equal(chmod(host_path("userkey.conf"), 0), 0);
    if (me == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                     PAM_SERVICE_ERR);
    assert_int_equal(seteuid(me), 0);
    assert_true(host_log_has("Permission denied"));
    restore();
}

/* S-02: nothing that weakens the connection by itself. */
static const struct {
    const char *settings;
    const char *says;
} weak[] = {
    {"service_url = http://auth.test.invalid\napp_id = app\n", "https://"},
    {"service_url = http://127.0.0.1:1\napp_id = app\n", "insecure_http"},
    {"service_url = https://a\napp_id = app\nverify = no\n",
     "'verify' is not a setting"},
    {"service_url = https://a\n", "app_id"},
    {"service_url = https://a\napp_id = app\ntimeout = 0\n", "500ms to 30s"},
    {"service_url = https://a\napp_id = app\ntimeout = 1h\n", "500ms to 30s"},
    {"service_url = https://a\napp_id = app\nmin_uid = 0\n", "min_uid"},
    {"service_url = https://a\napp_id = app\napp_id = b\n",
     "stands in line 2 already"},
};

static void
test_weak_settings(void **state)
{
    for (size_t i = 0; i < UK_COUNT(weak); i++) {
        struct talk talk;

        restore();
        host_write("userkey.conf", weak[i].settings);
        assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                         PAM_SERVICE_ERR);
        if (!host_log_has(weak[i].says))
            fail_msg("row %zu: %s", i, host_log_line(0));
        assert_int_equal(host_asked(), 0);
    }
    restore();
}

/* Arguments that cannot be: in every phase, before anything else. */
static void
test_arguments(void **state)
{
    static const char *const wrong[] = {
        "debgu",
        "try_first_pass use_first_pass",
        "conf=relative",
        "nullok",
    };

    restore();
    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh;

        host_simple_stack(wrong[i]);
        host_log_clear();
        pamh = host_start(ALICE, &talk);
        assert_int_equal(pam_authenticate(pamh, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
        assert_int_equal(pam_close_session(pamh, 0), PAM_SESSION_ERR);
        assert_int_equal(pam_chauthtok(pamh, 0), PAM_AUTHTOK_ERR);
        assert_int_equal(talk.prompts, 0);
        /* chauthtok: libpam asks twice, the first no ends it. */
        assert_int_equal(host_log_count(), 5);
        for (unsigned n = 0; n < 5; n++)
            assert_non_null(
                strstr(host_log_line(n), "misconfigured user='" ALICE "' "));
        pam_end(pamh, PAM_SERVICE_ERR);
    }
    host_simple_stack("");
    restore();
}

/* Nobody answers where there is no agent that can be started. */
static const struct {
    void (*spoil)(const char *name);
    int result;
    const char *word;
} agents[] = {
    {remove_it, PAM_AUTHINFO_UNAVAIL, "unreachable"},
    {spoil, PAM_AUTHINFO_UNAVAIL, "unreachable"}, /* no program, not 0755 */
    {link_it, PAM_SERVICE_ERR, "misconfigured"},
    {open_up, PAM_SERVICE_ERR, "misconfigured"},
    {open_up_to_group, PAM_SERVICE_ERR, "misconfigured"},
};

static void
test_agents(void **state)
{
    assert_int_equal(rename(host_path("agent"), host_path("real-agent")), 0);
    for (size_t i = 0; i < UK_COUNT(agents); i++) {
        char begins[128];
        struct talk talk;

        write_mode("agent", "#!/bin/false\n", 0755);
        restore();
        agents[i].spoil("agent");
        assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                         agents[i].result);
        snprintf(begins, sizeof(begins), PREFIX "%s user='" ALICE "' ",
                 agents[i].word);
        assert_true(host_log_has(begins));
        assert_true(host_log_has("agent"));
        unlink(host_path("agent"));
    }
    /* A script that is one, and leaves. */
    write_mode("agent", "#!/bin/false\n", 0755);
    restore();
    for (int i = 0; i < 2; i++) {
        struct talk talk;

        assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                         PAM_AUTHINFO_UNAVAIL);
        write_mode("agent", "\177ELF nonsense", 0755);
    }
    assert_int_equal(rename(host_path("real-agent"), host_path("agent")), 0);
    restore();
}

/* conf=: that file and no other. */
static void
test_conf_argument(void **state)
{
    struct talk talk;

    restore();
    host_stack("probe", "auth required %s conf=%s\n", host_module(),
               host_path("no-such.conf"));
    assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                     PAM_SERVICE_ERR);
    assert_true(host_log_has("no-such.conf"));
    host_simple_stack("");
    restore();
}

/* Without settings every refusal lasts a second: seen elsewhere. */
int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_empty_users),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_weak_settings),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_agents),
        cmocka_unit_test(test_conf_argument),
    };

    return cmocka_run_group_tests_name("trust", tests, host_setup_awake,
                                       host_teardown);
}
