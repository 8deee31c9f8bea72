/*
 * Sessions that are kept for the time of a login: whose file it is at every
 * moment, and that it goes with its session, whatever happens.
 *
 * The file's place is fixed, so the test has a /run of its own (a mount
 * namespace), for which it needs root; without, it is skipped.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attr.h"
#include "tests/pam/lib_hash.h"
#include "tests/pam/lib_host.h"
#include "tests/pam/lib_kept.h"

#define OTHER 12345

static const char access_list[] = "system.posix_acl_access";

/* The file is root's, and nobody else has any right to it. */
static void
expect_file(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(lgetxattr(path, access_list, NULL, 0), -1);
    assert_int_equal(errno, ENODATA);
}

/* The file is root's, and one user may read it: the list as Linux documents
 * it (version 2; tag, permissions, id), written down for uid 65534. */
static void
expect_given(const char *path)
{
    static const unsigned char nobody_reads[] = {
        2,  0, 0, 0,                         /* version */
        1,  0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* user::rw- */
        2,  0, 4, 0, 0xfe, 0xff, 0,    0,    /* user:65534:r-- */
        4,  0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* group::--- */
        16, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, /* mask::r-- */
        32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* other::--- */
    };
    unsigned char got[256];
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 07117, 0);
    assert_int_equal(lgetxattr(path, access_list, got, sizeof(got)),
                     sizeof(nobody_reads));
    assert_memory_equal(got, nobody_reads, sizeof(nobody_reads));
}

static void
expect_content(const char *path, const char *text)
{
    char got[4096] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_true(read(fd, got, sizeof(got) - 1) > 0);
    close(fd);
    assert_string_equal(got, text);
}

/* --- the good way -------------------------------------------------------------- */

