/*
 * What the system may refuse while a session is kept, handed over or taken
 * back, refused (threats S-17, S-20, V-33): the login's answer is the same, no
 * token is left where nobody ends it, and no file is given to anybody.
 *
 * The functions below stand before libc's and libpam's, because the test is
 * linked with -rdynamic, and fail on demand.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_modules.h>

#include "core/attr.h"
#include "tests/pam/lib_kept.h"
#include "tests/skip.h"

#define DOOR __attribute__((visibility("default")))

enum fault {
    NO_FAULT,
    RANDOM_FAILS,
    RLIMIT_FAILS,
    OPEN_FAILS,     /* of a kept file, the nth from now */
    FSTAT_FAILS,    /* of a kept file */
    LOOK_FAILS,     /* fstatat of a kept file */
    SELF_FAILS,     /* fstatat of our own namespace */
    UNLINK_FAILS,   /* of a kept file */
    KILL_FAILS,     /* errnum */
    PUTENV_FAILS,   /* a PAM code, where something is set */
    SET_DATA_FAILS, /* a PAM code, the nth from now */
    GETPWNAM_FAILS, /* errnum; 0: there is no such account */
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

static bool
is_turn(enum fault which)
{
    if (fault != which || countdown <= 0 || --countdown > 0)
        return false;
    errno = errnum;
    return true;
}

static bool
is_kept(const char *path)
{
    return strncmp(path, KEPT_FOLDER "/", sizeof(KEPT_FOLDER)) == 0;
}

static int
refuse(void)
{
    errno = errnum;
    return -1;
}

DOOR ssize_t
getrandom(void *to, size_t len, unsigned flags)
{
    return fault == RANDOM_FAILS ? refuse()
                                 : syscall(SYS_getrandom, to, len, flags);
}

DOOR int
getrlimit(__rlimit_resource_t what, struct rlimit *to)
{
    return fault == RLIMIT_FAILS
               ? refuse()
               : (int)syscall(SYS_prlimit64, 0, what, NULL, to);
}

