/*
 * authenticate through the real libpam: for everything that an agent can say
 * or fail to say, the PAM code, the one line in the log, and what was asked.
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
#include "core/deadline.h"
#include "core/keytext.h"
#include "tests/pam/lib_hash.h"
#include "tests/pam/lib_host.h"

#define PREFIX  "pam_userkey(probe:auth): "
#define ERR     3
#define WARNING 4
#define NOTICE  5
#define INFO    6
#define DEBUG   7

#define REFUSED                                                                \
    "the service does not take this key (unknown, disabled, expired or "       \
    "deleted)"
#define FAILED " user='" ALICE "' time=Nms: the agent's sentence"

static const struct {
    const char *script;
    const char *user;
    int result;
    int priority;
    const char *line; /* behind the prefix */
} answers[] = {
    {"granted id=person1 request=r-1", ALICE, PAM_SUCCESS, INFO,
     "granted user='" ALICE "' id='person1' request=r-1 time=Nms: line 1 of "
     "'FOLDER/users'"},
    {"granted id=person1b", ALICE, PAM_SUCCESS, INFO,
     "granted user='" ALICE "' id='person1b' time=Nms: line 1 of "
     "'FOLDER/users'"},
    {"granted id=person2", ALICE, PAM_AUTH_ERR, NOTICE,
     "not-mapped user='" ALICE "' id='person2' time=Nms: this person is "
     "not in line 1 of 'FOLDER/users'; to let them in, add 'id:person2' to it"},
    {"granted id=Person1", ALICE, PAM_AUTH_ERR, NOTICE,
     "not-mapped user='" ALICE "' id='Person1' time=Nms: this person is "
     "not in line 1 of 'FOLDER/users'; to let them in, add 'id:Person1' to it"},
    {"refused request=r-2", ALICE, PAM_AUTH_ERR, NOTICE,
     "refused user='" ALICE "' request=r-2 time=Nms: " REFUSED
     "; on the service's machine, 'journalctl -u "
     "userkey-server' has the reason under that request id"},
    {"refused", ALICE, PAM_AUTH_ERR, NOTICE,
     "refused user='" ALICE "' time=Nms: " REFUSED
     "; on the service's machine, 'journalctl -u "
     "userkey-server' has the reason"},
    {"user-disabled request=r-3", ALICE, PAM_AUTH_ERR, NOTICE,
     "user-disabled user='" ALICE "' request=r-3 time=Nms: the service says "
     "that the key's user is disabled; 'userkey-server user enable ADDRESS' "
     "lets them "
     "in again"},
    {"not-a-key", ALICE, PAM_AUTH_ERR, NOTICE,
     "malformed user='" ALICE "' time=Nms: not a key, the agent says"},
    {"throttled-here retry=7", ALICE, PAM_MAXTRIES, NOTICE,
     "throttled user='" ALICE "' time=Nms: too many attempts on this machine; "
     "try again in 7 s"},
    {"throttled-service retry=60 request=r-4", ALICE, PAM_AUTHINFO_UNAVAIL,
     WARNING,
     "throttled user='" ALICE "' request=r-4 time=Nms: too many attempts, the "
     "service says; try again in 60 s"},
    {"unreachable", ALICE, PAM_AUTHINFO_UNAVAIL, WARNING, "unreachable" FAILED},
    {"timeout", ALICE, PAM_AUTHINFO_UNAVAIL, WARNING, "timeout:connect" FAILED},
    {"tls", ALICE, PAM_AUTHINFO_UNAVAIL, WARNING, "tls" FAILED},
    {"bad-answer", ALICE, PAM_AUTHINFO_UNAVAIL, WARNING, "bad-answer" FAILED},
    {"misconfigured", ALICE, PAM_SERVICE_ERR, ERR, "misconfigured" FAILED},
    {"no-memory", ALICE, PAM_BUF_ERR, ERR, "no-memory" FAILED},
    {"system", ALICE, PAM_SYSTEM_ERR, ERR, "system" FAILED},
    {"granted id=person1", SYSTEM, PAM_PERM_DENIED, NOTICE,
     "not-allowed user='" SYSTEM "' time=Nms: uid 1 is below 'min_uid' (1000)"},
    {"granted id=person1", "root", PAM_PERM_DENIED, NOTICE,
     "not-allowed user='root' time=Nms: root needs a line of its own and "
     "'allow_root = yes'"},
    {"granted id=person1", "no-such-user-", PAM_USER_UNKNOWN, NOTICE,
     "unknown-user user='no-such-user-' time=Nms: no such account on this "
     "machine; nothing was sent"},
};

