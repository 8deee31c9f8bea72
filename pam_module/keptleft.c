/* Files of kept sessions whose login is over, and nobody ended them. */
#include "pam_module/keptleft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "core/io.h"
#include "core/str.h"
#include "pam_module/keptacl.h"

/* Seconds that a file may wait for its login: more than any host's grace. */
#define WAITS_MOST 600

#define LOOKS_MOST 256 /* entries of the folder, in one login */

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
uk_keptleft_sign(int fd)
{
    struct process self;

    if (find_self(&self))
        fsetxattr(fd, OPENER_ATTRIBUTE, &self, sizeof(self), 0);
}

/* Is the process that opened the session gone?  A number that has been given
 * to another process since keeps the file for now. */
static bool
is_orphan(const char *path)
{
    struct process opener, self;

    return lgetxattr(path, OPENER_ATTRIBUTE, &opener, sizeof(opener)) ==
               (ssize_t)sizeof(opener) &&
           find_self(&self) && opener.pid_namespace == self.pid_namespace &&
           opener.pid > 0 && kill((pid_t)opener.pid, 0) != 0 && errno == ESRCH;
}

static bool
is_left(const char *path, time_t now)
{
    struct stat st;

    if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        st.st_mtime >= now - WAITS_MOST)
        return false;
    return !uk_keptacl_is_set(&st) || is_orphan(path);
}

bool
uk_keptleft_find(char path[UK_KEPT_PATH_SIZE])
{
    int fd = open(UK_KEPT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    char candidate[UK_KEPT_PATH_SIZE];
    struct timespec now;
    struct dirent *entry;
    bool found = false;

    if (folder == NULL) {
        uk_io_close(&fd);
        return false;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    for (unsigned i = 0; i < LOOKS_MOST && !found; i++) {
        entry = readdir(folder);
        if (entry == NULL)
            break;
        if (!uk_str_is_hex(entry->d_name, UK_KEPT_NAME))
            continue;
        snprintf(candidate, sizeof(candidate), UK_KEPT_FOLDER "/%.*s",
                 UK_KEPT_NAME, entry->d_name);
        found = is_left(candidate, now.tv_sec);
    }
    closedir(folder);
    return found && uk_str_copy(path, UK_KEPT_PATH_SIZE, candidate);
}
