/*
 * The commands of userkey-server.  Each gets the arguments behind its name,
 * with argv[0] being the name, and returns the exit status: 0 done, 1 failed,
 * 2 wrong usage.
 */
#ifndef UK_COMMANDS_H
#define UK_COMMANDS_H

#include "core/err.h"
#include "service/config.h"

enum { UK_EXIT_DONE = 0, UK_EXIT_FAILED = 1, UK_EXIT_USAGE = 2 };

int uk_command_init(int argc, char **argv);
int uk_command_serve(int argc, char **argv);
int uk_command_user(int argc, char **argv);
int uk_command_admin_key(int argc, char **argv);

extern const char uk_command_help[];

/* Print the sentence on standard error.  Returns UK_EXIT_FAILED. */
int uk_command_fail(const struct uk_err *err);

/* Point at the usage.  Returns UK_EXIT_USAGE. */
int uk_command_usage(void);

#endif
