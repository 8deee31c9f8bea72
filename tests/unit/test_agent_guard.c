/* The guard of a long-lived agent on a machine that is never quiet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/https.h"

#include "agent/guard.h"
#include "tests/unit/lib_place.h"

#define AMPLE_MS 60000
#define EVERY_MS 20 /* less than the guard waits before it works */

static struct place place;
static struct uk_settings settings;
static struct uk_loop *loop;
static struct uk_upstream *upstream;
static struct uk_guard *guard;
static struct uk_err err;
static struct uk_deadline by;
static off_t begun; /* the file's size without a key */

static off_t
size_of_file(void)
{
    char path[512];
    struct stat st;

    snprintf(path, sizeof(path), "%s/offline", settings.state_folder);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* One login, and the next one soon. */
static void
on_login(struct uk_alarm *alarm)
{
    static char key[] = "a-key-that-is-no-key";
    const struct uk_request request = {
        .op = UK_OP_LOGIN,
        .user = "alice",
        .service = "sshd",
        .secret = {.bytes = key, .len = sizeof(key) - 1},
    };
    struct uk_answer answer = {.verdict = UK_GRANTED,
                               .person = {.id = "64f0c0ffee0123456789abcd"}};
    struct uk_guard_pass pass;

    if (size_of_file() > begun || uk_deadline_passed(by)) {
        uk_loop_stop(loop);
        return;
    }
    assert_true(uk_guard_admit(guard, &request, 0, &pass, &answer));
    uk_guard_settle(guard, &request, &pass, &answer);
    uk_guard_answered(guard, &pass, &answer);
    uk_loop_set(loop, alarm, uk_deadline_in(EVERY_MS));
}

/* What waits for a quiet moment is done although there is none. */
static void
test_never_quiet(void **state)
{
    struct uk_alarm login = {.rang = on_login};

    begun = size_of_file();
    assert_true(begun > 0);
    by = uk_deadline_in(AMPLE_MS);
    uk_loop_set(loop, &login, uk_deadline_in(0));
    assert_int_equal(uk_loop_run(loop, &err), UK_OK);
    assert_true(size_of_file() > begun);
}

static int
set_up(void **state)
{
    static struct uk_log quiet = {.fd = STDERR_FILENO, .most = UK_LEVEL_ERROR};
    static const char text[] = "service_url = https://127.0.0.1:9\n"
                               "app_id = app\n"
                               "offline_grace = 1h\n"
                               "offline_services = sshd\n";
    struct uk_grace_key key = {"a secret of this machine"};

    place_open(&place);
    if (uk_settings_parse(text, sizeof(text) - 1, "test", &settings, &err) !=
        UK_OK)
        return -1;
    snprintf(settings.state_folder, sizeof(settings.state_folder), "%s",
             place.dir);
    return uk_https_start(&err) != UK_OK || uk_loop_new(&loop, &err) != UK_OK ||
           uk_upstream_new(&settings, loop, &quiet, &upstream, &err) != UK_OK ||
           uk_guard_new(&settings, &key, loop, &quiet, upstream, &guard,
                        &err) != UK_OK;
}

static int
tear_down(void **state)
{
    uk_guard_free(guard);
    uk_upstream_free(upstream);
    uk_loop_free(loop);
    place_close(&place);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_never_quiet, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("agent/guard", tests, NULL, NULL);
}
