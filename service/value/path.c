/* Paths as people type them. */
#include "service/value/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/str.h"

enum uk_code
uk_path_join(const char *folder, const char *name, char out[PATH_MAX],
             struct uk_err *err)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

    if (n < 0 || n >= PATH_MAX)
        return uk_err_set(err, UK_INVALID, "the path of '%.64s' is too long",
                          name);
    return UK_OK;
}

enum uk_code
uk_path_whole(const char *path, char out[PATH_MAX], struct uk_err *err)
{
    char here[PATH_MAX];
    enum uk_code code;

    if (path[0] == '\0')
        return uk_err_set(err, UK_INVALID, "the path is empty");
    if (path[0] == '/') {
        if (!uk_str_copy(out, PATH_MAX, path))
            return uk_err_set(err, UK_INVALID, "the path is too long");
    } else {
        if (getcwd(here, sizeof(here)) == NULL)
            return uk_err_sys(err, errno, "finding the working folder");
        code = uk_path_join(here, path, out, err);
        if (code != UK_OK)
            return code;
    }
    for (size_t len = strlen(out); len > 1 && out[len - 1] == '/'; len--)
        out[len - 1] = '\0';
    return UK_OK;
}

void
uk_path_folder(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (len >= PATH_MAX)
        len = PATH_MAX - 1;
    memcpy(out, path, len);
    out[len] = '\0';
    if (len == 0)
        memcpy(out, "/", 2);
}
