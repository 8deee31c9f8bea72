/* service/request/session: why a session does not stand, each reason alone. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "service/request/session.h"

#define APP   "aaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "aaaaaaaaaaaaaaaaaaaaaaab"

/* A session as the database has it where nothing is wrong. */
static struct uk_store_session
good(void)
{
    return (struct uk_store_session){.user_there = true,
                                     .user = {.app_id = APP, .epoch = 7},
                                     .key_there = true,
                                     .key = {.epoch = 3}};
}

static const char *
fault(const struct uk_store_session *session, enum uk_provider provider)
{
    const struct uk_claims claims = {.kind = UK_TOKEN_ACCESS,
                                     .provider = provider,
                                     .app_id = APP,
                                     .epoch = 7,
                                     .key_epoch = 3};

    return uk_session_fault(&claims, session);
}

static void
must_be(const char *found, const char *wanted)
{
    if (wanted == NULL)
        assert_null(found);
    else
        assert_string_equal(found != NULL ? found : "", wanted);
}

/* of_key: said of a session that a key has opened alone. */
static void
check(const struct uk_store_session *session, const char *wanted, bool of_key)
{
    must_be(fault(session, UK_PROVIDER_KEY), wanted);
    must_be(fault(session, UK_PROVIDER_PASSWORD), of_key ? NULL : wanted);
    must_be(fault(session, UK_PROVIDER_ANON), of_key ? NULL : wanted);
}

static void
stands(void **state)
{
    struct uk_store_session session = good();

    check(&session, NULL, false);
    session.key.expires_us = uk_id_now_us() + INT64_C(3600) * 1000000;
    check(&session, NULL, false);
}

static void
ends_with_its_user(void **state)
{
    struct uk_store_session session = good();

    session.user_there = false;
    check(&session, "unknown-user", false);
    session = good();
    memcpy(session.user.app_id, OTHER, sizeof(session.user.app_id));
    check(&session, "other-app", false);
    session = good();
    session.user.disabled = true;
    check(&session, "user-disabled", false);
    session = good();
    session.revoked = true;
    check(&session, "logged-out", false);
    for (int64_t epoch = 6; epoch <= 8; epoch += 2) {
        session = good();
        session.user.epoch = epoch;
        check(&session, "ended", false);
    }
}

static void
ends_with_its_key(void **state)
{
    struct uk_store_session session = good();

    session.key_there = false;
    check(&session, "key-deleted", true);
    session = good();
    session.key.disabled = true;
    check(&session, "key-disabled", true);
    session = good();
    session.key.expires_us = uk_id_now_us() - 1;
    check(&session, "key-expired", true);
    for (int64_t epoch = 2; epoch <= 4; epoch += 2) {
        session = good();
        session.key.epoch = epoch;
        check(&session, "ended", true);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stands),
        cmocka_unit_test(ends_with_its_user),
        cmocka_unit_test(ends_with_its_key),
    };

    return cmocka_run_group_tests_name("session_fault", tests, NULL, NULL);
}
