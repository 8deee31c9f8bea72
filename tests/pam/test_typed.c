/*
 * What is typed, or not: every length and odd byte, hosts that converse badly,
 * the first_pass arguments, and what is left for the next module.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/keytext.h"
#include "tests/pam/lib_hash.h"
#include "tests/pam/lib_host.h"

#define PREFIX    "pam_userkey(probe:auth): "
#define CUT       8192 /* what a secret holds */
#define FILLER    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define QUICK     "failure_floor = 0\ntimeout = 20s\n"
#define QUICK_ANY QUICK "key_format = any\n"

/* Our module, and behind it one that looks at PAM_AUTHTOK; whatever comes out,
 * the stack goes on. */
static void
stack_and_look(const char *first, const char *arguments)
{
    host_stack("probe",
               "%sauth [default=ok] %s conf=%s %s\n"
               "auth optional %s show=%s\n",
               first, host_module(), host_path("userkey.conf"), arguments,
               host_probe(), host_path("authtok"));
    host_write("authtok", "unseen");
}

/* "auth optional PROBE set=TEXT\n", for stack_and_look(). */
static const char *
given(const char *text)
{
    static char line[4096];

    snprintf(line, sizeof(line), "auth optional %s set=%s\n", host_probe(),
             text);
    return line;
}

static void
expect_left(const char *what)
{
    char *got = host_read("authtok");

    assert_string_equal(got, what);
    free(got);
}

static void
expect_left_text(const char *text)
{
    char *got = host_read("authtok");

    assert_memory_equal(got, "text:", 5);
    assert_string_equal(got + 5, text);
    free(got);
}

static char *
filled(size_t len)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = FILLER[i % (sizeof(FILLER) - 1)];
    text[len] = '\0';
    return text;
}

static const size_t lengths[] = {0,   1,   52,  53,   54,   63,   64,   65,
                                 511, 512, 513, 1024, 5000, 8192, 8193, 70000};

/* Nothing that is not a key of ours leaves the machine. */
static void
test_lengths(void **state)
{
    stack_and_look("", "");
    host_script("granted id=person1");
    for (size_t i = 0; i < UK_COUNT(lengths); i++) {
        char *text = filled(lengths[i]);
        struct talk talk;

        host_log_clear();
        assert_int_equal(host_login_with(ALICE, text, &talk), PAM_AUTH_ERR);
        assert_int_equal(talk.prompts, 1);
        assert_true(host_log_has(PREFIX "malformed user='" ALICE "' "));
        if (lengths[i] == UK_KEYTEXT_LEN || lengths[i] > CUT)
            expect_left("none");
        else
            expect_left_text(text);
        free(text);
    }
    assert_int_equal(host_asked(), 0);
}

/* Keys of other services: every length up to 512 is sent, whole. */
static void
test_lengths_any(void **state)
{
    host_settings(QUICK_ANY);
    stack_and_look("", "");
    for (size_t i = 0; i < UK_COUNT(lengths); i++) {
        bool key = lengths[i] >= 1 && lengths[i] <= 512;
        char *text = filled(lengths[i]);
        struct talk talk;
        char hash[64];
        char *asked;

        host_script("granted id=person1");
        assert_int_equal(host_login_with(ALICE, text, &talk),
                         key ? PAM_SUCCESS : PAM_AUTH_ERR);
        asked = host_read("agent.log");
        snprintf(hash, sizeof(hash), " len=%zu hash=%08x ", lengths[i],
                 lib_hash(text, lengths[i]));
        assert_int_equal(strstr(asked, hash) != NULL, key);
        free(asked);
        if (key || lengths[i] > CUT)
            expect_left("none");
        else
            expect_left_text(text);
        free(text);
    }
    host_settings(QUICK);
    host_log_clear();
}

