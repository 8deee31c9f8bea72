/*
 * Each step down to the agent's own user that the kernel refuses, or takes in
 * words only, ends the agent: nothing is done with rights that were to go.
 *
 * The kernel is played, so that no test changes who it is.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/privs.h"

#define CALLER  12345
#define OWN     54321 /* the agent's user, and its group */
#define USER    "agent-user"
#define KEPT_FD 3

/* What goes wrong: the call refuses, says yes and does nothing, or does a part
 * of it. */
enum how { NOT = 0, REFUSES, LIES, HALVES };

static struct {
    bool on;
    const char *call; /* NULL: nothing goes wrong */
    enum how how;
    int why;     /* errno of what refuses */
    int after;   /* of so many calls that go well */
    long detail; /* only where it is about this; 0: whatever it is about */
    uid_t uid[3];
    gid_t gid[3];
    int groups;
    gid_t own_gid; /* of the agent's user */
    bool caps;
} kernel;

static enum how
fate(const char *call, long detail)
{
    if (!kernel.on || kernel.call == NULL || strcmp(call, kernel.call) != 0 ||
        (kernel.detail != 0 && detail != kernel.detail) || kernel.after-- > 0)
        return NOT;
    if (kernel.how == REFUSES)
        errno = kernel.why;
    return kernel.how;
}

/* The C library's. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static int
get_ids(const char *call, const unsigned from[3], unsigned *a, unsigned *b,
        unsigned *c)
{
    if (fate(call, 0) == REFUSES)
        return -1;
    *a = from[0];
    *b = from[1];
    *c = from[2];
    return 0;
}

int
getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    return kernel.on ? get_ids("getresuid", kernel.uid, real, effective, saved)
                     : REAL(getresuid)(real, effective, saved);
}

int
getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    return kernel.on ? get_ids("getresgid", kernel.gid, real, effective, saved)
                     : REAL(getresgid)(real, effective, saved);
}

static bool
may_become(unsigned id)
{
    bool root = kernel.uid[0] == 0 || kernel.uid[1] == 0 || kernel.uid[2] == 0;

    errno = EPERM;
    return root || (id != 0 && id == kernel.uid[0]);
}

/* A kernel that gives root's rights to whoever asks for them. */
#define WAY_BACK (-1)

static bool
is_way_back(const char *call, unsigned id)
{
    return id == 0 && fate(call, WAY_BACK) == LIES;
}

static int
set_ids(const char *call, unsigned to[3], unsigned id)
{
    enum how how;

    if (is_way_back(call, id))
        return 0;
    if (!may_become(id))
        return -1;
    how = id != 0 ? fate(call, (long)id) : NOT;
    if (how == REFUSES)
        return -1;
    for (int i = 0; how != LIES && i < (how == HALVES ? 2 : 3); i++)
        to[i] = id;
    return 0;
}

int
setresuid(uid_t real, uid_t effective, uid_t saved)
{
    return set_ids("setresuid", kernel.uid, real);
}

int
setresgid(gid_t real, gid_t effective, gid_t saved)
{
    return set_ids("setresgid", kernel.gid, real);
}

int
seteuid(uid_t uid)
{
    if (is_way_back("seteuid", uid))
        return 0;
    if (!may_become(uid) || fate("seteuid", 0) == REFUSES)
        return -1;
    kernel.uid[1] = uid;
    return 0;
}

int
setegid(gid_t gid)
{
    if (is_way_back("setegid", gid))
        return 0;
    errno = EPERM;
    return -1;
}

int
setgroups(size_t count, const gid_t *groups)
{
    enum how how = fate("setgroups", 0);

    if (how == REFUSES)
        return -1;
    if (how != LIES)
        kernel.groups = (int)count;
    return 0;
}

int
getgroups(int size, gid_t list[])
{
    return kernel.groups;
}

int
prctl(int option, ...)
{
    unsigned long arg[4];
    va_list list;
    enum how how = fate("prctl", option);

    va_start(list, option);
    for (int i = 0; i < 4; i++)
        arg[i] = va_arg(list, unsigned long);
    va_end(list);
    if (how == REFUSES)
        return -1;
    if (how == LIES) /* of what only looks */
        return option == PR_GET_DUMPABLE;
    return REAL(prctl)(option, arg[0], arg[1], arg[2], arg[3]);
}

