/* The command line of one command, taken apart by a table. */
#include "service/command/args.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"

#define FIRST 256 /* getopt's number for the first option of the table */
#define AT(x) offsetof(struct uk_args, x)

/* A flag is a bool, a value a text. */
static const struct {
    const char *name;
    const char *value; /* what it is called; NULL for a flag */
    unsigned bit;      /* of enum uk_arg; 0: every command has it */
    size_t at;
    const char *summary;
} options[] = {
    {"data", "DIR", UK_ARG_DATA, AT(data),
     "the folder with database and secrets"},
    {"config", "FILE", UK_ARG_CONFIG, AT(config),
     "the settings (userkey-server.conf(5)) that say where these are"},
    {"app", "ID", UK_ARG_APP, AT(app),
     "the app; where there is only one, it is that"},
    {"app", "NAME", UK_ARG_APP_NAME, AT(app), "what the app is called"},
    {"listen", "ADDRESS:PORT", UK_ARG_LISTEN, AT(listen),
     "where to listen, in numbers"},
    {"tls-cert", "FILE", UK_ARG_CERTIFICATE, AT(certificate),
     "the certificate, with those between it and the authority (PEM)"},
    {"tls-key", "FILE", UK_ARG_KEY, AT(key), "its private key (PEM)"},
    {"password-stdin", NULL, UK_ARG_PASSWORD_STDIN, AT(password_stdin),
     "the password is on standard input"},
    {"from", "URL", UK_ARG_FROM_TO, AT(from),
     "the database to read: sqlite:/PATH or postgresql://..."},
    {"to", "URL", UK_ARG_FROM_TO, AT(to), "the empty one to fill, likewise"},
    {"yes", NULL, UK_ARG_YES, AT(yes), "do not ask"},
    {"help", NULL, 0, AT(help), "show this"},
};

static bool
has(unsigned allowed, size_t i)
{
    return options[i].bit == 0 || (options[i].bit & allowed) != 0;
}

static void
fill_long_options(struct option *longs, unsigned allowed)
{
    size_t n = 0;

    for (size_t i = 0; i < UK_COUNT(options); i++) {
        if (!has(allowed, i))
            continue;
        longs[n++] = (struct option){
            .name = options[i].name,
            .has_arg =
                options[i].value != NULL ? required_argument : no_argument,
            .val = (int)(FIRST + i),
        };
    }
    longs[n] = (struct option){.name = NULL};
}

/* An option that getopt does not take: its name, and no value behind it. */
static enum uk_code
refuse(const char *word, int reason, struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];

    uk_str_printable(shown, word, strcspn(word, "="));
    if (reason == ':')
        return uk_err_set(err, UK_INVALID, "option '%s' needs a value", shown);
    return uk_err_set(err, UK_INVALID, "'%s' is not an option of this command",
                      shown);
}

static void
take(size_t i, struct uk_args *args)
{
    char *place = (char *)args + options[i].at;

    if (options[i].value != NULL)
        *(const char **)(void *)place = optarg;
    else
        *(bool *)(void *)place = true;
}

static enum uk_code
take_words(int n, char **words, const char *operand, struct uk_args *args,
           struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];
    int most = operand != NULL;

    if (n < most)
        return uk_err_set(err, UK_INVALID, "%s is missing", operand);
    if (n > most)
        return uk_err_set(
            err, UK_INVALID, "'%s' is a word too many",
            uk_str_printable(shown, words[most], strlen(words[most])));
    args->word = most > 0 ? words[0] : NULL;
    return UK_OK;
}

enum uk_code
uk_args_parse(int argc, char **argv, unsigned allowed, const char *operand,
              struct uk_args *out, struct uk_err *err)
{
    struct option longs[UK_COUNT(options) + 1];
    struct uk_args args = {.help = false};
    enum uk_code code = UK_OK;
    int c;

    fill_long_options(longs, allowed);
    opterr = 0;
    optind = 0; /* begin anew */
    while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        if (c == 'h')
            args.help = true;
        else if (c == ':' || c == '?')
            return refuse(argv[optind - 1], c, err);
        else
            take((size_t)(c - FIRST), &args);
    }
    if (!args.help)
        code = take_words(argc - optind, argv + optind, operand, &args, err);
    if (code == UK_OK && args.data != NULL && args.config != NULL)
        code = uk_err_set(err, UK_INVALID,
                          "--data and --config exclude each other");
    if (code == UK_OK)
        *out = args;
    return code;
}

void
uk_args_explain(unsigned allowed, struct uk_buf *out)
{
    char name[40];

    for (size_t i = 0; i < UK_COUNT(options); i++) {
        if (!has(allowed, i))
            continue;
        snprintf(name, sizeof(name), "--%s%s%s", options[i].name,
                 options[i].value != NULL ? " " : "",
                 options[i].value != NULL ? options[i].value : "");
        uk_buf_addf(out, "  %-21s  %s\n", name, options[i].summary);
    }
}
