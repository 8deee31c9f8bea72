/* Programs of this machine, run to their end. */
#include "tool/machine/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"

#define READ_MS 5000

/* What it prints goes to out; its errors go where ours do, or nowhere. */
static bool
start(const char *const argv[], char *const environment[], int out,
      bool is_quiet, pid_t *pid)
{
    posix_spawn_file_actions_t files;
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
           (!is_quiet || posix_spawn_file_actions_addopen(
                             &files, 2, "/dev/null", O_WRONLY, 0) == 0) &&
           posix_spawn(pid, argv[0], &files, NULL, words.out, environment) == 0;
    posix_spawn_file_actions_destroy(&files);
    return good;
}

static bool
ended_well(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
uk_program_read(const char *const argv[], struct uk_buf *out)
{
    char *environment[] = {NULL};
    struct uk_err ignored = UK_ERR_NONE;
    int ends[2];
    pid_t pid = -1;
    bool good;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    good = start(argv, environment, ends[1], true, &pid);
    uk_io_close(&ends[1]);
    if (good) {
        good = uk_io_read_all(ends[0], out, uk_deadline_in(READ_MS),
                              &ignored) == UK_OK;
        if (!good)
            kill(pid, SIGKILL);
        good = ended_well(pid) && good;
    }
    uk_io_close(&ends[0]);
    return good;
}

bool
uk_program_run(const char *const argv[])
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                         "/usr/bin:/sbin:/bin";
    static char quiet[] = "DEBIAN_FRONTEND=noninteractive";
    static char locale[] = "LC_ALL=C";
    char *environment[] = {path, quiet, locale, NULL};
    pid_t pid;

    return start(argv, environment, STDERR_FILENO, false, &pid) &&
           ended_well(pid);
}
