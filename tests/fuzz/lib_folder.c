/* A folder of a target's own, which goes when the process ends by itself. */
#include "tests/fuzz/lib_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static char in_memory[] = "/dev/shm/userkey-fuzz-XXXXXX";
static char on_disk[] = "/tmp/userkey-fuzz-XXXXXX";
static char *folder;

void
folder_empty(const char *path)
{
    struct dirent *entry;
    DIR *dir = opendir(path);

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        closedir(dir);
}

static void
remove_it(void)
{
    folder_empty(folder);
    rmdir(folder);
}

const char *
folder_make(void)
{
    folder = mkdtemp(in_memory);
    if (folder == NULL)
        folder = mkdtemp(on_disk);
    FUZZ_MUST(folder != NULL && chmod(folder, 0755) == 0);
    atexit(remove_it);
    return folder;
}

void
folder_write(const char *name, const char *format, ...)
{
    char path[PATH_MAX];
    va_list args;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "we");
    FUZZ_MUST(file != NULL);
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    FUZZ_MUST(fchmod(fileno(file), 0644) == 0 && fclose(file) == 0);
}
