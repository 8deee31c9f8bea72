/* What the commands say when they cannot do it. */
#include "service/commands.h"

#include <stdio.h>

const char uk_command_help[] =
    "usage: userkey-server init --data DIR | --config FILE [--app NAME]\n"
    "       userkey-server serve --config FILE\n"
    "       userkey-server serve --data DIR --listen ADDRESS:PORT\n"
    "                            [--tls-cert FILE --tls-key FILE]\n"
    "       userkey-server user add EMAIL [--password-stdin] [WHERE]\n"
    "       userkey-server user list [WHERE]\n"
    "       userkey-server user disable|enable|delete ID|EMAIL [WHERE]\n"
    "       userkey-server admin-key create NAME [WHERE]\n"
    "       userkey-server admin-key list [WHERE]\n"
    "       userkey-server admin-key delete ID|NAME [WHERE]\n"
    "WHERE: --data DIR | --config FILE, and --app ID where there are several\n";

int
uk_command_fail(const struct uk_err *err)
{
    fprintf(stderr, "userkey-server: %s\n", err->text);
    return UK_EXIT_FAILED;
}

int
uk_command_usage(void)
{
    fputs(uk_command_help, stderr);
    return UK_EXIT_USAGE;
}
