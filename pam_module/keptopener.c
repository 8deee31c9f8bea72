/* The process that has opened the session of a kept file. */
#include "pam_module/keptopener.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Only root can set or read an attribute of this kind. */
#define OPENER_ATTRIBUTE "trusted.userkey.opener"

/* A process; its number means something in its own namespace only. */
struct process {
    int64_t pid;
    uint64_t pid_namespace;
};

static bool
find_self(struct process *self)
{
    struct stat st;

    if (fstatat(AT_FDCWD, "/proc/self/ns/pid", &st, 0) != 0)
        return false;
    self->pid = getpid();
    self->pid_namespace = st.st_ino;
    return true;
}

void
uk_keptopener_sign(int fd)
{
    struct process self;

    if (find_self(&self))
        fsetxattr(fd, OPENER_ATTRIBUTE, &self, sizeof(self), 0);
}

bool
uk_keptopener_is_gone(const char *path)
{
    struct process opener, self;

    return lgetxattr(path, OPENER_ATTRIBUTE, &opener, sizeof(opener)) ==
               (ssize_t)sizeof(opener) &&
           find_self(&self) && opener.pid_namespace == self.pid_namespace &&
           opener.pid > 0 && kill((pid_t)opener.pid, 0) != 0 && errno == ESRCH;
}
