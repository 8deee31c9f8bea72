/* core/identity at its edges: a file without a name, as many addresses as fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/identity.h"

static const struct uk_users nobody = {.entry = NULL};
static const struct uk_account bob = {.name = "bob", .uid = 1000};

/* A person may be bob only by the last of the addresses. */
static struct uk_person
make_person(const char *last)
{
    struct uk_person person = {.id = "u-bob", .n_emails = UK_PERSON_EMAILS};

    for (int i = 0; i < UK_PERSON_EMAILS; i++)
        snprintf(person.email[i], sizeof(person.email[i]), "x%d@a.example", i);
    snprintf(person.email[UK_PERSON_EMAILS - 1], sizeof(person.email[0]), "%s",
             last);
    return person;
}

static void
test_no_file(void **state)
{
    struct uk_policy policy = {
        .users = &nobody, .email_domain = "", .min_uid = 1000};
    struct uk_person person = make_person("bob@b.example");
    char why[UK_WHY_SIZE];

    assert_int_equal(uk_identity_admit(&policy, &bob, why), UK_NOT_MAPPED);
    assert_non_null(strstr(why, "no line for 'bob' in ''"));
    policy.email_domain = "a.example";
    assert_int_equal(uk_identity_match(&policy, &bob, &person, why),
                     UK_NOT_MAPPED);
    assert_non_null(strstr(why, "no confirmed 'bob@a.example'"));
    assert_non_null(strstr(why, "to ''"));
}

static void
test_all_addresses(void **state)
{
    const struct uk_policy policy = {
        .users = &nobody, .email_domain = "a.example", .min_uid = 1000};
    struct uk_person person = make_person("Bob@A.Example");
    char why[UK_WHY_SIZE];

    assert_int_equal(uk_identity_match(&policy, &bob, &person, why),
                     UK_GRANTED);
    person.n_emails--;
    assert_int_equal(uk_identity_match(&policy, &bob, &person, why),
                     UK_NOT_MAPPED);
}

/* A count that cannot be: what lies behind the last is not looked at. */
static void
test_too_many_addresses(void **state)
{
    const struct uk_policy policy = {
        .users = &nobody, .email_domain = "a.example", .min_uid = 1000};
    struct uk_person person = make_person("bobby@a.example");
    char why[UK_WHY_SIZE];

    person.n_emails = SIZE_MAX;
    assert_int_equal(uk_identity_match(&policy, &bob, &person, why),
                     UK_NOT_MAPPED);
}

/* An address that is too long for one is nobody's, and not the one that it
 * begins with. */
static void
test_too_long(void **state)
{
    char domain[UK_EMAIL_MAX - 2], address[UK_EMAIL_MAX + 1] = "bob@";
    struct uk_policy policy = {
        .users = &nobody, .email_domain = domain, .min_uid = 1000};
    struct uk_person person;
    char why[UK_WHY_SIZE];

    memset(address + 4, 'd', UK_EMAIL_MAX - 4); /* as long as can be */
    person = make_person(address);
    memset(domain, 'd', sizeof(domain) - 1);
    domain[UK_EMAIL_MAX - 4] = '\0';
    assert_int_equal(uk_identity_match(&policy, &bob, &person, why),
                     UK_GRANTED);
    domain[UK_EMAIL_MAX - 4] = 'd';
    domain[UK_EMAIL_MAX - 3] = '\0';
    assert_int_equal(uk_identity_match(&policy, &bob, &person, why),
                     UK_NOT_MAPPED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_all_addresses),
        cmocka_unit_test(test_too_many_addresses),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests_name("identity edges", tests, NULL, NULL);
}
