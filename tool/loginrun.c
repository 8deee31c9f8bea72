/* Programs of the system that change it, run to their end. */
#include "tool/loginrun.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

bool
uk_loginrun(const char *const argv[])
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                         "/usr/bin:/sbin:/bin";
    static char quiet[] = "DEBIAN_FRONTEND=noninteractive";
    static char locale[] = "LC_ALL=C";
    char *environment[] = {path, quiet, locale, NULL};
    posix_spawn_file_actions_t files;
    union {
        const char *const *in;
        char *const *out;
    } words = {.in = argv}; /* posix_spawn does not write to them */
    int status = -1;
    pid_t pid;
    bool good;

    if (posix_spawn_file_actions_init(&files) != 0)
        return false;
    good =
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) ==
            0 &&
        posix_spawn_file_actions_adddup2(&files, 2, 1) == 0 &&
        posix_spawn(&pid, argv[0], &files, NULL, words.out, environment) == 0;
    posix_spawn_file_actions_destroy(&files);
    if (!good)
        return false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
