/* What the service manager is told. */
#include "service/notify.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>

void
uk_notify_ready(void)
{
    sd_notify(0, "READY=1");
}

void
uk_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

bool
uk_notify_is_journal(void)
{
    return getenv("JOURNAL_STREAM") != NULL;
}
