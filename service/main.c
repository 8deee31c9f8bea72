/* userkey-server: the table of commands. */
#include <stdio.h>
#include <string.h>

#include "core/attr.h"
#include "service/commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"init", uk_command_init},
    {"serve", uk_command_serve},
    {"user", uk_command_user},
    {"admin-key", uk_command_admin_key},
};

static int
help(void)
{
    if (fputs(uk_command_help, stdout) < 0 || fflush(stdout) != 0)
        return UK_EXIT_FAILED;
    return UK_EXIT_DONE;
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[argc - 1], "--help") == 0)
        return help();
    for (size_t i = 0; i < UK_COUNT(commands) && argc > 1; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return uk_command_usage();
}
