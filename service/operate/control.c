/* What the first thread does while the others serve. */
#include "service/operate/control.h"

#include <stdlib.h>
#include <time.h>

#include "core/deadline.h"
#include "service/operate/certificate.h"
#include "service/operate/notify.h"
#include "service/operate/reload.h"

#define TICK_MS  1000
#define STUCK_MS 30000 /* a thread that has not turned for so long hangs */

struct uk_control_settings {
    struct uk_config config;
    struct uk_control_settings *older;
};

static void
free_settings(struct uk_control_settings **all)
{
    while (*all != NULL) {
        struct uk_control_settings *older = (*all)->older;

        free(*all);
        *all = older;
    }
}

/* Whoever has turned since the exchange does not have them in hand. */
static void
drop_old(struct uk_control *control)
{
    if (control->old != NULL &&
        uk_pulse_late(control->pulse, UK_PULSE_SETTINGS) == NULL)
        free_settings(&control->old);
}

/* Beats are sent as often as they should be, but only when everybody has
 * turned since the last one. */
static void
tick(struct uk_control *control)
{
    struct uk_pulse *pulse = control->pulse;
    struct uk_server *server = control->server;
    const char *late = uk_pulse_late(pulse, UK_PULSE_LIVE);

    if (late == NULL) {
        uk_pulse_mark(pulse, UK_PULSE_LIVE);
        control->stuck = uk_deadline_in(control->stuck_ms);
        control->told = false;
        atomic_store(&server->stuck, NULL);
    } else if (uk_deadline_passed(control->stuck) && !control->told) {
        control->told = true;
        atomic_store(&server->stuck, late);
        uk_log_line(control->log, UK_LEVEL_ERROR,
                    "a thread hangs: %s has not turned for %u s", late,
                    control->stuck_ms / 1000);
    }
    if (control->watchdog_ms > 0 && uk_deadline_passed(control->beat) &&
        uk_pulse_late(pulse, UK_PULSE_WATCHDOG) == NULL) {
        uk_notify_alive();
        uk_pulse_mark(pulse, UK_PULSE_WATCHDOG);
        control->beat = uk_deadline_in(control->watchdog_ms / 2);
    }
    drop_old(control);
}

/* Everybody sees the new ones from now on. */
static void
exchange(struct uk_control *control, struct uk_control_settings *new)
{
    atomic_store(&control->server->config, &new->config);
    uk_log_set(control->log,
               (enum uk_level)(UK_LEVEL_ERROR + new->config.log_level));
    if (control->settings != NULL) {
        control->settings->older = control->old;
        control->old = control->settings;
    }
    control->settings = new;
    uk_pulse_mark(control->pulse, UK_PULSE_SETTINGS);
}

/* false: nothing has changed. */
static bool
merge(const struct uk_control *control, struct uk_config *config)
{
    struct uk_buf changed = UK_BUF_UP_TO(16384), restart = UK_BUF_UP_TO(1024);
    bool news;

    uk_reload_merge(control->server->config, config, &changed, &restart);
    news = changed.len > 0;
    uk_log_line(control->log, UK_LEVEL_NOTICE, "settings read again: %s",
                news ? uk_buf_peek(&changed) : "nothing has changed");
    if (restart.len > 0)
        uk_log_line(control->log, UK_LEVEL_WARNING,
                    "settings that need a restart have changed: %s",
                    uk_buf_peek(&restart));
    uk_buf_clear(&changed);
    uk_buf_clear(&restart);
    return news;
}

/* What was there before stays if this fails. */
static void
read_settings(struct uk_control *control)
{
    const struct uk_config *now = control->server->config;
    struct uk_control_settings *new = calloc(1, sizeof(*new));
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;

    if (new == NULL)
        code = uk_err_set(&err, UK_NO_MEMORY, "no memory for the settings");
    else if (uk_config_is_file(now))
        code = uk_config_load(now->file, &new->config, &err);
    if (code != UK_OK)
        uk_log_line(control->log, UK_LEVEL_ERROR,
                    "%s; the settings from before stay", err.text);
    else if (uk_config_is_file(now) && merge(control, &new->config))
        exchange(control, new);
    else
        code = UK_INVALID;
    if (code != UK_OK)
        free(new);
}

static void
read_certificate(struct uk_control *control)
{
    const struct uk_config *config = control->server->config;
    struct uk_tls_dates dates;
    struct uk_err err = UK_ERR_NONE;

    if (config->tls_certificate[0] == '\0')
        return;
    if (uk_certificate_load(config, control->log, &dates, &err) != UK_OK) {
        uk_log_line(control->log, UK_LEVEL_ERROR,
                    "%s; the one from before stays", err.text);
        return;
    }
    atomic_store(&control->server->certificate_until, dates.until);
    uk_log_line(control->log, UK_LEVEL_NOTICE, "certificate read again");
}

static void
reload(struct uk_control *control)
{
    uk_notify_reloading();
    drop_old(control);
    read_settings(control);
    read_certificate(control);
    uk_notify_ready(control->status);
}

int
uk_control_run(struct uk_control *control)
{
    unsigned pause = TICK_MS;
    struct timespec wait;
    int got;

    control->watchdog_ms = uk_notify_watchdog_ms();
    control->stuck_ms =
        control->watchdog_ms > 0 ? control->watchdog_ms : STUCK_MS;
    if (control->stuck_ms / 8 < pause)
        pause = control->stuck_ms / 8 + 1;
    wait = (struct timespec){pause / 1000, (long)(pause % 1000) * 1000000};
    control->stuck = uk_deadline_in(control->stuck_ms);
    for (;;) {
        got = sigtimedwait(control->signals, NULL, &wait);
        if (got == SIGHUP)
            reload(control);
        else if (got > 0)
            return got;
        tick(control);
    }
}

void
uk_control_clear(struct uk_control *control)
{
    free_settings(&control->settings);
    free_settings(&control->old);
}
