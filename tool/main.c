/* userkey: a person's hand on their sessions and keys. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/str.h"
#include "core/typo.h"
#include "core/version.h"
#include "tool/command/commands.h"
#include "tool/keys/find.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"
#include "tool/terminal/tty.h"

/* An administrator's way to the keys of another. */
#define OF_USER   "[--admin-file FILE --user EMAIL|ID] "
#define USER_ARGS (UK_ARG_ADMIN_FILE | UK_ARG_USER)

#define ASKPASS "userkey-askpass"

static const struct command {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;
    unsigned options;   /* of enum uk_arg */
    size_t least, most; /* operands */
    enum uk_exit (*run)(struct uk_tool *tool);
} commands[] = {
    {"login",
     "[--url URL] [--app ID] [--ca-file FILE] [--email ADDRESS] "
     "[--password-stdin] [--json]",
     N_("begin a session with address and password"),
     UK_ARG_URL | UK_ARG_APP | UK_ARG_CA_FILE | UK_ARG_EMAIL |
         UK_ARG_PASSWORD_STDIN | UK_ARG_JSON,
     0, 0, uk_cmd_login},
    {"logout", "[--json]", N_("end the session"), UK_ARG_JSON, 0, 0,
     uk_cmd_logout},
    {"whoami", "[--json]", N_("whose session it is"), UK_ARG_JSON, 0, 0,
     uk_cmd_whoami},
    {"create", "NAME [--expires WHEN] [--raw | --out FILE] " OF_USER "[--json]",
     N_("make a key; its value is shown once"),
     UK_ARG_EXPIRES | UK_ARG_RAW | UK_ARG_OUT | USER_ARGS | UK_ARG_JSON, 1, 1,
     uk_cmd_create},
    {"rotate",
     "KEY [--grace TIME] [--name NAME] [--expires WHEN] [--raw | --out "
     "FILE] " OF_USER "[--json]",
     N_("another key in the place of one, which ends when that one works"),
     UK_ARG_GRACE | UK_ARG_NAME | UK_ARG_EXPIRES | UK_ARG_RAW | UK_ARG_OUT_OLD |
         USER_ARGS | UK_ARG_JSON,
     1, 1, uk_cmd_rotate},
    {"list", OF_USER "[--json]", N_("list the keys"), USER_ARGS | UK_ARG_JSON,
     0, 0, uk_cmd_list},
    {"show", "KEY " OF_USER "[--json]", N_("show one key"),
     USER_ARGS | UK_ARG_JSON, 1, 1, uk_cmd_show},
    {"enable", "KEY... " OF_USER "[--json]", N_("let keys log in again"),
     USER_ARGS | UK_ARG_JSON, 1, SIZE_MAX, uk_cmd_enable},
    {"disable", "KEY... " OF_USER "[--json]", N_("let keys log in no more"),
     USER_ARGS | UK_ARG_JSON, 1, SIZE_MAX, uk_cmd_disable},
    {"expire", "KEY... --expires WHEN " OF_USER "[--json]",
     N_("set when keys expire"), UK_ARG_EXPIRES | USER_ARGS | UK_ARG_JSON, 1,
     SIZE_MAX, uk_cmd_expire},
    {"delete", "KEY... [--yes] " OF_USER "[--json]", N_("remove keys for good"),
     UK_ARG_YES | USER_ARGS | UK_ARG_JSON, 1, SIZE_MAX, uk_cmd_delete},
    {"prune", "[--older-than TIME] [--dry-run] [--yes] " OF_USER "[--json]",
     N_("remove keys that have been disabled or expired for long"),
     UK_ARG_OLDER_THAN | UK_ARG_DRY_RUN | UK_ARG_YES | USER_ARGS | UK_ARG_JSON,
     0, 0, uk_cmd_prune},
    {"askpass", "QUESTION [--host HOSTS] [--file FILE] [--prompt TEXT]",
     N_("the key that is kept, for ssh and sudo (SSH_ASKPASS, SUDO_ASKPASS)"),
     UK_ARG_HOST | UK_ARG_FILE | UK_ARG_PROMPT, 1, 1, uk_cmd_askpass},
    {"check", "USER [--service SERVICE] [--conf FILE] [--json]",
     N_("what a login with a key would get, and why"),
     UK_ARG_SERVICE | UK_ARG_CONF | UK_ARG_JSON, 1, 1, uk_cmd_check},
    {"explain",
     "USER [--service SERVICE] [--rhost HOST] [--with-key] [--conf FILE] "
     "[--json]",
     N_("every rule that a login to this account goes through, and which "
        "decides"),
     UK_ARG_STACK | UK_ARG_RHOST | UK_ARG_WITH_KEY | UK_ARG_CONF | UK_ARG_JSON,
     1, 1, uk_cmd_explain},
    {"doctor", "[--fix] [--root DIR] [--conf FILE] [--json]",
     N_("what is wrong with this machine's logins, why it matters, what mends "
        "it"),
     UK_ARG_FIX | UK_ARG_ROOT | UK_ARG_CONF | UK_ARG_JSON, 0, 0, uk_cmd_doctor},
    {"enable-login",
     "[--service SERVICES] [--try TIME] [--yes] [--confirm] [--json]",
     N_("let keys log in to this machine: PAM's files are changed"),
     UK_ARG_SERVICES | UK_ARG_TRY | UK_ARG_YES | UK_ARG_CONFIRM | UK_ARG_JSON,
     0, 0, uk_cmd_enable_login},
    {"confirm-login", "[--json]", N_("let it stay, from a new login"),
     UK_ARG_JSON, 0, 0, uk_cmd_confirm_login},
    {"disable-login", "[--expired] [--json]",
     N_("put PAM's files back as they were"), UK_ARG_EXPIRED | UK_ARG_JSON, 0,
     0, uk_cmd_disable_login},
    {"agent", "status|metrics [--conf FILE] [--json]",
     N_("what this machine's agent is doing"), UK_ARG_CONF | UK_ARG_JSON, 1, 1,
     uk_cmd_agent},
    {"reset-password",
     "[--url URL] [--app ID] [--ca-file FILE] [--password-stdin]",
     N_("a new password, by a token that an administrator has handed out"),
     UK_ARG_URL | UK_ARG_APP | UK_ARG_CA_FILE | UK_ARG_PASSWORD_STDIN, 0, 0,
     uk_cmd_reset_password},
    {"server-key",
     "create|list|show|enable|disable|expire|delete [NAME|KEY...] "
     "--admin-file FILE [--expires WHEN] [--raw | --out FILE] [--yes] [--json]",
     N_("keys of programs, each with a user of its own, for an administrator"),
     UK_ARG_ADMIN_FILE | UK_ARG_EXPIRES | UK_ARG_RAW | UK_ARG_OUT | UK_ARG_YES |
         UK_ARG_JSON,
     1, SIZE_MAX, uk_cmd_server_key},
    {"user",
     "add|list|show|enable|disable|logout|delete|confirm|reset-token "
     "[EMAIL|ID...] "
     "--admin-file FILE [--password-stdin] [--yes] [--json]",
     N_("users, for an administrator"),
     UK_ARG_ADMIN_FILE | UK_ARG_PASSWORD_STDIN | UK_ARG_YES | UK_ARG_JSON, 1,
     SIZE_MAX, uk_cmd_user},
};

