/* From root to its own user, verified; limits; no dumps. */
#include "agent/privs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/account.h"

#include "agent/slots.h"

#define CPU_SECONDS 60   /* no honest login comes near it */
#define MOST_FILES  256  /* of one call */
#define MORE_FILES  4096 /* of a service */
#define STACK       (8UL << 20)

/* Ours, whatever the caller's were: neither may a caller starve us, nor we eat
 * up the machine.  All agents are one user, so a limit of tasks is one that a
 * single caller could use up for everybody; each agent hangs on a process of
 * its caller's, whose own limit bounds them. */
static const struct {
    __rlimit_resource_t what;
    rlim_t limit;
} limits[] = {
    {RLIMIT_CORE, 0},           {RLIMIT_NPROC, RLIM_INFINITY},
    {RLIMIT_STACK, STACK},      {RLIMIT_DATA, RLIM_INFINITY},
    {RLIMIT_AS, RLIM_INFINITY}, {RLIMIT_MEMLOCK, RLIM_INFINITY},
};

/* Raising a hard limit takes privilege; without it, the hard one is it. */
static enum uk_code
set_limit(__rlimit_resource_t what, rlim_t value, struct uk_err *err)
{
    struct rlimit limit = {value, value};
    struct rlimit old;

    if (setrlimit(what, &limit) == 0)
        return UK_OK;
    if (getrlimit(what, &old) != 0)
        return uk_err_sys(err, errno, "reading a resource limit");
    if (limit.rlim_cur > old.rlim_max)
        limit.rlim_cur = limit.rlim_max = old.rlim_max;
    if (setrlimit(what, &limit) != 0)
        return uk_err_sys(err, errno, "setting a resource limit");
    return UK_OK;
}

static enum uk_code
set_limits(enum uk_privs_life life, struct uk_err *err)
{
    bool service = life == UK_PRIVS_SERVICE;
    enum uk_code code =
        set_limit(RLIMIT_NOFILE, service ? MORE_FILES : MOST_FILES, err);

    if (code == UK_OK) /* a service has a log; one call counts its try */
        code = set_limit(RLIMIT_FSIZE,
                         service ? RLIM_INFINITY : UK_SLOTS_FILE_SIZE, err);
    if (code == UK_OK)
        code =
            set_limit(RLIMIT_CPU, service ? RLIM_INFINITY : CPU_SECONDS, err);
    for (size_t i = 0; code == UK_OK && i < UK_COUNT(limits); i++)
        code = set_limit(limits[i].what, limits[i].limit, err);
    return code;
}

/* exec() has set everything that was caught back; what was ignored stays so.
 * A closed socket or a limit on files is an error number here, not an end. */
static enum uk_code
reset_signals(struct uk_err *err)
{
    struct sigaction action;
    sigset_t none;

    for (int i = 1; i < NSIG; i++) {
        if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            (void)signal(i, SIG_DFL);
    }
    sigemptyset(&none);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
        sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        return uk_err_sys(err, errno, "resetting signals");
    return UK_OK;
}

static enum uk_code
reset_descriptors(int keep, struct uk_err *err)
{
    int fd;

    closefrom(keep + 1);
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        return uk_err_sys(err, errno, "opening '/dev/null'");
    close(fd);
    return UK_OK;
}

/* The caller's session keyring (Kerberos tickets, keys of disks and shares)
 * would be possessed by this process after any change of user.  A kernel without
 * keyrings has none to leave, and a container's filter (EPERM) lets nobody use
 * them. */
static enum uk_code
leave_keyring(struct uk_err *err)
{
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 &&
        errno != ENOSYS && errno != EPERM)
        return uk_err_sys(err, errno, "leaving the session keyring");
    return UK_OK;
}

/*
 * Nobody looks into this process but root, no core is written of it, and for
 * one call it does not outlive its parent.  A change of credentials takes both
 * back, so this is done before it and after it.
 */
static enum uk_code
close_up(enum uk_privs_life life, struct uk_err *err)
{
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_GET_DUMPABLE) != 0)
        return uk_err_sys(err, errno, "forbidding dumps");
    if (life == UK_PRIVS_ONE_CALL && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return uk_err_sys(err, errno, "asking to end with the parent");
    return UK_OK;
}

/* No key in swap, where it can be had: once root's rights are gone, all memory
 * beyond a finite limit would be refused instead. */
