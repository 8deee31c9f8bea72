/* The table of module arguments, by which a line of pam.d adjusts us. */
#include "pam_module/options.h"

#include <string.h>

#include "core/settings.h"
#include "core/str.h"

/* Stands where a file's name would, in sentences about an argument. */
#define WHERE     "pam_userkey"
#define NAME_MOST 31 /* characters; no argument's name is longer */

static const struct uk_conf_rule rules[] = {
    {.name = "conf",
     .type = UK_CONF_PATH,
     .offset = offsetof(struct uk_options, conf),
     .fallback = UK_SETTINGS_FILE},
    {.name = "debug",
     .type = UK_CONF_BOOL,
     .offset = offsetof(struct uk_options, debug),
     .fallback = "no"},
    {.name = "try_first_pass",
     .type = UK_CONF_BOOL,
     .offset = offsetof(struct uk_options, try_first_pass),
     .fallback = "no"},
    {.name = "use_first_pass",
     .type = UK_CONF_BOOL,
     .offset = offsetof(struct uk_options, use_first_pass),
     .fallback = "no"},
    {.name = "prompt",
     .type = UK_CONF_TEXT,
     .offset = offsetof(struct uk_options, prompt)},
};

static const struct uk_conf_table table = {rules, UK_COUNT(rules)};

/* One of ours that does not stand alone? */
static bool
needs_value(const char *name)
{
    for (size_t i = 0; i < table.count; i++) {
        if (strcmp(rules[i].name, name) == 0)
            return rules[i].type != UK_CONF_BOOL;
    }
    return false;
}

static enum uk_code
set_one(const char *word, struct uk_options *options, struct uk_conf_seen *seen,
        struct uk_err *err)
{
    char name[NAME_MOST + 1], shown[UK_PRINTABLE_SIZE];
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const char *value = equals != NULL ? equals + 1 : "yes";

    if (len > NAME_MOST)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'" WHERE "': '%s' is not a setting",
                          uk_str_printable(shown, word, len));
    memcpy(name, word, len);
    name[len] = '\0';
    if (equals == NULL && needs_value(name))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'" WHERE "': '%s' needs a value", name);
    return uk_conf_set(&table, name, value, WHERE, UK_CONF_NO_LINE, options,
                       seen, err);
}

enum uk_code
uk_options_parse(int argc, const char *const *argv, struct uk_options *out,
                 struct uk_err *err)
{
    struct uk_options options = {.debug = false};
    struct uk_conf_seen seen = {{0}};
    enum uk_code code = uk_conf_init(&table, &options, err);

    for (int i = 0; i < argc && code == UK_OK; i++)
        code = set_one(argv[i], &options, &seen, err);
    if (code == UK_OK && options.try_first_pass && options.use_first_pass)
        code = uk_err_set(err, UK_MISCONFIGURED,
                          "'" WHERE "': 'try_first_pass' may ask and "
                          "'use_first_pass' may not; allowed: one of them");
    if (code != UK_OK)
        return uk_err_in(err, "reading the module's arguments");
    uk_settings_end_prompt(options.prompt);
    *out = options;
    return UK_OK;
}