long
syscall(long number, ...)
{
    struct __user_cap_data_struct *caps;
    enum how how = fate("syscall", number);
    long arg[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        arg[i] = va_arg(list, long);
    va_end(list);
    if (how == REFUSES)
        return -1;
    if (!kernel.on || (number != SYS_capset && number != SYS_capget))
        return REAL(syscall)(number, arg[0], arg[1], arg[2], arg[3], arg[4],
                             arg[5]);
    if (number == SYS_capset) {
        kernel.caps = how == LIES;
    } else {
        memcpy(&caps, &arg[1], sizeof(caps));
        memset(caps, 0, _LINUX_CAPABILITY_U32S_3 * sizeof(*caps));
        caps[1].inheritable = kernel.caps;
    }
    return 0;
}

int
setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
    if (fate("setrlimit", (long)what) == NOT)
        return REAL(setrlimit)(what, limit);
    errno = EPERM;
    return -1;
}

int
getrlimit(__rlimit_resource_t what, struct rlimit *limit)
{
    return fate("setrlimit", (long)what) == LIES ? -1
                                                 : REAL(getrlimit)(what, limit);
}

int
sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return fate("sigprocmask", 0) == REFUSES ? -1
                                             : REAL(sigprocmask)(how, set, old);
}

int
chdir(const char *path)
{
    return fate("chdir", 0) == REFUSES ? -1 : REAL(chdir)(path);
}

int
clearenv(void)
{
    return fate("clearenv", 0) == REFUSES ? -1 : REAL(clearenv)();
}

int
getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size,
           struct passwd **found)
{
    snprintf(buf, size, "%s", name);
    *entry = (struct passwd){.pw_name = buf,
                             .pw_uid = OWN,
                             .pw_gid = kernel.own_gid,
                             .pw_dir = buf,
                             .pw_shell = buf,
                             .pw_passwd = buf,
                             .pw_gecos = buf};
    *found = entry;
    return 0;
}

/* What a program of root's that is asked by somebody else has. */
static void
begin_as_root(void)
{
    memset(&kernel, 0, sizeof(kernel));
    kernel.uid[0] = kernel.uid[1] = CALLER; /* and the saved one is root's */
    kernel.gid[0] = CALLER;
    kernel.groups = 3;
    kernel.own_gid = OWN;
}

struct row {
    const char *call;
    enum how how;
    int after;
    long detail; /* 0: any */
    const char *said;
};

static const struct row drops[] = {
    {NULL, NOT, 0, 0, NULL},
    {"getresuid", REFUSES, 0, 0, "reading the user id"},
    {"seteuid", REFUSES, 0, 0, "taking up root's rights"},
    {"setgroups", REFUSES, 0, 0, "leaving all groups"},
    {"setgroups", LIES, 0, 0, "was not complete"},
    {"setresgid", REFUSES, 0, 0, "changing to group 54321"},
    {"setresgid", LIES, 0, OWN, "was not complete"},
    {"setresgid", HALVES, 0, OWN, "was not complete"},
    {"setresuid", REFUSES, 0, 0, "changing to user 54321"},
    {"setresuid", LIES, 0, OWN, "was not complete"},
    {"setresuid", HALVES, 0, OWN, "was not complete"},
    {"getresuid", REFUSES, 1, 0, "was not complete"},
    {"getresgid", REFUSES, 0, 0, "was not complete"},
    {"prctl", REFUSES, 0, PR_CAP_AMBIENT, "giving up all capabilities"},
    {"syscall", REFUSES, 0, SYS_capset, "giving up all capabilities"},
    {"syscall", REFUSES, 0, SYS_capget, "giving up all capabilities"},
    {"syscall", LIES, 0, SYS_capset, "a capability could not be given up"},
    {"prctl", REFUSES, 0, PR_SET_NO_NEW_PRIVS, "refusing new privileges"},
    {"prctl", LIES, 0, PR_GET_NO_NEW_PRIVS, "refusing new privileges"},
    {"prctl", REFUSES, 0, PR_SET_DUMPABLE, "forbidding dumps"},
    {"prctl", LIES, 0, PR_GET_DUMPABLE, "forbidding dumps"},
    {"prctl", REFUSES, 0, PR_SET_PDEATHSIG, "to end with the parent"},
    {"setresuid", LIES, 0, WAY_BACK, "there was a way back"},
    {"seteuid", LIES, 1, WAY_BACK, "there was a way back"},
    {"setresgid", LIES, 0, WAY_BACK, "there was a way back"},
    {"setegid", LIES, 0, WAY_BACK, "there was a way back"},
};

