/* What the service manager is told. */
#include "service/operate/notify.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void
uk_notify_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
uk_notify_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=%s",
               (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
               "reading settings and certificate again");
}

void
uk_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=answering what was asked, then it ends");
}

void
uk_notify_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

unsigned
uk_notify_watchdog_ms(void)
{
    uint64_t us = 0;

    if (sd_watchdog_enabled(0, &us) <= 0)
        return 0;
    us /= 1000;
    return us > INT_MAX ? INT_MAX : us == 0 ? 1 : (unsigned)us;
}

bool
uk_notify_is_journal(void)
{
    return getenv("JOURNAL_STREAM") != NULL;
}
