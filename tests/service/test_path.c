/* service/value/path: paths as people type them, made whole. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/attr.h"
#include "service/value/path.h"

static char path[PATH_MAX];
static struct uk_err err;

/* A path of so many bytes. */
static char *
long_path(char first, size_t len)
{
    static char text[PATH_MAX + 8];

    memset(text, 'a', len);
    text[0] = first;
    text[len] = '\0';
    return text;
}

static void
joins(void **state)
{
    assert_int_equal(uk_path_join("/var/lib", "pepper", path, &err), UK_OK);
    assert_string_equal(path, "/var/lib/pepper");
    /* With the slash and the name there is room for the NUL, or there is not. */
    assert_int_equal(
        uk_path_join(long_path('/', PATH_MAX - 3), "b", path, &err), UK_OK);
    assert_int_equal(strlen(path), PATH_MAX - 1);
    assert_string_equal(path + PATH_MAX - 4, "a/b");
    assert_int_equal(
        uk_path_join(long_path('/', PATH_MAX - 2), "b", path, &err),
        UK_INVALID);
    assert_string_equal(err.text, "the path of 'b' is too long");
}

static void
makes_whole(void **state)
{
    static const struct {
        const char *typed, *whole;
    } rows[] = {
        {"/var/lib", "/var/lib"},
        {"/var/lib/", "/var/lib"},
        {"/var/lib//", "/var/lib"},
        {"/", "/"},
        {"///", "/"},
        {"data", "/tmp/data"},
        {"data/", "/tmp/data"},
        {"./a", "/tmp/./a"},
    };

    assert_int_equal(chdir("/tmp"), 0);
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_int_equal(uk_path_whole(rows[i].typed, path, &err), UK_OK);
        assert_string_equal(path, rows[i].whole);
    }
    assert_int_equal(uk_path_whole("", path, &err), UK_INVALID);
    assert_string_equal(err.text, "the path is empty");
    assert_int_equal(uk_path_whole(long_path('/', PATH_MAX - 1), path, &err),
                     UK_OK);
    assert_int_equal(uk_path_whole(long_path('/', PATH_MAX), path, &err),
                     UK_INVALID);
    assert_string_equal(err.text, "the path is too long");
    assert_int_equal(uk_path_whole(long_path('a', PATH_MAX - 2), path, &err),
                     UK_INVALID);
    assert_non_null(strstr(err.text, "is too long"));
}

/* Where somebody stands in a folder that is gone. */
static int
stand_nowhere(void)
{
    char folder[] = "/tmp/userkey-path-XXXXXX";

    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || rmdir(folder) != 0)
        return 1;
    if (uk_path_whole("data", path, &err) != UK_SYSTEM ||
        strstr(err.text, "finding the working folder") == NULL)
        return 2;
    return uk_path_whole("/data", path, &err) == UK_OK ? 0 : 3;
}

static void
knows_no_folder(void **state)
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(stand_nowhere());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
names_the_folder(void **state)
{
    static const struct {
        const char *of, *folder;
    } rows[] = {
        {"/var/lib/db", "/var/lib"},
        {"/db", "/"},
        {"/", "/"},
        {"db", "/"},
    };
    char *text;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        uk_path_folder(rows[i].of, path);
        assert_string_equal(path, rows[i].folder);
    }
    text = long_path('/', PATH_MAX + 4);
    text[PATH_MAX + 2] = '/';
    uk_path_folder(text, path);
    assert_int_equal(strlen(path), PATH_MAX - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins),
        cmocka_unit_test(makes_whole),
        cmocka_unit_test(knows_no_folder),
        cmocka_unit_test(names_the_folder),
    };

    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
