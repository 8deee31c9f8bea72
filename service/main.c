/* userkey-server: the table of commands. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "core/typo.h"
#include "core/version.h"
#include "service/command/commands.h"
#include "service/value/crypto.h"

#define HELP_MAX    8192
#define NAME_SIZE   32
#define PLACE       (UK_ARG_DATA | UK_ARG_CONFIG)
#define PLACE_SHOWN "[--data DIR | --config FILE]"
#define WHERE       (PLACE | UK_ARG_APP)
#define WHERE_SHOWN PLACE_SHOWN " [--app ID]"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

/* Checks of a whole command line: NULL, or what is wrong. */

static const char *
check_place(const struct uk_args *args)
{
    return args->data != NULL || args->config != NULL
               ? NULL
               : "--data DIR or --config FILE is missing";
}

static const char *
check_serve(const struct uk_args *args)
{
    if (args->config != NULL &&
        (args->listen != NULL || args->certificate != NULL ||
         args->key != NULL))
        return "--listen, --tls-cert and --tls-key go with --data; with "
               "--config they are settings in the file";
    if (args->data != NULL && args->listen == NULL)
        return "--listen ADDRESS:PORT is missing";
    return check_place(args);
}

static const char *
check_delete(const struct uk_args *args)
{
    return args->yes || isatty(STDIN_FILENO) == 1
               ? NULL
               : "nobody is there to ask; --yes says that it is meant";
}

static const char *
check_move(const struct uk_args *args)
{
    return args->from != NULL && args->to != NULL
               ? NULL
               : "--from URL and --to URL are both needed";
}

static const struct command {
    const char *group; /* the first word, or "" for a name of one word */
    const char *name;
    const char *operand;  /* the one word that must follow, or NULL */
    const char *synopsis; /* what follows */
    const char *summary;
    unsigned options; /* of enum uk_arg */
    const char *(*check)(const struct uk_args *args);
    uk_command *run;
} commands[] = {
    {"", "init", NULL, "--data DIR | --config FILE [--app NAME]",
     "make a database, its secrets and one app", PLACE | UK_ARG_APP_NAME,
     check_place, uk_command_init},
    {"", "serve", NULL,
     "--config FILE | --data DIR --listen ADDRESS:PORT [--tls-cert FILE "
     "--tls-key FILE]",
     "answer requests", PLACE | UK_ARG_LISTEN | UK_ARG_CERTIFICATE | UK_ARG_KEY,
     check_serve, uk_command_serve},
    {"", "backup", "FILE", PLACE_SHOWN,
     "copy the database into a new file; the secrets stay where they are",
     PLACE, NULL, uk_command_backup},
    {"", "restore", "FILE", PLACE_SHOWN,
     "make the database from a backup; its secrets are to be put beside it",
     PLACE, NULL, uk_command_restore},
    {"", "move", NULL, "--from URL --to URL",
     "copy a database into another, empty one; the secrets stay",
     UK_ARG_FROM_TO, check_move, uk_command_move},
    {"app", "add", "NAME", PLACE_SHOWN, "make one more app", PLACE, NULL,
     uk_command_app_add},
    {"app", "list", NULL, PLACE_SHOWN, "list the apps", PLACE, NULL,
     uk_command_app_list},
    {"provider", "list", NULL, WHERE_SHOWN, "list the ways to log in to an app",
     WHERE, NULL, uk_command_provider_list},
    {"provider", "enable", "NAME", WHERE_SHOWN, "let people log in by it",
     WHERE, NULL, uk_command_provider_enable},
    {"provider", "disable", "NAME", WHERE_SHOWN,
     "let nobody log in by it any more; sessions go on", WHERE, NULL,
     uk_command_provider_disable},
    {"user", "add", "EMAIL", "[--password-stdin] " WHERE_SHOWN,
     "make a user with an address and a password",
     WHERE | UK_ARG_PASSWORD_STDIN, NULL, uk_command_user_add},
    {"user", "list", NULL, WHERE_SHOWN, "list the users", WHERE, NULL,
     uk_command_user_list},
    {"user", "password", "ID|EMAIL", "[--password-stdin] " WHERE_SHOWN,
     "give a user another password, and end the sessions",
     WHERE | UK_ARG_PASSWORD_STDIN, NULL, uk_command_user_password},
    {"user", "reset-token", "ID|EMAIL", WHERE_SHOWN,
     "make a token by which a user sets a new password; it is shown once",
     WHERE, NULL, uk_command_user_reset_token},
    {"user", "confirm", "ID|EMAIL", WHERE_SHOWN,
     "say that the address is the user's", WHERE, NULL,
     uk_command_user_confirm},
    {"user", "disable", "ID|EMAIL", WHERE_SHOWN,
     "refuse a user's password and keys, and end the sessions", WHERE, NULL,
     uk_command_user_disable},
    {"user", "enable", "ID|EMAIL", WHERE_SHOWN, "take them again", WHERE, NULL,
     uk_command_user_enable},
    {"user", "logout", "ID|EMAIL", WHERE_SHOWN, "end the sessions", WHERE, NULL,
     uk_command_user_logout},
    {"user", "delete", "ID|EMAIL", "[--yes] " WHERE_SHOWN,
     "remove a user, with address and keys, for ever", WHERE | UK_ARG_YES,
     check_delete, uk_command_user_delete},
    {"admin-key", "create", "NAME", PLACE_SHOWN,
     "make a key pair for the Admin API; it is shown once", PLACE, NULL,
     uk_command_admin_key_create},
    {"admin-key", "list", NULL, PLACE_SHOWN, "list the key pairs", PLACE, NULL,
     uk_command_admin_key_list},
    {"admin-key", "delete", "ID|NAME", "[--yes] " PLACE_SHOWN,
     "remove a key pair, for ever", PLACE | UK_ARG_YES, check_delete,
     uk_command_admin_key_delete},
};

