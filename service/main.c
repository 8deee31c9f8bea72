/* userkey-server: the table of commands. */
#include <stdio.h>
#include <string.h>

#include "core/attr.h"
#include "service/commands.h"

static const char usage[] =
    "usage: userkey-server init --data DIR [--app NAME]\n"
    "       userkey-server serve --config FILE\n"
    "       userkey-server serve --data DIR --listen ADDRESS:PORT\n"
    "                            [--tls-cert FILE --tls-key FILE]\n"
    "       userkey-server user add EMAIL [--password-stdin] [WHERE]\n"
    "       userkey-server user list [WHERE]\n"
    "       userkey-server user disable|enable|delete ID|EMAIL [WHERE]\n"
    "WHERE: --data DIR | --config FILE, and --app ID where there are several\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"init", uk_command_init},
    {"serve", uk_command_serve},
    {"user", uk_command_user},
};

int
uk_command_fail(const struct uk_err *err)
{
    fprintf(stderr, "userkey-server: %s\n", err->text);
    return UK_EXIT_FAILED;
}

int
uk_command_usage(void)
{
    fputs(usage, stderr);
    return UK_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[argc - 1], "--help") == 0)
        return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? UK_EXIT_FAILED
                                                               : UK_EXIT_DONE;
    for (size_t i = 0; i < UK_COUNT(commands) && argc > 1; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return uk_command_usage();
}
