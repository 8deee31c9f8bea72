/* What the agent may still ask of the kernel. */
#include "agent/confine.h"

#include <errno.h>
#include <sched.h>

#include "core/calltable.h"
#include "core/confine.h"

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
    const struct uk_syscall_table table =
        life == UK_PRIVS_SERVICE
            ? (struct uk_syscall_table){of_service, UK_COUNT(of_service)}
            : (struct uk_syscall_table){of_one_call, UK_COUNT(of_one_call)};
    const struct uk_fence_rule rules[] = {
        {"/etc/resolv.conf", UK_FENCE_READ}, /* a link to anywhere */
        {"/var/lib/sss", UK_FENCE_READ},
        {"/var/lib/extrausers", UK_FENCE_READ},
        {"/var/cache/nscd", UK_FENCE_READ},
        {settings->state_folder, UK_FENCE_WRITE},
    };
    const struct uk_confine how = {
        .rule = rules,
        .rules = UK_COUNT(rules),
        .reading = UK_FENCE_READ_RULES,
        .doors = UK_FENCE_NO_DOORS,
        .table = &table,
        .tables = 1,
    };

    return uk_confine(&how, log, err);
}
