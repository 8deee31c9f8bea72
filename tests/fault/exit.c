/* A process that leaves by _exit has its coverage written as well: linked with
 * --wrap=_exit, and only in that build. */
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

/* What a test has taken from itself. */
static void
give_back(int limit)
{
    struct rlimit now;

    if (getrlimit((__rlimit_resource_t)limit, &now) != 0)
        return;
    if (geteuid() == 0)
        now.rlim_max = limit == RLIMIT_FSIZE ? RLIM_INFINITY : 1024;
    now.rlim_cur = now.rlim_max;
    (void)setrlimit((__rlimit_resource_t)limit, &now);
}

_Noreturn void
__wrap__exit(int status)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    give_back(RLIMIT_NOFILE);
    give_back(RLIMIT_FSIZE);
    __gcov_dump();
    __real__exit(status);
}