static void
test_life(void **state)
{
    char path[KEPT_PATH];
    struct talk talk;
    pam_handle_t *pamh;
    struct stat st;

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    expect_file(path);
    expect_content(path, KEPT_CONTENT);
    assert_int_equal(stat(KEPT_FOLDER, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 07777, 0711);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    expect_file(path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    expect_given(path);
    assert_string_equal(pam_getenv(pamh, KEPT_ENV), path);
    kept_expect_logout(0);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    kept_expect_logout(1);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    assert_int_equal(kept_count_files(), 0);
    host_log_clear();
}

/* Names are random. */
static void
test_two_logins(void **state)
{
    char first[KEPT_PATH], second[KEPT_PATH];
    struct talk talk, other;
    pam_handle_t *a, *b;

    kept_need_run();
    a = kept_log_in(&talk);
    b = kept_log_in(&other);
    kept_copy_path(a, first);
    kept_copy_path(b, second);
    assert_string_not_equal(first, second);
    assert_int_equal(pam_open_session(a, 0), PAM_SUCCESS);
    assert_int_equal(pam_open_session(b, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(a, 0), PAM_SUCCESS);
    expect_given(second);
    assert_int_equal(pam_close_session(b, 0), PAM_SUCCESS);
    pam_end(a, PAM_SUCCESS);
    pam_end(b, PAM_SUCCESS);
    assert_int_equal(kept_count_files(), 0);
    host_log_clear();
}

/* S-17: once is enough, twice does no harm. */
static void
test_twice(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    expect_given(path);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* sshd's keyboard-interactive: another process authenticates, and only the
 * PAM environment comes back. */
static void
test_other_process(void **state)
{
    int ends[2], status = -1;
    char path[KEPT_PATH] = "", text[KEPT_PATH + 32];
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;
    pid_t pid;

    kept_need_run();
    assert_int_equal(pipe(ends), 0);
    host_script("granted id=person1 tokens=yes");
    pamh = host_start(ALICE, &talk);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int result = pam_authenticate(pamh, 0);
        const char *named = pam_getenv(pamh, KEPT_ENV);

        /* and no pam_end, as sshd does it */
        _exit(result != PAM_SUCCESS || named == NULL ||
              write(ends[1], named, strlen(named)) < 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(read(ends[0], path, sizeof(path) - 1) > 0);
    close(ends[0]);
    close(ends[1]);
    snprintf(text, sizeof(text), KEPT_ENV "=%s", path);
    assert_int_equal(pam_putenv(pamh, text), PAM_SUCCESS);
    expect_file(path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    expect_given(path);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    kept_expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* Root's own session, where root may log in with a key. */
static void
test_root(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;
    char path[KEPT_PATH];
    struct stat st;

    kept_need_run();
    host_settings(KEPT_QUICK "allow_root = yes\n");
    host_users("root id:person1\n");
    host_script("granted id=person1 tokens=yes");
    pamh = host_start("root", &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    kept_copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 07137, 0); /* a list's mask may show */
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    kept_expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_settings(KEPT_QUICK);
    host_users(ALICE " id:person1\n");
    host_log_clear();
}

/* --- logins that come to nothing --------------------------------------------- */

static void
test_never_opened(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    pam_end(pamh, PAM_ABORT);
    kept_expect_no_file(path);
    host_log_clear();
}

/* A process that only lets go of its copy leaves the file alone. */
static void
test_ends_of_copies(void **state)
{
    static const int statuses[] = {PAM_SUCCESS | PAM_DATA_SILENT, PAM_SUCCESS};
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    for (size_t i = 0; i < UK_COUNT(statuses); i++) {
        int status = -1;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(pam_end(pamh, statuses[i]) == PAM_SUCCESS ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        expect_file(path);
    }
    pam_end(pamh, PAM_SUCCESS | PAM_DATA_SILENT);
    expect_file(path);
    assert_int_equal(unlink(path), 0);
    host_log_clear();
}

/* A handle that ends after its session was opened, and not closed: the user's
 * programs may still run. */
static void
test_ends_while_open(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    pam_end(pamh, PAM_SUCCESS);
    expect_given(path);
    assert_int_equal(unlink(path), 0);
    host_log_clear();
}

/* Whoever tries again in the same handle has one file at the end. */
static void
test_again(void **state)
{
    char first[KEPT_PATH], second[KEPT_PATH];
    struct talk talk;
    pam_handle_t *pamh;

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, first);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    kept_copy_path(pamh, second);
    kept_expect_no_file(first);
    expect_file(second);
    kept_expect_logout(1);
    host_script("refused");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    kept_expect_no_file(second);
    kept_expect_logout(1);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    /* Somebody else's module may have let the user in. */
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    pam_end(pamh, PAM_AUTH_ERR);
    assert_int_equal(kept_count_files(), 0);
    host_log_clear();
}

/* The same where the person gives up at the second prompt. */
static void
test_again_and_cancelled(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    talk.style = TALK_FAILS;
    assert_int_equal(pam_authenticate(pamh, 0), PAM_CONV_ERR);
    kept_expect_no_file(path);
    kept_expect_logout(1);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    pam_end(pamh, PAM_CONV_ERR);
    host_log_clear();
}

/* --- what logins left behind ------------------------------------------------- */

enum opener { NOBODY_OPENED, A_LIVING_ONE, A_DEAD_ONE, FROM_ELSEWHERE };

static const struct {
    const char *name;
    uid_t uid;
    enum opener opener;
    time_t age;
    bool goes;
} leftovers[] = {
    {"00000000000000000000000000000000", 0, NOBODY_OPENED, 3600, true},
    {"00000000000000000000000000000001", 0, NOBODY_OPENED, 60, false},
    {"00000000000000000000000000000002", 0, NOBODY_OPENED, -3600, false},
    {"00000000000000000000000000000003", 0, A_LIVING_ONE, 3600, false},
    {"00000000000000000000000000000004", 0, A_DEAD_ONE, 3600, true},
    {"00000000000000000000000000000005", 0, A_DEAD_ONE, 60, false},
    {"00000000000000000000000000000006", 0, FROM_ELSEWHERE, 3600, false},
    {"00000000000000000000000000000007", NOBODY, NOBODY_OPENED, 3600, false},
    {"0000000000000000000000000000000", 0, NOBODY_OPENED, 3600, false},
    {"something-else", 0, NOBODY_OPENED, 3600, false},
};

/* As if that had been in another namespace of processes: the last number of
 * the note says in which. */
static void
move_elsewhere(const char *path)
{
    static const char note[] = "trusted.userkey.opener";
    uint64_t numbers[2];

    assert_int_equal(lgetxattr(path, note, numbers, sizeof(numbers)),
                     sizeof(numbers));
    numbers[1]++;
    assert_int_equal(lsetxattr(path, note, numbers, sizeof(numbers), 0), 0);
}

static void
make_leftover(size_t i)
{
    char path[KEPT_PATH];

    snprintf(path, sizeof(path), KEPT_FOLDER "/%s", leftovers[i].name);
    kept_write_text(path, KEPT_CONTENT);
    assert_int_equal(chown(path, leftovers[i].uid, 0), 0);
    switch (leftovers[i].opener) {
    case NOBODY_OPENED:
        break;
    case A_LIVING_ONE:
        kept_open_session_of(path);
        break;
    case A_DEAD_ONE:
        kept_open_and_die(path);
        break;
    case FROM_ELSEWHERE:
        kept_open_and_die(path);
        move_elsewhere(path);
        break;
    }
    if (leftovers[i].opener != NOBODY_OPENED)
        expect_given(path);
    kept_make_old(path, leftovers[i].age);
}

/* A login clears away one of those, at the service too, and no more. */
static void
test_leftovers(void **state)
{
    kept_need_run();
    kept_empty_folder();
    host_script("granted");
    for (size_t i = 0; i < UK_COUNT(leftovers); i++)
        make_leftover(i);
    for (unsigned logins = 1; logins <= 3; logins++) {
        struct talk talk;
        pam_handle_t *pamh = kept_log_in(&talk);
        unsigned gone = logins < 2 ? logins : 2;

        assert_int_equal(host_logouts(), logins <= 2 ? 1 : 0);
        assert_int_equal(kept_count_files(), UK_COUNT(leftovers) - gone + 1);
        pam_end(pamh, PAM_SUCCESS);
    }
    for (size_t i = 0; i < UK_COUNT(leftovers); i++) {
        char path[KEPT_PATH];

        snprintf(path, sizeof(path), KEPT_FOLDER "/%s", leftovers[i].name);
        if ((access(path, F_OK) != 0) != leftovers[i].goes)
            fail_msg("row %zu", i);
    }
    kept_empty_folder();
    host_log_clear();
}

/* Half a file, and a service that cannot be told: gone all the same, and the
 * login is none the worse. */
static void
test_leftovers_with_troubles(void **state)
{
    static const struct {
        const char *text;
        const char *script;
        const char *says;
    } rows[] = {
        {"", "granted id=person1 tokens=yes", "bad-answer user='"},
        {KEPT_CONTENT, "granted id=person1 tokens=yes logout=yes",
         "unreachable "},
    };
    char path[] = KEPT_FOLDER "/00000000000000000000000000000000";

    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);

        kept_empty_folder();
        kept_write_text(path, rows[i].text);
        kept_make_old(path, 3600);
        host_script(rows[i].script);
        host_log_clear();
        assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
        kept_expect_no_file(path);
        assert_int_equal(host_log_count(), 2);
        assert_true(host_log_has("ending a session that nobody will use: "));
        pam_end(pamh, PAM_SUCCESS);
    }
    host_log_clear();
}

static unsigned stats;

/* In place of libc's, to count how many files the module looks at. */
__attribute__((visibility("default"))) int
fstatat(int fd, const char *path, struct stat *st, int flags)
{
    int (*real)(int, const char *, struct stat *, int);

    stats++;
    *(void **)&real = dlsym(RTLD_NEXT, "fstatat");
    return real(fd, path, st, flags);
}

/* However many files there are, nobody waits until all are looked at. */
static void
test_many_leftovers(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;

    kept_need_run();
    kept_empty_folder();
    for (unsigned i = 0; i < 5000; i++) {
        char path[KEPT_PATH];

        snprintf(path, sizeof(path), KEPT_FOLDER "/%032x", i);
        kept_write_text(path, "");
    }
    stats = 0;
    pamh = kept_log_in(&talk);
    assert_true(stats >= 256);
    assert_true(stats < 500);
    pam_end(pamh, PAM_SUCCESS);
    kept_empty_folder();
    host_log_clear();
}

static void
test_refusals_keep_nothing(void **state)
{
    static const char *const scripts[] = {
        "refused", "granted id=person2 tokens=yes", "tls", "crash"};

    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(scripts); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);

        host_script(scripts[i]);
        assert_int_not_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
        assert_null(pam_getenv(pamh, KEPT_ENV));
        assert_int_equal(kept_count_files(), 0);
        /* The session of a person who is turned away is ended. */
        assert_int_equal(host_logouts(), i == 1 ? 1 : 0);
        pam_end(pamh, PAM_AUTH_ERR);
    }
    host_log_clear();
}

/* --- sudo: one authenticates, another's session is opened -------------------- */

static void
test_session_of_another(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    kept_expect_logout(1);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* The same where root's session was never opened, and is closed. */
static void
test_closed_for_another(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    kept_expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* --- paths and files that are not ours ---------------------------------------- */

static int
open_with(const char *value, bool close_it)
{
    struct talk talk = {.style = TALK_FAILS};
    pam_handle_t *pamh = host_start(ALICE, &talk);
    char text[512];
    int result;

    snprintf(text, sizeof(text), KEPT_ENV "=%s", value);
    assert_int_equal(pam_putenv(pamh, text), PAM_SUCCESS);
    result = close_it ? pam_close_session(pamh, 0) : pam_open_session(pamh, 0);
    pam_end(pamh, result);
    return result;
}

/* What is not of the form is not ours, and is left alone. */
static void
test_foreign_paths(void **state)
{
    static const char *const paths[] = {
        "/run/victim",
        KEPT_FOLDER "/../../victim",
        KEPT_FOLDER "/0123456789abcdef0123456789abcdeg",
        KEPT_FOLDER "/0123456789ABCDEF0123456789ABCDEF",
        "",
    };

    kept_need_run();
    host_script("granted");
    assert_int_equal(system("echo precious >/run/victim"), 0);
    for (size_t i = 0; i < UK_COUNT(paths); i++) {
        for (int close_it = 0; close_it <= 1; close_it++)
            assert_int_equal(open_with(paths[i], close_it), PAM_SUCCESS);
    }
    expect_content("/run/victim", "precious\n");
    assert_int_equal(host_logouts(), 0);
    host_log_clear();
}

static const char somewhere[] = KEPT_FOLDER "/0123456789abcdef0123456789abcdef";

static const struct {
    const char *command; /* makes "somewhere" */
    const char *says;
} traps[] = {
    {"ln -s /run/victim %s", "Too many levels of symbolic links"},
    {"mkdir %s", "not a regular file of our own"},
    {"mkfifo %s", "not a regular file of our own"},
    {"touch %s && chown 12345 %s", "not a regular file of our own"},
    {"sed s/" ALICE "/somebody/ /run/session >%s",
     "is a session of 'somebody' and not of '" ALICE "'"},
};

/* V-33: nothing but a plain file of ours is given away, read or removed. */
static void
test_traps(void **state)
{
    char command[512];
    struct stat st;

    kept_need_run();
    host_script("granted");
    assert_int_equal(system("mkdir -p " KEPT_FOLDER
                            "; chmod 711 /run/userkey " KEPT_FOLDER
                            "; rm -f /run/victim; echo precious "
                            ">/run/victim; chmod 600 /run/victim"),
                     0);
    kept_write_text("/run/session", KEPT_CONTENT);
    for (size_t i = 0; i < UK_COUNT(traps); i++) {
        for (int close_it = 0; close_it <= 1; close_it++) {
            snprintf(command, sizeof(command), "rm -rf %s", somewhere);
            assert_int_equal(system(command), 0);
            snprintf(command, sizeof(command), "p=%s; set -e; ", somewhere);
            for (const char *p = traps[i].command; *p != '\0'; p++) {
                size_t len = strlen(command);
                bool place = p[0] == '%' && p[1] == 's';

                snprintf(command + len, sizeof(command) - len, "%s",
                         place ? "$p" : (char[]){*p, '\0'});
                p += place;
            }
            assert_int_equal(system(command), 0);
            host_log_clear();
            assert_int_equal(open_with(somewhere, close_it), PAM_SESSION_ERR);
            if (!host_log_has(traps[i].says))
                fail_msg("row %zu: %s", i, host_log_line(0));
            assert_int_equal(lstat(somewhere, &st), 0); /* still there */
            assert_int_equal(stat("/run/victim", &st), 0);
            assert_int_equal(st.st_uid, 0);
        }
    }
    assert_int_equal(host_logouts(), 0);
    snprintf(command, sizeof(command), "rm -rf %s", somewhere);
    assert_int_equal(system(command), 0);
    host_log_clear();
}

/* A file that is not there: nothing to close, and nothing to open. */
static void
test_gone(void **state)
{
    kept_need_run();
    host_script("granted");
    assert_int_equal(open_with(somewhere, true), PAM_SUCCESS);
    host_log_clear();
    assert_int_equal(open_with(somewhere, false), PAM_SESSION_ERR);
    assert_true(host_log_has("handing over the session: opening '"));
    host_log_clear();
}

/* A folder that is not root's alone: not believed, for making, giving,
 * taking. */
static void
test_folder(void **state)
{
    static const char *const spoils[] = {
        "chown 65534 /run/userkey",
        "chown 65534 " KEPT_FOLDER,
        "chmod 777 " KEPT_FOLDER,
        "mv " KEPT_FOLDER
        " /run/elsewhere && ln -s /run/elsewhere " KEPT_FOLDER,
        "rmdir " KEPT_FOLDER " && touch " KEPT_FOLDER,
    };

    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(spoils); i++) {
        struct talk talk;
        pam_handle_t *pamh;

        assert_int_equal(
            system("rm -rf /run/userkey /run/elsewhere; mkdir -p " KEPT_FOLDER
                   "; chmod 711 /run/userkey " KEPT_FOLDER),
            0);
        assert_int_equal(system(spoils[i]), 0);
        host_log_clear();
        pamh = kept_log_in(&talk);
        /* Who may log in has been decided; the session is not kept. */
        assert_null(pam_getenv(pamh, KEPT_ENV));
        kept_expect_logout(1);
        assert_int_equal(host_log_count(), 2);
        assert_non_null(strstr(host_log_line(0), "keeping the session: '/run"));
        assert_int_equal(host_log_priority(0), 4);
        assert_non_null(strstr(host_log_line(1), "granted user='"));
        assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
        pam_end(pamh, PAM_SUCCESS);
    }
    assert_int_equal(system("rm -rf /run/userkey /run/elsewhere"), 0);
    host_log_clear();
}

/* --- what users can do about files -------------------------------------------- */

/* Do this as somebody, and say whether it worked. */
static bool
can(uid_t uid, bool (*act)(const char *path), const char *path)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(setgid(uid) == 0 && setuid(uid) == 0 && act(path) ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status == 0;
}

static bool
read_it(const char *path)
{
    char text[sizeof(KEPT_CONTENT)] = "";
    int fd = open(path, O_RDONLY);

    return fd >= 0 &&
           read(fd, text, sizeof(text)) == sizeof(KEPT_CONTENT) - 1 &&
           memcmp(text, KEPT_CONTENT, sizeof(KEPT_CONTENT) - 1) == 0;
}

static bool
write_it(const char *path)
{
    return open(path, O_WRONLY) >= 0 || truncate(path, 1 << 20) == 0;
}

static bool
open_it_to_all(const char *path)
{
    return chmod(path, 0666) == 0 || removexattr(path, access_list) == 0;
}

static bool
hold_it(const char *path)
{
    int fd = open(path, O_RDONLY);

    return fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
}

static bool
replace_it(const char *path)
{
    return unlink(path) == 0 || rename(path, "/run/public/x") == 0;
}

static void
test_rights(void **state)
{
    static const struct {
        uid_t uid;
        bool opened; /* else the session waits for that */
        bool (*act)(const char *path);
        bool works;
    } rows[] = {
        {NOBODY, false, read_it, false},       {NOBODY, true, read_it, true},
        {OTHER, false, read_it, false},        {OTHER, true, read_it, false},
        {NOBODY, true, write_it, false},       {OTHER, true, write_it, false},
        {NOBODY, true, open_it_to_all, false}, {NOBODY, true, hold_it, false},
        {NOBODY, true, replace_it, false},
    };
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    assert_int_equal(system("mkdir -m 1777 /run/public"), 0);
    for (int opened = 0; opened <= 1; opened++) {
        if (opened != 0)
            assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        for (size_t i = 0; i < UK_COUNT(rows); i++) {
            if (rows[i].opened == (opened != 0) &&
                can(rows[i].uid, rows[i].act, path) != rows[i].works)
                fail_msg("row %zu", i);
        }
    }
    expect_given(path);
    expect_content(path, KEPT_CONTENT);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    kept_expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    assert_int_equal(system("rm -r /run/public"), 0);
    host_log_clear();
}

/* A second name, which some systems let users give, holds nothing up. */
static void
test_second_name(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(link(path, "/run/second"), 0);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_no_file(path);
    kept_expect_logout(1);
    assert_int_equal(unlink("/run/second"), 0);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* V-33: pam_env lets users name any file.  Another's session, whether it waits
 * or is open, is neither handed over nor ended. */
static void
test_session_of_somebody_else(void **state)
{
    kept_need_run();
    for (int opened = 0; opened <= 1; opened++) {
        struct talk talk;
        pam_handle_t *theirs, *ours;
        char path[KEPT_PATH], text[KEPT_PATH + 32];

        theirs = kept_log_in(&talk);
        kept_copy_path(theirs, path);
        if (opened != 0)
            assert_int_equal(pam_open_session(theirs, 0), PAM_SUCCESS);
        snprintf(text, sizeof(text), KEPT_ENV "=%s", path);
        host_log_clear();
        ours = host_start(SYSTEM, &talk);
        assert_int_equal(pam_putenv(ours, text), PAM_SUCCESS);
        assert_int_equal(pam_open_session(ours, 0), PAM_SESSION_ERR);
        assert_true(host_log_has("' is a session of '" ALICE
                                 "' and not of '" SYSTEM "'"));
        assert_int_equal(pam_putenv(ours, text), PAM_SUCCESS);
        assert_int_equal(pam_close_session(ours, 0), PAM_SESSION_ERR);
        pam_end(ours, PAM_SESSION_ERR);
        assert_int_equal(host_logouts(), 0);
        (opened != 0 ? expect_given : expect_file)(path);
        if (opened != 0)
            assert_int_equal(pam_close_session(theirs, 0), PAM_SUCCESS);
        pam_end(theirs, PAM_SUCCESS);
        kept_expect_no_file(path);
    }
    host_log_clear();
}

/* --- what the machine does not let us ------------------------------------------ */

/* A file system without access lists: the session is not kept, and ended. */
static void
test_no_access_lists(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    kept_empty_folder();
    assert_int_equal(mount("none", KEPT_FOLDER, "ramfs", 0, NULL), 0);
    assert_int_equal(chmod(KEPT_FOLDER, 0711), 0);
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    host_log_clear();
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(host_log_count(), 1);
    assert_true(host_log_has("system user='" ALICE "'"));
    assert_true(host_log_has("keeping the session: letting user '" ALICE
                             "' read '" KEPT_FOLDER));
    kept_expect_no_file(path);
    kept_expect_logout(1);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    kept_expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    assert_int_equal(umount(KEPT_FOLDER), 0);
    host_log_clear();
}

/* V-25: without random numbers there is no name that nobody can foresee, so
 * there is no file.  This stands before libc's function (-rdynamic). */
static bool no_random;

__attribute__((visibility("default"))) ssize_t
getrandom(void *to, size_t len, unsigned flags)
{
    if (no_random) {
        errno = ENOSYS;
        return -1;
    }
    return syscall(SYS_getrandom, to, len, flags);
}

static void
test_no_random_numbers(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;
    int result;

    kept_need_run();
    host_script("granted id=person1 tokens=yes");
    host_log_clear();
    pamh = host_start(ALICE, &talk);
    no_random = true;
    result = pam_authenticate(pamh, 0);
    no_random = false;
    assert_int_equal(result, PAM_SUCCESS);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    assert_int_equal(kept_count_files(), 0);
    kept_expect_logout(1);
    assert_true(host_log_has("keeping the session: getting random numbers"));
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* 'ulimit -f': the host is not ended by a signal, and the session is. */
static void
test_file_size_limit(void **state)
{
    static const rlim_t limits[] = {0, 1, sizeof(KEPT_CONTENT) - 2};
    struct rlimit before, limit;

    kept_need_run();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t i = 0; i < UK_COUNT(limits); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);
        int result;

        host_script("granted id=person1 tokens=yes");
        host_log_clear();
        limit = (struct rlimit){limits[i], before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        result = pam_authenticate(pamh, 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(result, PAM_SUCCESS);
        assert_null(pam_getenv(pamh, KEPT_ENV));
        assert_int_equal(kept_count_files(), 0);
        kept_expect_logout(1);
        assert_int_equal(host_log_count(), 2);
        assert_non_null(strstr(host_log_line(0), "keeping the session: the "
                                                 "process may write files of"));
        pam_end(pamh, PAM_SUCCESS);
    }
    limit = (struct rlimit){sizeof(KEPT_CONTENT) - 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);

        assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
        assert_non_null(pam_getenv(pamh, KEPT_ENV));
        pam_end(pamh, PAM_SUCCESS);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    host_log_clear();
}

/* --- what root or the disk does with the file ---------------------------------- */

static const struct {
    const char *text;
    int result;
    unsigned logouts;
} contents[] = {
    {"", PAM_SESSION_ERR, 0},
    {"nonsense", PAM_SESSION_ERR, 0},
    {"{\"refresh_token\":\"" KEPT_REFRESH "\"}", PAM_SESSION_ERR, 0},
    {"{\"account\":\"" ALICE "\"}", PAM_SESSION_ERR, 0},
    {KEPT_CONTENT, PAM_SUCCESS, 1},
};

static void
test_contents(void **state)
{
    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(contents); i++) {
        struct talk talk;
        pam_handle_t *pamh = kept_log_in(&talk);
        char path[KEPT_PATH];

        kept_copy_path(pamh, path);
        assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        kept_write_text(path, contents[i].text);
        if (pam_close_session(pamh, 0) != contents[i].result)
            fail_msg("row %zu", i);
        assert_int_equal(host_logouts(), contents[i].logouts);
        kept_expect_no_file(path);
        assert_null(pam_getenv(pamh, KEPT_ENV));
        pam_end(pamh, PAM_SUCCESS);
        host_log_clear();
    }
}

static void
test_swollen(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[KEPT_PATH];

    kept_need_run();
    pamh = kept_log_in(&talk);
    kept_copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    host_log_clear();
    assert_int_equal(pam_close_session(pamh, 0), PAM_SESSION_ERR);
    assert_true(host_log_has("pam_userkey(probe:session): bad-answer user='"));
    kept_expect_no_file(path);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* The service cannot be told: the token goes from this machine all the same. */
static void
test_logout_fails(void **state)
{
    static const struct {
        const char *script;
        const char *word;
    } rows[] = {
        {"crash logout=yes", "unreachable user='"},
        {"garbage logout=yes", "bad-answer user='"},
    };

    kept_need_run();
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;
        pam_handle_t *pamh = kept_log_in(&talk);
        char path[KEPT_PATH];

        kept_copy_path(pamh, path);
        assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        host_script(rows[i].script);
        host_log_clear();
        assert_int_equal(pam_close_session(pamh, 0), PAM_SESSION_ERR);
        assert_int_equal(host_log_count(), 1);
        assert_true(host_log_has(rows[i].word));
        assert_true(host_log_has("ending the session: logging the session "
                                 "out: "));
        kept_expect_no_file(path);
        pam_end(pamh, PAM_SUCCESS);
    }
    host_log_clear();
}

/* An agent that hands nothing over. */
static void
test_no_tokens(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;

    kept_need_run();
    pamh = host_start(ALICE, &talk);
    host_script("granted id=person1");
    host_log_clear();
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    assert_int_equal(host_log_count(), 2);
    assert_non_null(strstr(host_log_line(0), "the agent handed over no "
                                             "session"));
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* Without root there is no place for the file, and the login goes on. */
static void
test_without_root(void **state)
{
    uid_t me = geteuid();
    struct talk talk;
    pam_handle_t *pamh;

    kept_need_run();
    host_need_others();
    host_script("granted id=person1 tokens=yes");
    assert_int_equal(seteuid(NOBODY), 0);
    talk = (struct talk){.answers = {host_key()}};
    pamh = host_start(ALICE, &talk);
    host_log_clear();
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_null(pam_getenv(pamh, KEPT_ENV));
    assert_non_null(
        strstr(host_log_line(0), "keeping the session: creating '"));
    pam_end(pamh, PAM_SUCCESS);
    assert_int_equal(seteuid(me), 0);
    host_log_clear();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_two_logins),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_other_process),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_never_opened),
        cmocka_unit_test(test_ends_of_copies),
        cmocka_unit_test(test_ends_while_open),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_again_and_cancelled),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_leftovers_with_troubles),
        cmocka_unit_test(test_many_leftovers),
        cmocka_unit_test(test_refusals_keep_nothing),
        cmocka_unit_test(test_session_of_another),
        cmocka_unit_test(test_closed_for_another),
        cmocka_unit_test(test_foreign_paths),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_second_name),
        cmocka_unit_test(test_session_of_somebody_else),
        cmocka_unit_test(test_no_access_lists),
        cmocka_unit_test(test_no_random_numbers),
        cmocka_unit_test(test_file_size_limit),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_swollen),
        cmocka_unit_test(test_logout_fails),
        cmocka_unit_test(test_no_tokens),
        cmocka_unit_test(test_without_root),
    };

    return cmocka_run_group_tests_name("session", tests, kept_setup,
                                       host_teardown);
}
