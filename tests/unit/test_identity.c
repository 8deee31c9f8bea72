/* core/identity: the users file, and who may be whom. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"
#include "core/users.h"

static enum uk_code
parse(const char *text, struct uk_users *out, struct uk_err *err)
{
    return uk_users_parse(text, strlen(text), "U", out, err);
}

/* Of a key's form, with the right checksum: what people paste by mistake. */
#define KEY "ukey5MduBSj0HYp6NevCTk1IZq7OfwDUl2Jar8PgxEVm3Kbs9QhyFWn4Lc2a10to"
#define ADMIN_KEY                                                              \
    "ukadm0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq1T9KZn"

static void
knows_ids(void **state)
{
    static const char *const good[] = {
        "64f0c0ffee0123456789abcd", "a", "_", "A-z_9",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    static const char *const bad[] = {
        "",
        " ",
        "a b",
        "a.b",
        "a/b",
        "../a",
        "a'b",
        "a\n",
        "\xc3\xa4",
        "a@b",
        "01234567890123456789012345678901234567890123456789012345678901234",
        KEY,
        ADMIN_KEY};

    for (size_t i = 0; i < UK_COUNT(good); i++)
        assert_true(uk_identity_is_id(good[i]));
    for (size_t i = 0; i < UK_COUNT(bad); i++)
        assert_false(uk_identity_is_id(bad[i]));
}

static void
knows_addresses(void **state)
{
    static const char *const good[] = {
        "a@b", "alice@example.com", "o'brien+x@example.com", "\"a\"@[10.0.0.1]",
        "!#$%&*/=?^_`{|}~@x"};
    static const char *const bad[] = {"",      "@",          "a",     "a@",
                                      "@b",    "a@b@c",      "@@",    "a b@c",
                                      "a@b c", " a@b",       "a@b ",  "a@b\n",
                                      "a\t@b", "\xc3\xa4@b", "a@\x7f"};
    char longest[UK_EMAIL_MAX + 2];

    for (size_t i = 0; i < UK_COUNT(good); i++)
        assert_true(uk_identity_is_email(good[i]));
    for (size_t i = 0; i < UK_COUNT(bad); i++)
        assert_false(uk_identity_is_email(bad[i]));
    memset(longest, 'a', sizeof(longest) - 1);
    longest[1] = '@';
    longest[UK_EMAIL_MAX + 1] = '\0';
    assert_false(uk_identity_is_email(longest));
    longest[UK_EMAIL_MAX] = '\0';
    assert_true(uk_identity_is_email(longest));
}

static void
reads_a_users_file(void **state)
{
    static const char text[] =
        "# local account   identities\n"
        "\n"
        "alice             id:64f0c0ffee0123456789abcd\n"
        "\tdeploy  email:ci@example.com\temail:a#b@example.com # both\n"
        "root id:u1 email:Boss@Example.com";
    struct uk_users users = {.entry = NULL};
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(parse(text, &users, &err), UK_OK);
    assert_int_equal(users.count, 5);
    assert_string_equal(users.file, "U");
    assert_string_equal(users.entry[0].account, "alice");
    assert_false(users.entry[0].by_email);
    assert_string_equal(users.entry[0].value, "64f0c0ffee0123456789abcd");
    assert_int_equal(users.entry[0].line, 3);
    for (size_t i = 1; i < 3; i++) {
        assert_string_equal(users.entry[i].account, "deploy");
        assert_true(users.entry[i].by_email);
        assert_int_equal(users.entry[i].line, 4);
    }
    uk_users_clear(&users);
    uk_users_clear(&users);
    assert_int_equal(parse("# nobody\n", &users, &err), UK_OK);
    assert_int_equal(users.count, 0);
    uk_users_clear(&users);
}

#define NAME_ALLOWED                                                           \
    "is not the name of an account; allowed: up to 32 of a-z, 0-9, '_', '-', " \
    "the first a letter or '_'"
#define IDENTITY_ALLOWED "is not an identity; allowed: id:ID, email:ADDRESS"

static void
says_what_is_wrong_in_a_users_file(void **state)
{
    static const struct {
        const char *line;
        const char *sentence;
    } rows[] = {
        {"Alice id:u1", "'Alice' " NAME_ALLOWED},
        {"mallory@corp.example id:u1", "'mallory@corp.example' " NAME_ALLOWED},
        {"CORP\\mallory id:u1", "'CORP\\x5cmallory' " NAME_ALLOWED},
        {".. id:u1", "'..' " NAME_ALLOWED},
        {"* id:u1", "'*' " NAME_ALLOWED},
        {"0 id:u1", "'0' " NAME_ALLOWED},
        {"-froot id:u1", "'-froot' " NAME_ALLOWED},
        {"r\xc3\xb6t id:u1", "'r\\xc3\\xb6t' " NAME_ALLOWED},
        {"a\xe2\x80\x8b id:u1", "'a\\xe2\\x80\\x8b' " NAME_ALLOWED},
        {"alice: id:u1", "'alice:' " NAME_ALLOWED},
        {"id:u1 alice", "'id:u1' " NAME_ALLOWED},
        {"abcdefghijklmnopqrstuvwxyz_-23456 id:u1",
         "'abcdefghijklmnopqrstuvwxyz_-23456' " NAME_ALLOWED},
        {KEY " id:u1", "'ukey...' " NAME_ALLOWED},
        {"alice " KEY, "'ukey...' " IDENTITY_ALLOWED},
        {"alice id:" KEY, "'id:ukey...' " IDENTITY_ALLOWED},
        {"alice id:u1," KEY, "'id:u1,ukey...' " IDENTITY_ALLOWED},
        {"alice email:" KEY, "'email:ukey...' " IDENTITY_ALLOWED},
        {"alice", "'alice' has no identity; allowed: id:ID, email:ADDRESS"},
        {"alice # id:u1",
         "'alice' has no identity; allowed: id:ID, email:ADDRESS"},
        {"alice bob", "'bob' " IDENTITY_ALLOWED},
        {"alice *", "'*' " IDENTITY_ALLOWED},
        {"alice name:alice", "'name:alice' " IDENTITY_ALLOWED},
        {"alice ID:u1", "'ID:u1' " IDENTITY_ALLOWED},
        {"alice id:", "'id:' " IDENTITY_ALLOWED},
        {"alice id: u1", "'id:' " IDENTITY_ALLOWED},
        {"alice id:u1,id:u2", "'id:u1,id:u2' " IDENTITY_ALLOWED},
        {"alice id:u*", "'id:u*' " IDENTITY_ALLOWED},
        {"alice id:u1 email:", "'email:' " IDENTITY_ALLOWED},
        {"alice id:u1 email:alice", "'email:alice' " IDENTITY_ALLOWED},
        {"alice id:u1 email:@example.com",
         "'email:@example.com' " IDENTITY_ALLOWED},
        {"alice id:u1 email:a@b@c", "'email:a@b@c' " IDENTITY_ALLOWED},
        {"alice id:u1 email:\xc3\xa4@b",
         "'email:\\xc3\\xa4@b' " IDENTITY_ALLOWED},
        {"bob id:u1", "'bob' stands in line 1 already"},
        {"alice id:u1\x01", "a control character (\\x01) at column 12"},
        {"alice id:u1\r", "the line ends in a carriage return; save the file "
                          "with Unix line ends"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_users users = {.count = 77};
        struct uk_err err = UK_ERR_NONE;
        char text[200];
        char want[300];

        snprintf(text, sizeof(text), "bob id:u9\n%s\nzoe id:u8\n",
                 rows[i].line);
        snprintf(want, sizeof(want), "'U':2: %s", rows[i].sentence);
        if (parse(text, &users, &err) != UK_MISCONFIGURED)
            fail_msg("'%s' was taken", rows[i].line);
        assert_string_equal(err.text, want);
        assert_int_equal(users.count, 77);
        assert_null(users.entry);
    }
}

static void
refuses_nul_bytes(void **state)
{
    static const char text[] = "alice id:u1\0x\n";
    struct uk_users users = {.count = 77};
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(uk_users_parse(text, sizeof(text) - 1, "U", &users, &err),
                     UK_MISCONFIGURED);
    assert_string_equal(err.text, "'U':1: a control character (\\x00) at "
                                  "column 12");
}

static void
survives_damage(void **state)
{
    static const char good[] = "alice id:u1 email:a@b # c\nbob id:u2\n";
    size_t taken = 0;

    for (size_t n = 0; n < 256 * (sizeof(good) - 1); n++) {
        char *text = malloc(sizeof(good) - 1);
        struct uk_users users = {.entry = NULL};
        struct uk_err err = UK_ERR_NONE;
        size_t len = n % 256 == 0 ? n / 256 : sizeof(good) - 1;

        assert_non_null(text);
        memcpy(text, good, sizeof(good) - 1);
        if (n % 256 != 0)
            text[n / 256] = (char)(n % 256);
        if (uk_users_parse(text, len, "U", &users, &err) == UK_OK) {
            taken++;
            for (size_t i = 0; i < users.count; i++)
                assert_true(uk_str_is_user_name(users.entry[i].account));
        } else {
            assert_int_equal(err.code, UK_MISCONFIGURED);
        }
        uk_users_clear(&users);
        free(text);
    }
    assert_true(taken > 0);
}

static void
has_a_largest_file(void **state)
{
    size_t room = 16 * (UK_USERS_MAX_LINES + 1) + 1;
    char *text = malloc(room);
    struct uk_users users = {.entry = NULL};
    struct uk_err err = UK_ERR_NONE;
    size_t len = 0;

    assert_non_null(text);
    for (int i = 0; i < UK_USERS_MAX_LINES; i++)
        len += (size_t)snprintf(text + len, room - len, "u%06d id:u\n",
                                i ^ 0x1555);
    assert_int_equal(uk_users_parse(text, len, "U", &users, &err), UK_OK);
    assert_int_equal(users.count, UK_USERS_MAX_LINES);
    uk_users_clear(&users);
    len += (size_t)snprintf(text + len, room - len, "v id:u\n");
    assert_int_equal(uk_users_parse(text, len, "U", &users, &err),
                     UK_MISCONFIGURED);
    assert_string_equal(err.text,
                        "'U':100001: too many lines; allowed: 100000");
    free(text);
}

/*
 * Who may be whom.  Everyone in the tables below lives with this file.
 */
static const char users_text[] = "alice id:u-alice\n"
                                 "deploy email:ci@example.com id:u-dep\n"
                                 "root id:u-boss\n"
                                 "www-data id:u-www\n"
                                 "mixed id:u-mix email:Mix@Example.COM\n";

static const struct uk_person persons[] = {
    {"u-alice", 1, {"alice@example.com"}},
    {"u-bob", 2, {"x@example.net", "BOB@example.com"}},
    {"u-ci", 1, {"CI@Example.com"}},
    {"u-boss", 1, {"root@example.com"}},
    {"u-none", 0, {{0}}},
    {"u-mix", 0, {{0}}},
    {"U-ALICE", 1, {"alice@example.com.evil.net"}},
    {"alice", 2, {"xalice@example.com", "alice@sub.example.com"}},
    {"u-alice2", 2, {"ci@example.comm", "ci@example.co"}},
    {"u-alic", 1, {"i@example.com"}},
};

static enum uk_verdict
decide(const char *domain, bool allow_root, const char *name, uid_t uid,
       const char *person, char why[UK_WHY_SIZE], enum uk_verdict *admitted)
{
    struct uk_users users = {.entry = NULL};
    struct uk_account account = {.uid = uid, .gid = uid};
    struct uk_policy policy = {.users = &users,
                               .email_domain = domain,
                               .min_uid = 1000,
                               .allow_root = allow_root};
    struct uk_err err = UK_ERR_NONE;
    enum uk_verdict verdict = UK_UNDECIDED;

    assert_int_equal(parse(users_text, &users, &err), UK_OK);
    assert_true(uk_str_copy(account.name, sizeof(account.name), name));
    *admitted = uk_identity_admit(&policy, &account, why);
    for (size_t i = 0; i < UK_COUNT(persons); i++) {
        if (strcmp(persons[i].id, person) == 0)
            verdict = uk_identity_match(&policy, &account, &persons[i], why);
    }
    uk_users_clear(&users);
    return verdict;
}

static void
decides(void **state)
{
    static const struct {
        const char *domain;
        bool allow_root;
        const char *name;
        uid_t uid;
        const char *person;
        enum uk_verdict admitted;
        enum uk_verdict verdict;
    } rows[] = {
        /* by a line with an id */
        {"", false, "alice", 1000, "u-alice", UK_GRANTED, UK_GRANTED},
        {"", false, "alice", 1000, "u-bob", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "alice", 1000, "U-ALICE", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "alice", 1000, "alice", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "alice", 1000, "u-none", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "alice", 1000, "u-alice2", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "alice", 1000, "u-alic", UK_GRANTED, UK_NOT_MAPPED},
        /* by a line with an address, without case */
        {"", false, "deploy", 1001, "u-ci", UK_GRANTED, UK_GRANTED},
        {"", false, "deploy", 1001, "u-alice", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "deploy", 1001, "u-alice2", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "deploy", 1001, "u-alic", UK_GRANTED, UK_NOT_MAPPED},
        {"", false, "mixed", 1002, "u-mix", UK_GRANTED, UK_GRANTED},
        {"", false, "mixed", 1002, "u-ci", UK_GRANTED, UK_NOT_MAPPED},
        /* no line, no rule */
        {"", false, "bob", 1003, "u-bob", UK_NOT_MAPPED, UK_NOT_MAPPED},
        {"", true, "bob", 1003, "u-alice", UK_NOT_MAPPED, UK_NOT_MAPPED},
        /* the rule */
        {"example.com", false, "bob", 1003, "u-bob", UK_GRANTED, UK_GRANTED},
        {"EXAMPLE.COM", false, "bob", 1003, "u-bob", UK_GRANTED, UK_GRANTED},
        {"example.net", false, "x", 1003, "u-bob", UK_GRANTED, UK_GRANTED},
        {"example.net", false, "bob", 1003, "u-bob", UK_GRANTED, UK_NOT_MAPPED},
        {"example.com", false, "bob", 1003, "u-alice", UK_GRANTED,
         UK_NOT_MAPPED},
        {"example.com", false, "bob", 1003, "u-none", UK_GRANTED,
         UK_NOT_MAPPED},
        {"example.com", false, "ob", 1003, "u-bob", UK_GRANTED, UK_NOT_MAPPED},
        {"le.com", false, "bob", 1003, "u-bob", UK_GRANTED, UK_NOT_MAPPED},
        {"com", false, "bob", 1003, "u-bob", UK_GRANTED, UK_NOT_MAPPED},
        {"example.com", false, "ci", 1003, "u-alice2", UK_GRANTED,
         UK_NOT_MAPPED},
        {"example.com", false, "ci", 1003, "u-ci", UK_GRANTED, UK_GRANTED},
        {"evil.net", false, "alic", 1003, "U-ALICE", UK_GRANTED, UK_NOT_MAPPED},
        /* an account with a line has no rule */
        {"example.com", false, "alice", 1000, "alice", UK_GRANTED,
         UK_NOT_MAPPED},
        {"example.com", false, "mixed", 1002, "u-ci", UK_GRANTED,
         UK_NOT_MAPPED},
        {"example.com", false, "alice", 1000, "u-alice", UK_GRANTED,
         UK_GRANTED},
        /* accounts of the system: a line does not lift min_uid */
        {"", false, "www-data", 33, "u-bob", UK_NOT_ALLOWED, UK_NOT_ALLOWED},
        {"example.com", false, "bob", 999, "u-bob", UK_NOT_ALLOWED,
         UK_NOT_ALLOWED},
        {"example.com", true, "bob", 999, "u-bob", UK_NOT_ALLOWED,
         UK_NOT_ALLOWED},
        {"", false, "alice", 1, "u-alice", UK_NOT_ALLOWED, UK_NOT_ALLOWED},
        {"", false, "alice", (uid_t)-1, "u-alice", UK_NOT_ALLOWED,
         UK_NOT_ALLOWED},
        {"", false, "alice", (uid_t)-2, "u-alice", UK_GRANTED, UK_GRANTED},
        /* root: by a line and allow_root, never by the rule */
        {"", false, "root", 0, "u-boss", UK_NOT_ALLOWED, UK_NOT_ALLOWED},
        {"", true, "root", 0, "u-boss", UK_GRANTED, UK_GRANTED},
        {"", true, "root", 0, "u-alice", UK_GRANTED, UK_NOT_MAPPED},
        {"example.com", true, "root", 0, "u-ci", UK_GRANTED, UK_NOT_MAPPED},
        {"example.com", false, "root", 0, "u-boss", UK_NOT_ALLOWED,
         UK_NOT_ALLOWED},
        /* another name of root's */
        {"example.com", true, "bob", 0, "u-bob", UK_NOT_ALLOWED,
         UK_NOT_ALLOWED},
        {"", false, "alice", 0, "u-alice", UK_NOT_ALLOWED, UK_NOT_ALLOWED},
        {"", true, "alice", 0, "u-alice", UK_GRANTED, UK_GRANTED},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        char why[UK_WHY_SIZE] = "";
        enum uk_verdict admitted;
        enum uk_verdict verdict =
            decide(rows[i].domain, rows[i].allow_root, rows[i].name,
                   rows[i].uid, rows[i].person, why, &admitted);

        if (verdict != rows[i].verdict || admitted != rows[i].admitted)
            fail_msg("row %zu (%s as %s): %s, %s", i, rows[i].person,
                     rows[i].name, uk_verdict_word(admitted),
                     uk_verdict_word(verdict));
        assert_true(strlen(why) > 0);
        assert_true(uk_str_is_printable(why));
    }
}

static void
says_why(void **state)
{
    static const struct {
        const char *domain;
        const char *name;
        uid_t uid;
        const char *person;
        const char *why;
    } rows[] = {
        {"", "deploy", 1001, "u-ci", "line 2 of 'U'"},
        {"", "deploy", 1001, "u-bob",
         "this person is not in line 2 of 'U'; to let them in, add 'id:u-bob' "
         "to it"},
        {"", "bob", 1003, "u-bob",
         "no line for 'bob' in 'U'; to let somebody in, add 'bob id:ID' "
         "('userkey whoami' shows them their ID)"},
        {"", "bob", 33, "u-bob", "uid 33 is below 'min_uid' (1000)"},
        {"example.com", "bob", 1003, "u-bob", "'email_domain' (example.com)"},
        {"example.com", "bob", 1003, "u-ci",
         "this person has no confirmed 'bob@example.com'; to let them in, add "
         "'bob id:u-ci' to 'U'"},
        {"", "root", 0, "u-boss",
         "root needs a line of its own and 'allow_root = yes'"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        char why[UK_WHY_SIZE] = "";
        enum uk_verdict admitted;

        decide(rows[i].domain, false, rows[i].name, rows[i].uid, rows[i].person,
               why, &admitted);
        assert_string_equal(why, rows[i].why);
    }
}

static void
asks_for_addresses_only_where_they_decide(void **state)
{
    static const struct {
        const char *domain;
        const char *name;
        uid_t uid;
        bool needed;
    } rows[] = {
        {"", "alice", 1000, false},
        {"", "deploy", 1001, true},
        {"", "mixed", 1002, true},
        {"", "bob", 1003, false},
        {"example.com", "alice", 1000, false},
        {"example.com", "bob", 1003, true},
        {"example.com", "root", 0, false},
        {"example.com", "toor", 0, false},
    };
    struct uk_users users = {.entry = NULL};
    struct uk_err err = UK_ERR_NONE;

    assert_int_equal(parse(users_text, &users, &err), UK_OK);
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_account account = {.uid = rows[i].uid};
        struct uk_policy policy = {
            .users = &users, .email_domain = rows[i].domain, .min_uid = 1000};

        assert_true(
            uk_str_copy(account.name, sizeof(account.name), rows[i].name));
        assert_int_equal(uk_identity_needs_email(&policy, &account),
                         rows[i].needed);
    }
    uk_users_clear(&users);
}

/* Long names on all sides: the words are cut, not the memory behind them. */
static void
bounds_its_words(void **state)
{
    struct {
        char why[UK_WHY_SIZE];
        char behind[8];
    } at = {.behind = "behind"};
    char domain[254];
    char file[256];
    struct uk_users users = {.entry = NULL, .file = file};
    struct uk_account account = {.uid = 1000};
    struct uk_person person = {.n_emails = 0};
    struct uk_policy policy = {
        .users = &users, .email_domain = domain, .min_uid = 1000};

    memset(domain, 'd', sizeof(domain) - 1);
    domain[sizeof(domain) - 1] = '\0';
    memset(file, 'f', sizeof(file) - 1);
    file[sizeof(file) - 1] = '\0';
    memset(account.name, 'n', UK_NAME_MAX);
    memset(person.id, 'i', UK_USER_ID_MAX);
    assert_int_equal(uk_identity_match(&policy, &account, &person, at.why),
                     UK_NOT_MAPPED);
    assert_true(strlen(at.why) < UK_WHY_SIZE);
    policy.email_domain = "";
    assert_int_equal(uk_identity_match(&policy, &account, &person, at.why),
                     UK_NOT_MAPPED);
    assert_int_equal(strlen(at.why), UK_WHY_SIZE - 1);
    assert_string_equal(at.behind, "behind");
}

/* Each rule alone; the first that says something is what admit says. */
static void
asks_each_rule(void **state)
{
    static const char text[] = "# people\nalice id:a\n\nroot id:r\n";
    enum { NO = UK_NOT_ALLOWED, GO = UK_UNDECIDED, IN = UK_GRANTED };
    static const struct {
        const char *name;
        uid_t uid;
        bool allow_root;
        const char *domain;
        unsigned line;
        int said[UK_RULES];
    } rows[] = {
        {"alice", 1000, false, "", 2, {GO, GO, GO, IN, UK_NOT_MAPPED}},
        {"alice", 999, false, "", 2, {GO, NO, GO, IN, UK_NOT_MAPPED}},
        {"alice", 0, false, "d", 2, {NO, GO, GO, IN, IN}},
        {"root", 0, false, "", 4, {NO, GO, GO, IN, UK_NOT_MAPPED}},
        {"root", 0, true, "", 4, {GO, GO, GO, IN, UK_NOT_MAPPED}},
        {"bob", 1000, true, "", 0, {GO, GO, GO, GO, UK_NOT_MAPPED}},
        {"bob", 1000, false, "d", 0, {GO, GO, GO, GO, IN}},
        {"bob", 0, true, "d", 0, {NO, GO, GO, GO, IN}},
        {"bob", (uid_t)-1, false, "d", 0, {GO, GO, NO, GO, IN}},
    };
    struct uk_users users = {.entry = NULL};
    struct uk_err err;

    assert_int_equal(parse(text, &users, &err), UK_OK);
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_policy policy = {.users = &users,
                                   .email_domain = rows[i].domain,
                                   .min_uid = 1000,
                                   .allow_root = rows[i].allow_root};
        struct uk_account account = {.uid = rows[i].uid};
        struct uk_ruling ruling, first = {.verdict = UK_UNDECIDED};
        char why[UK_WHY_SIZE];

        assert_true(
            uk_str_copy(account.name, sizeof(account.name), rows[i].name));
        for (int rule = 0; rule < UK_RULES; rule++) {
            uk_identity_ask(&policy, &account, (enum uk_rule)rule, &ruling);
            assert_int_equal((int)ruling.verdict, rows[i].said[rule]);
            assert_int_equal(ruling.line, rows[i].line);
            assert_true(ruling.why[0] != '\0');
            if (first.verdict == UK_UNDECIDED)
                first = ruling;
        }
        assert_int_equal(uk_identity_admit(&policy, &account, why),
                         first.verdict);
        assert_string_equal(why, first.why);
    }
    uk_users_clear(&users);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_ids),
        cmocka_unit_test(knows_addresses),
        cmocka_unit_test(reads_a_users_file),
        cmocka_unit_test(says_what_is_wrong_in_a_users_file),
        cmocka_unit_test(refuses_nul_bytes),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(has_a_largest_file),
        cmocka_unit_test(decides),
        cmocka_unit_test(asks_each_rule),
        cmocka_unit_test(says_why),
        cmocka_unit_test(asks_for_addresses_only_where_they_decide),
        cmocka_unit_test(bounds_its_words),
    };

    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