/* In lines that fit where a person reads. */
static void
add_folded(struct uk_buf *out, struct uk_buf *text, int fd)
{
    if (isatty(fd) == 1)
        uk_table_add_lines(out, uk_buf_peek(text), uk_tty_width(fd));
    else
        uk_buf_add_text(out, uk_buf_peek(text));
    uk_buf_clear(text);
}

static void
add_usage(struct uk_buf *out, int fd)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_OUT_MAX);

    uk_buf_add_text(&text, _("usage: userkey COMMAND [OPTION...]\n\n"));
    for (size_t i = 0; i < UK_COUNT(commands); i++)
        uk_buf_addf(&text, "  %-14s  %s\n", commands[i].name,
                    _(commands[i].summary));
    uk_buf_add_text(&text,
                    _("\n'userkey COMMAND --help' shows the options of one, "
                      "userkey(1) all of it.\n"));
    add_folded(out, &text, fd);
}

static void
add_help(struct uk_buf *out, const struct command *command)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_OUT_MAX);

    uk_buf_addf(&text, _("usage: userkey %s %s\n\n  %s\n\n"), command->name,
                command->synopsis, _(command->summary));
    uk_args_describe(&text, command->options);
    add_folded(out, &text, STDOUT_FILENO);
}

static void
say_usage(const struct command *command)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_OUT_MAX);
    struct uk_buf lines = UK_BUF_UP_TO(UK_OUT_MAX);

    uk_buf_addf(&text, _("usage: userkey %s %s"), command->name,
                command->synopsis);
    uk_buf_add_byte(&text, '\n');
    add_folded(&lines, &text, STDERR_FILENO);
    fputs(uk_buf_peek(&lines), stderr);
    uk_buf_clear(&lines);
}

