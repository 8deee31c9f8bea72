/*
 * Sessions that are kept for the time of a login: whose file it is at every
 * moment, and that it goes with its session, whatever happens.
 *
 * The file's place is fixed, so the test has a /run of its own (a mount
 * namespace), for which it needs root; without, it is skipped.
 */
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attr.h"
#include "tests/pam/lib_hash.h"
#include "tests/pam/lib_host.h"

#define QUICK  "failure_floor = 0\ntimeout = 20s\nsession = keep\n"
#define FOLDER "/run/userkey/sessions"
#define ENV    "USERKEY_SESSION"
#define NOBODY 65534 /* ALICE's uid, and another's below */
#define OTHER  12345
#define PATH   128

/* What helper_agent hands over, in JSON. */
#define CONTENT                                                                \
    "{\"url\":\"https://auth.test.invalid\",\"app_id\":\"app\","               \
    "\"user_id\":\"person1\",\"access_token\":\"acc\\\"ess\\\\1\","            \
    "\"refresh_token\":\"ref\\\"resh\\\\1\"}\n"
#define REFRESH "ref\"resh\\1"

static bool have_run;

/* A /run of our own, which goes with the process. */
static int
setup(void **state)
{
    have_run = unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("none", "/run", "tmpfs", 0, "mode=755") == 0;
    host_setup(state);
    host_settings(QUICK);
    host_simple_stack("");
    return 0;
}

static void
need_run(void)
{
    if (!have_run)
        skip();
}

static unsigned
count_files(void)
{
    FILE *pipe = popen("ls -A " FOLDER " 2>/dev/null | wc -l", "re");
    unsigned count = 0;

    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    pclose(pipe);
    return count;
}

/* As a host logs ALICE in. */
static pam_handle_t *
log_in(struct talk *talk)
{
    pam_handle_t *pamh;

    *talk = (struct talk){.answers = {host_key()}};
    host_script("granted id=person1 tokens=yes");
    pamh = host_start(ALICE, talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    return pamh;
}

static void
copy_path(pam_handle_t *pamh, char path[PATH])
{
    const char *named = pam_getenv(pamh, ENV);

    assert_non_null(named);
    assert_true(strlen(named) < PATH);
    memcpy(path, named, strlen(named) + 1);
}

static void
expect_file(const char *path, uid_t uid)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_uid, uid);
}

static void
expect_no_file(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), -1);
    assert_int_equal(errno, ENOENT);
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

