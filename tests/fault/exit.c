/*
 * A process that leaves by _exit has its coverage written as well: linked with
 * --wrap=_exit, and only in that build.
 *
 * Program and modules count each for themselves.  A module says to the program
 * (-rdynamic) how its counters are written.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
void test_dump_with(void (*dump)(void));

static void (*dumps[8])(void);

__attribute__((visibility("default"))) void
test_dump_with(void (*dump)(void))
{
    size_t i = 0;

    while (i < sizeof(dumps) / sizeof(dumps[0]) && dumps[i] != NULL)
        i++;
    if (i < sizeof(dumps) / sizeof(dumps[0]))
        dumps[i] = dump;
}

__attribute__((constructor)) static void
announce(void)
{
    void (*say)(void (*)(void));

    *(void **)&say = dlsym(RTLD_DEFAULT, "test_dump_with");
    if (say != NULL)
        say(__gcov_dump);
}

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
    for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
        if (dumps[i] != NULL && dumps[i] != __gcov_dump)
            dumps[i]();
    }
    __gcov_dump();
    __real__exit(status);
}
