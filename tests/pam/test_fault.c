/*
 * What the system may refuse, refused: no memory, no process, no name service.
 * Nobody gets in by it, nobody is ignored, and nothing is left over (threat
 * S-20).
 *
 * The functions below stand before libc's, because the test is linked with
 * -rdynamic, and fail on demand.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_modules.h>

#include "core/attr.h"
#include "tests/pam/lib_host.h"
#include "tests/skip.h"

#define DOOR __attribute__((visibility("default")))

enum fault {
    NO_FAULT,
    GETPWNAM_FAILS, /* errnum */
    SOCKETPAIR_FAILS,
    SPAWN_FAILS,
    SET_DATA_FAILS, /* a PAM code */
    SET_ITEM_FAILS, /* a PAM code */
    GET_USER_FAILS, /* a PAM code; 0: success, and no user */
    GET_ITEM_FAILS, /* of this number */
    ITEM_IS_NULL,   /* of this number: success, and nothing there */
    DATA_IS_NULL,   /* the same for what a module remembers */
    MALLOC_FAILS,   /* the nth from now */
};

static enum fault fault;
static int errnum;
static long countdown;

static void *
next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    return found;
}

DOOR int
getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
           struct passwd **result)
{
    int (*real)(const char *, struct passwd *, char *, size_t,
                struct passwd **);

    *result = NULL;
    if (fault == GETPWNAM_FAILS)
        return errnum;
    *(void **)&real = next("getpwnam_r");
    return real(name, entry, buffer, size, result);
}

DOOR int
socketpair(int domain, int type, int protocol, int pair[2])
{
    if (fault == SOCKETPAIR_FAILS) {
        errno = errnum;
        return -1;
    }
    return (int)syscall(SYS_socketpair, domain, type, protocol, pair);
}

DOOR int
posix_spawn(pid_t *pid, const char *path,
            const posix_spawn_file_actions_t *actions,
            const posix_spawnattr_t *attributes, char *const argv[],
            char *const environment[])
{
    int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                const posix_spawnattr_t *, char *const *, char *const *);

    if (fault == SPAWN_FAILS)
        return errnum;
    *(void **)&real = next("posix_spawn");
    return real(pid, path, actions, attributes, argv, environment);
}

DOOR int
pam_set_data(pam_handle_t *pamh, const char *name, void *data,
             void (*cleanup)(pam_handle_t *pamh, void *data, int status))
{
    int (*real)(pam_handle_t *, const char *, void *,
                void (*)(pam_handle_t *, void *, int));

    if (fault == SET_DATA_FAILS)
        return errnum;
    *(void **)&real = next("pam_set_data");
    return real(pamh, name, data, cleanup);
}

DOOR int
pam_set_item(pam_handle_t *pamh, int type, const void *item)
{
    int (*real)(pam_handle_t *, int, const void *);

    if (fault == SET_ITEM_FAILS && type == PAM_AUTHTOK)
        return errnum;
    *(void **)&real = next("pam_set_item");
    return real(pamh, type, item);
}

DOOR int
pam_get_user(pam_handle_t *pamh, const char **user, const char *prompt)
{
    int (*real)(pam_handle_t *, const char **, const char *);

    if (fault == GET_USER_FAILS) {
        *user = NULL;
        return errnum;
    }
    *(void **)&real = next("pam_get_user");
    return real(pamh, user, prompt);
}

/* What was there before a failure is not to be believed. */
DOOR int
pam_get_item(const pam_handle_t *pamh, int type, const void **item)
{
    int (*real)(const pam_handle_t *, int, const void **);

    if (fault == GET_ITEM_FAILS && type == errnum) {
        *item = host_key();
        return PAM_SYSTEM_ERR;
    }
    if (fault == ITEM_IS_NULL && type == errnum) {
        *item = NULL;
        return PAM_SUCCESS;
    }
    *(void **)&real = next("pam_get_item");
    return real(pamh, type, item);
}

DOOR int
pam_get_data(const pam_handle_t *pamh, const char *name, const void **data)
{
    int (*real)(const pam_handle_t *, const char *, const void **);

    if (fault == DATA_IS_NULL) {
        *data = NULL;
        return PAM_SUCCESS;
    }
    *(void **)&real = next("pam_get_data");
    return real(pamh, name, data);
}

