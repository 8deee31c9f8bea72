/*
 * The command line of one command, taken apart by a table.
 *
 * No option takes a secret: what stands in a command line can be read by
 * everyone on the machine.  Those that people would expect are known, so that
 * they can be refused with the reason.
 */
#ifndef UK_TOOL_TERMINAL_ARGS_H
#define UK_TOOL_TERMINAL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

/* Which options a command has. */
enum uk_arg {
    UK_ARG_JSON = 1 << 0,
    UK_ARG_YES = 1 << 1,
    UK_ARG_RAW = 1 << 2,
    UK_ARG_OUT = 1 << 3,
    UK_ARG_URL = 1 << 4,
    UK_ARG_APP = 1 << 5,
    UK_ARG_CA_FILE = 1 << 6,
    UK_ARG_EMAIL = 1 << 7,
    UK_ARG_PASSWORD_STDIN = 1 << 8,
    UK_ARG_SERVICE = 1 << 9,
    UK_ARG_CONF = 1 << 10,
    UK_ARG_USER = 1 << 11,
    UK_ARG_ADMIN_FILE = 1 << 12,
    UK_ARG_RHOST = 1 << 20,
    UK_ARG_WITH_KEY = 1 << 21,
    UK_ARG_FIX = 1 << 22,
    UK_ARG_ROOT = 1 << 23,
    UK_ARG_EXPIRES = 1 << 13,
    UK_ARG_GRACE = 1 << 14,
    UK_ARG_NAME = 1 << 15,
    UK_ARG_OLDER_THAN = 1 << 16,
    UK_ARG_DRY_RUN = 1 << 17,
    UK_ARG_FILE = 1 << 18,
    UK_ARG_PROMPT = 1 << 19,
    UK_ARG_SERVICES = 1 << 24,
    UK_ARG_TRY = 1 << 25,
    UK_ARG_CONFIRM = 1 << 26,
    UK_ARG_EXPIRED = 1 << 27,
    UK_ARG_HOST = 1 << 28,
    UK_ARG_STACK = 1 << 29,   /* --service of explain */
    UK_ARG_OUT_OLD = 1 << 30, /* --out of rotate */
};

/* What was given.  Texts are borrowed from argv; NULL is "not given". */
struct uk_args {
    bool help;
    bool json;
    bool yes;
    bool raw;
    bool password_stdin;
    bool with_key;
    bool fix;
    bool dry_run;
    bool confirm;
    bool expired;
    bool server_keys; /* no option: the keys are those of 'server-key' */
    bool only_over;   /* no option: of 'prune', with the time below */
    int64_t over_for_s;
    const char *out;
    const char *url;
    const char *app;
    const char *ca_file;
    const char *email;
    const char *service;
    const char *conf;
    const char *user;
    const char *admin_file;
    const char *rhost;
    const char *root;
    const char *expires;
    const char *grace;
    const char *name;
    const char *older_than;
    const char *file;
    const char *prompt;
    const char *host;
    const char *services;
    const char *try_time;
    char *const *word; /* the operands */
    size_t n_words;
};

/* argv[0] is the command; allowed is of enum uk_arg.  UK_INVALID says what is
 * wrong. */
UK_MUST_USE enum uk_code uk_args_parse(int argc, char **argv, unsigned allowed,
                                       struct uk_args *out, struct uk_err *err);

/* Append a line for each of these options that says what it does. */
void uk_args_describe(struct uk_buf *out, unsigned allowed);

#endif
