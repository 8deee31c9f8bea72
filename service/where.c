/* Where the commands find the database. */
#include "service/where.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/path.h"

#define CONFIG_FILE UK_CONFDIR "/server.conf"

/* Root becomes the user whom the service runs as: what is made beside the
 * database must be that user's, and root has no business in a folder that
 * somebody else can change. */
static enum uk_code
become_owner(const char *database, struct uk_err *err)
{
    const char *path = uk_store_path(database);
    char folder[PATH_MAX];
    struct stat st;

    if (path == NULL)
        return UK_OK; /* not a file */
    uk_path_folder(path, folder);
    if (geteuid() != 0 || lstat(folder, &st) != 0 || st.st_uid == 0)
        return UK_OK; /* or the reason is told when it is opened */
    if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 ||
        setuid(st.st_uid) != 0)
        return uk_err_sys(err, errno, "becoming the owner of '%s'", folder);
    return UK_OK;
}

enum uk_code
uk_where_open(const struct uk_where *where, struct uk_config *config,
              struct uk_store **out, struct uk_err *err)
{
    char path[PATH_MAX];
    enum uk_code code;

    code = uk_path_whole(where->data != NULL     ? where->data
                         : where->config != NULL ? where->config
                                                 : CONFIG_FILE,
                         path, err);
    if (code != UK_OK)
        return code;
    code = where->data != NULL
               ? uk_config_for_folder(path, NULL, NULL, NULL, config, err)
               : uk_config_load(path, config, err);
    if (code == UK_OK)
        code = become_owner(config->database, err);
    if (code == UK_OK)
        code = uk_store_trust(config->database, err);
    if (code != UK_OK)
        return code;
    return uk_store_open(config->database, UK_STORE_WRITE, out, err);
}