static void
lock_memory(void)
{
    struct rlimit limit;

    if (geteuid() == 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
        limit.rlim_cur == RLIM_INFINITY)
        (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

enum uk_code
uk_privs_forget(int keep, enum uk_privs_life life, struct uk_err *err)
{
    enum uk_code code;

    umask(S_IRWXG | S_IRWXO);
    if (clearenv() != 0)
        return uk_err_sys(err, ENOMEM, "clearing the environment");
    if (chdir("/") != 0)
        return uk_err_sys(err, errno, "changing to '/'");
    code = reset_signals(err);
    if (code == UK_OK)
        code = reset_descriptors(keep, err);
    if (code == UK_OK)
        code = set_limits(life, err);
    if (code == UK_OK)
        code = leave_keyring(err);
    if (code == UK_OK)
        code = close_up(life, err);
    if (code != UK_OK)
        return code;
    (void)setpriority(PRIO_PROCESS, 0, 0); /* lowering it takes privilege */
    lock_memory();
    return UK_OK;
}

/* Whose rights this process is to end with. */
struct target {
    uid_t uid;
    gid_t gid;
    bool was_root; /* so the groups can and must go */
};

static enum uk_code
find_user(const char *user, struct target *to, struct uk_err *err)
{
    struct uk_account account;
    bool found = false;
    enum uk_code code = uk_account_find(user, &account, &found, err);

    if (code != UK_OK)
        return code;
    if (!found)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "there is no user '%s' for the agent; make it with "
                          "systemd-sysusers, or with 'useradd --system "
                          "--user-group --shell /usr/sbin/nologin %s'",
                          user, user);
    if (account.uid == 0 || account.gid == 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "the agent's user '%s' may not have uid or gid 0",
                          user);
    *to = (struct target){account.uid, account.gid, true};
    return UK_OK;
}

static enum uk_code
find_target(const char *user, struct target *to, struct uk_err *err)
{
    uid_t real, effective, saved;
    enum uk_code code;

    if (getresuid(&real, &effective, &saved) != 0)
        return uk_err_sys(err, errno, "reading the user id");
    if (real != 0 && effective != 0 && saved != 0) {
        *to = (struct target){real, getgid(), false};
        return UK_OK;
    }
    code = find_user(user, to, err);
    if (code == UK_OK && effective != 0 && seteuid(0) != 0)
        code = uk_err_sys(err, errno, "taking up root's rights");
    return code;
}

static enum uk_code
become(const struct target *to, struct uk_err *err)
{
    if (to->was_root && setgroups(0, NULL) != 0)
        return uk_err_sys(err, errno, "leaving all groups");
    if (setresgid(to->gid, to->gid, to->gid) != 0)
        return uk_err_sys(err, errno, "changing to group %lu",
                          (unsigned long)to->gid);
    if (setresuid(to->uid, to->uid, to->uid) != 0)
        return uk_err_sys(err, errno, "changing to user %lu",
                          (unsigned long)to->uid);
    return UK_OK;
}

/* The kernel has no wrapper for these in the C library. */
static enum uk_code
drop_capabilities(struct uk_err *err)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    struct __user_cap_data_struct left[_LINUX_CAPABILITY_U32S_3];

    memset(none, 0, sizeof(none));
    memset(left, 0xff, sizeof(left));
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        syscall(SYS_capset, &head, none) != 0 ||
        syscall(SYS_capget, &head, left) != 0)
        return uk_err_sys(err, errno, "giving up all capabilities");
    if (memcmp(none, left, sizeof(none)) != 0)
        return uk_err_set(err, UK_SYSTEM, "a capability could not be given up");
    return UK_OK;
}

static enum uk_code
refuse_new_privileges(struct uk_err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return uk_err_sys(err, errno, "refusing new privileges");
    return UK_OK;
}

static bool
is_all_ids(const struct target *to)
{
    uid_t uid[3];
    gid_t gid[3];

    if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 ||
        getresgid(&gid[0], &gid[1], &gid[2]) != 0)
        return false;
    for (int i = 0; i < 3; i++) {
        if (uid[i] != to->uid || gid[i] != to->gid)
            return false;
    }
    return true;
}

/* Believe the kernel's words only when they agree with its deeds. */
static enum uk_code
verify(const struct target *to, struct uk_err *err)
{
    if (!is_all_ids(to) || (to->was_root && getgroups(0, NULL) != 0))
        return uk_err_set(err, UK_SYSTEM,
                          "the change to user %lu was not complete",
                          (unsigned long)to->uid);
    if (setresuid(0, 0, 0) == 0 || seteuid(0) == 0 ||
        (to->gid != 0 && (setresgid(0, 0, 0) == 0 || setegid(0) == 0)))
        return uk_err_set(err, UK_SYSTEM,
                          "after the change to user %lu there was a way back",
                          (unsigned long)to->uid);
    return UK_OK;
}

enum uk_code
uk_privs_drop(const char *user, enum uk_privs_life life, struct uk_err *err)
{
    struct target to = {.uid = 0};
    enum uk_code code;

    code = find_target(user, &to, err);
    if (code == UK_OK)
        code = become(&to, err);
    if (code == UK_OK)
        code = drop_capabilities(err);
    if (code == UK_OK)
        code = refuse_new_privileges(err);
    if (code == UK_OK)
        code = close_up(life, err);
    if (code == UK_OK)
        code = verify(&to, err);
    return code;
}
