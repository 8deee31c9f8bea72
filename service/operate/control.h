/*
 * What the first thread does while the others serve: it waits for signals,
 * exchanges settings, and tells the service manager that all threads turn.
 */
#ifndef UK_SERVICE_OPERATE_CONTROL_H
#define UK_SERVICE_OPERATE_CONTROL_H

#include <signal.h>

#include "service/request/pulse.h"
#include "service/request/shared.h"

struct uk_control {
    struct uk_server *server;
    struct uk_log *log;      /* the server's, whose level is a setting */
    struct uk_pulse *pulse;  /* of every thread that serves; borrowed */
    const sigset_t *signals; /* blocked, in every thread */
    char status[128];        /* a sentence, while all is well */

    /* Its own. */
    struct uk_control_settings *settings; /* those that hold, if it read them */
    struct uk_control_settings *old;      /* which somebody may be reading */
    unsigned watchdog_ms;                 /* 0: nobody wants to know */
    unsigned stuck_ms;
    struct uk_deadline beat;  /* when the next is due */
    struct uk_deadline stuck; /* when who has not turned until then hangs */
    bool told;                /* of one that hangs */
};

/* Until a signal ends it, which is returned. */
int uk_control_run(struct uk_control *control);

/* When nobody reads settings any more. */
void uk_control_clear(struct uk_control *control);

#endif
