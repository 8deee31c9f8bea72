/* The audit line. */
#include "service/audit.h"

#include <string.h>

#include "core/attr.h"
#include "core/buf.h"

#define LINE_MAX 1600

static void
add(struct uk_buf *line, const char *name, const char *value, bool quoted)
{
    if (value != NULL && value[0] != '\0')
        uk_buf_addf(line, quoted ? " %s='%s'" : " %s=%s", name, value);
}

void
uk_audit_log(const struct uk_audit *audit, const struct uk_log *log)
{
    struct uk_buf line = UK_BUF_UP_TO(LINE_MAX);
    char app[UK_PRINTABLE_SIZE];
    bool granted;

    if (audit->event == NULL)
        return;
    granted = audit->verdict != NULL && strcmp(audit->verdict, "granted") == 0;
    add(&line, "verdict", audit->verdict, false);
    add(&line, "reason", audit->reason, false);
    add(&line, "provider", audit->provider, false);
    if (audit->app != NULL)
        add(&line, "app", uk_str_printable(app, audit->app, strlen(audit->app)),
            true);
    add(&line, "user", audit->user, false);
    add(&line, "key", audit->key, false);
    add(&line, "name", audit->name, true);
    add(&line, "email", audit->email, true);
    add(&line, "source", audit->source, false);
    add(&line, "request", audit->request, false);
    uk_log_line(log, granted ? UK_LEVEL_INFO : UK_LEVEL_NOTICE,
                "audit event=%s%s", audit->event, uk_buf_peek(&line));
    uk_buf_clear(&line);
}
