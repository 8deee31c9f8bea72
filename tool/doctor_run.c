/* What a program of the machine prints. */
#include "tool/doctor_run.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"

#define RUN_MS 5000

static bool
start(const char *const argv[], int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    char *environment[] = {NULL};
    union {
        const char *const *in;
        char *const *out;
    } words = {.in = argv}; /* posix_spawn does not write to them */
    bool good;

    if (posix_spawn_file_actions_init(&files) != 0)
        return false;
    good = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY,
                                            0) == 0 &&
           posix_spawn_file_actions_adddup2(&files, out, 1) == 0 &&
           posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY,
                                            0) == 0 &&
           posix_spawn(pid, argv[0], &files, NULL, words.out, environment) == 0;
    posix_spawn_file_actions_destroy(&files);
    return good;
}

bool
uk_doctor_run(const char *const argv[], struct uk_buf *out)
{
    struct uk_err err = UK_ERR_NONE;
    int ends[2], status = -1;
    pid_t pid = -1;
    bool good;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    good = start(argv, ends[1], &pid);
    uk_io_close(&ends[1]);
    if (good) {
        good =
            uk_io_read_all(ends[0], out, uk_deadline_in(RUN_MS), &err) == UK_OK;
        if (!good)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) != pid)
            ; /* interrupted */
        good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    uk_io_close(&ends[0]);
    return good;
}