/* A sanitizer has a malloc of its own, which must stay. */
#if defined(__SANITIZE_ADDRESS__)
#define CAN_FAIL_MALLOC false
#else
#define CAN_FAIL_MALLOC true

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

static bool
fails_now(void)
{
    return fault == MALLOC_FAILS && countdown > 0 && --countdown == 0;
}

DOOR void *
malloc(size_t size)
{
    if (fails_now()) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

DOOR void *
calloc(size_t count, size_t size)
{
    if (fails_now()) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(count, size);
}
#endif

/* --- the tests ----------------------------------------------------------------- */

static const struct {
    enum fault fault;
    int errnum;
    int auth;
    int account;
    const char *says;
} rows[] = {
    {GETPWNAM_FAILS, EIO, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, "looking up"},
    {GETPWNAM_FAILS, EMFILE, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, "looking up"},
    {GETPWNAM_FAILS, ENOMEM, PAM_BUF_ERR, PAM_BUF_ERR, "looking up"},
    {GETPWNAM_FAILS, 0, PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, "no such account"},
    {SOCKETPAIR_FAILS, EMFILE, PAM_SYSTEM_ERR, PAM_SUCCESS, "socket pair"},
    {SOCKETPAIR_FAILS, ENOMEM, PAM_BUF_ERR, PAM_SUCCESS, "socket pair"},
    {SPAWN_FAILS, EAGAIN, PAM_SYSTEM_ERR, PAM_SUCCESS, "starting '"},
    {SPAWN_FAILS, ENOMEM, PAM_BUF_ERR, PAM_SUCCESS, "starting '"},
    {SPAWN_FAILS, ENOENT, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, "starting '"},
    {SET_DATA_FAILS, PAM_BUF_ERR, PAM_BUF_ERR, PAM_SUCCESS, "remembering"},
    {SET_DATA_FAILS, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, PAM_SUCCESS,
     "remembering"},
    {GET_USER_FAILS, PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR,
     "no memory for the user's name"},
    {GET_USER_FAILS, PAM_SYSTEM_ERR, PAM_CONV_ERR, PAM_CONV_ERR,
     "asking for the user's name failed with PAM code 4"},
    {GET_USER_FAILS, PAM_SUCCESS, PAM_CONV_ERR, PAM_CONV_ERR,
     "asking for the user's name failed with PAM code 0"},
    {GET_ITEM_FAILS, PAM_USER, PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, "user=''"},
    {ITEM_IS_NULL, PAM_USER, PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, "user=''"},
    {GET_ITEM_FAILS, PAM_CONV, PAM_CONV_ERR, PAM_SUCCESS,
     "the program has no conversation function"},
    {ITEM_IS_NULL, PAM_CONV, PAM_CONV_ERR, PAM_SUCCESS,
     "the program has no conversation function"},
    {DATA_IS_NULL, 0, PAM_SUCCESS, PAM_SUCCESS, "granted"},
};

static void
test_system(void **state)
{
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);
        int auth, account;

        host_script("granted id=person1");
        host_log_clear();
        fault = rows[i].fault;
        errnum = rows[i].errnum;
        auth = pam_authenticate(pamh, 0);
        account = pam_acct_mgmt(pamh, 0);
        fault = NO_FAULT;
        if (auth != rows[i].auth || account != rows[i].account ||
            !host_log_has(rows[i].says))
            fail_msg("row %zu: PAM codes %d and %d, %s", i, auth, account,
                     host_log_line(0));
        pam_end(pamh, auth);
    }
    host_log_clear();
}

/* What cannot be left for the next module is not a reason to let in. */
static void
test_left_behind(void **state)
{
    struct talk talk;

    host_script("granted id=person1");
    fault = SET_ITEM_FAILS;
    errnum = PAM_BUF_ERR;
    assert_int_equal(host_login_with(ALICE, "password", &talk), PAM_BUF_ERR);
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_SUCCESS);
    errnum = PAM_SYSTEM_ERR;
    assert_int_equal(host_login_with(ALICE, "password", &talk), PAM_SYSTEM_ERR);
    fault = NO_FAULT;
    host_log_clear();
}

