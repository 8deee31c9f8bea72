/* The command line of one command, taken apart by a table. */
#include "tool/terminal/args.h"

#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "core/settings.h"
#include "core/str.h"
#include "core/typo.h"
#include "tool/terminal/language.h"

#define FIRST   256 /* getopt's number for the first option of the table */
#define AT(x)   offsetof(struct uk_args, x)
#define NO_HOME SIZE_MAX

/* Room for the longest option with its value. */
#define HELP_COLUMN 16

#define ANOTHER_FILE N_("another file than %s")

/* A flag is a bool, a value a text; one without a place is refused. */
static const struct {
    const char *name;
    unsigned bit;      /* of enum uk_arg; 0: every command has it */
    const char *value; /* what stands behind it, for people; NULL for a flag */
    size_t at;
    const char *help;
} options[] = {
    {"help", 0, NULL, AT(help), N_("show this")},
    {"json", UK_ARG_JSON, NULL, AT(json),
     N_("one line of JSON on standard output, for programs")},
    {"yes", UK_ARG_YES, NULL, AT(yes), N_("do not ask whether it is meant")},
    {"raw", UK_ARG_RAW, NULL, AT(raw),
     N_("the value alone: nothing on standard error")},
    {"out", UK_ARG_OUT, "FILE", AT(out),
     N_("write the value to this new file, for its owner alone")},
    {"out", UK_ARG_OUT_OLD, "FILE", AT(out),
     N_("write the value to this file, a new one or that of the old key")},
    {"url", UK_ARG_URL, "URL", AT(url),
     N_("where the service is; else 'service_url' of userkey.conf")},
    {"app", UK_ARG_APP, "ID", AT(app),
     N_("the app's id; else 'app_id' of userkey.conf")},
    {"ca-file", UK_ARG_CA_FILE, "FILE", AT(ca_file),
     N_("the CA of the service's certificate; else 'ca_file' of userkey.conf")},
    {"email", UK_ARG_EMAIL, "ADDRESS", AT(email),
     N_("who; asked for if it is not given")},
    {"password-stdin", UK_ARG_PASSWORD_STDIN, NULL, AT(password_stdin),
     N_("the password is the first line of standard input")},
    {"service", UK_ARG_SERVICE, "SERVICE", AT(service),
     N_("the PAM service to ask as (it decides nothing)")},
    {"service", UK_ARG_STACK, "SERVICE", AT(service),
     N_("the PAM service, whose stack and grace in outages are shown, too")},
    {"conf", UK_ARG_CONF, "FILE", AT(conf), ANOTHER_FILE},
    {"user", UK_ARG_USER, "WHO", AT(user),
     N_("whose keys, by address or id; with --admin-file")},
    {"admin-file", UK_ARG_ADMIN_FILE, "FILE", AT(admin_file),
     N_("which service, and an administrator's pair of keys")},
    {"rhost", UK_ARG_RHOST, "HOST", AT(rhost),
     N_("the remote host to ask as, which the limit of tries counts by")},
    {"with-key", UK_ARG_WITH_KEY, NULL, AT(with_key),
     N_("with a key, from the terminal or the first line of standard input")},
    {"fix", UK_ARG_FIX, NULL, AT(fix),
     N_("take away modes that our own files must not have, and nothing else")},
    {"root", UK_ARG_ROOT, "DIR", AT(root),
     N_("look at the system in this folder, not at this machine")},
    {"expires", UK_ARG_EXPIRES, "WHEN", AT(expires),
     N_("90d, 12h, a date (2027-01-31) or 'never'")},
    {"grace", UK_ARG_GRACE, "TIME", AT(grace),
     N_("how long the old key goes on working: 7d, 12h")},
    {"name", UK_ARG_NAME, "NAME", AT(name),
     N_("of the new key; else that of the old one with a number")},
    {"older-than", UK_ARG_OLDER_THAN, "TIME", AT(older_than),
     N_("only keys that have been over for so long; else 30d")},
    {"dry-run", UK_ARG_DRY_RUN, NULL, AT(dry_run),
     N_("show what would go, and delete nothing")},
    {"file", UK_ARG_FILE, "FILE", AT(file),
     N_("the key stands in this file, which nobody else can read")},
    {"prompt", UK_ARG_PROMPT, "TEXT", AT(prompt),
     N_("what the question must be, where 'prompt' of userkey.conf is "
        "another")},
    {"host", UK_ARG_HOST, "HOSTS", AT(host),
     N_("who may have the key: hosts as ssh shows them, and 'sudo': a,b,sudo")},
    {"service", UK_ARG_SERVICES, "SERVICES", AT(services),
     N_("only in the files of these PAM services: sshd,sudo")},
    {"try", UK_ARG_TRY, "TIME", AT(try_time),
     N_("take it out again after 10min, 1h, unless it is confirmed")},
    {"confirm", UK_ARG_CONFIRM, NULL, AT(confirm),
     N_("end a trial: it stays (from a new login)")},
    {"expired", UK_ARG_EXPIRED, NULL, AT(expired),
     N_("only a trial whose time is over; for timers")},
    {"password", 0, "", NO_HOME, NULL},
    {"key", 0, "", NO_HOME, NULL},
    {"token", 0, "", NO_HOME, NULL},
    {"secret", 0, "", NO_HOME, NULL},
};

