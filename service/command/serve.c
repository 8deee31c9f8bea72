/* `userkey-server serve`: from the command line to the settings. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "service/command/commands.h"
#include "service/operate/server.h"
#include "service/value/path.h"

/* There may be as many connections as the system grants. */
static void
prepare_process(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
}

static enum uk_code
configure(const struct uk_args *args, struct uk_config *out, struct uk_err *err)
{
    char path[PATH_MAX], certificate[PATH_MAX], key[PATH_MAX];
    enum uk_code code;

    code = uk_path_whole(args->config != NULL ? args->config : args->data, path,
                         err);
    if (code == UK_OK && args->certificate != NULL)
        code = uk_path_whole(args->certificate, certificate, err);
    if (code == UK_OK && args->key != NULL)
        code = uk_path_whole(args->key, key, err);
    if (code != UK_OK)
        return code;
    if (args->config != NULL)
        return uk_config_load(path, out, err);
    return uk_config_for_folder(path, args->listen,
                                args->certificate != NULL ? certificate : NULL,
                                args->key != NULL ? key : NULL, out, err);
}

enum uk_code
uk_command_serve(const struct uk_args *args, struct uk_err *err)
{
    struct uk_config *config;
    enum uk_code code;

    prepare_process();
    config = calloc(1, sizeof(*config));
    if (config == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory");
    code = configure(args, config, err);
    if (code == UK_OK)
        code = uk_server_run(config, err);
    free(config);
    return code;
}
