/* "name = value" lines into a struct, by a table. */
#include "core/conf.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/lines.h"
#include "core/str.h"
#include "core/typo.h"

#define ALLOWED_SIZE 256

/*
 * Values: one function for each type stores one, or says no.
 */

static bool
set_bool(const struct uk_conf_rule *rule, const char *value, void *at)
{
    return uk_str_to_bool(value, at);
}

static bool
set_number(const struct uk_conf_rule *rule, const char *value, void *at)
{
    unsigned long number;

    if (!uk_str_to_ulong(value, rule->max, &number) || number < rule->min)
        return false;
    *(unsigned long *)at = number;
    return true;
}

static bool
set_time(const struct uk_conf_rule *rule, const char *value, void *at)
{
    unsigned long ms;

    if (!uk_str_to_ms(value, rule->max, &ms) || ms < rule->min)
        return false;
    *(unsigned long *)at = ms;
    return true;
}

static bool
set_choice(const struct uk_conf_rule *rule, const char *value, void *at)
{
    for (int i = 0; rule->choices[i] != NULL; i++) {
        if (strcmp(value, rule->choices[i]) == 0) {
            *(int *)at = i;
            return true;
        }
    }
    return false;
}

static bool
set_text(const struct uk_conf_rule *rule, const char *value, void *at)
{
    if (value[0] == '\0' || !uk_str_is_printable(value))
        return false;
    if (rule->check != NULL && rule->check(value) != NULL)
        return false;
    return uk_str_copy(at, UK_CONF_VALUE, value);
}

static bool
set_path(const struct uk_conf_rule *rule, const char *value, void *at)
{
    return value[0] == '/' && set_text(rule, value, at);
}

static bool
set_list(const struct uk_conf_rule *rule, const char *value, void *at)
{
    struct uk_conf_list *list = at;
    char word[UK_CONF_VALUE];

    list->count = 0;
    for (;;) {
        size_t len;

        value += strspn(value, " \t");
        len = strcspn(value, " \t");
        if (len == 0)
            return list->count > 0;
        if (list->count == UK_CONF_ITEMS || len >= sizeof(word))
            return false;
        memcpy(word, value, len);
        word[len] = '\0';
        if (!set_text(rule, word, list->item[list->count]))
            return false;
        list->count++;
        value += len;
    }
}

static bool (*const setters[])(const struct uk_conf_rule *rule,
                               const char *value, void *at) = {
    [UK_CONF_BOOL] = set_bool, [UK_CONF_NUMBER] = set_number,
    [UK_CONF_TIME] = set_time, [UK_CONF_CHOICE] = set_choice,
    [UK_CONF_TEXT] = set_text, [UK_CONF_PATH] = set_path,
    [UK_CONF_LIST] = set_list,
};

static bool
set_value(const struct uk_conf_rule *rule, const char *value, void *into)
{
    return setters[rule->type](rule, value, (char *)into + rule->offset);
}

/*
 * Words for what is allowed.
 */

/* "60s", "30min": in the largest unit of which it is several. */
static void
say_ms(char *to, size_t size, unsigned long ms)
{
    static const struct {
        const char *name;
        unsigned long ms;
    } units[] = {
        {"d", 86400000UL},
        {"h", 3600000UL},
        {"min", 60000UL},
        {"s", 1000UL},
    };

    for (size_t i = 0; i < UK_COUNT(units); i++) {
        if (ms % units[i].ms != 0)
            continue;
        if (ms > units[i].ms || units[i].ms == 1000UL) {
            snprintf(to, size, "%lu%s", ms / units[i].ms, units[i].name);
            return;
        }
    }
    snprintf(to, size, "%lums", ms);
}

static void
say_choices(char *to, size_t size, const char *const *choices)
{
    size_t len = 0;

    for (size_t i = 0; choices[i] != NULL && len < size; i++)
        len += (size_t)snprintf(to + len, size - len, "%s%s",
                                i == 0 ? "" : ", ", choices[i]);
}

