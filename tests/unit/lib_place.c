/* A temporary folder whose files can be believed. */
#include "lib_place.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define AT_ONCE 4 /* paths that are good at the same time */

void
place_open(struct place *place)
{
    snprintf(place->dir, sizeof(place->dir), "/tmp/userkey-test-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    assert_int_equal(chmod(place->dir, 0755), 0);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    return remove(path);
}

void
place_close(struct place *place)
{
    assert_int_equal(nftw(place->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *
place_path(const struct place *place, const char *name)
{
    static char path[AT_ONCE][PLACE_PATH];
    static unsigned next;
    char *to = path[next++ % AT_ONCE];

    snprintf(to, PLACE_PATH, "%s/%s", place->dir, name);
    return to;
}

static int
create(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    return fd;
}

void
place_write(const struct place *place, const char *name, const char *text,
            mode_t mode)
{
    int fd = create(place_path(place, name), mode);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

void
place_read(const struct place *place, const char *name, char *to, size_t size)
{
    int fd = open(place_path(place, name), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, to, size - 1);

    assert_true(n >= 0);
    to[n] = '\0';
    if (fd >= 0)
        close(fd);
}

void
place_copy(const struct place *place, const char *from, const char *name)
{
    char path[PLACE_PATH];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;
    struct stat st;
    off_t at = 0;
    int in, out;

    assert_true(len > 0);
    path[len] = '\0';
    slash = strrchr(path, '/');
    assert_non_null(slash);
    snprintf(slash, sizeof(path) - (size_t)(slash - path), "/%s", from);
    in = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(in >= 0);
    assert_int_equal(fstat(in, &st), 0);
    out = create(place_path(place, name), 0755);
    while (at < st.st_size)
        assert_true(sendfile(out, in, &at, (size_t)(st.st_size - at)) > 0);
    close(in);
    close(out);
}
