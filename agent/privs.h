/*
 * What this process may do: first it forgets what it has from its caller, then
 * it goes from root to its own user for good.
 */
#ifndef UK_AGENT_PRIVS_H
#define UK_AGENT_PRIVS_H

#include "core/attr.h"
#include "core/err.h"

#define UK_PRIVS_USER "_userkey"

enum uk_privs_life {
    UK_PRIVS_ONE_CALL, /* a few seconds at most, and not beyond the parent's */
    UK_PRIVS_SERVICE,  /* whoever started it may go, callers come and go */
};

/*
 * Forget the caller: environment, umask, folder, limits, priority, ignored and
 * blocked signals, session keyring, descriptors above keep (those up to 2
 * become /dev/null where they are closed).  No core, no ptrace, no swap where
 * it can be had, and for one call death with the parent.  UK_SYSTEM.
 */
UK_MUST_USE enum uk_code uk_privs_forget(int keep, enum uk_privs_life life,
                                         struct uk_err *err);

/*
 * Whoever this process was started as, it ends as one user with no groups
 * beside its own, no capability, no way to get any, and no way back: root
 * becomes the named user (UK_MISCONFIGURED if there is none), anyone else gives
 * up what a set-user-ID program had lent them.  Every step is verified.
 */
UK_MUST_USE enum uk_code
uk_privs_drop(const char *user, enum uk_privs_life life, struct uk_err *err);

#endif