/* One slip, of any kind and anywhere. */
static void
test_slips(void **state)
{
    char text[UK_KEYTEXT_LEN + 2];
    struct talk talk;

    stack_and_look("", "");
    host_script("granted id=person1");
    for (size_t i = 0; i < UK_KEYTEXT_LEN; i++) {
        memcpy(text, host_key(), UK_KEYTEXT_LEN + 1);
        text[i] = text[i] == 'x' ? 'y' : 'x';
        assert_int_equal(host_login_with(ALICE, text, &talk), PAM_AUTH_ERR);
        expect_left("none"); /* nearly a key: nobody else's to see */
    }
    host_log_clear();
    snprintf(text, sizeof(text), "%s%s", host_key(), " ");
    assert_int_equal(host_login_with(ALICE, text, &talk), PAM_AUTH_ERR);
    snprintf(text, sizeof(text), "%s%s", host_key(), "\n");
    assert_int_equal(host_login_with(ALICE, text, &talk), PAM_AUTH_ERR);
    snprintf(text, sizeof(text), " %s", host_key());
    assert_int_equal(host_login_with(ALICE, text, &talk), PAM_AUTH_ERR);
    assert_int_equal(host_asked(), 0);
    host_log_clear();
}

/* S-27: what a naive request would be spoiled by. */
static void
test_injections(void **state)
{
    static const char *const texts[] = {
        ("sk_mallory\",\"user\":\"" ALICE),
        "\"",
        "'; DROP TABLE keys;--",
        "\\",
        "{}",
        "%n%s",
        "a\nb",
        "a\tb",
        "\r\n\r\nGET / HTTP/1.1",
        "key with spaces",
        "\303\274mlaut",
        "\377",
        " ",
    };

    stack_and_look("", "");
    host_script("granted id=person1");
    for (size_t i = 0; i < UK_COUNT(texts); i++) {
        struct talk talk;

        host_log_clear();
        assert_int_equal(host_login_with(ALICE, texts[i], &talk), PAM_AUTH_ERR);
        expect_left_text(texts[i]);
        assert_int_equal(host_log_count(), 1);
        /* Not even what was refused is shown. */
        if (strlen(texts[i]) > 4)
            assert_false(host_log_has(texts[i]));
    }
    assert_int_equal(host_asked(), 0);
}

/* A key ends where its string ends. */
static void
test_nul(void **state)
{
    char text[UK_KEYTEXT_LEN + 8] = "";
    struct talk talk;

    stack_and_look("", "");
    host_script("granted id=person1");
    snprintf(text, sizeof(text), "%s", host_key());
    text[30] = '\0';
    assert_int_equal(host_login_with(ALICE, text, &talk), PAM_AUTH_ERR);
    assert_int_equal(host_asked(), 0);
}

/* S-24, as OpenSSH's auth-pam.c makes it: this, over and over, to the length
 * of what was typed. */
static void
make_junk(char *text, size_t len)
{
    static const char junk[] = "\b\n\r\177INCORRECT";

    for (size_t i = 0; i < len; i++)
        text[i] = junk[i % (sizeof(junk) - 1)];
    text[len] = '\0';
}

static void
test_junk(void **state)
{
    static const size_t sizes[] = {1, 8, 13, 14, 26, 64, 200, 512, 5000};
    char text[5001];

    stack_and_look("", "");
    host_script("granted id=person1");
    for (size_t i = 0; i < UK_COUNT(sizes); i++) {
        struct talk talk;

        make_junk(text, sizes[i]);
        host_log_clear();
        assert_int_equal(host_login_with(ALICE, text, &talk), PAM_AUTH_ERR);
        assert_true(host_log_has(PREFIX "junk user='" ALICE "' "));
        assert_true(host_log_has("sshd has refused this user already"));
        /* As long as a key: nothing is left, as of the key that it stands
         * for, so that no second prompt tells them apart. */
        if (sizes[i] == UK_KEYTEXT_LEN)
            expect_left("none");
        else
            expect_left_text(text);
    }
    assert_int_equal(host_asked(), 0);
    host_settings(QUICK_ANY);
    make_junk(text, 20);
    for (int i = 0; i < 2; i++) {
        struct talk talk;

        assert_int_equal(
            host_login_with(i == 0 ? ALICE : "no-such-user-", text, &talk),
            PAM_AUTH_ERR);
        expect_left("none");
    }
    assert_int_equal(host_asked(), 0);
    host_settings(QUICK);
    host_log_clear();
}

