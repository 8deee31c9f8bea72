/* The command line of one command, taken apart by a table. */
#include "tool/args.h"

#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "core/str.h"

#define FIRST   256 /* getopt's number for the first option of the table */
#define AT(x)   offsetof(struct uk_args, x)
#define NO_HOME SIZE_MAX

/* A flag is a bool, a value a text; one without a place is refused. */
static const struct {
    const char *name;
    unsigned bit; /* of enum uk_arg; 0: every command has it */
    bool value;
    size_t at;
} options[] = {
    {"help", 0, false, AT(help)},
    {"json", UK_ARG_JSON, false, AT(json)},
    {"yes", UK_ARG_YES, false, AT(yes)},
    {"raw", UK_ARG_RAW, false, AT(raw)},
    {"out", UK_ARG_OUT, true, AT(out)},
    {"url", UK_ARG_URL, true, AT(url)},
    {"app", UK_ARG_APP, true, AT(app)},
    {"ca-file", UK_ARG_CA_FILE, true, AT(ca_file)},
    {"email", UK_ARG_EMAIL, true, AT(email)},
    {"password-stdin", UK_ARG_PASSWORD_STDIN, false, AT(password_stdin)},
    {"service", UK_ARG_SERVICE, true, AT(service)},
    {"conf", UK_ARG_CONF, true, AT(conf)},
    {"password", 0, true, NO_HOME},
    {"key", 0, true, NO_HOME},
    {"token", 0, true, NO_HOME},
    {"secret", 0, true, NO_HOME},
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
            .has_arg = options[i].at == NO_HOME ? optional_argument
                       : options[i].value       ? required_argument
                                                : no_argument,
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

static enum uk_code
take(size_t i, struct uk_args *args, struct uk_err *err)
{
    char *place = (char *)args + options[i].at;

    if (options[i].at == NO_HOME)
        return uk_err_set(err, UK_INVALID,
                          "--%s is not taken: everyone on this machine can "
                          "read a command line (what stood there is no secret "
                          "any more); it is asked for, or read from standard "
                          "input",
                          options[i].name);
    if (options[i].value)
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
            code = refuse(argv[optind - 1], c, err);
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