/* Which of them the agent hears of. */
static bool
is_asked(const char *user)
{
    return strcmp(user, ALICE) == 0;
}

static void
test_answers(void **state)
{
    for (size_t i = 0; i < UK_COUNT(answers); i++) {
        char expected[1024];
        struct talk talk;
        int result;

        host_log_clear();
        host_script(answers[i].script);
        result = host_login_with(answers[i].user, host_key(), &talk);
        if (result != answers[i].result)
            fail_msg("'%s' as %s: PAM code %d, %s", answers[i].script,
                     answers[i].user, result, host_log_line(0));
        assert_int_equal(host_log_count(), 1);
        snprintf(expected, sizeof(expected), PREFIX "%s", answers[i].line);
        assert_string_equal(host_log_line(0), expected);
        assert_int_equal(host_log_priority(0), answers[i].priority);
        assert_int_equal(talk.prompts, 1);
        assert_int_equal(talk.errors, 0);
        assert_int_equal(host_asked(), is_asked(answers[i].user) ? 1 : 0);
    }
}

/* Without the service: only where the settings of this machine say so, for the
 * time that they say. */
#define GRACE "offline_grace = 2h\noffline_services = login probe\n"
static const struct {
    const char *settings;
    const char *script;
    int result;
    int priority;
    const char *line;
} offline[] = {
    {GRACE, "granted id=person1 offline=7200", PAM_SUCCESS, NOTICE,
     "granted user='" ALICE "' id='person1' offline=7200s time=Nms: line 1 of "
     "'FOLDER/users'; no server can be reached, so by 'offline_grace': the "
     "service took this key 7200 s ago"},
    {GRACE "session = keep\n", "granted id=person1 offline=0", PAM_SUCCESS,
     NOTICE,
     "granted user='" ALICE "' id='person1' offline=0s time=Nms: line 1 of "
     "'FOLDER/users'; no server can be reached, so by 'offline_grace': the "
     "service took this key 0 s ago"},
    {GRACE, "granted id=person2 offline=1", PAM_AUTH_ERR, NOTICE,
     "not-mapped user='" ALICE "' id='person2' offline=1s time=Nms: this "
     "person is not in line 1 of 'FOLDER/users'; to let them in, add "
     "'id:person2' to it; no server can be reached, so by 'offline_grace': "
     "the service took this key 1 s ago"},
#define TOO_MUCH                                                               \
    "bad-answer user='" ALICE "' time=Nms: the agent grants by "               \
    "'offline_grace' what the settings do not"
    {GRACE, "granted id=person1 offline=7201", PAM_AUTHINFO_UNAVAIL, WARNING,
     TOO_MUCH},
    {"offline_grace = 2h\noffline_services = login prob probes\n",
     "granted id=person1 offline=1", PAM_AUTHINFO_UNAVAIL, WARNING, TOO_MUCH},
    {"", "granted id=person1 offline=1", PAM_AUTHINFO_UNAVAIL, WARNING,
     TOO_MUCH},
};

static void
test_offline(void **state)
{
    for (size_t i = 0; i < UK_COUNT(offline); i++) {
        char expected[1024];
        struct talk talk;

        host_log_clear();
        host_settings(offline[i].settings);
        host_script(offline[i].script);
        assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                         offline[i].result);
        snprintf(expected, sizeof(expected), PREFIX "%s", offline[i].line);
        assert_string_equal(host_log_line(0), expected);
        assert_int_equal(host_log_count(), 1);
        assert_int_equal(host_log_priority(0), offline[i].priority);
        host_asked();
    }
    host_settings("");
}

