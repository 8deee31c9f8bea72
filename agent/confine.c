/* What the agent may still ask of the kernel. */
#include "agent/confine.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "core/calltable.h"
#include "core/confine.h"

/*
 * Where the C library, its name service modules and OpenSSL look for what is
 * new since the start (a resolver's settings are replaced by a rename, so
 * folders stand here), and where a machine keeps such libraries.  What of it
 * others may not read is the permissions' business.
 */
static const struct uk_fence_rule everywhere[] = {
    {"/etc", UK_FENCE_READ},
    {"/run", UK_FENCE_READ},
    {"/usr", UK_FENCE_READ},
    {"/lib", UK_FENCE_READ},
    {"/lib64", UK_FENCE_READ},
    {"/opt", UK_FENCE_READ},
    {"/nix/store", UK_FENCE_READ},
    {"/gnu/store", UK_FENCE_READ},
    {"/etc/resolv.conf", UK_FENCE_READ}, /* a link out of all these */
    {"/var/lib/sss", UK_FENCE_READ},
    {"/var/lib/extrausers", UK_FENCE_READ},
    {"/var/cache/nscd", UK_FENCE_READ},
    {"/proc/sys", UK_FENCE_READ},
    {"/sys/devices/system/cpu", UK_FENCE_READ},
    {"/dev/null", UK_FENCE_WRITE},
    {"/dev/urandom", UK_FENCE_READ},
};

/* A service lets in and has no children; one call lets a child log out. */
static const struct uk_syscall of_service[] = {
    UK_SYSCALL_THREADS,
    UK_SYSCALL(accept4),
};
static const struct uk_syscall of_one_call[] = {
    UK_SYSCALL_PROCESSES,
};

enum uk_code
uk_confine_agent(const struct uk_settings *settings, enum uk_privs_life life,
                 const struct uk_log *log, struct uk_err *err)
{
    /* abort(): all agents are one user, and none ends another's. */
    const struct uk_syscall own =
        UK_SYSCALL_IS(tgkill, 0, ~0U, EPERM, 1, (uint32_t)getpid());
    const struct uk_syscall_table tables[] = {
        {&own, 1},
        life == UK_PRIVS_SERVICE
            ? (struct uk_syscall_table){of_service, UK_COUNT(of_service)}
            : (struct uk_syscall_table){of_one_call, UK_COUNT(of_one_call)},
    };
    struct uk_fence_rule rules[UK_COUNT(everywhere) + 1];
    const struct uk_confine how = {
        .rule = rules,
        .rules = UK_COUNT(rules),
        .reading = UK_FENCE_READ_RULES,
        .doors = UK_FENCE_NO_DOORS,
        .table = tables,
        .tables = UK_COUNT(tables),
    };

    for (size_t i = 0; i < UK_COUNT(everywhere); i++)
        rules[i] = everywhere[i];
    rules[UK_COUNT(everywhere)] =
        (struct uk_fence_rule){settings->state_folder, UK_FENCE_WRITE};
    return uk_confine(&how, log, err);
}