static void
fill_long_options(struct option *longs, unsigned allowed)
{
    size_t n = 0;

    for (size_t i = 0; i < UK_COUNT(options); i++) {
        if (options[i].bit != 0 && (options[i].bit & allowed) == 0)
            continue;
        longs[n++] = (struct option){
            .name = options[i].name,
            .has_arg = options[i].at == NO_HOME   ? optional_argument
                       : options[i].value != NULL ? required_argument
                                                  : no_argument,
            .val = (int)(FIRST + i),
        };
    }
    longs[n] = (struct option){.name = NULL};
}

/* The option of this command that was probably meant; or NULL. */
static const char *
find_nearest(const char *name, const struct option *longs)
{
    const char *nearest = NULL;
    size_t least = UK_TYPO_MOST + 1;

    for (; longs->name != NULL; longs++) {
        size_t slips = uk_typo_slips(name, longs->name);

        if (slips < least && longs->has_arg != optional_argument) {
            least = slips;
            nearest = longs->name;
        }
    }
    return nearest;
}

/* An option that getopt does not take: its name, and no value behind it. */
static enum uk_code
refuse(const char *word, int reason, const struct option *longs,
       struct uk_err *err)
{
    const char *nearest;
    char shown[UK_PRINTABLE_SIZE];

    uk_str_printable(shown, word, strcspn(word, "="));
    if (reason == ':')
        return uk_err_set(err, UK_INVALID, _("option '%s' needs a value"),
                          shown);
    nearest =
        uk_str_starts(shown, "--") ? find_nearest(shown + 2, longs) : NULL;
    if (nearest != NULL)
        return uk_err_set(err, UK_INVALID,
                          _("'%s' is not an option of this command; did you "
                            "mean '--%s'?"),
                          shown, nearest);
    return uk_err_set(err, UK_INVALID,
                      _("'%s' is not an option of this command"), shown);
}

static enum uk_code
take(size_t i, struct uk_args *args, struct uk_err *err)
{
    char *place;

    if (options[i].at == NO_HOME)
        return uk_err_set(
            err, UK_INVALID,
            _("--%s is not taken: everyone on this machine can "
              "read a command line (what stood there is no secret "
              "any more); it is asked for, or read from standard "
              "input"),
            options[i].name);
    place = (char *)args + options[i].at;
    if (options[i].value != NULL)
        *(const char **)(void *)place = optarg;
    else
        *(bool *)(void *)place = true;
    return UK_OK;
}

enum uk_code
uk_args_parse(int argc, char **argv, unsigned allowed, struct uk_args *out,
              struct uk_err *err)
{
    struct option longs[UK_COUNT(options) + 1];
    struct uk_args args = {.n_words = 0};
    int c;

    fill_long_options(longs, allowed);
    opterr = 0;
    optind = 0; /* begin anew: main() has used it */
    while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        enum uk_code code = UK_OK;

        if (c == 'h')
            args.help = true;
        else if (c == ':' || c == '?')
            code = refuse(argv[optind - 1], c, longs, err);
        else
            code = take((size_t)(c - FIRST), &args, err);
        if (code != UK_OK)
            return code;
    }
    args.word = argv + optind;
    args.n_words = (size_t)(argc - optind);
    *out = args;
    return UK_OK;
}

void
uk_args_describe(struct uk_buf *out, unsigned allowed)
{
    for (size_t i = 0; i < UK_COUNT(options); i++) {
        const char *value = options[i].value != NULL ? options[i].value : "";
        size_t len = strlen(options[i].name) + 1 + strlen(value);

        if (options[i].at == NO_HOME ||
            (options[i].bit != 0 && (options[i].bit & allowed) == 0))
            continue;
        uk_buf_addf(out, "  --%s %s%*s  ", options[i].name, value,
                    HELP_COLUMN - (int)len, "");
        if (options[i].bit == UK_ARG_CONF)
            uk_buf_addf(out, _(ANOTHER_FILE), UK_SETTINGS_FILE);
        else
            uk_buf_add_text(out, _(options[i].help));
        uk_buf_add_byte(out, '\n');
    }
}