/* What is no answer is no answer, at once. */
static const char *const no_answers[] = {
    "undecided", "truncated", "more",    "version",    "twice", "garbage",
    "mute",      "zeros",     "nothing", "long",       "echo",  "silent",
    "exit1",     "crash",     "killed",  "descriptor",
};

static void
test_no_answers(void **state)
{
    for (size_t i = 0; i < UK_COUNT(no_answers); i++) {
        struct talk talk;
        int result;

        host_log_clear();
        host_script(no_answers[i]);
        result = host_login_with(ALICE, host_key(), &talk);
        if (result != PAM_AUTHINFO_UNAVAIL)
            fail_msg("'%s': PAM code %d, %s", no_answers[i], result,
                     host_log_line(0));
        assert_int_equal(host_log_count(), 1);
        assert_int_equal(host_log_priority(0), WARNING);
        if (!host_log_has(PREFIX "bad-answer ") &&
            !host_log_has(PREFIX "unreachable "))
            fail_msg("'%s': %s", no_answers[i], host_log_line(0));
    }
}

/* What never ends is ended, within the deadline and not much later. */
static const char *const endless[] = {"hang", "deaf", "grip"};

static void
test_endless(void **state)
{
    host_settings("failure_floor = 0\ntimeout = 600ms\n");
    for (size_t i = 0; i < UK_COUNT(endless); i++) {
        struct uk_deadline early = uk_deadline_in(590);
        struct uk_deadline late = uk_deadline_in(30000);
        struct talk talk;

        host_log_clear();
        host_script(endless[i]);
        assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                         PAM_AUTHINFO_UNAVAIL);
        assert_true(uk_deadline_passed(early));
        assert_false(uk_deadline_passed(late));
        assert_true(host_log_has(PREFIX "timeout:agent user='" ALICE "'"));
    }
    host_settings("failure_floor = 0\ntimeout = 20s\n");
}

/* An answer counts although the agent does not leave; the agent is ended. */
static void
test_lingering_agent(void **state)
{
    struct uk_deadline late = uk_deadline_in(30000);
    struct talk talk;

    host_settings("failure_floor = 0\ntimeout = 4s\n");
    host_script("linger");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_SUCCESS);
    assert_false(uk_deadline_passed(late));
    host_settings("failure_floor = 0\ntimeout = 20s\n");
}

/* A line that is taken away while the person types lets nobody in. */
static void
test_users_change_at_the_prompt(void **state)
{
    struct talk talk = {.answers = {host_key()},
                        .users = SYSTEM " id:person1\n",
                        .thinks_ms = 300};
    pam_handle_t *pamh = host_start(ALICE, &talk);

    host_script("granted id=person1");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    pam_end(pamh, PAM_AUTH_ERR);
    assert_int_equal(host_asked(), 0);
    host_users(ALICE " id:person1\n");
}

static void
test_slow_agent(void **state)
{
    struct talk talk;

    host_script("slow ms=700");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_SUCCESS);
}

/* What the agent is told, and how it is started. */
static void
test_request(void **state)
{
    char expected[512];
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh = host_start(ALICE, &talk);
    char *got;

    host_script("granted id=person1");
    assert_int_equal(pam_set_item(pamh, PAM_RHOST, "10.0.0.7"), PAM_SUCCESS);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    pam_end(pamh, PAM_SUCCESS);
    snprintf(expected, sizeof(expected),
             "login user='" ALICE "' service='probe' rhost='10.0.0.7' keep=0 "
             "emails=0 len=64 hash=%08x argc=3 environ=empty fds=0,1,2,3 "
             "signals=default\n",
             lib_hash(host_key(), 64));
    got = host_read("agent.log");
    assert_string_equal(got, expected);
    free(got);
}

static void
test_rhost_in_the_log(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh = host_start(ALICE, &talk);

    host_log_clear();
    host_script("refused request=r");
    assert_int_equal(pam_set_item(pamh, PAM_RHOST, "10.0.0.7"), PAM_SUCCESS);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    pam_end(pamh, PAM_AUTH_ERR);
    host_expect_log(PREFIX "refused user='" ALICE "' rhost='10.0.0.7' "
                           "request=r time=Nms: " REFUSED
                           "; on the service's machine, 'journalctl -u "
                           "userkey-server' has the reason under that "
                           "request id");
}

