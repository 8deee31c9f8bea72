/* Sessions that are kept, for tests: a /run of one's own, and what is in it. */
#include "tests/pam/lib_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/pam/lib_hash.h"
#include "tests/skip.h"

static bool have_run;

int
kept_setup(void **state)
{
    host_setup(state); /* finds the build by our own path: before the next */
    have_run = unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("none", "/run", "tmpfs", 0, "mode=755") == 0;
    host_settings(KEPT_QUICK);
    host_simple_stack("");
    return 0;
}

void
kept_need_run(void)
{
    if (!have_run)
        skip_because("only root can mount a /run of its own");
}

unsigned
kept_count_files(void)
{
    FILE *pipe = popen("ls -A " KEPT_FOLDER " 2>/dev/null | wc -l", "re");
    unsigned count = 0;

    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    pclose(pipe);
    return count;
}

pam_handle_t *
kept_log_in(struct talk *talk)
{
    pam_handle_t *pamh;

    *talk = (struct talk){.answers = {host_key()}};
    host_script("granted id=person1 tokens=yes");
    pamh = host_start(ALICE, talk);
    assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
    return pamh;
}

void
kept_copy_path(pam_handle_t *pamh, char path[KEPT_PATH])
{
    const char *named = pam_getenv(pamh, KEPT_ENV);

    assert_non_null(named);
    assert_true(strlen(named) < KEPT_PATH);
    memcpy(path, named, strlen(named) + 1);
}

void
kept_expect_no_file(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), -1);
    assert_int_equal(errno, ENOENT);
}

void
kept_expect_logout(unsigned times)
{
    char hash[64];
    char *text = host_read("agent.log");

    assert_int_equal(host_logouts(), times);
    snprintf(hash, sizeof(hash), "len=%zu hash=%08x", strlen(KEPT_REFRESH),
             lib_hash(KEPT_REFRESH, strlen(KEPT_REFRESH)));
    assert_int_equal(strstr(text, hash) != NULL, times > 0);
    free(text);
}

void
kept_empty_folder(void)
{
    assert_int_equal(system("rm -rf /run/userkey; mkdir -p " KEPT_FOLDER
                            "; chmod 711 /run/userkey " KEPT_FOLDER),
                     0);
}

void
kept_write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

void
kept_make_old(const char *path, time_t age)
{
    const struct timespec old = {.tv_sec = time(NULL) - age};
    const struct timespec times[2] = {old, old};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

void
kept_open_session_of(const char *path)
{
    struct talk talk = {.style = TALK_FAILS};
    pam_handle_t *pamh = host_start(ALICE, &talk);
    char text[KEPT_PATH + 32];

    snprintf(text, sizeof(text), KEPT_ENV "=%s", path);
    assert_int_equal(pam_putenv(pamh, text), PAM_SUCCESS);
    assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
    pam_end(pamh, PAM_SUCCESS);
}

void
kept_open_and_die(const char *path)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        kept_open_session_of(path);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}
