/* Whose account is a name: questions that wait while the name service hangs,
 * which this program plays. */
#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/whois.h"

#define AMPLE_MS 60000

/* The name service.  It answers while its door is open, and counts. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_door;
static int begun;

int getpwnam_r(const char *name, struct passwd *entry, char *buffer,
               size_t size, struct passwd **result)
    __attribute__((visibility("default")));
int
getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
           struct passwd **result)
{
    pthread_mutex_lock(&lock);
    begun++;
    pthread_cond_broadcast(&changed);
    while (!open_door)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    memset(buffer, 0, size);
    *entry = (struct passwd){.pw_name = strcpy(buffer, name), .pw_uid = 1000};
    *result = entry;
    return 0;
}

static void
set_door(bool is_open)
{
    pthread_mutex_lock(&lock);
    open_door = is_open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void
wait_until_begun(int count)
{
    pthread_mutex_lock(&lock);
    while (begun < count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static struct uk_loop *loop;
static struct uk_whois *whois;
static struct uk_err err;
static char answered[16]; /* whose questions, in any order */

static void
on_done(void *own, enum uk_code code, const struct uk_err *why)
{
    strncat(answered, own, 1);
    if (strcmp(own, "z") == 0)
        uk_loop_stop(loop);
}

static struct uk_whois_ask *
ask(const char *who)
{
    static const char *const letters[] = {"a", "b", "c", "d", "e", "z"};
    struct uk_whois_ask *made = NULL;

    for (size_t i = 0; i < UK_COUNT(letters); i++) {
        if (strcmp(letters[i], who) == 0)
            assert_int_equal(uk_whois_check(whois, who, 1000, on_done,
                                            (void *)(uintptr_t)letters[i],
                                            &made, &err),
                             UK_OK);
    }
    assert_non_null(made);
    return made;
}

/* Until the question "z" has its answer. */
static void
run(void)
{
    set_door(true);
    assert_int_equal(uk_loop_run(loop, &err), UK_OK);
}

static int
set_up(void **state)
{
    set_door(false);
    begun = 0;
    answered[0] = '\0';
    return uk_loop_new(&loop, &err) != UK_OK ||
           uk_whois_new(loop, &whois, &err) != UK_OK;
}

/* Its thread stays, and waits for good. */
static int
tear_down(void **state)
{
    uk_whois_free(whois);
    return 0;
}

static void
expect_answers(const char *who)
{
    assert_int_equal(strlen(answered), strlen(who));
    assert_int_equal(strspn(answered, who), strlen(who));
}

/* Who comes and goes while the name service hangs leaves nothing behind. */
static void
test_flood(void **state)
{
    ask("a");
    wait_until_begun(1);
    for (int i = 0; i < 10000; i++)
        uk_whois_forget(whois, ask("b"));
    ask("z");
    run();
    expect_answers("az");
    assert_int_equal(begun, 2);
}

/* Whoever goes, the others are answered. */
static void
test_order(void **state)
{
    struct uk_whois_ask *b, *c, *e;

    ask("a");
    wait_until_begun(1);
    b = ask("b");
    c = ask("c");
    ask("d");
    e = ask("e");
    uk_whois_forget(whois, c); /* between two */
    uk_whois_forget(whois, e); /* the last one */
    uk_whois_forget(whois, b); /* the first one */
    ask("z");
    run();
    expect_answers("adz");
    assert_int_equal(begun, 3);
}

/* One that is being asked is answered to nobody. */
static void
test_late(void **state)
{
    struct uk_whois_ask *a = ask("a");

    wait_until_begun(1);
    uk_whois_forget(whois, a);
    ask("z");
    run();
    expect_answers("z");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_late, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("agent/whois", tests, NULL, NULL);
}