/* Addresses decide, by a line and by the rule. */
static void
test_email(void **state)
{
    static const struct {
        const char *script;
        const char *users;
        const char *domain;
        int result;
    } rows[] = {
        {"granted email=CI@Example.com", ALICE " email:ci@example.com\n", "",
         PAM_SUCCESS},
        {"granted email=ci@example.org", ALICE " email:ci@example.com\n", "",
         PAM_AUTH_ERR},
        {"granted", ALICE " email:ci@example.com\n", "", PAM_AUTH_ERR},
        {"granted email=" ALICE "@corp.example", "",
         "email_domain = corp.example\n", PAM_SUCCESS},
        {"granted email=" ALICE "@other.example", "",
         "email_domain = corp.example\n", PAM_AUTH_ERR},
        /* A line of its own: the rule does not hold for it. */
        {"granted email=" ALICE "@corp.example", ALICE " id:somebody\n",
         "email_domain = corp.example\n", PAM_AUTH_ERR},
    };
    char more[256];

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;

        snprintf(more, sizeof(more), "failure_floor = 0\n%s", rows[i].domain);
        host_settings(more);
        host_users(rows[i].users);
        host_script(rows[i].script);
        if (host_login_with(ALICE, host_key(), &talk) != rows[i].result)
            fail_msg("row %zu: %s", i, host_log_line(host_log_count() - 1));
        host_log_clear();
    }
    host_settings("failure_floor = 0\ntimeout = 20s\n");
    host_users(ALICE " id:person1\n");
}

/* An account that nothing lets in is not asked about. */
static void
test_not_mapped_without_asking(void **state)
{
    struct talk talk;

    host_users("");
    host_script("granted id=person1");
    host_log_clear();
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_AUTH_ERR);
    assert_int_equal(talk.prompts, 1);
    assert_int_equal(host_asked(), 0);
    host_expect_log(PREFIX
                    "not-mapped user='" ALICE "' time=Nms: no line for '" ALICE
                    "' in 'FOLDER/users'; to let somebody in, add '" ALICE
                    " id:ID' ('userkey whoami' shows them their ID)");
    host_users(ALICE " id:person1\n");
}

/* root: only by a line and with allow_root. */
static void
test_root(void **state)
{
    static const struct {
        const char *users, *settings;
        int result;
    } rows[] = {
        {"root id:person1\n", "", PAM_PERM_DENIED},
        {"", "allow_root = yes\n", PAM_PERM_DENIED},
        {"", "allow_root = yes\nemail_domain = corp.example\n",
         PAM_PERM_DENIED},
        {"root id:person1\n", "allow_root = yes\n", PAM_SUCCESS},
        {"root id:person2\n", "allow_root = yes\n", PAM_AUTH_ERR},
    };
    char more[256];

    host_script("granted id=person1 email=root@corp.example");
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;

        snprintf(more, sizeof(more), "failure_floor = 0\n%s", rows[i].settings);
        host_settings(more);
        host_users(rows[i].users);
        assert_int_equal(host_login_with("root", host_key(), &talk),
                         rows[i].result);
    }
    host_settings("failure_floor = 0\ntimeout = 20s\n");
    host_users(ALICE " id:person1\n");
    host_log_clear();
}

/* S-22: whoever the service names, the host's user stays the host's. */
static void
test_user_is_never_changed(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh = host_start(ALICE, &talk);
    const void *user = NULL;

    host_script("granted id=person1");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_get_item(pamh, PAM_USER, &user), PAM_SUCCESS);
    assert_string_equal(user, ALICE);
    pam_end(pamh, PAM_SUCCESS);
}

/* A host that does not know whom it logs in. */
static void
test_user_is_asked_for(void **state)
{
    struct talk talk = {.answers = {ALICE, host_key()}};
    pam_handle_t *pamh = host_start(NULL, &talk);

    host_script("granted id=person1");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(talk.names, 1);
    assert_int_equal(talk.prompts, 1);
    pam_end(pamh, PAM_SUCCESS);
}