/* S-23: hosts that fail, or say that they did not. */
static void
test_conversations(void **state)
{
    static const struct {
        enum talk_style style;
        int result;
        const char *says;
    } rows[] = {
        {TALK_FAILS, PAM_CONV_ERR, "conversation failed with PAM code 19"},
        {TALK_DANGLES, PAM_CONV_ERR, "conversation failed with PAM code 19"},
        {TALK_AGAIN, PAM_CONV_ERR, "conversation failed with PAM code 30"},
        {TALK_NO_REPLY, PAM_CONV_ERR, "the prompt got no answer"},
        {TALK_NULL_REPLY, PAM_CONV_ERR, "the prompt got no answer"},
    };

    host_script("granted id=person1");
    stack_and_look("", "");
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk = {.style = rows[i].style};

        host_log_clear();
        assert_int_equal(host_login(ALICE, &talk), rows[i].result);
        assert_int_equal(talk.prompts, 1);
        assert_true(host_log_has(PREFIX "cancelled user='" ALICE "' "));
        assert_true(host_log_has(rows[i].says));
        expect_left("none");
    }
    assert_int_equal(host_asked(), 0);
}

/* A host without a conversation function. */
static void
test_no_conversation(void **state)
{
    const struct pam_conv conv = {.conv = NULL, .appdata_ptr = NULL};
    pam_handle_t *pamh = NULL;

    host_simple_stack("");
    host_script("granted id=person1");
    assert_int_equal(
        pam_start_confdir("probe", ALICE, &conv, host_path("pam.d"), &pamh),
        PAM_SUCCESS);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_CONV_ERR);
    pam_end(pamh, PAM_CONV_ERR);
    assert_int_equal(host_asked(), 0);
}

static void
test_prompt(void **state)
{
    static const struct {
        const char *settings;
        const char *arguments;
        const char *prompt;
    } rows[] = {
        {"", "", "User API key: "},
        {"prompt = Key, please:\n", "", "Key, please: "},
        {"prompt = Key, please:\n", "prompt=KEY:", "KEY: "},
        {"", "[prompt=Your key: ]", "Your key: "},
        {"", "[prompt=100%s %n: ]", "100%s %n: "},
    };
    char settings[256];

    host_script("granted id=person1");
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;

        snprintf(settings, sizeof(settings), QUICK "%s", rows[i].settings);
        host_settings(settings);
        host_simple_stack(rows[i].arguments);
        assert_int_equal(host_login_with(ALICE, host_key(), &talk),
                         PAM_SUCCESS);
        assert_string_equal(talk.prompt, rows[i].prompt);
    }
    host_settings(QUICK);
    host_log_clear();
}

/* What an earlier module asked for, and what comes of it. */
static void
test_first_pass(void **state)
{
    const struct {
        const char *arguments;
        const char *earlier; /* NULL: nothing in PAM_AUTHTOK */
        const char *typed;
        int result;
        unsigned prompts;
        unsigned asked;
    } rows[] = {
        {"", host_key(), host_key(), PAM_SUCCESS, 1, 1},
        {"", host_key(), "typed", PAM_AUTH_ERR, 1, 0},
        {"try_first_pass", NULL, host_key(), PAM_SUCCESS, 1, 1},
        {"try_first_pass", host_key(), "typed", PAM_SUCCESS, 0, 1},
        {"try_first_pass", "password", host_key(), PAM_SUCCESS, 1, 1},
        {"try_first_pass", "password", "typed", PAM_AUTH_ERR, 1, 0},
        {"try_first_pass", "", host_key(), PAM_SUCCESS, 1, 1},
        {"use_first_pass", NULL, host_key(), PAM_AUTH_ERR, 0, 0},
        {"use_first_pass", "", host_key(), PAM_AUTH_ERR, 0, 0},
        {"use_first_pass", "password", host_key(), PAM_AUTH_ERR, 0, 0},
        {"use_first_pass", host_key(), "typed", PAM_SUCCESS, 0, 1},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;
        int result;

        host_script("granted id=person1");
        stack_and_look(rows[i].earlier != NULL ? given(rows[i].earlier) : "",
                       rows[i].arguments);
        result = host_login_with(ALICE, rows[i].typed, &talk);
        if (result != rows[i].result || talk.prompts != rows[i].prompts ||
            host_asked() != rows[i].asked)
            fail_msg("row %zu: PAM code %d, %u prompts, %u asked", i, result,
                     talk.prompts, host_asked());
    }
    host_log_clear();
}

