/* Which files are believed, and that a file is whole or not there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"

#include "tests/skip.h"

#include "lib_place.h"

#define NOBODY 65534

static struct place place;
static struct uk_err err;

static const char *
path(const char *name)
{
    return place_path(&place, name);
}

static int
set_up(void **state)
{
    place_open(&place);
    assert_int_equal(mkdir(path("a"), 0755), 0);
    assert_int_equal(mkdir(path("a/b"), 0755), 0);
    place_write(&place, "a/b/f", "content", 0644);
    return 0;
}

static int
tear_down(void **state)
{
    place_close(&place);
    return 0;
}

static void
assert_opens(const char *name, enum uk_file_trust trust)
{
    int fd = -1;

    if (uk_file_open(path(name), trust, &fd, &err) != UK_OK)
        fail_msg("%s: %s", name, err.text);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(close(fd), 0);
}

/* Refused with a sentence that has these words, the component's name in it. */
static void
assert_refused(const char *full, enum uk_file_trust trust, enum uk_code code,
               const char *component, const char *words)
{
    char quoted[PLACE_PATH + 2];
    int fd = -77;

    snprintf(quoted, sizeof(quoted), "'%s'", component);
    assert_int_equal(uk_file_open(full, trust, &fd, &err), code);
    assert_int_equal(fd, -77);
    if (strstr(err.text, quoted) == NULL || strstr(err.text, words) == NULL)
        fail_msg("'%s' names not %s or says not '%s'", err.text, quoted, words);
}

static void
test_good(void **state)
{
    assert_opens("a/b/f", UK_FILE_TRUSTED);
    assert_opens("a//b///f", UK_FILE_TRUSTED);
    assert_int_equal(chmod(path("a/b/f"), 0600), 0);
    assert_opens("a/b/f", UK_FILE_PRIVATE);
    assert_int_equal(chmod(path("a/b/f"), 0400), 0);
    assert_opens("a/b/f", UK_FILE_PRIVATE);
    assert_int_equal(chmod(path("a"), 0700), 0);
    assert_opens("a/b/f", UK_FILE_TRUSTED);
}