static const struct row forgets[] = {
    {NULL, NOT, 0, 0, NULL},
    {"clearenv", REFUSES, 0, 0, "clearing the environment"},
    {"chdir", REFUSES, 0, 0, "changing to '/'"},
    {"sigprocmask", REFUSES, 0, 0, "resetting signals"},
    {"setrlimit", REFUSES, 0, RLIMIT_NOFILE, "setting a resource limit"},
    {"setrlimit", REFUSES, 0, RLIMIT_FSIZE, "setting a resource limit"},
    {"setrlimit", LIES, 0, RLIMIT_FSIZE, "reading a resource limit"},
    {"setrlimit", REFUSES, 0, RLIMIT_CPU, "setting a resource limit"},
    {"setrlimit", REFUSES, 0, RLIMIT_CORE, "setting a resource limit"},
    {"setrlimit", REFUSES, 0, RLIMIT_AS, "setting a resource limit"},
    {"setrlimit", REFUSES, 0, RLIMIT_MEMLOCK, "setting a resource limit"},
    {"syscall", REFUSES, 0, SYS_keyctl, "leaving the session keyring"},
    {"prctl", REFUSES, 0, PR_SET_DUMPABLE, "forbidding dumps"},
    {"prctl", LIES, 0, PR_GET_DUMPABLE, "forbidding dumps"},
    {"prctl", REFUSES, 0, PR_SET_PDEATHSIG, "to end with the parent"},
};

static void
play(const struct row *row)
{
    begin_as_root();
    kernel.call = row->call;
    kernel.how = row->how;
    kernel.why = EINVAL;
    kernel.after = row->after;
    kernel.detail = row->detail;
    kernel.on = true;
}

/* In a process of its own, which has its own environment, folder and limits:
 * 0 if that came out which the row says. */
static int
look(const struct row *row, bool drop)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    play(row);
    code = drop ? uk_privs_drop(USER, UK_PRIVS_ONE_CALL, &err)
                : uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err);
    kernel.on = false;
    if ((code == UK_OK) == (row->said == NULL) && code == err.code &&
        (row->said == NULL || strstr(err.text, row->said) != NULL))
        return 0;
    fprintf(stderr, "# %s %d: %d '%s'\n", row->call, row->how, code, err.text);
    return 1;
}

static void
check(const struct row *row, bool drop)
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(look(row, drop));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
test_drop(void **state)
{
    for (size_t i = 0; i < UK_COUNT(drops); i++)
        check(&drops[i], true);
}

static void
test_forget(void **state)
{
    for (size_t i = 0; i < UK_COUNT(forgets); i++)
        check(&forgets[i], false);
}

/* A kernel without keyrings, and a filter that lets nobody use them. */
static int
forget_without_keyrings(int why)
{
    static const struct row row = {"syscall", REFUSES, 0, SYS_keyctl, NULL};
    struct uk_err err = UK_ERR_NONE;

    play(&row);
    kernel.why = why;
    return uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) == UK_OK ? 0 : 1;
}

/* There is no room for a descriptor where the standard ones are to be. */
static int
forget_without_room(int unused)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    struct uk_err err = UK_ERR_NONE;

    return setrlimit(RLIMIT_NOFILE, &none) == 0 &&
                   uk_privs_forget(KEPT_FD, UK_PRIVS_ONE_CALL, &err) ==
                       UK_SYSTEM &&
                   strstr(err.text, "'/dev/null'") != NULL
               ? 0
               : 1;
}

/* The group of root is as good as root to many a file. */
static int
drop_to_root_group(int unused)
{
    static const struct row row = {.call = NULL};
    struct uk_err err = UK_ERR_NONE;

    play(&row);
    kernel.own_gid = 0;
    return uk_privs_drop(USER, UK_PRIVS_ONE_CALL, &err) == UK_MISCONFIGURED &&
                   kernel.gid[0] == CALLER && kernel.groups == 3
               ? 0
               : 1;
}

static void
apart(int (*act)(int), int arg)
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(act(arg));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
test_odd_places(void **state)
{
    apart(forget_without_keyrings, ENOSYS);
    apart(forget_without_keyrings, EPERM);
    apart(forget_without_room, 0);
    apart(drop_to_root_group, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_forget),
        cmocka_unit_test(test_odd_places),
    };

    return cmocka_run_group_tests_name("agent_rights", tests, NULL, NULL);
}
