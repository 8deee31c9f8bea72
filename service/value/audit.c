/* The audit line. */
#include "service/value/audit.h"

#include <stdio.h>
#include <string.h>

#include "core/attr.h"

#define LINE_MAX 1600

struct line {
    size_t len;
    char bytes[LINE_MAX];
};

/* What has no room is left out; there is room for the longest of all. */
static void
put(struct line *line, const char *bytes, size_t len)
{
    if (len > sizeof(line->bytes) - line->len)
        return;
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void
add(struct line *line, const char *name, const char *value, bool quoted)
{
    if (value == NULL || value[0] == '\0')
        return;
    put(line, " ", 1);
    put(line, name, strlen(name));
    put(line, "='", quoted ? 2 : 1);
    put(line, value, strlen(value));
    if (quoted)
        put(line, "'", 1);
}

void
uk_audit_log(const struct uk_audit *audit, const struct uk_log *log)
{
    struct line line;
    char app[UK_PRINTABLE_SIZE];
    char left_out[16];
    bool granted;

    if (audit->event == NULL)
        return;
    line.len = 0;
    granted = audit->verdict != NULL && strcmp(audit->verdict, "granted") == 0;
    add(&line, "verdict", audit->verdict, false);
    add(&line, "reason", audit->reason, false);
    add(&line, "provider", audit->provider, false);
    if (audit->app != NULL)
        add(&line, "app", uk_str_printable(app, audit->app, strlen(audit->app)),
            true);
    add(&line, "admin", audit->admin, false);
    add(&line, "admin_name", audit->admin_name, true);
    add(&line, "user", audit->user, false);
    add(&line, "other", audit->other, false);
    add(&line, "key", audit->key, false);
    add(&line, "name", audit->name, true);
    add(&line, "email", audit->email, true);
    add(&line, "source", audit->source, false);
    add(&line, "request", audit->request, false);
    snprintf(left_out, sizeof(left_out), "%u", audit->left_out);
    if (audit->left_out > 0)
        add(&line, "left_out", left_out, false);
    uk_log_line(log, granted ? UK_LEVEL_INFO : UK_LEVEL_NOTICE,
                "audit event=%s%.*s", audit->event, (int)line.len, line.bytes);
}