/* Each component, made wrong by its mode. */
static void
test_modes(void **state)
{
    static const struct {
        const char *component;
        mode_t mode;
        bool good;
    } table[] = {
        {"a", 0775, false},     {"a", 0757, false},     {"a", 0777, false},
        {"a", 0720, false},     {"a", 0702, false},     {"a/b", 0775, false},
        {"a/b", 0777, false},   {"a/b/f", 0664, false}, {"a/b/f", 0646, false},
        {"a/b/f", 0666, false}, {"a/b/f", 0622, false}, {"a", 0755, true},
        {"a", 0711, true},      {"a/b", 0555, true},    {"a/b/f", 0444, true},
        {"a/b/f", 0755, true},  {"a/b/f", 0604, true},
    };

    for (size_t i = 0; i < UK_COUNT(table); i++) {
        const char *wrong = path(table[i].component);
        struct stat st;

        assert_int_equal(stat(wrong, &st), 0);
        assert_int_equal(chmod(wrong, table[i].mode), 0);
        if (table[i].good)
            assert_opens("a/b/f", UK_FILE_TRUSTED);
        else
            assert_refused(path("a/b/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                           path(table[i].component), "written by others");
        assert_int_equal(chmod(path(table[i].component), st.st_mode & 07777),
                         0);
    }
}

static void
test_private(void **state)
{
    static const mode_t modes[] = {0604, 0640, 0601, 0610, 0644, 0444};

    for (size_t i = 0; i < UK_COUNT(modes); i++) {
        assert_int_equal(chmod(path("a/b/f"), modes[i]), 0);
        assert_refused(path("a/b/f"), UK_FILE_PRIVATE, UK_MISCONFIGURED,
                       path("a/b/f"), "read by others");
        assert_opens("a/b/f", UK_FILE_TRUSTED);
    }
}

static void
test_links(void **state)
{
    assert_int_equal(symlink("f", path("a/b/link")), 0);
    assert_refused(path("a/b/link"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/b/link"), "symbolic link");
    assert_int_equal(symlink("a", path("dirlink")), 0);
    assert_refused(path("dirlink/b/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("dirlink"), "symbolic link");
    assert_int_equal(symlink("b", path("a/blink")), 0);
    assert_refused(path("a/blink/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/blink"), "symbolic link");
    assert_int_equal(symlink("nowhere", path("a/b/dangling")), 0);
    assert_refused(path("a/b/dangling"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/b/dangling"), "symbolic link");
    /* A second name of the same file is as good as the first. */
    assert_int_equal(link(path("a/b/f"), path("a/b/hard")), 0);
    assert_opens("a/b/hard", UK_FILE_TRUSTED);
}

static void
test_not_regular(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* Nobody writes into the pipe: opening it would wait for ever. */
    assert_int_equal(mkfifo(path("a/b/fifo"), 0600), 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s",
             path("a/b/socket"));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(chmod(path("a/b/socket"), 0600), 0);
    assert_refused(path("a/b/fifo"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/b/fifo"), "not a regular file");
    assert_refused(path("a/b/socket"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/b/socket"), "not a regular file");
    assert_refused(path("a/b"), UK_FILE_TRUSTED, UK_MISCONFIGURED, path("a/b"),
                   "not a regular file");
    assert_refused("/dev/null", UK_FILE_TRUSTED, UK_MISCONFIGURED, "/dev/null",
                   "not a regular file");
    assert_refused(path("a/b/f/g"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/b/f"), "not a folder");
    close(fd);
}

static void
test_not_there(void **state)
{
    assert_refused(path("a/b/none"), UK_FILE_TRUSTED, UK_SYSTEM,
                   path("a/b/none"), "No such file");
    assert_int_equal(err.sys, ENOENT);
    assert_refused(path("a/none/f"), UK_FILE_TRUSTED, UK_SYSTEM, path("a/none"),
                   "No such file");
    assert_int_equal(err.sys, ENOENT);
}

static void
test_paths(void **state)
{
    static char longest[PATH_MAX + 10];
    char part[PLACE_PATH];

    assert_refused("a/b/f", UK_FILE_TRUSTED, UK_MISCONFIGURED, "a/b/f",
                   "absolute");
    assert_refused("", UK_FILE_TRUSTED, UK_MISCONFIGURED, "", "absolute");
    assert_refused("/", UK_FILE_TRUSTED, UK_MISCONFIGURED, "/", "not a file");
    assert_refused("//", UK_FILE_TRUSTED, UK_MISCONFIGURED, "//", "not a file");
    assert_refused(path("a/../a/b/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/.."), "'..'");
    assert_refused(path("a/./b/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/."), "'.'");
    assert_refused(path("a/b/.."), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                   path("a/b/.."), "'..'");
    snprintf(part, sizeof(part), "%s/%0*d", place.dir, NAME_MAX + 1, 0);
    assert_refused(part, UK_FILE_TRUSTED, UK_MISCONFIGURED, part, "longer");
    memset(longest, 'x', sizeof(longest) - 1);
    for (size_t i = 0; i < sizeof(longest) - 1; i += 100)
        longest[i] = '/';
    assert_int_equal(uk_file_open(longest, UK_FILE_TRUSTED, &(int){-1}, &err),
                     UK_MISCONFIGURED);
}

/* A sticky folder of root's on the way, and as what holds the file. */
static void
test_sticky(void **state)
{
    char name[] = "/tmp/userkey-file-XXXXXX";
    struct stat st;
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(stat("/tmp", &st), 0);
    if (st.st_uid != 0 || (st.st_mode & 07777) != 01777) {
        unlink(name);
        skip_because("/tmp is not root's, or not sticky");
    }
    assert_opens("a/b/f", UK_FILE_TRUSTED); /* below /tmp */
    assert_refused(name, UK_FILE_TRUSTED, UK_MISCONFIGURED, "/tmp",
                   "written by others");
    assert_int_equal(unlink(name), 0);
    /* Sticky, but not of root's: its owner may exchange what is in it. */
    assert_int_equal(chmod(path("a"), 01777), 0);
    if (geteuid() != 0)
        assert_refused(path("a/b/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                       path("a"), "written by others");
    else
        assert_opens("a/b/f", UK_FILE_TRUSTED);
}

/* Each component, made another user's. */
static void
test_owners(void **state)
{
    static const char *const components[] = {"a", "a/b", "a/b/f"};

    if (geteuid() != 0)
        skip_because("only root can give a file away");
    for (size_t i = 0; i < UK_COUNT(components); i++) {
        assert_int_equal(lchown(path(components[i]), NOBODY, 0), 0);
        assert_refused(path("a/b/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                       path(components[i]), "belongs to uid 65534");
        assert_int_equal(lchown(path(components[i]), 0, NOBODY), 0);
        assert_opens("a/b/f", UK_FILE_TRUSTED);
    }
    assert_int_equal(lchown(path("a"), NOBODY, 0), 0);
    assert_int_equal(chmod(path("a"), 01777), 0);
    assert_refused(path("a/b/f"), UK_FILE_TRUSTED, UK_MISCONFIGURED, path("a"),
                   "belongs to uid 65534");
}

/* As another user: root's files and one's own are believed, no others. */
static int
open_as_nobody(void)
{
    int fd;

    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 1;
    if (uk_file_open(path("a/b/f"), UK_FILE_TRUSTED, &fd, &err) != UK_OK)
        return 2;
    if (uk_file_open(path("mine/f"), UK_FILE_PRIVATE, &fd, &err) != UK_OK)
        return 3;
    if (uk_file_open(path("theirs/f"), UK_FILE_TRUSTED, &fd, &err) !=
        UK_MISCONFIGURED)
        return 4;
    if (uk_file_open(path("secret"), UK_FILE_PRIVATE, &fd, &err) != UK_SYSTEM)
        return 5;
    return err.sys == EACCES ? 0 : 6;
}

static void
test_another_user(void **state)
{
    int status;
    pid_t pid;

    if (geteuid() != 0)
        skip_because("only root can become another");
    assert_int_equal(mkdir(path("mine"), 0700), 0);
    place_write(&place, "mine/f", "x", 0600);
    assert_int_equal(chown(path("mine"), NOBODY, NOBODY), 0);
    assert_int_equal(chown(path("mine/f"), NOBODY, NOBODY), 0);
    assert_int_equal(mkdir(path("theirs"), 0755), 0);
    place_write(&place, "theirs/f", "x", 0644);
    assert_int_equal(chown(path("theirs/f"), NOBODY - 1, NOBODY), 0);
    place_write(&place, "secret", "x", 0600);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(open_as_nobody());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
test_read(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(7);

    assert_int_equal(uk_file_read(path("a/b/f"), UK_FILE_TRUSTED, &buf, &err),
                     UK_OK);
    assert_string_equal(uk_buf_peek(&buf), "content");
    uk_buf_clear(&buf);
    place_write(&place, "a/b/f", "contents", 0644);
    assert_int_equal(uk_file_read(path("a/b/f"), UK_FILE_TRUSTED, &buf, &err),
                     UK_INVALID);
    assert_non_null(strstr(err.text, path("a/b/f")));
    uk_buf_clear(&buf);
    place_write(&place, "a/b/empty", "", 0644);
    assert_int_equal(
        uk_file_read(path("a/b/empty"), UK_FILE_TRUSTED, &buf, &err), UK_OK);
    assert_int_equal(buf.len, 0);
    uk_buf_clear(&buf);
}

static void
assert_mode(const char *name, mode_t mode)
{
    struct stat st;

    assert_int_equal(lstat(path(name), &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
    assert_int_equal(st.st_uid, geteuid());
}

static void
assert_content(const char *name, const char *wanted)
{
    char got[64];

    place_read(&place, name, got, sizeof(got));
    assert_string_equal(got, wanted);
}

static int
count_files(const char *name)
{
    DIR *dir = opendir(path(name));
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

/* The caller's umask has no say. */
static void
test_make_folder(void **state)
{
    static const mode_t umasks[] = {0, 022, 077, 0777};

    for (size_t i = 0; i < UK_COUNT(umasks); i++) {
        mode_t old = umask(umasks[i]);
        enum uk_code code = uk_file_make_folder(path("a/x/y"), 0750, &err);

        umask(old);
        assert_int_equal(code, UK_OK);
        assert_mode("a/x", 0750);
        assert_mode("a/x/y", 0750);
        assert_mode("a", 0755); /* was there */
        assert_int_equal(uk_file_make_folder(path("a/x/y/"), 0700, &err),
                         UK_OK);
        assert_mode("a/x/y", 0750);
        assert_int_equal(rmdir(path("a/x/y")), 0);
        assert_int_equal(rmdir(path("a/x")), 0);
    }
    assert_int_equal(uk_file_make_folder(path("a/b/f"), 0700, &err),
                     UK_MISCONFIGURED);
    assert_int_equal(symlink("b", path("a/link")), 0);
    assert_int_equal(uk_file_make_folder(path("a/link/x"), 0700, &err),
                     UK_MISCONFIGURED);
    assert_int_equal(access(path("a/b/x"), F_OK), -1);
    assert_int_equal(chmod(path("a"), 0777), 0);
    assert_int_equal(uk_file_make_folder(path("a/x"), 0700, &err),
                     UK_MISCONFIGURED);
    assert_int_equal(access(path("a/x"), F_OK), -1);
}

static void
test_replace(void **state)
{
    static const mode_t umasks[] = {0, 022, 0777};
    struct stat before, after;

    for (size_t i = 0; i < UK_COUNT(umasks); i++) {
        mode_t old = umask(umasks[i]);
        enum uk_code code =
            uk_file_replace(path("a/b/new"), "fresh", 5, 0640, &err);

        umask(old);
        assert_int_equal(code, UK_OK);
        assert_content("a/b/new", "fresh");
        assert_mode("a/b/new", 0640);
        assert_int_equal(unlink(path("a/b/new")), 0);
    }
    /* Another file takes the name: who has the old one open keeps it. */
    assert_int_equal(stat(path("a/b/f"), &before), 0);
    assert_int_equal(uk_file_replace(path("a/b/f"), "other", 5, 0600, &err),
                     UK_OK);
    assert_int_equal(stat(path("a/b/f"), &after), 0);
    assert_true(before.st_ino != after.st_ino);
    assert_content("a/b/f", "other");
    assert_mode("a/b/f", 0600);
    assert_int_equal(count_files("a/b"), 1);
}

static void
test_replace_refused(void **state)
{
    assert_int_equal(symlink("../elsewhere", path("a/link")), 0);
    /* The link is replaced, not what it points to. */
    assert_int_equal(uk_file_replace(path("a/link"), "x", 1, 0600, &err),
                     UK_OK);
    assert_mode("a/link", 0600);
    assert_int_equal(access(path("elsewhere"), F_OK), -1);
    assert_int_equal(uk_file_replace(path("a/b"), "x", 1, 0600, &err),
                     UK_SYSTEM);
    assert_int_equal(uk_file_replace(path("a/no/f"), "x", 1, 0600, &err),
                     UK_SYSTEM);
    assert_int_equal(chmod(path("a/b"), 0777), 0);
    assert_int_equal(uk_file_replace(path("a/b/f"), "x", 1, 0600, &err),
                     UK_MISCONFIGURED);
    assert_content("a/b/f", "content");
    assert_int_equal(count_files("a/b"), 1);
    assert_int_equal(count_files("a"), 2);
}

/* A file that cannot be written to its end leaves the old one as it was. */
static int
replace_beyond_limit(void)
{
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    static char bytes[5000];

    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return 1;
    if (uk_file_replace(path("a/b/f"), bytes, sizeof(bytes), 0600, &err) !=
        UK_SYSTEM)
        return 2;
    if (uk_file_create(path("a/b/g"), bytes, sizeof(bytes), 0600, &err) !=
        UK_SYSTEM)
        return 3;
    return err.sys == EFBIG ? 0 : 4;
}

static void
test_cannot_be_written(void **state)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(replace_beyond_limit());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_content("a/b/f", "content");
    assert_int_equal(count_files("a/b"), 1);
}

static void
test_create(void **state)
{
    char name[PLACE_PATH];
    mode_t old = umask(0);
    enum uk_code code = uk_file_create(path("a/b/new"), "fresh", 5, 0600, &err);

    umask(old);
    assert_int_equal(code, UK_OK);
    assert_content("a/b/new", "fresh");
    assert_mode("a/b/new", 0600);
    assert_int_equal(uk_file_create(path("a/b/new"), "x", 1, 0600, &err),
                     UK_SYSTEM);
    assert_int_equal(err.sys, EEXIST);
    assert_content("a/b/new", "fresh");
    assert_int_equal(symlink("nowhere", path("a/b/link")), 0);
    assert_int_equal(uk_file_create(path("a/b/link"), "x", 1, 0600, &err),
                     UK_SYSTEM);
    assert_int_equal(access(path("a/b/nowhere"), F_OK), -1);
    assert_int_equal(chmod(path("a"), 0777), 0);
    assert_int_equal(uk_file_create(path("a/b/other"), "x", 1, 0600, &err),
                     UK_MISCONFIGURED);
    /* Straight into /tmp is as good: what is new there is ours. */
    snprintf(name, sizeof(name), "%s.new", place.dir);
    assert_int_equal(uk_file_create(name, "x", 1, 0600, &err), UK_OK);
    assert_int_equal(unlink(name), 0);
}

/* Nothing above opens a descriptor and forgets it. */
static void
test_no_descriptor_left(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), got;

    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < 3; i++) {
        assert_opens("a/b/f", UK_FILE_TRUSTED);
        assert_refused(path("a/b/none"), UK_FILE_TRUSTED, UK_SYSTEM,
                       path("a/b/none"), "");
        assert_refused(path("a/b"), UK_FILE_TRUSTED, UK_MISCONFIGURED,
                       path("a/b"), "");
        assert_int_equal(uk_file_make_folder(path("a/x/y"), 0700, &err), UK_OK);
        assert_int_equal(uk_file_replace(path("a/r"), "", 0, 0600, &err),
                         UK_OK);
        assert_int_equal(uk_file_replace(path("a/b"), "", 0, 0600, &err),
                         UK_SYSTEM);
    }
    got = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(got, fd);
    close(got);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_good),
        IN_PLACE(test_modes),
        IN_PLACE(test_private),
        IN_PLACE(test_links),
        IN_PLACE(test_not_regular),
        IN_PLACE(test_not_there),
        IN_PLACE(test_paths),
        IN_PLACE(test_sticky),
        IN_PLACE(test_owners),
        IN_PLACE(test_another_user),
        IN_PLACE(test_read),
        IN_PLACE(test_make_folder),
        IN_PLACE(test_replace),
        IN_PLACE(test_replace_refused),
        IN_PLACE(test_cannot_be_written),
        IN_PLACE(test_create),
        IN_PLACE(test_no_descriptor_left),
    };

    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
