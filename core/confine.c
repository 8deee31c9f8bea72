/* What a program gives up once it is ready. */
#include "core/confine.h"

#include <errno.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/calltable.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UK_UNCONFINED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
    __has_feature(memory_sanitizer)
#define UK_UNCONFINED
#endif
#endif

bool
uk_confine_is_built(void)
{
#ifdef UK_UNCONFINED
    return false;
#else
    return true;
#endif
}

/* A filter that somebody else has put on us (a service manager, a container)
 * may end who makes a call that it does not know; a child finds out. */
static bool
may_fence(void)
{
    int status = 0;
    pid_t pid;

    if (prctl(PR_GET_SECCOMP) == 0)
        return true;
    pid = fork();
    if (pid == 0) {
        (void)syscall(SYS_landlock_create_ruleset, NULL, 0,
                      LANDLOCK_CREATE_RULESET_VERSION);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Is it the kernel that has no such thing, or a container that keeps us from
 * using it?  Either has its own walls. */
static bool
is_missing(const struct uk_err *err)
{
    return err->sys == ENOSYS || err->sys == EOPNOTSUPP || err->sys == EINVAL ||
           err->sys == EPERM;
}

static enum uk_code
let_pass(enum uk_code code, const struct uk_log *log, const struct uk_err *err)
{
    if (code != UK_SYSTEM || !is_missing(err))
        return code;
    uk_log_line(log, UK_LEVEL_DEBUG, "less confined: %s", err->text);
    return UK_OK;
}

/*
 * Where the C library, its name service modules and libraries of TLS look for
 * what is new since the start (a resolver's settings are replaced by a rename,
 * so folders stand here), and where a machine keeps such libraries.  What of it
 * others may not read is the permissions' business.
 */
static const struct uk_fence_rule everywhere[] = {
    {"/etc", UK_FENCE_READ},         {"/run", UK_FENCE_READ},
    {"/usr", UK_FENCE_READ},         {"/lib", UK_FENCE_READ},
    {"/lib64", UK_FENCE_READ},       {"/opt", UK_FENCE_READ},
    {"/nix/store", UK_FENCE_READ},   {"/gnu/store", UK_FENCE_READ},
    {"/proc/sys", UK_FENCE_READ},    {"/sys/devices/system/cpu", UK_FENCE_READ},
    {"/dev/urandom", UK_FENCE_READ}, {"/dev/null", UK_FENCE_WRITE},
};

static enum uk_code
limit_files(const struct uk_confine *how, struct uk_err *err)
{
    struct uk_fence_rule rules[UK_COUNT(everywhere) + UK_CONFINE_RULES];

    if (how->rules > UK_CONFINE_RULES)
        return uk_err_set(err, UK_INVALID, "too many rules of files");
    memcpy(rules, everywhere, sizeof(everywhere));
    memcpy(rules + UK_COUNT(everywhere), how->rule,
           how->rules * sizeof(rules[0]));
    return uk_fence_close(rules, UK_COUNT(everywhere) + how->rules,
                          how->reading, how->doors, err);
}

static enum uk_code
limit_calls(const struct uk_confine *how, struct uk_err *err)
{
    /* abort(): all processes of a kind are one user, and none ends another's. */
    const struct uk_syscall own =
        UK_SYSCALL_IS(tgkill, 0, ~0U, EPERM, 1, (uint32_t)getpid());
    struct uk_syscall_table tables[UK_CONFINE_TABLES + 3] = {
        uk_calltable_common(), uk_calltable_deadly(), {&own, 1}};
    struct uk_callfilter filter;
    enum uk_code code;

    if (how->tables > UK_CONFINE_TABLES)
        return uk_err_set(err, UK_INVALID, "too many tables of system calls");
    for (size_t i = 0; i < how->tables; i++)
        tables[i + 3] = how->table[i];
    code = uk_callfilter_pack(tables, how->tables + 3, &filter, err);
    return code == UK_OK ? uk_callfilter_load(&filter, err) : code;
}

enum uk_code
uk_confine(const struct uk_confine *how, const struct uk_log *log,
           struct uk_err *err)
{
    enum uk_code code;

    if (!uk_confine_is_built())
        return UK_OK;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return uk_err_sys(err, errno, "refusing new privileges");
    code = may_fence()
               ? limit_files(how, err)
               : uk_err_sys(err, EPERM, "no calls for a fence are let through");
    code = let_pass(code, log, err);
    if (code == UK_OK)
        code = let_pass(limit_calls(how, err), log, err);
    return code;
}