/* Not repeated where it may be a secret. */
static enum uk_exit
refuse_words(const struct command *command, const struct uk_args *args)
{
    char shown[UK_PRINTABLE_SIZE];

    if (args->n_words < command->least) {
        uk_out_error(_("%s: '%.*s' is missing"), command->name,
                     (int)strcspn(command->synopsis, " ."), command->synopsis);
    } else {
        const char *word = args->word[command->most];

        if (!uk_find_is_secret(word))
            uk_out_error(_("%s: '%s' is one argument too many"), command->name,
                         uk_str_printable(shown, word, strlen(word)));
    }
    say_usage(command);
    return UK_EXIT_USAGE;
}

static const struct command *
find_command(const char *name)
{
    for (size_t i = 0; i < UK_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static enum uk_exit
refuse_command(const char *name)
{
    char shown[UK_PRINTABLE_SIZE];
    const char *nearest = NULL;
    size_t least = UK_TYPO_MOST + 1;

    uk_str_printable(shown, name, strlen(name));
    for (size_t i = 0; i < UK_COUNT(commands); i++) {
        size_t slips = uk_typo_slips(name, commands[i].name);

        if (slips < least) {
            least = slips;
            nearest = commands[i].name;
        }
    }
    if (nearest != NULL)
        uk_out_error(_("'%s' is not a command; did you mean '%s'?"), shown,
                     nearest);
    else
        uk_out_error(_("'%s' is not a command; 'userkey --help' lists them"),
                     shown);
    return UK_EXIT_USAGE;
}

static enum uk_exit
run_command(const struct command *command, int argc, char **argv,
            struct uk_tool *tool)
{
    if (uk_args_parse(argc, argv, command->options, &tool->args, &tool->err) !=
        UK_OK) {
        uk_out_error("%s: %s", command->name, tool->err.text);
        say_usage(command);
        return UK_EXIT_USAGE;
    }
    if (tool->args.help) {
        add_help(&tool->out, command);
        return UK_EXIT_DONE;
    }
    if (tool->args.n_words < command->least ||
        tool->args.n_words > command->most)
        return refuse_words(command, &tool->args);
    return command->run(tool);
}

/* ssh and sudo give a question and nothing else, so 'userkey askpass' has a
 * name of its own.  What they ask is no option, whatever it begins with. */
static bool
is_askpass(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

    return argc == 2 &&
           strcmp(slash != NULL ? slash + 1 : argv[0], ASKPASS) == 0;
}

static enum uk_exit
run(int argc, char **argv, struct uk_tool *tool)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);

    if (is_askpass(argc, argv)) {
        tool->args = (struct uk_args){.word = argv + 1, .n_words = 1};
        return uk_cmd_askpass(tool);
    }
    if (command != NULL)
        return run_command(command, argc - 1, argv + 1, tool);
    if (strcmp(name, "--version") == 0) {
        uk_buf_add_text(&tool->out, "userkey " UK_VERSION "\n");
        return UK_EXIT_DONE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "help") == 0) {
        add_usage(&tool->out, STDOUT_FILENO);
        return UK_EXIT_DONE;
    }
    if (name[0] != '\0')
        return refuse_command(name);
    add_usage(&tool->out, STDERR_FILENO);
    fputs(uk_buf_peek(&tool->out), stderr); /* ours, in lines */
    uk_buf_clear(&tool->out);
    return UK_EXIT_USAGE;
}

/* Where a program reads, or the journal, it is English. */
static bool
is_for_people(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--expired") == 0)
            return false;
    }
    return true;
}

/* A descriptor that is closed would be given to the next file that we open:
 * a session file as standard output.  Writing to what is opened here for 1
 * fails, as it should. */
static bool
fill_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
            open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct uk_tool tool = {.out = UK_BUF_UP_TO(UK_OUT_MAX)};
    const struct rlimit none = {.rlim_cur = 0};
    enum uk_exit status;

    if (!fill_descriptors() || setrlimit(RLIMIT_CORE, &none) != 0)
        return UK_EXIT_FAILED;
    signal(SIGPIPE, SIG_IGN); /* a reader that left is a failure to report */
    signal(SIGCHLD, SIG_DFL); /* how programs that we run have ended, we ask */
    if (is_for_people(argc, argv))
        uk_language_start();
    status = run(argc, argv, &tool);
    if (uk_out_flush(&tool.out, &tool.err) != UK_OK ||
        uk_out_close(&tool.err) != UK_OK) {
        uk_out_error("%s", tool.err.text);
        if (status == UK_EXIT_DONE)
            status = UK_EXIT_FAILED;
    }
    return (int)status;
}