static void
overwrite(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void
expect_logout(unsigned times)
{
    char hash[64];
    char *text = host_read("agent.log");

    assert_int_equal(host_logouts(), times);
    snprintf(hash, sizeof(hash), "len=%zu hash=%08x", strlen(REFRESH),
             lib_hash(REFRESH, strlen(REFRESH)));
    assert_int_equal(strstr(text, hash) != NULL, times > 0);
    free(text);
}

/* --- the good way -------------------------------------------------------------- */

static void
test_life(void **state)
{
    char path[PATH];
    struct talk talk;
    pam_handle_t *pamh;
    struct stat st;

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, path);
    expect_file(path, 0);
    expect_content(path, CONTENT);
    assert_int_equal(stat(FOLDER, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 07777, 0711);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    expect_file(path, 0);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    expect_file(path, NOBODY);
    assert_string_equal(pam_getenv(pamh, ENV), path);
    expect_logout(0);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    expect_no_file(path);
    assert_null(pam_getenv(pamh, ENV));
    expect_logout(1);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    assert_int_equal(count_files(), 0);
    host_log_clear();
}

/* Names are random. */
static void
test_two_logins(void **state)
{
    char first[PATH], second[PATH];
    struct talk talk, other;
    pam_handle_t *a, *b;

    need_run();
    a = log_in(&talk);
    b = log_in(&other);
    copy_path(a, first);
    copy_path(b, second);
    assert_string_not_equal(first, second);
    assert_int_equal(pam_open_session(a, 0), PAM_SUCCESS);
    assert_int_equal(pam_open_session(b, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(a, 0), PAM_SUCCESS);
    expect_file(second, NOBODY);
    assert_int_equal(pam_close_session(b, 0), PAM_SUCCESS);
    pam_end(a, PAM_SUCCESS);
    pam_end(b, PAM_SUCCESS);
    assert_int_equal(count_files(), 0);
    host_log_clear();
}

/* S-17: once is enough, twice does no harm. */
static void
test_twice(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[PATH];

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    expect_file(path, NOBODY);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* sshd's keyboard-interactive: another process authenticates, and only the
 * PAM environment comes back. */
static void
test_other_process(void **state)
{
    int ends[2], status = -1;
    char path[PATH] = "", text[PATH + 32];
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;
    pid_t pid;

    need_run();
    assert_int_equal(pipe(ends), 0);
    host_script("granted id=person1 tokens=yes");
    pamh = host_start(ALICE, &talk);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int result = pam_authenticate(pamh, 0);
        const char *named = pam_getenv(pamh, ENV);

        /* and no pam_end, as sshd does it */
        _exit(result != PAM_SUCCESS || named == NULL ||
              write(ends[1], named, strlen(named)) < 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(read(ends[0], path, sizeof(path) - 1) > 0);
    close(ends[0]);
    close(ends[1]);
    snprintf(text, sizeof(text), ENV "=%s", path);
    assert_int_equal(pam_putenv(pamh, text), PAM_SUCCESS);
    expect_file(path, 0);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    expect_file(path, NOBODY);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    expect_no_file(path);
    expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_log_clear();
}

/* Root's own session, where root may log in with a key. */
static void
test_root(void **state)
{
    struct talk talk = {.answers = {host_key()}};
    pam_handle_t *pamh;
    char path[PATH];
    struct stat st;

    need_run();
    host_settings(QUICK "allow_root = yes\n");
    host_users("root id:person1\n");
    host_script("granted id=person1 tokens=yes");
    pamh = host_start("root", &talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 077, 0);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    expect_no_file(path);
    expect_logout(1);
    pam_end(pamh, PAM_SUCCESS);
    host_settings(QUICK);
    host_users(ALICE " id:person1\n");
    host_log_clear();
}

/* --- logins that come to nothing --------------------------------------------- */

static void
test_never_opened(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[PATH];

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, path);
    pam_end(pamh, PAM_ABORT);
    expect_no_file(path);
    host_log_clear();
}

/* A process that only lets go of its copy leaves the file alone. */
static void
test_ends_of_copies(void **state)
{
    static const int statuses[] = {PAM_SUCCESS | PAM_DATA_SILENT, PAM_SUCCESS};
    struct talk talk;
    pam_handle_t *pamh;
    char path[PATH];

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, path);
    for (size_t i = 0; i < UK_COUNT(statuses); i++) {
        int status = -1;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(pam_end(pamh, statuses[i]) == PAM_SUCCESS ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        expect_file(path, 0);
    }
    pam_end(pamh, PAM_SUCCESS | PAM_DATA_SILENT);
    expect_file(path, 0);
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
    char path[PATH];

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    pam_end(pamh, PAM_SUCCESS);
    expect_file(path, NOBODY);
    assert_int_equal(unlink(path), 0);
    host_log_clear();
}

/* Whoever tries again in the same handle has one file at the end. */
static void
test_again(void **state)
{
    char first[PATH], second[PATH];
    struct talk talk;
    pam_handle_t *pamh;

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, first);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    copy_path(pamh, second);
    expect_no_file(first);
    expect_file(second, 0);
    host_script("refused");
    assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    expect_no_file(second);
    assert_null(pam_getenv(pamh, ENV));
    /* Somebody else's module may have let the user in. */
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    pam_end(pamh, PAM_AUTH_ERR);
    assert_int_equal(count_files(), 0);
    host_log_clear();
}

/* What a login left behind that ended without a word to PAM. */
static const struct {
    const char *name;
    uid_t uid;
    mode_t mode;
    time_t age;
    bool goes;
} leftovers[] = {
    {"00000000000000000000000000000000", 0, 0600, 3600, true},
    {"00000000000000000000000000000001", 0, 0600, 60, false},
    {"00000000000000000000000000000002", 0, 0600, -3600, false},
    {"00000000000000000000000000000003", 0, 0700, 3600, false}, /* root's */
    {"00000000000000000000000000000004", NOBODY, 0600, 3600, false},
    {"0000000000000000000000000000000", 0, 0600, 3600, false},
    {"something-else", 0, 0600, 3600, false},
};

static void
make_leftover(size_t i)
{
    const struct timespec old = {.tv_sec = time(NULL) - leftovers[i].age};
    const struct timespec times[2] = {old, old};
    char path[PATH];
    int fd;

    snprintf(path, sizeof(path), FOLDER "/%s", leftovers[i].name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchown(fd, leftovers[i].uid, 0), 0);
    assert_int_equal(fchmod(fd, leftovers[i].mode), 0);
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void
test_leftovers(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;

    need_run();
    assert_int_equal(system("rm -rf /run/userkey; mkdir -p " FOLDER
                            "; chmod 711 /run/userkey " FOLDER),
                     0);
    for (size_t i = 0; i < UK_COUNT(leftovers); i++)
        make_leftover(i);
    pamh = log_in(&talk);
    for (size_t i = 0; i < UK_COUNT(leftovers); i++) {
        char path[PATH];

        snprintf(path, sizeof(path), FOLDER "/%s", leftovers[i].name);
        if ((access(path, F_OK) != 0) != leftovers[i].goes)
            fail_msg("row %zu", i);
    }
    pam_end(pamh, PAM_SUCCESS);
    assert_int_equal(system("rm -rf /run/userkey"), 0);
    host_log_clear();
}

static void
test_refusals_keep_nothing(void **state)
{
    static const char *const scripts[] = {
        "refused", "granted id=person2 tokens=yes", "tls", "crash"};

    need_run();
    for (size_t i = 0; i < UK_COUNT(scripts); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);

        host_script(scripts[i]);
        assert_int_not_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
        assert_null(pam_getenv(pamh, ENV));
        assert_int_equal(count_files(), 0);
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
    char path[PATH];

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, path);
    assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    expect_no_file(path);
    assert_null(pam_getenv(pamh, ENV));
    expect_logout(1);
    assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
    expect_logout(1);
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

    snprintf(text, sizeof(text), ENV "=%s", value);
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
        FOLDER "/../../victim",
        FOLDER "/0123456789abcdef0123456789abcdeg",
        FOLDER "/0123456789ABCDEF0123456789ABCDEF",
        "",
    };

    need_run();
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

static const char somewhere[] = FOLDER "/0123456789abcdef0123456789abcdef";

static const struct {
    const char *command; /* makes "somewhere" */
    const char *says;
} traps[] = {
    {"ln -s /run/victim %s", "Too many levels of symbolic links"},
    {"ln /run/victim %s", "not a regular file with one name"},
    {"mkdir %s", "not a regular file with one name"},
    {"mkfifo %s", "not a regular file with one name"},
    {"touch %s && chown 12345 %s", "belongs to uid 12345"},
};

/* S-33: nothing but a plain file of ours is given away, read or removed. */
static void
test_traps(void **state)
{
    char command[512];
    struct stat st;

    need_run();
    host_script("granted");
    assert_int_equal(system("mkdir -p " FOLDER
                            "; chmod 711 /run/userkey " FOLDER
                            "; rm -f /run/victim; echo precious "
                            ">/run/victim; chmod 600 /run/victim"),
                     0);
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
    need_run();
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
        "chown 65534 " FOLDER,
        "chmod 777 " FOLDER,
        "mv " FOLDER " /run/elsewhere && ln -s /run/elsewhere " FOLDER,
        "rmdir " FOLDER " && touch " FOLDER,
    };

    need_run();
    for (size_t i = 0; i < UK_COUNT(spoils); i++) {
        struct talk talk;
        pam_handle_t *pamh;

        assert_int_equal(
            system("rm -rf /run/userkey /run/elsewhere; mkdir -p " FOLDER
                   "; chmod 711 /run/userkey " FOLDER),
            0);
        assert_int_equal(system(spoils[i]), 0);
        host_log_clear();
        pamh = log_in(&talk);
        /* Who may log in has been decided; the session is not kept. */
        assert_null(pam_getenv(pamh, ENV));
        expect_logout(1);
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

/* --- what the user does with the file ------------------------------------------ */

static const struct {
    const char *text;
    int result;
    unsigned logouts;
} contents[] = {
    {"", PAM_SESSION_ERR, 0},
    {"nonsense", PAM_SESSION_ERR, 0},
    {"{\"refresh_token\":\"a b\"}", PAM_SESSION_ERR, 0}, /* no token */
    {"{\"refresh_token\":\"" REFRESH "\"}", PAM_SESSION_ERR, 0},
    {CONTENT, PAM_SUCCESS, 1},
    {"{\"refresh_token\":\"another\",\"x\":\"y\"}", PAM_SUCCESS, 1},
};

static void
test_contents(void **state)
{
    need_run();
    for (size_t i = 0; i < UK_COUNT(contents); i++) {
        struct talk talk;
        pam_handle_t *pamh = log_in(&talk);
        char path[PATH];

        copy_path(pamh, path);
        assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        overwrite(path, contents[i].text);
        if (pam_close_session(pamh, 0) != contents[i].result)
            fail_msg("row %zu", i);
        assert_int_equal(host_logouts(), contents[i].logouts);
        expect_no_file(path);
        assert_null(pam_getenv(pamh, ENV));
        pam_end(pamh, PAM_SUCCESS);
        host_log_clear();
    }
}

static void
test_swollen(void **state)
{
    struct talk talk;
    pam_handle_t *pamh;
    char path[PATH];

    need_run();
    pamh = log_in(&talk);
    copy_path(pamh, path);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    host_log_clear();
    assert_int_equal(pam_close_session(pamh, 0), PAM_SESSION_ERR);
    assert_true(host_log_has("pam_userkey(probe:session): bad-answer user='"));
    expect_no_file(path);
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

    need_run();
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct talk talk;
        pam_handle_t *pamh = log_in(&talk);
        char path[PATH];

        copy_path(pamh, path);
        assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        host_script(rows[i].script);
        host_log_clear();
        assert_int_equal(pam_close_session(pamh, 0), PAM_SESSION_ERR);
        assert_int_equal(host_log_count(), 1);
        assert_true(host_log_has(rows[i].word));
        assert_true(host_log_has("ending the session: logging the session "
                                 "out: "));
        expect_no_file(path);
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

    need_run();
    pamh = host_start(ALICE, &talk);
    host_script("granted id=person1");
    host_log_clear();
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_null(pam_getenv(pamh, ENV));
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

    need_run();
    host_script("granted id=person1 tokens=yes");
    assert_int_equal(seteuid(NOBODY), 0);
    talk = (struct talk){.answers = {host_key()}};
    pamh = host_start(ALICE, &talk);
    host_log_clear();
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    assert_null(pam_getenv(pamh, ENV));
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
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_refusals_keep_nothing),
        cmocka_unit_test(test_session_of_another),
        cmocka_unit_test(test_foreign_paths),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_swollen),
        cmocka_unit_test(test_logout_fails),
        cmocka_unit_test(test_no_tokens),
        cmocka_unit_test(test_without_root),
    };

    return cmocka_run_group_tests_name("session", tests, setup, host_teardown);
}