DOOR int
open(const char *path, int flags, ...)
{
    mode_t mode = 0;

    if ((flags & O_CREAT) != 0) {
        va_list more;

        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    if (is_kept(path) && is_turn(OPEN_FAILS))
        return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

DOOR int
fstat(int fd, struct stat *to)
{
    int (*real)(int, struct stat *);
    char link[64], path[KEPT_PATH] = "";

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (fault == FSTAT_FAILS && readlink(link, path, sizeof(path) - 1) > 0 &&
        is_kept(path))
        return refuse();
    *(void **)&real = next("fstat");
    return real(fd, to);
}

DOOR int
fstatat(int at, const char *path, struct stat *to, int flags)
{
    int (*real)(int, const char *, struct stat *, int);

    if ((fault == SELF_FAILS && strcmp(path, "/proc/self/ns/pid") == 0) ||
        (fault == LOOK_FAILS && is_kept(path)))
        return refuse();
    *(void **)&real = next("fstatat");
    return real(at, path, to, flags);
}

DOOR int
unlink(const char *path)
{
    if (fault == UNLINK_FAILS && is_kept(path))
        return refuse();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

DOOR int
kill(pid_t pid, int number)
{
    return fault == KILL_FAILS ? refuse() : (int)syscall(SYS_kill, pid, number);
}

DOOR int
pam_putenv(pam_handle_t *pamh, const char *text)
{
    int (*real)(pam_handle_t *, const char *);

    if (fault == PUTENV_FAILS && strchr(text, '=') != NULL)
        return errnum;
    *(void **)&real = next("pam_putenv");
    return real(pamh, text);
}

DOOR int
pam_set_data(pam_handle_t *pamh, const char *name, void *data,
             void (*cleanup)(pam_handle_t *pamh, void *data, int status))
{
    int (*real)(pam_handle_t *, const char *, void *,
                void (*)(pam_handle_t *, void *, int));

    if (is_turn(SET_DATA_FAILS))
        return errnum;
    *(void **)&real = next("pam_set_data");
    return real(pamh, name, data, cleanup);
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

/* A sanitizer has a malloc of its own, which must stay. */
#if defined(__SANITIZE_ADDRESS__)
#define CAN_FAIL_MALLOC false
#else
#define CAN_FAIL_MALLOC true

void *__libc_malloc(size_t size);

DOOR void *
malloc(size_t size)
{
    return is_turn(MALLOC_FAILS) ? NULL : __libc_malloc(size);
}
#endif

static void
begin(enum fault what, int number)
{
    countdown = 1;
    errnum = number;
    fault = what;
}

static void
end(void)
{
    fault = NO_FAULT;
}

/* --- authenticate: who may log in is decided, and the session is not kept ------ */

static const struct {
    enum fault fault;
    int errnum;
    int result;
    const char *says;
} making[] = {
    {RANDOM_FAILS, ENOSYS, PAM_SUCCESS,
     "keeping the session: getting random numbers"},
    {RLIMIT_FAILS, EPERM, PAM_SUCCESS,
     "keeping the session: looking up the limit on files' sizes"},
    {PUTENV_FAILS, PAM_BUF_ERR, PAM_SUCCESS, "no-memory user='" ALICE "'"},
    {PUTENV_FAILS, PAM_BAD_ITEM, PAM_SUCCESS,
     "keeping the session: setting " KEPT_ENV " failed with PAM code 29"},
    /* What was granted is not known later, so it is not granted. */
    {SET_DATA_FAILS, PAM_BUF_ERR, PAM_BUF_ERR,
     "remembering a user failed with PAM code 5"},
    {SET_DATA_FAILS, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR,
     "remembering a user failed with PAM code 4"},
};

static void
test_making(void **state)
{
    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(making); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);
        int result;

        kept_empty_folder();
        host_script("granted id=person1 tokens=yes");
        host_log_clear();
        begin(making[i].fault, making[i].errnum);
        result = pam_authenticate(pamh, 0);
        end();
        if (result != making[i].result || !host_log_has(making[i].says))
            fail_msg("row %zu: PAM code %d, %s", i, result, host_log_line(0));
        assert_null(pam_getenv(pamh, KEPT_ENV));
        assert_int_equal(kept_count_files(), 0);
        kept_expect_logout(1);
        pam_end(pamh, result);
    }
    host_log_clear();
}

/* Neither kept nor ended: both are said, unless nobody wants to hear it. */
static void
test_not_ended_either(void **state)
{
    static const struct {
        const char *level;
        unsigned lines;
    } rows[] = {{"info", 3}, {"error", 0}};

    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);
        char settings[256];

        snprintf(settings, sizeof(settings), KEPT_QUICK "log_level = %s\n",
                 rows[i].level);
        host_settings(settings);
        host_script("granted id=person1 tokens=yes logout=yes");
        host_log_clear();
        begin(RANDOM_FAILS, ENOSYS);
        assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
        end();
        assert_int_equal(host_log_count(), rows[i].lines);
        assert_int_equal(host_log_has("logging the session out"),
                         rows[i].lines > 0);
        assert_int_equal(kept_count_files(), 0);
        pam_end(pamh, PAM_SUCCESS);
    }
    host_settings(KEPT_QUICK);
    host_log_clear();
}

/* One allocation after another, libpam's too: a file has its name in the PAM
 * environment, and goes with the handle. */
static void
test_no_memory(void **state)
{
    long nth = 1;
    bool all_done = false;

    kept_need_run();
    if (!CAN_FAIL_MALLOC)
        skip_because("a sanitizer has malloc for itself");
    kept_empty_folder();
    for (; nth < 1000 && !all_done; nth++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);
        int result;

        host_script("granted id=person1 tokens=yes");
        assert_int_equal(pam_setcred(pamh, 0), PAM_SUCCESS); /* the stack */
        begin(MALLOC_FAILS, ENOMEM);
        countdown = nth;
        result = pam_authenticate(pamh, 0);
        all_done = countdown > 0;
        end();
        assert_int_not_equal(result, PAM_IGNORE);
        if ((pam_getenv(pamh, KEPT_ENV) != NULL) != (kept_count_files() == 1))
            fail_msg("allocation %ld: a file without a name", nth);
        pam_end(pamh, result);
        if (kept_count_files() > 0)
            fail_msg("allocation %ld: PAM code %d, a file is left, %s", nth,
                     result, host_log_line(0));
        host_log_clear();
    }
    assert_true(all_done);
    assert_true(nth > 10);
}

/* --- open_session -------------------------------------------------------------- */

static void
break_folder(void)
{
    assert_int_equal(chown("/run/userkey", 65534, 65534), 0);
}