static void
test_user_is_not_given(void **state)
{
    struct talk talk = {.style = TALK_FAILS};
    pam_handle_t *pamh = host_start(NULL, &talk);

    host_script("granted id=person1");
    host_log_clear();
    assert_int_equal(pam_authenticate(pamh, 0), PAM_CONV_ERR);
    assert_int_equal(host_asked(), 0);
    assert_true(host_log_has(PREFIX "cancelled user='' "));
    pam_end(pamh, PAM_CONV_ERR);
}

/* S-29, S-39: one line, printable, and nothing sent. */
static const struct {
    const char *user;
    const char *shown;
} odd_names[] = {
    {"NOBODY", "NOBODY"},
    {ALICE " ", ALICE " "},
    {" " ALICE, " " ALICE},
    {ALICE "@corp.example", ALICE "@corp.example"},
    {"CORP\\" ALICE, "CORP\\x5c" ALICE},
    {"..", ".."},
    {"../" ALICE, "../" ALICE},
    {"0", "0"},
    {"65534", "65534"},
    {"-froot", "-froot"},
    {"", ""},
    {"\357\275\216obody", "\\xef\\xbd\\x8eobody"},
    {ALICE "\342\200\213", ALICE "\\xe2\\x80\\x8b"},
    {"\001" ALICE, "\\x01" ALICE},
    {ALICE "\t", ALICE "\\x09"},
    {ALICE "\n", ALICE "\\x0a"},
    {"bob'\nNov 23 05:00:00 vm sshd[1]: Accepted",
     "bob\\x27\\x0aNov 23 05:00:00 vm sshd[1]: Accepted"},
    {"\033]0;pwned\007", "\\x1b]0;pwned\\x07"},
    {"%s%n%x", "%s%n%x"},
    {ALICE ":x", ALICE ":x"},
};

static void
expect_odd_name(const char *user, const char *shown)
{
    char expected[1024];
    struct talk talk;

    host_log_clear();
    assert_int_equal(host_login_with(user, host_key(), &talk),
                     PAM_USER_UNKNOWN);
    snprintf(expected, sizeof(expected),
             PREFIX "unknown-user user='%s' time=Nms: no such account on "
                    "this machine; nothing was sent",
             shown);
    host_expect_log(expected);
    assert_int_equal(host_asked(), 0);
    assert_int_equal(talk.prompts, 1);
}

static void
test_odd_names(void **state)
{
    char name[301], shown[128];

    host_script("granted id=person1");
    for (size_t i = 0; i < UK_COUNT(odd_names); i++)
        expect_odd_name(odd_names[i].user, odd_names[i].shown);
    memset(name, 'a', 300);
    name[300] = '\0';
    memset(shown, 'a', 64);
    memcpy(shown + 64, "...", 4);
    expect_odd_name(name, shown);
    /* typed or pasted at a prompt for a name */
    expect_odd_name(host_key(), "ukey...");
}

/* The same for what else comes from outside. */
static void
test_odd_rhost(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh = host_start(ALICE, &talk);
    char long_host[400];

    memset(long_host, 'h', sizeof(long_host) - 1);
    long_host[sizeof(long_host) - 1] = '\0';
    host_script("granted id=person1");
    host_log_clear();
    pam_set_item(pamh, PAM_RHOST, "a\nb'\377");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_true(host_log_has(" rhost='a\\x0ab\\x27\\xff' "));
    pam_set_item(pamh, PAM_RHOST, long_host);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_int_equal(host_log_count(), 2);
    pam_end(pamh, PAM_SUCCESS);
}

/* A host may set its items anew while it asks: what was borrowed of them
 * before is gone, and the key is not for another user's account. */