/* "user add" */
static const char *
full_name(const struct command *command, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "%s%s%s", command->group,
             command->group[0] != '\0' ? " " : "", command->name);
    return out;
}

static void
add_synopsis(struct uk_buf *out, const struct command *command)
{
    char name[NAME_SIZE];

    uk_buf_addf(out, "usage: userkey-server %s %s%s%s\n",
                full_name(command, name),
                command->operand != NULL ? command->operand : "",
                command->operand != NULL ? " " : "", command->synopsis);
}

/* Of all commands, or of one group. */
static void
add_overview(struct uk_buf *out, const char *group)
{
    char name[NAME_SIZE];

    uk_buf_addf(out, "usage: userkey-server %s%sCOMMAND [OPTION...]\n\n",
                group != NULL ? group : "", group != NULL ? " " : "");
    for (size_t i = 0; i < UK_COUNT(commands); i++) {
        if (group == NULL || strcmp(commands[i].group, group) == 0)
            uk_buf_addf(out, "  %-16s  %s\n", full_name(&commands[i], name),
                        commands[i].summary);
    }
    uk_buf_add_text(out, "\n'userkey-server COMMAND --help' shows the options "
                         "of one, userkey-server(8) all of it.\n");
}

/* Print all of it, or fail. */
static int
put(FILE *to, struct uk_buf *text, int status)
{
    struct uk_err err = UK_ERR_NONE;

    if (uk_buf_check(text, &err) != UK_OK ||
        fputs(uk_buf_peek(text), to) == EOF || fflush(to) != 0)
        status = FAILED;
    uk_buf_clear(text);
    return status;
}

/* Paths can have any byte. */
static void
say(const char *name, const char *why)
{
    char line[1024];

    uk_str_escape(line, sizeof(line), why);
    fprintf(stderr, "userkey-server: %s%s%s\n", name,
            name[0] != '\0' ? ": " : "", line);
}

static int
complain(const char *name, const char *why, struct uk_buf *usage)
{
    say(name, why);
    return put(stderr, usage, USAGE);
}

/* What `userkey` alone has, from another machine. */
static bool
is_elsewhere(const char *group, const char *word)
{
    return group[0] == '\0'
               ? strcmp(word, "server-key") == 0
               : strcmp(group, "user") == 0 && strcmp(word, "show") == 0;
}