static void
break_settings(void)
{
    host_settings(KEPT_QUICK "nonsense\n");
}

static void
break_nothing(void)
{
}

static const struct {
    void (*spoil)(void);
    enum fault fault;
    int errnum;
    int nth;
    int result;
    unsigned logouts; /* and then there is no file either */
    const char *says;
} opening[] = {
    {break_settings, NO_FAULT, 0, 1, PAM_SESSION_ERR, 0,
     "misconfigured user='"},
    {break_folder, NO_FAULT, 0, 1, PAM_SESSION_ERR, 0, "'/run/userkey'"},
    {break_nothing, GETPWNAM_FAILS, EIO, 1, PAM_SESSION_ERR, 0,
     "handing over the session: looking up"},
    {break_nothing, GETPWNAM_FAILS, 0, 1, PAM_SESSION_ERR, 0,
     "a session for a user that is not there"},
    {break_nothing, OPEN_FAILS, EMFILE, 1, PAM_SESSION_ERR, 0,
     "handing over the session: opening '"},
    {break_nothing, FSTAT_FAILS, EIO, 1, PAM_SESSION_ERR, 0,
     "handing over the session: opening '"},
    /* Found to be alice's, and then it cannot be given. */
    {break_nothing, OPEN_FAILS, EMFILE, 2, PAM_SUCCESS, 1,
     "keeping the session: opening '"},
    /* Given, and still taken for one that waits: a failure, not a guess. */
    {break_nothing, SET_DATA_FAILS, PAM_BUF_ERR, 1, PAM_SESSION_ERR, 0,
     "handing over the session: remembering"},
};

static void
test_opening(void **state)
{
    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(opening); i++) {
        struct talk talk;
        char path[KEPT_PATH];
        struct stat st;
        pam_handle_t *pamh;
        int result;

        kept_empty_folder();
        host_settings(KEPT_QUICK);
        pamh = kept_log_in(&talk);
        kept_copy_path(pamh, path);
        opening[i].spoil();
        host_log_clear();
        begin(opening[i].fault, opening[i].errnum);
        countdown = opening[i].nth;
        result = pam_open_session(pamh, 0);
        end();
        if (result != opening[i].result || !host_log_has(opening[i].says))
            fail_msg("row %zu: PAM code %d, %s", i, result, host_log_line(0));
        kept_expect_logout(opening[i].logouts);
        if (opening[i].logouts > 0) {
            kept_expect_no_file(path);
            assert_null(pam_getenv(pamh, KEPT_ENV));
        } else if (opening[i].fault != SET_DATA_FAILS) { /* nobody may read */
            assert_int_equal(lstat(path, &st), 0);
            assert_int_equal(st.st_mode & 07777, 0600);
        }
        pam_end(pamh, PAM_SUCCESS);
        kept_expect_no_file(path); /* it waited for nobody else */
    }
    host_settings(KEPT_QUICK);
    kept_empty_folder();
    host_log_clear();
}

/* --- close_session ------------------------------------------------------------- */

static const struct {
    void (*spoil)(void);
    enum fault fault;
    int errnum;
    bool opened; /* before */
    int result;
    bool gone;
    unsigned logouts;
    const char *says; /* NULL: nothing */
} closing[] = {
    {break_settings, NO_FAULT, 0, true, PAM_SESSION_ERR, false, 0,
     "misconfigured user='"},
    {break_folder, NO_FAULT, 0, true, PAM_SESSION_ERR, false, 0,
     "ending the session: '/run/userkey'"},
    /* The file cannot be removed: the tokens in it are worth nothing. */
    {break_nothing, UNLINK_FAILS, EROFS, true, PAM_SESSION_ERR, false, 1,
     "ending the session: removing '"},
    /* Another was first, and ends it. */
    {break_nothing, UNLINK_FAILS, ENOENT, true, PAM_SUCCESS, false, 0, NULL},
    /* Ended, though it is not known here. */
    {break_nothing, SET_DATA_FAILS, PAM_BUF_ERR, false, PAM_SUCCESS, true, 1,
     "no-memory user='" ALICE "'"},
};

