/* Which settings change while the service runs. */
#include "service/operate/reload.h"

#include <stdint.h>
#include <string.h>

#include "core/str.h"

static const char *const fixed[] = {
    "listen",   "listen_http",      "listen_metrics",
    "database", "secrets",          "insecure_http",
    "threads",  "password_threads", "max_connections",
};

/* Does it need a restart? */
static bool
is_fixed(const char *name)
{
    for (size_t i = 0; i < UK_COUNT(fixed); i++) {
        if (strcmp(name, fixed[i]) == 0)
            return true;
    }
    return false;
}

/* As it would stand in a file. */
static void
write_value(const struct uk_conf_rule *rule, const void *at, struct uk_buf *out)
{
    const struct uk_conf_list *list = at;
    unsigned long number;

    switch (rule->type) {
    case UK_CONF_BOOL:
        uk_buf_add_text(out, *(const bool *)at ? "yes" : "no");
        break;
    case UK_CONF_NUMBER:
        uk_buf_addf(out, "%lu", *(const unsigned long *)at);
        break;
    case UK_CONF_TIME:
        number = *(const unsigned long *)at;
        uk_buf_addf(out, number % 1000 == 0 ? "%lus" : "%lums",
                    number % 1000 == 0 ? number / 1000 : number);
        break;
    case UK_CONF_CHOICE:
        uk_buf_add_text(out, rule->choices[*(const int *)at]);
        break;
    case UK_CONF_TEXT:
    case UK_CONF_PATH:
        uk_buf_add_text(out, at);
        break;
    case UK_CONF_LIST:
        for (size_t i = 0; i < list->count; i++)
            uk_buf_addf(out, "%s%s", i > 0 ? " " : "", list->item[i]);
        break;
    }
}

static size_t
size_of(enum uk_conf_type type)
{
    switch (type) {
    case UK_CONF_BOOL:
        return sizeof(bool);
    case UK_CONF_NUMBER:
    case UK_CONF_TIME:
        return sizeof(unsigned long);
    case UK_CONF_CHOICE:
        return sizeof(int);
    case UK_CONF_TEXT:
    case UK_CONF_PATH:
        return UK_CONF_VALUE;
    case UK_CONF_LIST:
        return sizeof(struct uk_conf_list);
    }
    return 0;
}

static void
say(struct uk_buf *out, const char *name, const struct uk_buf *now,
    const struct uk_buf *was)
{
    uk_buf_addf(out, "%s'%s'", out->len > 0 ? ", " : "", name);
    if (now != NULL)
        uk_buf_addf(out, " is now '%s' (was '%s')", uk_buf_peek(now),
                    uk_buf_peek(was));
}

static void
merge_one(const struct uk_conf_rule *rule, bool stays, const void *old,
          void *read, struct uk_buf *changed, struct uk_buf *restart)
{
    struct uk_buf was = UK_BUF_UP_TO(4096), now = UK_BUF_UP_TO(4096);
    bool same;

    write_value(rule, old, &was);
    write_value(rule, read, &now);
    same = strcmp(uk_buf_peek(&was), uk_buf_peek(&now)) == 0;
    if (!same && stays) {
        say(restart, rule->name, NULL, NULL);
        memcpy(read, old, size_of(rule->type));
    } else if (!same) {
        say(changed, rule->name, &now, &was);
    }
    uk_buf_clear(&was);
    uk_buf_clear(&now);
}

void
uk_reload_merge(const struct uk_config *old, struct uk_config *read,
                struct uk_buf *changed, struct uk_buf *restart)
{
    const struct uk_conf_table *table = uk_config_table();
    bool switches =
        (old->tls_certificate[0] == '\0') != (read->tls_certificate[0] == '\0');

    for (size_t i = 0; i < table->count; i++) {
        const struct uk_conf_rule *rule = &table->rules[i];

        /* Another certificate is fine, but not the first, or none. */
        bool stays = is_fixed(rule->name) ||
                     (switches && uk_str_starts(rule->name, "tls_"));

        merge_one(rule, stays, (const char *)old + rule->offset,
                  (char *)read + rule->offset, changed, restart);
    }
    read->number = old->number + 1;
}
