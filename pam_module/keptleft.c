/* Files of kept sessions whose login is over, and nobody ended them. */
#include "pam_module/keptleft.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/io.h"
#include "core/str.h"
#include "pam_module/keptacl.h"
#include "pam_module/keptopener.h"

/* Seconds that a file may wait for its login: more than any host's grace. */
#define WAITS_MOST 600

#define LOOKS_MOST 256 /* entries of the folder, in one login */

static bool
is_left(const char *path, time_t now)
{
    struct stat st;

    if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        st.st_mtime >= now - WAITS_MOST)
        return false;
    return !uk_keptacl_is_set(&st) || uk_keptopener_is_gone(path);
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
    if (found)
        memcpy(path, candidate, sizeof(candidate));
    return found;
}
