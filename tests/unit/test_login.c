/* One login, with every kind of agent: what is decided, and what is never
 * sent. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/keytext.h"
#include "core/login.h"
#include "core/users.h"

#include "lib_place.h"

#define SOON   400   /* ms: for a wait that must end in vain */
#define AMPLE  60000 /* ms: for one that must not */
#define PERSON "64f0c0ffee0123456789abcd" /* whom helper_agent names */
#define USER   "nobody"                   /* an account of every machine */

static struct place place;
static struct uk_settings settings;
static struct uk_secret key = UK_SECRET_NONE;
static struct uk_look look; /* from before the key */
static struct uk_outcome out;
static struct uk_err err;

static int
set_up(void **state)
{
    place_open(&place);
    place_copy(&place, "helper_agent", "agent");
    memset(&settings, 0, sizeof(settings));
    snprintf(settings.agent_program, sizeof(settings.agent_program), "%s/agent",
             place.dir);
    snprintf(settings.users_file, sizeof(settings.users_file), "%s/users",
             place.dir);
    settings.min_uid = 1000;
    settings.key_format = UK_KEY_FORMAT_UKEY;
    assert_int_equal(uk_keytext_make(&key, &err), UK_OK);
    return 0;
}

static int
tear_down(void **state)
{
    uk_secret_clear(&key);
    place_close(&place);
    return 0;
}

static int
begin(void **state)
{
    struct passwd *nobody = getpwnam(USER);

    place_write(&place, "users", USER " id:" PERSON "\n", 0644);
    memset(&out, 0, sizeof(out));
    memset(&err, 0, sizeof(err));
    settings.email_domain[0] = '\0';
    settings.allow_root = false;
    settings.key_format = UK_KEY_FORMAT_UKEY;
    return nobody == NULL || nobody->pw_uid < settings.min_uid;
}

static int
end(void **state)
{
    uk_outcome_clear(&out);
    uk_users_clear(&look.users);
    return 0;
}

static enum uk_code
log_in(const char *act, const char *user, const struct uk_secret *with,
       bool keep, unsigned ms)
{
    struct uk_login login = {
        .settings = &settings,
        .conf_file = place_path(&place, act),
        .user = user,
        .service = "sshd",
        .rhost = "host-7",
        .key = with,
        .keep = keep,
        .look = &look,
    };

    return uk_login_decide(&login, uk_deadline_in(ms), &out, &err);
}

static void
assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static const struct {
    const char *act;
    unsigned ms;
    enum uk_code code;
    enum uk_verdict verdict;
    enum uk_stage stage;
} agents[] = {
    {"good", AMPLE, UK_OK, UK_GRANTED, UK_STAGE_NONE},
    {"bad", AMPLE, UK_OK, UK_REFUSED, UK_STAGE_NONE},
    {"disabled", AMPLE, UK_OK, UK_USER_DISABLED, UK_STAGE_NONE},
    {"throttled", AMPLE, UK_OK, UK_THROTTLED_SERVICE, UK_STAGE_NONE},
    {"slow-to-leave", AMPLE, UK_OK, UK_GRANTED, UK_STAGE_NONE},
    {"resolve", AMPLE, UK_TIMEOUT, UK_UNDECIDED, UK_STAGE_RESOLVE},
    {"misconfigured", AMPLE, UK_MISCONFIGURED, UK_UNDECIDED, UK_STAGE_NONE},
    {"crash", AMPLE, UK_UNREACHABLE, UK_UNDECIDED, UK_STAGE_NONE},
    {"silent", AMPLE, UK_UNREACHABLE, UK_UNDECIDED, UK_STAGE_NONE},
    {"hang", SOON, UK_TIMEOUT, UK_UNDECIDED, UK_STAGE_AGENT},
    {"deaf", SOON, UK_TIMEOUT, UK_UNDECIDED, UK_STAGE_AGENT},
    {"late", SOON, UK_TIMEOUT, UK_UNDECIDED, UK_STAGE_AGENT},
    {"endless", SOON, UK_TIMEOUT, UK_UNDECIDED, UK_STAGE_AGENT},
    {"garbage", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED, UK_STAGE_NONE},
    {"twice", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED, UK_STAGE_NONE},
    {"no-then-yes", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED, UK_STAGE_NONE},
    {"truncated", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED, UK_STAGE_NONE},
    {"both", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED, UK_STAGE_NONE},
    {"huge", AMPLE, UK_BAD_ANSWER, UK_UNDECIDED, UK_STAGE_NONE},
};