/* Where keys of any form are taken, what was typed before us is one. */
static void
test_first_pass_any(void **state)
{
    struct talk talk;

    host_settings(QUICK_ANY);
    host_script("granted id=person1");
    stack_and_look(given("password"), "try_first_pass");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_SUCCESS);
    assert_int_equal(talk.prompts, 0);
    host_script("refused");
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_AUTH_ERR);
    assert_int_equal(talk.prompts, 0);
    assert_int_equal(host_asked(), 1);
    host_settings(QUICK);
    host_log_clear();
}

static void
test_use_first_pass_says_why(void **state)
{
    struct talk talk;

    host_script("granted id=person1");
    stack_and_look("", "use_first_pass");
    host_log_clear();
    host_login_with(ALICE, host_key(), &talk);
    host_expect_log(PREFIX "malformed user='" ALICE "' time=Nms: "
                           "'use_first_pass' is set, and no module before this "
                           "one asked for anything; nothing was sent");
}

/* A key is not put where the next module finds it; what an earlier one put
 * there stays. */
static void
test_left_behind(void **state)
{
    const struct {
        const char *script;
        const char *arguments;
        const char *earlier;
        const char *typed;
        const char *left;
    } rows[] = {
        {"granted", "", NULL, host_key(), "none"},
        {"refused", "", NULL, host_key(), "none"},
        {"tls", "", NULL, host_key(), "none"},
        {"granted", "", NULL, "password", "text:password"},
        {"granted", "", NULL, "", "text:"},
        {"granted", "", "earlier", host_key(), "text:earlier"},
        {"granted", "", "earlier", "password", "text:password"},
        {"granted", "try_first_pass", "earlier", "password", "text:password"},
        {"granted", "try_first_pass", "earlier", host_key(), "text:earlier"},
        {"granted", "use_first_pass", "earlier", "typed", "text:earlier"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;

        host_script(rows[i].script);
        stack_and_look(rows[i].earlier != NULL ? given(rows[i].earlier) : "",
                       rows[i].arguments);
        host_login_with(ALICE, rows[i].typed, &talk);
        expect_left(rows[i].left);
    }
    host_log_clear();
}

/* S-38: whoever the user is, the same is asked, and the same is left. */
static void
test_same_for_every_user(void **state)
{
    static const char *const users[] = {
        ALICE, SYSTEM, "root", "no-such-user-", "NOBODY", "..", ""};
    const char *const texts[] = {"password", "", host_key()};
    const char *const left[] = {"text:password", "text:", "none"};

    host_script("refused");
    stack_and_look("", "");
    for (size_t t = 0; t < UK_COUNT(texts); t++) {
        for (size_t u = 0; u < UK_COUNT(users); u++) {
            struct talk talk;

            assert_int_not_equal(host_login_with(users[u], texts[t], &talk),
                                 PAM_SUCCESS);
            assert_int_equal(talk.prompts, 1);
            assert_string_equal(talk.prompt, "User API key: ");
            assert_int_equal(talk.errors, 0);
            expect_left(left[t]);
        }
    }
    host_log_clear();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lengths_any),
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_injections),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_junk),
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_no_conversation),
        cmocka_unit_test(test_prompt),
        cmocka_unit_test(test_first_pass),
        cmocka_unit_test(test_first_pass_any),
        cmocka_unit_test(test_use_first_pass_says_why),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_same_for_every_user),
    };

    return cmocka_run_group_tests_name("typed", tests, host_setup,
                                       host_teardown);
}