/* What the check of a text says about the first word that it does not take. */
static const char *
say_check(const struct uk_conf_rule *rule, const char *value)
{
    char word[UK_CONF_VALUE];
    const char *allowed = NULL;

    if (rule->check == NULL)
        return NULL;
    if (rule->type != UK_CONF_LIST)
        return rule->check(value);
    while (allowed == NULL && *value != '\0') {
        size_t len = strcspn(value, " \t");

        if (len >= sizeof(word))
            return NULL;
        memcpy(word, value, len);
        word[len] = '\0';
        if (len > 0)
            allowed = rule->check(word);
        value += len;
        value += strspn(value, " \t");
    }
    return allowed;
}

static void
say_allowed(char *to, size_t size, const struct uk_conf_rule *rule,
            const char *value)
{
    const char *checked = NULL;
    char least[32];
    char most[32];

    switch (rule->type) {
    case UK_CONF_BOOL:
        snprintf(to, size, "yes, no");
        return;
    case UK_CONF_NUMBER:
        snprintf(to, size, "%lu to %lu", rule->min, rule->max);
        return;
    case UK_CONF_TIME:
        say_ms(least, sizeof(least), rule->min);
        say_ms(most, sizeof(most), rule->max);
        snprintf(to, size, "%s to %s", least, most);
        return;
    case UK_CONF_CHOICE:
        say_choices(to, size, rule->choices);
        return;
    case UK_CONF_TEXT:
    case UK_CONF_PATH:
    case UK_CONF_LIST:
        break;
    }
    if (value[0] != '\0' && uk_str_is_printable(value))
        checked = say_check(rule, value);
    if (checked != NULL)
        snprintf(to, size, "%s", checked);
    else if (rule->type == UK_CONF_LIST)
        snprintf(to, size,
                 "1 to %d words, each of up to %d printable ASCII "
                 "characters",
                 UK_CONF_ITEMS, UK_CONF_VALUE - 1);
    else
        snprintf(to, size, "%s of up to %d printable ASCII characters",
                 rule->type == UK_CONF_PATH ? "an absolute path" : "a text",
                 UK_CONF_VALUE - 1);
}

/* A value for a message.  A URL may carry a password, which nobody may log. */
static const char *
show_value(char to[UK_PRINTABLE_SIZE], const char *value)
{
    const char *url = strstr(value, "://");

    if (url != NULL && strchr(url, '@') != NULL)
        return "a URL with user information";
    return uk_str_printable(to, value, strlen(value));
}

/*
 * Names.
 */

static const struct uk_conf_rule *
find_rule(const struct uk_conf_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(name, table->rules[i].name) == 0)
            return &table->rules[i];
    }
    return NULL;
}

static enum uk_code
refuse_name(const struct uk_conf_table *table, const char *name,
            struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];
    const char *nearest = NULL;
    size_t least = UK_TYPO_MOST + 1;

    uk_str_printable(shown, name, strlen(name));
    for (size_t i = 0; i < table->count; i++) {
        size_t slips = uk_typo_slips(name, table->rules[i].name);

        if (slips < least) {
            least = slips;
            nearest = table->rules[i].name;
        }
    }
    if (nearest == NULL)
        return uk_err_set(err, UK_MISCONFIGURED, "'%s' is not a setting",
                          shown);
    return uk_err_set(err, UK_MISCONFIGURED,
                      "'%s' is not a setting; did you mean '%s'?", shown,
                      nearest);
}

/* Put file and line in front of the sentence. */
static enum uk_code
say_place(struct uk_err *err, const char *file, unsigned line)
{
    if (line == UK_CONF_NO_LINE)
        return uk_err_in(err, "'%s'", file);
    return uk_err_in(err, "'%s':%u", file, line);
}