static void
test_closing(void **state)
{
    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(closing); i++) {
        struct talk talk;
        char path[KEPT_PATH];
        pam_handle_t *pamh;
        int result;

        kept_empty_folder();
        host_settings(KEPT_QUICK);
        pamh = kept_log_in(&talk);
        kept_copy_path(pamh, path);
        if (closing[i].opened)
            assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        closing[i].spoil();
        host_log_clear();
        begin(closing[i].fault, closing[i].errnum);
        result = pam_close_session(pamh, 0);
        end();
        if (result != closing[i].result)
            fail_msg("row %zu: PAM code %d", i, result);
        if (closing[i].says == NULL)
            assert_int_equal(host_log_count(), 0);
        else if (!host_log_has(closing[i].says))
            fail_msg("row %zu: %s", i, host_log_line(0));
        assert_int_equal(access(path, F_OK) != 0, closing[i].gone);
        kept_expect_logout(closing[i].logouts);
        pam_end(pamh, PAM_SUCCESS);
    }
    host_settings(KEPT_QUICK);
    kept_empty_folder();
    host_log_clear();
}

/* --- what logins left behind --------------------------------------------------- */

static const char leftover[] = KEPT_FOLDER "/00000000000000000000000000000000";

/* The first number of the note says which process opened it. */
static void
change_opener(int64_t pid)
{
    static const char note[] = "trusted.userkey.opener";
    int64_t numbers[2];

    assert_int_equal(lgetxattr(leftover, note, numbers, sizeof(numbers)),
                     sizeof(numbers));
    numbers[0] = pid;
    assert_int_equal(lsetxattr(leftover, note, numbers, sizeof(numbers), 0), 0);
}

static void
be_group(void)
{
    change_opener(0); /* to kill(): our own process group */
}

static void
be_everybody(void)
{
    change_opener(-1);
}

static void
lose_note(void)
{
    assert_int_equal(lremovexattr(leftover, "trusted.userkey.opener"), 0);
}

static void
be_folder(void)
{
    assert_int_equal(unlink(leftover), 0);
    assert_int_equal(mkdir(leftover, 0700), 0);
    kept_make_old(leftover, 3600);
}

static const struct {
    void (*spoil)(void);
    enum fault fault;
    int errnum;
    bool goes;
} leaving[] = {
    {break_nothing, NO_FAULT, 0, true}, /* its opener is dead */
    {break_nothing, SELF_FAILS, EACCES, false},
    {break_nothing, LOOK_FAILS, EIO, false},
    {break_nothing, KILL_FAILS, EPERM, false}, /* it lives */
    {break_nothing, KILL_FAILS, EINVAL, false},
    {be_group, KILL_FAILS, ESRCH, false},
    {be_everybody, KILL_FAILS, ESRCH, false},
    {lose_note, NO_FAULT, 0, false},
    {be_folder, NO_FAULT, 0, false},
};

/* Whether somebody still uses a file cannot be found out: it stays. */
static void
test_leftovers(void **state)
{
    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(leaving); i++) {
        struct talk talk;
        pam_handle_t *pamh;

        kept_empty_folder();
        host_script("granted");
        kept_write_text(leftover, KEPT_CONTENT);
        kept_open_and_die(leftover);
        kept_make_old(leftover, 3600);
        leaving[i].spoil();
        host_log_clear();
        begin(leaving[i].fault, leaving[i].errnum);
        pamh = kept_log_in(&talk);
        end();
        assert_false(host_log_has("ending a session that nobody will use"));
        if ((access(leftover, F_OK) != 0) != leaving[i].goes)
            fail_msg("row %zu", i);
        kept_expect_logout(leaving[i].goes ? 1 : 0);
        pam_end(pamh, PAM_SUCCESS);
    }
    kept_empty_folder();
    host_log_clear();
}

/* The file is not signed by whom nobody can name: it is given all the same,
 * and nobody clears it away. */
static void
test_not_signed(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];
    struct stat st;

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    begin(SELF_FAILS, EACCES);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    end();
    assert_int_equal(lstat(path, &st), 0);
    assert_true(getxattr(path, "system.posix_acl_access", NULL, 0) > 0);
    assert_int_equal(lgetxattr(path, "trusted.userkey.opener", NULL, 0), -1);
    kept_make_old(path, 3600);
    pam_end(kept_log_in(&talk), PAM_SUCCESS);
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_making),
        cmocka_unit_test(test_not_ended_either),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_not_signed),
    };

    return cmocka_run_group_tests_name("session_fault", tests, kept_setup,
                                       host_teardown);
}
