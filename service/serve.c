/* `userkey-server serve`: from the command line to the settings. */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "service/commands.h"
#include "service/path.h"
#include "service/server.h"

/* Nobody sees keys and secrets in a core dump or through a debugger, what is
 * made is ours alone, and there may be as many connections as the system
 * grants. */
static void
prepare_process(void)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;

    umask(077);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
}

struct arguments {
    const char *config, *data, *listen, *certificate, *key;
};

static enum uk_code
configure(const struct arguments *args, struct uk_config *out,
          struct uk_err *err)
{
    char path[PATH_MAX], certificate[PATH_MAX], key[PATH_MAX];
    bool tls = args->certificate != NULL;
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
    return uk_config_for_folder(path, args->listen, tls ? certificate : NULL,
                                args->key != NULL ? key : NULL, out, err);
}

static bool
read_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"data", required_argument, NULL, 'd'},
        {"listen", required_argument, NULL, 'l'},
        {"tls-cert", required_argument, NULL, 't'},
        {"tls-key", required_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            out->config = optarg;
            break;
        case 'd':
            out->data = optarg;
            break;
        case 'l':
            out->listen = optarg;
            break;
        case 't':
            out->certificate = optarg;
            break;
        case 'k':
            out->key = optarg;
            break;
        default:
            return false;
        }
    }
    if (out->config != NULL)
        return optind == argc && out->data == NULL && out->listen == NULL &&
               out->certificate == NULL && out->key == NULL;
    return optind == argc && out->data != NULL && out->listen != NULL;
}

int
uk_command_serve(int argc, char **argv)
{
    struct uk_config *config;
    struct arguments args = {.config = NULL};
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (!read_arguments(argc, argv, &args))
        return uk_command_usage();
    prepare_process();
    code = uk_crypto_start(&err);
    config = calloc(1, sizeof(*config));
    if (code == UK_OK && config == NULL)
        code = uk_err_set(&err, UK_NO_MEMORY, "no memory");
    if (code == UK_OK)
        code = configure(&args, config, &err);
    if (code == UK_OK)
        code = uk_server_run(config, &err);
    free(config);
    return code == UK_OK ? UK_EXIT_DONE : uk_command_fail(&err);
}