static enum uk_code
set_by_rule(const struct uk_conf_rule *rule, const char *value, unsigned line,
            void *into, unsigned *seen, struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];
    char allowed[ALLOWED_SIZE];

    if (*seen == UINT_MAX)
        return uk_err_set(err, UK_MISCONFIGURED, "'%s' is given twice",
                          rule->name);
    if (*seen != 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' stands in line %u already", rule->name, *seen);
    if (!set_value(rule, value, into)) {
        say_allowed(allowed, sizeof(allowed), rule, value);
        return uk_err_set(err, UK_MISCONFIGURED, "'%s' is '%s'; allowed: %s",
                          rule->name, show_value(shown, value), allowed);
    }
    *seen = line == UK_CONF_NO_LINE ? UINT_MAX : line;
    return UK_OK;
}

enum uk_code
uk_conf_set(const struct uk_conf_table *table, const char *name,
            const char *value, const char *file, unsigned line, void *into,
            struct uk_conf_seen *seen, struct uk_err *err)
{
    const struct uk_conf_rule *rule = find_rule(table, name);
    enum uk_code code;

    if (rule == NULL)
        code = refuse_name(table, name, err);
    else
        code = set_by_rule(rule, value, line, into,
                           &seen->line[rule - table->rules], err);
    return code == UK_OK ? UK_OK : say_place(err, file, line);
}

enum uk_code
uk_conf_init(const struct uk_conf_table *table, void *into, struct uk_err *err)
{
    if (table->count > UK_CONF_RULES)
        return uk_err_set(err, UK_INVALID, "a table of %zu settings",
                          table->count);
    for (size_t i = 0; i < table->count; i++) {
        const struct uk_conf_rule *rule = &table->rules[i];

        if (rule->fallback != NULL && !set_value(rule, rule->fallback, into))
            return uk_err_set(err, UK_INVALID,
                              "the fallback of setting '%s' is wrong",
                              rule->name);
    }
    return UK_OK;
}

/* One line, NAME = VALUE. */
static enum uk_code
parse_line(const struct uk_conf_table *table, char *line,
           const struct uk_lines *lines, void *into, struct uk_conf_seen *seen,
           struct uk_err *err)
{
    char *equals = strchr(line, '=');

    if (equals == NULL) {
        /* What stands there may be a secret in the wrong file. */
        uk_err_set(err, UK_MISCONFIGURED,
                   "no '=' in the line; a setting is NAME = VALUE");
        return uk_lines_place(lines, err);
    }
    *equals = '\0';
    return uk_conf_set(table, uk_lines_trim(line), uk_lines_trim(equals + 1),
                       lines->file, lines->number, into, seen, err);
}

static enum uk_code
check_required(const struct uk_conf_table *table, const char *file,
               const struct uk_conf_seen *seen, struct uk_err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->rules[i].required && seen->line[i] == 0)
            return uk_err_set(err, UK_MISCONFIGURED,
                              "'%s': '%s' is not set, and has no default", file,
                              table->rules[i].name);
    }
    return UK_OK;
}

enum uk_code
uk_conf_parse(const struct uk_conf_table *table, const char *text, size_t len,
              const char *file, void *into, struct uk_conf_seen *seen,
              struct uk_err *err)
{
    struct uk_lines lines;
    char *line = NULL;
    enum uk_code code = uk_conf_init(table, into, err);

    *seen = (struct uk_conf_seen){.line = {0}};
    uk_lines_init(&lines, text, len, file);
    while (code == UK_OK) {
        code = uk_lines_next(&lines, &line, err);
        if (code != UK_OK || line == NULL)
            break;
        code = parse_line(table, line, &lines, into, seen, err);
    }
    return code == UK_OK ? check_required(table, file, seen, err) : code;
}

unsigned
uk_conf_line(const struct uk_conf_table *table, const struct uk_conf_seen *seen,
             const char *name)
{
    const struct uk_conf_rule *rule = find_rule(table, name);

    return rule != NULL ? seen->line[rule - table->rules] : 0;
}