static void
test_agents(void **state)
{
    for (size_t i = 0; i < UK_COUNT(agents); i++) {
        struct uk_deadline by = uk_deadline_in(agents[i].ms + AMPLE);
        enum uk_code code;

        memset(&out, 0, sizeof(out));
        memset(&err, 0, sizeof(err));
        code = log_in(agents[i].act, USER, &key, false, agents[i].ms);
        if (code != agents[i].code || out.verdict != agents[i].verdict ||
            err.stage != agents[i].stage)
            fail_msg("%s: %s, %s, stage %s: %s", agents[i].act,
                     uk_code_word(code), uk_verdict_word(out.verdict),
                     uk_stage_word(err.stage), err.text);
        assert_int_equal(out.asked, code == UK_OK);
        assert_int_equal(out.tokens.refresh.len, 0);
        assert_false(uk_deadline_passed(by));
        assert_no_child();
        uk_outcome_clear(&out);
    }
}

static void
test_granted(void **state)
{
    assert_int_equal(log_in("good", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_GRANTED);
    assert_string_equal(out.account.name, USER);
    assert_string_equal(out.person.id, PERSON);
    assert_string_equal(out.request_id, "rq-1");
    assert_true(uk_str_is_printable(out.why) && out.why[0] != '\0');
}

static void
test_throttled(void **state)
{
    assert_int_equal(log_in("throttled", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.retry_after_s, 17);
}

/* Why nobody's key is taken is said as the agent says it. */
static void
test_refused(void **state)
{
    assert_int_equal(log_in("bad", USER, &key, false, AMPLE), UK_OK);
    assert_non_null(strstr(out.why, "does not take this key"));
    uk_outcome_clear(&out);
    assert_int_equal(log_in("off", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_REFUSED);
    assert_string_equal(out.why, "no keys today");
}

/* The agent hears what it needs to hear, and the key. */
static void
test_request(void **state)
{
    char sent[100];

    assert_int_equal(log_in("echo", USER, &key, false, AMPLE), UK_OK);
    assert_string_equal(out.request_id, USER "-sshd-host-7-0-0");
    place_read(&place, "echo.key", sent, sizeof(sent));
    assert_string_equal(sent, uk_secret_peek(&key));
    assert_int_equal(unlink(place_path(&place, "echo.key")), 0);
}

/* A key of the wrong sort, a name of the wrong sort: decided here. */
static void
assert_kept_here(const char *user, const char *text, size_t len,
                 enum uk_verdict wanted)
{
    struct uk_secret typed = UK_SECRET_NONE;

    assert_int_equal(uk_secret_set(&typed, text, len, &err), UK_OK);
    assert_int_equal(log_in("echo", user, &typed, false, AMPLE), UK_OK);
    if (out.verdict != wanted)
        fail_msg("'%s' as '%s': %s", text, user, uk_verdict_word(out.verdict));
    assert_false(out.asked);
    assert_true(uk_str_is_printable(out.why) && out.why[0] != '\0');
    assert_int_equal(access(place_path(&place, "echo.key"), F_OK), -1);
    uk_secret_clear(&typed);
    uk_outcome_clear(&out);
}

static void
test_not_a_key(void **state)
{
    static const char junk[] = "\b\n\r\177INCORRECT\b\n\r\177INCORRECT\b\n\r";
    const char *good = uk_secret_peek(&key);
    char typo[UK_KEYTEXT_LEN + 2];

    assert_kept_here(USER, "", 0, UK_NOT_A_KEY);
    assert_kept_here(USER, " ", 1, UK_NOT_A_KEY);
    assert_kept_here(USER, "a Unix password", 15, UK_NOT_A_KEY);
    assert_kept_here(USER, junk, sizeof(junk) - 1, UK_JUNK);
    assert_kept_here(USER, junk, 5, UK_JUNK);
    assert_kept_here("no-such-user", junk, 13, UK_JUNK);
    snprintf(typo, sizeof(typo), "%s", good);
    typo[20] = typo[20] == 'a' ? 'b' : 'a';
    assert_kept_here(USER, typo, UK_KEYTEXT_LEN, UK_NOT_A_KEY);
    snprintf(typo, sizeof(typo), "%sa", good);
    assert_kept_here(USER, typo, UK_KEYTEXT_LEN + 1, UK_NOT_A_KEY);
    assert_kept_here(USER, good, UK_KEYTEXT_LEN - 1, UK_NOT_A_KEY);
    snprintf(typo, sizeof(typo), "%s", good);
    assert_kept_here(USER, typo, UK_KEYTEXT_LEN + 1, UK_NOT_A_KEY); /* a NUL */
}

static void
test_any_key(void **state)
{
    static const char *const injection =
        "sk_mallory\",\"user\":\"mallory"; /* S-27: JSON, not a space in it */
    struct uk_secret typed = UK_SECRET_NONE;
    char sent[100];

    settings.key_format = UK_KEY_FORMAT_ANY;
    assert_kept_here(USER, "with space", 10, UK_NOT_A_KEY);
    assert_kept_here(USER, "", 0, UK_NOT_A_KEY);
    assert_int_equal(uk_secret_set(&typed, injection, strlen(injection), &err),
                     UK_OK);
    assert_int_equal(log_in("echo", USER, &typed, false, AMPLE), UK_OK);
    assert_true(out.asked);
    place_read(&place, "echo.key", sent, sizeof(sent));
    assert_string_equal(sent, injection);
    assert_int_equal(unlink(place_path(&place, "echo.key")), 0);
    uk_secret_clear(&typed);
}

static void
test_accounts(void **state)
{
    static const struct {
        const char *user;
        enum uk_verdict verdict;
    } table[] = {
        {"no-such-user", UK_UNKNOWN_USER},
        {"", UK_UNKNOWN_USER},
        {"NOBODY", UK_UNKNOWN_USER},
        {"nobody ", UK_UNKNOWN_USER},
        {" nobody", UK_UNKNOWN_USER},
        {"nobody@example.com", UK_UNKNOWN_USER},
        {"CORP\\nobody", UK_UNKNOWN_USER},
        {"..", UK_UNKNOWN_USER},
        {"0", UK_UNKNOWN_USER},
        {"-froot", UK_UNKNOWN_USER},
        {"nobody\n", UK_UNKNOWN_USER},
        {"root", UK_NOT_ALLOWED},
        {"daemon", UK_NOT_ALLOWED}, /* below min_uid */
    };
    const char *good = uk_secret_peek(&key);

    for (size_t i = 0; i < UK_COUNT(table); i++) {
        if (strcmp(table[i].user, "daemon") == 0 && getpwnam("daemon") == NULL)
            continue;
        assert_kept_here(table[i].user, good, UK_KEYTEXT_LEN, table[i].verdict);
    }
    place_write(&place, "users", "someone id:" PERSON "\n", 0644);
    assert_kept_here(USER, good, UK_KEYTEXT_LEN, UK_NOT_MAPPED);
}

/* A good key, but somebody else's. */
static void
test_another_person(void **state)
{
    place_write(&place, "users", USER " id:64f0c0ffee0123456789abce\n", 0644);
    assert_int_equal(log_in("good", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_NOT_MAPPED);
    assert_true(out.asked);
    assert_string_equal(out.person.id, PERSON);
    assert_true(uk_str_is_printable(out.why) && out.why[0] != '\0');
}

static void
test_emails(void **state)
{
    place_write(&place, "users", USER " email:ALICE@example.com\n", 0644);
    assert_int_equal(log_in("emails", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_GRANTED);
    uk_outcome_clear(&out);
    place_write(&place, "users", USER " email:bob@example.com\n", 0644);
    assert_int_equal(log_in("emails", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_NOT_MAPPED);
    uk_outcome_clear(&out);
    /* No address reported where one was needed. */
    assert_int_equal(log_in("good", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_NOT_MAPPED);
}

/* Who may log in cannot be read: nobody may, and nothing is sent. */
static void
test_users_file(void **state)
{
    const char *users = settings.users_file;

    assert_int_equal(chmod(users, 0666), 0);
    assert_int_equal(log_in("echo", USER, &key, false, AMPLE),
                     UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, users));
    assert_int_equal(unlink(users), 0);
    assert_int_equal(log_in("echo", USER, &key, false, AMPLE),
                     UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, users));
    place_write(&place, "users", USER " somebody\n", 0644);
    assert_int_equal(log_in("echo", USER, &key, false, AMPLE),
                     UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, users));
    assert_int_equal(access(place_path(&place, "echo.key"), F_OK), -1);
    assert_int_equal(out.verdict, UK_UNDECIDED); /* untouched */
    place_write(&place, "users", "", 0644);
    assert_kept_here(USER, uk_secret_peek(&key), UK_KEYTEXT_LEN, UK_NOT_MAPPED);
}

static void
test_keep(void **state)
{
    assert_int_equal(log_in("tokens", USER, &key, true, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_GRANTED);
    assert_string_equal(uk_secret_peek(&out.tokens.access), "access-1");
    assert_string_equal(uk_secret_peek(&out.tokens.refresh), "refresh-1");
    assert_int_equal(access(place_path(&place, "tokens.logout"), F_OK), -1);
    uk_outcome_clear(&out);
    /* Tokens that were not asked for are no answer to the question. */
    assert_int_equal(log_in("tokens", USER, &key, false, AMPLE), UK_BAD_ANSWER);
}

/* A session that was opened for somebody who may not come in is ended. */
static void
test_keep_refused(void **state)
{
    char ended[100];

    place_write(&place, "users", USER " id:another\n", 0644);
    assert_int_equal(log_in("tokens", USER, &key, true, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_NOT_MAPPED);
    assert_int_equal(out.tokens.access.len, 0);
    assert_int_equal(out.tokens.refresh.len, 0);
    place_read(&place, "tokens.logout", ended, sizeof(ended));
    assert_string_equal(ended, "refresh-1");
    assert_int_equal(unlink(place_path(&place, "tokens.logout")), 0);
    assert_no_child();
}

static void
test_end(void **state)
{
    struct uk_secret refresh = UK_SECRET_NONE;
    char ended[100];

    assert_int_equal(uk_secret_set(&refresh, "refresh-2", 9, &err), UK_OK);
    assert_int_equal(uk_login_end(&settings, place_path(&place, "tokens"),
                                  &refresh, uk_deadline_in(AMPLE), &err),
                     UK_OK);
    place_read(&place, "tokens.logout", ended, sizeof(ended));
    assert_string_equal(ended, "refresh-2");
    assert_int_equal(uk_login_end(&settings, place_path(&place, "hang"),
                                  &refresh, uk_deadline_in(SOON), &err),
                     UK_TIMEOUT);
    assert_int_equal(uk_login_end(&settings, place_path(&place, "resolve"),
                                  &refresh, uk_deadline_in(AMPLE), &err),
                     UK_TIMEOUT);
    assert_int_equal(err.stage, UK_STAGE_RESOLVE);
    assert_int_equal(uk_login_end(&settings, place_path(&place, "tokens"),
                                  &refresh, (struct uk_deadline){0}, &err),
                     UK_TIMEOUT);
    uk_secret_clear(&refresh);
    assert_no_child();
}

static void
test_admit(void **state)
{
    static const struct {
        const char *user;
        const char *users;
        bool allow_root;
        enum uk_verdict verdict;
    } table[] = {
        {USER, USER " id:x\n", false, UK_GRANTED},
        {USER, "other id:x\n", false, UK_NOT_MAPPED},
        {"no-such-user", "no-such-user id:x\n", false, UK_UNKNOWN_USER},
        {"root", "root id:x\n", false, UK_NOT_ALLOWED},
        {"root", "root id:x\n", true, UK_GRANTED},
        {"root", USER " id:x\n", true, UK_NOT_ALLOWED},
    };

    for (size_t i = 0; i < UK_COUNT(table); i++) {
        memset(&out, 0, sizeof(out));
        settings.allow_root = table[i].allow_root;
        place_write(&place, "users", table[i].users, 0644);
        assert_int_equal(uk_login_admit(&settings, table[i].user, &out, &err),
                         UK_OK);
        if (out.verdict != table[i].verdict)
            fail_msg("row %zu: %s (%s)", i, uk_verdict_word(out.verdict),
                     out.why);
        assert_false(out.asked);
    }
    assert_int_equal(unlink(settings.users_file), 0);
    assert_int_equal(uk_login_admit(&settings, USER, &out, &err),
                     UK_MISCONFIGURED);
}

/* What is seen before the prompt counts behind it for this account and for a
 * moment; then, and a second time, the file is asked again. */
static void
test_look(void **state)
{
    static const struct {
        const char *user;
        unsigned ms; /* that the look still counts for */
        enum uk_verdict verdict;
    } table[] = {
        {USER, AMPLE, UK_GRANTED},
        {USER, 0, UK_NOT_MAPPED},
        {"root", AMPLE, UK_NOT_ALLOWED},
    };

    for (size_t i = 0; i < UK_COUNT(table); i++) {
        place_write(&place, "users", USER " id:" PERSON "\n", 0644);
        assert_true(uk_login_look(&settings, USER, &look));
        assert_string_equal(look.account.name, USER);
        assert_in_range(uk_deadline_left_ms(look.until), 0, 250);
        look.until = uk_deadline_in(table[i].ms);
        place_write(&place, "users", "other id:" PERSON "\n", 0644);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(log_in("good", table[i].user, &key, false, AMPLE),
                             UK_OK);
            assert_int_equal(out.verdict,
                             again ? table[1].verdict : table[i].verdict);
            uk_outcome_clear(&out);
            if (table[i].verdict == UK_NOT_ALLOWED)
                break;
        }
        uk_users_clear(&look.users);
    }
}

/* Who may not come in is looked at again, and a long list is not held. */
static void
test_look_is_dropped(void **state)
{
    char users[300 * 40];
    size_t len = 0;

    for (int i = 0; i < 300; i++)
        len += (size_t)snprintf(users + len, sizeof(users) - len, "u%d id:%s\n",
                                i, PERSON);
    place_write(&place, "users", users, 0644);
    assert_false(uk_login_look(&settings, USER, &look));
    assert_null(look.users.entry);
    snprintf(users + len, sizeof(users) - len, USER " id:" PERSON "\n");
    place_write(&place, "users", users, 0644);
    assert_true(uk_login_look(&settings, USER, &look));
    assert_null(look.users.entry);
    assert_int_equal(log_in("good", USER, &key, false, AMPLE), UK_OK);
    assert_int_equal(out.verdict, UK_GRANTED);
    assert_int_equal(unlink(settings.users_file), 0);
    assert_false(uk_login_look(&settings, USER, &look));
    assert_null(look.users.entry);
}

static void
test_program(void **state)
{
    char kept[sizeof(settings.agent_program)];

    memcpy(kept, settings.agent_program, sizeof(kept));
    snprintf(settings.agent_program, sizeof(settings.agent_program),
             "%s/missing", place.dir);
    assert_int_equal(log_in("good", USER, &key, false, AMPLE), UK_UNREACHABLE);
    assert_non_null(strstr(err.text, settings.agent_program));
    assert_non_null(strstr(err.text, "'agent_program' is not there; is the "
                                     "installation complete?"));
    memcpy(settings.agent_program, kept, sizeof(kept));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_agents),         TEST(test_granted),
        TEST(test_throttled),      TEST(test_refused),
        TEST(test_request),        TEST(test_not_a_key),
        TEST(test_any_key),        TEST(test_accounts),
        TEST(test_another_person), TEST(test_emails),
        TEST(test_users_file),     TEST(test_keep),
        TEST(test_keep_refused),   TEST(test_end),
        TEST(test_admit),          TEST(test_program),
        TEST(test_look),           TEST(test_look_is_dropped),
    };

    return cmocka_run_group_tests_name("login", tests, set_up, tear_down);
}