static void
test_items_change_at_the_prompt(void **state)
{
    static const struct {
        const char *user;
        const char *rhost;
        enum talk_style style;
        int result;
        const char *line;
    } rows[] = {
        {ALICE, "10.0.0.8", TALK_ANSWERS, PAM_SUCCESS,
         "granted user='" ALICE "' rhost='10.0.0.8' id='person1' time=Nms: "
         "line 1 of 'FOLDER/users'"},
        {SYSTEM, "10.0.0.8", TALK_ANSWERS, PAM_SYSTEM_ERR,
         "invalid user='" SYSTEM "' rhost='10.0.0.8' time=Nms: the program "
         "changed the user during the prompt"},
        {NULL, NULL, TALK_ANSWERS, PAM_SYSTEM_ERR,
         "invalid user='' time=Nms: the program changed the user during the "
         "prompt"},
        {ALICE "x", NULL, TALK_ANSWERS, PAM_SYSTEM_ERR,
         "invalid user='" ALICE "x' time=Nms: the program changed the user "
         "during the prompt"},
        {SYSTEM, "10.0.0.8", TALK_FAILS, PAM_CONV_ERR,
         "cancelled user='" SYSTEM "' rhost='10.0.0.8' time=Nms: the "
         "program's conversation failed with PAM code 19"},
    };

    host_users(ALICE " id:person1\n" SYSTEM " id:person1\n");
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk = {.style = rows[i].style, .answers = {host_key()}};
        char expected[512];

        talk.pamh = host_start(ALICE, &talk);
        talk.user = rows[i].user;
        talk.rhost = rows[i].rhost;
        assert_int_equal(pam_set_item(talk.pamh, PAM_RHOST, "10.0.0.7"), 0);
        host_script("granted id=person1");
        host_log_clear();
        assert_int_equal(pam_authenticate(talk.pamh, 0), rows[i].result);
        snprintf(expected, sizeof(expected), PREFIX "%s", rows[i].line);
        host_expect_log(expected);
        assert_int_equal(host_asked(), rows[i].result == PAM_SUCCESS ? 1 : 0);
        pam_end(talk.pamh, rows[i].result);
    }
    host_users(ALICE " id:person1 id:person1b\n" SYSTEM " id:person2\n");
    host_log_clear();
}

/* log_level and debug: what is said, not what is decided. */
static void
test_log_levels(void **state)
{
    static const struct {
        const char *level;
        const char *script;
        int said;
    } rows[] = {
        {"error", "granted", 0},     {"error", "refused", 0},
        {"error", "unreachable", 0}, {"error", "misconfigured", 1},
        {"warning", "granted", 0},   {"warning", "refused", 0},
        {"warning", "tls", 1},       {"warning", "misconfigured", 1},
        {"notice", "granted", 0},    {"notice", "refused", 1},
        {"notice", "bad-answer", 1}, {"info", "granted", 1},
        {"info", "refused", 1},      {"debug", "granted", 1},
    };
    char more[128];

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;

        snprintf(more, sizeof(more), "failure_floor = 0\nlog_level = %s\n",
                 rows[i].level);
        host_settings(more);
        host_script(rows[i].script);
        host_log_clear();
        host_login_with(ALICE, host_key(), &talk);
        if ((int)host_log_count() != rows[i].said)
            fail_msg("'%s' at level %s", rows[i].script, rows[i].level);
    }
    host_settings("failure_floor = 0\ntimeout = 20s\n");
}

static void
test_debug(void **state)
{
    struct talk talk;

    host_settings("failure_floor = 0\nlog_level = error\n");
    host_simple_stack("debug");
    host_script("granted id=person1");
    host_log_clear();
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_SUCCESS);
    host_expect_log(PREFIX "granted user='" ALICE "' id='person1' time=Nms: "
                           "line 1 of 'FOLDER/users' "
                           "[conf='FOLDER/userkey.conf' pam=0]");
    host_simple_stack("");
    host_settings("failure_floor = 0\ntimeout = 20s\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_offline),
        cmocka_unit_test(test_no_answers),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_lingering_agent),
        cmocka_unit_test(test_users_change_at_the_prompt),
        cmocka_unit_test(test_slow_agent),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_rhost_in_the_log),
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_not_mapped_without_asking),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_user_is_never_changed),
        cmocka_unit_test(test_user_is_asked_for),
        cmocka_unit_test(test_user_is_not_given),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_odd_rhost),
        cmocka_unit_test(test_items_change_at_the_prompt),
        cmocka_unit_test(test_log_levels),
        cmocka_unit_test(test_debug),
    };

    return cmocka_run_group_tests_name("login", tests, host_setup,
                                       host_teardown);
}
