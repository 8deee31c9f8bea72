/*
 * The command line of one command, taken apart by a table.
 *
 * No option takes a secret: what stands in a command line can be read by
 * everyone on the machine.
 */
#ifndef UK_SERVICE_COMMAND_ARGS_H
#define UK_SERVICE_COMMAND_ARGS_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

/* Which options a command has. */
enum uk_arg {
    UK_ARG_DATA = 1 << 0,
    UK_ARG_CONFIG = 1 << 1,
    UK_ARG_APP = 1 << 2,      /* one that is there, by its id */
    UK_ARG_APP_NAME = 1 << 3, /* the name of a new one; --app as well */
    UK_ARG_LISTEN = 1 << 4,
    UK_ARG_CERTIFICATE = 1 << 5,
    UK_ARG_KEY = 1 << 6,
    UK_ARG_PASSWORD_STDIN = 1 << 7,
    UK_ARG_YES = 1 << 8,
    UK_ARG_FROM_TO = 1 << 9,
};

/* What was given.  Texts are borrowed from argv; NULL is "not given". */
struct uk_args {
    bool help;
    bool password_stdin;
    bool yes;
    const char *data;
    const char *config;
    const char *app;
    const char *listen;
    const char *certificate;
    const char *key;
    const char *from, *to;
    const char *word; /* the operand, of the commands that have one */
};

/* argv[0] is the last word of the command's name; allowed is of enum uk_arg;
 * operand is what the one word is called that must follow, NULL for none.
 * UK_INVALID says what is wrong. */
UK_MUST_USE enum uk_code uk_args_parse(int argc, char **argv, unsigned allowed,
                                       const char *operand, struct uk_args *out,
                                       struct uk_err *err);

/* One line an option: its name, and what it is for. */
void uk_args_explain(unsigned allowed, struct uk_buf *out);

#endif