/* No command has these words; the nearest name, for one word of them. */
static int
refuse(const char *group, const char *word)
{
    char shown[UK_PRINTABLE_SIZE], name[NAME_SIZE];
    const char *nearest = NULL;
    size_t least = UK_TYPO_MOST + 1;

    for (size_t i = 0; i < UK_COUNT(commands); i++) {
        const struct command *one = &commands[i];
        const char *candidate = group[0] != '\0'        ? one->name
                                : one->group[0] != '\0' ? one->group
                                                        : one->name;
        size_t slips = uk_typo_slips(word, candidate);

        if (slips < least &&
            (group[0] == '\0' || strcmp(one->group, group) == 0)) {
            least = slips;
            nearest = candidate;
        }
    }
    snprintf(name, sizeof(name), "%s%s", group, group[0] != '\0' ? " " : "");
    uk_str_printable(shown, word, strlen(word));
    if (is_elsewhere(group, word))
        fprintf(stderr,
                "userkey-server: '%s%s' is not a command here; see 'userkey "
                "%s%s'\n",
                name, shown, name, shown);
    else if (nearest != NULL)
        fprintf(stderr,
                "userkey-server: '%s%s' is not a command; did you mean "
                "'%s%s'?\n",
                name, shown, name, nearest);
    else
        fprintf(stderr,
                "userkey-server: '%s%s' is not a command; 'userkey-server "
                "%s--help' lists them\n",
                name, shown, name);
    return USAGE;
}

/* Passwords, keys and secrets are in no core dump and before no debugger, and
 * what is made is ours alone. */
static enum uk_code
keep_to_ourselves(struct uk_err *err)
{
    const struct rlimit none = {0, 0};

    umask(077);
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return uk_err_sys(err, errno, "forbidding core dumps");
    return uk_crypto_start(err);
}

static int
run_command(const struct command *command, int argc, char **argv)
{
    struct uk_buf text = UK_BUF_UP_TO(HELP_MAX);
    struct uk_err err = UK_ERR_NONE;
    struct uk_args args;
    const char *wrong = NULL;
    char name[NAME_SIZE];
    enum uk_code code;

    full_name(command, name);
    add_synopsis(&text, command);
    code = uk_args_parse(argc, argv, command->options, command->operand, &args,
                         &err);
    if (code != UK_OK)
        return complain(name, err.text, &text);
    if (args.help) {
        uk_buf_addf(&text, "%s\n\n", command->summary);
        uk_args_explain(command->options, &text);
        return put(stdout, &text, DONE);
    }
    if (command->check != NULL)
        wrong = command->check(&args);
    if (wrong != NULL)
        return complain(name, wrong, &text);
    uk_buf_clear(&text);
    code = keep_to_ourselves(&err);
    if (code == UK_OK)
        code = command->run(&args, &err);
    if (code == UK_OK && fflush(stdout) != 0)
        code = uk_err_sys(&err, errno, "writing to standard output");
    if (code != UK_OK)
        say("", err.text);
    return code == UK_OK ? DONE : FAILED;
}

static bool
is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
           strcmp(word, "help") == 0;
}

/* A group of commands, by its name, as the table has it; or NULL. */
static const char *
find_group(const char *word)
{
    for (size_t i = 0; i < UK_COUNT(commands); i++) {
        if (word[0] != '\0' && strcmp(commands[i].group, word) == 0)
            return commands[i].group;
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    struct uk_buf text = UK_BUF_UP_TO(HELP_MAX);
    const char *first = argc > 1 ? argv[1] : "";
    const char *group = find_group(first);
    const char *name;
    int at = group != NULL ? 2 : 1; /* of the command's own name */

    if (strcmp(first, "--version") == 0) {
        uk_buf_add_text(&text, "userkey-server " UK_VERSION "\n");
        return put(stdout, &text, DONE);
    }
    name = at < argc ? argv[at] : "";
    if (is_help(name) || name[0] == '\0') {
        add_overview(&text, group);
        return name[0] != '\0' ? put(stdout, &text, DONE)
                               : put(stderr, &text, USAGE);
    }
    if (group == NULL)
        group = "";
    for (size_t i = 0; i < UK_COUNT(commands); i++) {
        if (strcmp(commands[i].group, group) == 0 &&
            strcmp(commands[i].name, name) == 0)
            return run_command(&commands[i], argc - at, argv + at);
    }
    return refuse(group, name);
}