/* A module before us has asked, and what it left cannot be had: there is no
 * key, however good the one in memory is. */
static void
test_left_for_us(void **state)
{
    struct talk talk = {.style = TALK_FAILS};

    host_simple_stack("use_first_pass");
    host_script("granted id=person1");
    fault = GET_ITEM_FAILS;
    errnum = PAM_AUTHTOK;
    assert_int_equal(host_login(ALICE, &talk), PAM_AUTH_ERR);
    assert_int_equal(host_asked(), 0);
    assert_true(host_log_has("no module before this one asked for anything"));
    /* and where we may ask, we do */
    host_simple_stack("try_first_pass");
    assert_int_equal(host_login(ALICE, &talk), PAM_CONV_ERR);
    assert_int_equal(talk.prompts, 1);
    assert_int_equal(host_login_with(ALICE, host_key(), &talk), PAM_SUCCESS);
    fault = NO_FAULT;
    host_simple_stack("");
    host_log_clear();
}

/* Nobody can be told that keys are not changed here: they are not. */
static void
test_cannot_be_told(void **state)
{
    struct talk talk = {.answers = {"new"}};
    pam_handle_t *pamh = host_start(ALICE, &talk);

    host_log_clear();
    fault = GET_ITEM_FAILS;
    errnum = PAM_CONV;
    assert_int_equal(pam_chauthtok(pamh, 0), PAM_AUTHTOK_ERR);
    fault = NO_FAULT;
    assert_int_equal(talk.errors, 0);
    assert_int_equal(host_log_count(), 1);
    assert_true(host_log_has("keys are not changed here"));
    pam_end(pamh, PAM_AUTHTOK_ERR);
    host_log_clear();
}

static int
login_with_failing_malloc(long nth, unsigned prompts)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh = host_start(ALICE, &talk);
    int result;

    /* Not libpam's reading of the stack, which comes with the first call. */
    assert_int_equal(pam_setcred(pamh, 0), PAM_SUCCESS);
    countdown = nth;
    fault = MALLOC_FAILS;
    result = pam_authenticate(pamh, 0);
    fault = NO_FAULT;
    assert_true(talk.prompts <= prompts || result != PAM_SUCCESS);
    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

/* One allocation after another: all the way to where none fails. */
static void
expect_no_way_in(const char *script, int at_the_end, unsigned prompts)
{
    long nth = 1;
    int result = -1;

    host_script(script);
    for (; nth < 10000; nth++) {
        result = login_with_failing_malloc(nth, prompts);
        host_log_clear();
        if (countdown > 0) /* there were fewer */
            break;
        if (result == PAM_IGNORE ||
            (result == PAM_SUCCESS && at_the_end != PAM_SUCCESS))
            fail_msg("allocation %ld: PAM code %d", nth, result);
    }
    assert_true(nth > 10);
    assert_int_equal(result, at_the_end);
}

/* The key comes from a module before us, and there is no prompt. */
static void
test_no_memory_for_what_is_left(void **state)
{
    if (!CAN_FAIL_MALLOC)
        skip_because("a sanitizer has malloc for itself");
    host_stack("probe",
               "auth required %s set=%s\n"
               "auth required %s conf=%s/userkey.conf try_first_pass\n",
               host_probe(), host_key(), host_module(), host_folder());
    expect_no_way_in("granted id=person1", PAM_SUCCESS, 0);
    expect_no_way_in("refused", PAM_AUTH_ERR, 0);
    host_simple_stack("");
}

static void
test_no_memory(void **state)
{
    if (!CAN_FAIL_MALLOC)
        skip_because("a sanitizer has malloc for itself");
    expect_no_way_in("granted id=person1", PAM_SUCCESS, 1);
    expect_no_way_in("refused", PAM_AUTH_ERR, 1);
    expect_no_way_in("granted id=person2", PAM_AUTH_ERR, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_left_for_us),
        cmocka_unit_test(test_cannot_be_told),
        cmocka_unit_test(test_no_memory_for_what_is_left),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("fault", tests, host_setup_awake,
                                       host_teardown);
}
