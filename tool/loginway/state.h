/*
 * What 'userkey enable-login' has done to this machine, and until when.
 *
 * Kept where a reboot leaves it.  A trial is over when its time is, by the
 * clock that runs on while the machine sleeps, and when the machine has been
 * started anew: whoever is locked out starts it again.
 */
#ifndef UK_TOOL_LOGINWAY_STATE_H
#define UK_TOOL_LOGINWAY_STATE_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/conf.h"
#include "core/err.h"

enum uk_loginway {
    UK_LOGINWAY_SERVICES, /* blocks in the services' files */
    UK_LOGINWAY_PROFILE,  /* pam-auth-update's profile */
};

struct uk_loginstate {
    int way; /* enum uk_loginway */
    struct uk_conf_list services;
    bool made_stack;       /* /etc/pam.d/userkey was made by us */
    unsigned long began;   /* clock ticks since the start of the machine */
    unsigned long session; /* highest number of an audit session by then */
    unsigned long until;   /* seconds of CLOCK_BOOTTIME; 0: for good */
    char boot[UK_CONF_VALUE];
};

/* UK_OK with *there false where nothing is enabled. */
UK_MUST_USE enum uk_code uk_loginstate_load(struct uk_loginstate *out,
                                            bool *there, struct uk_err *err);
UK_MUST_USE enum uk_code uk_loginstate_save(const struct uk_loginstate *state,
                                            struct uk_err *err);
/* Forget it, and what was kept of each service's file. */
UK_MUST_USE enum uk_code uk_loginstate_drop(const struct uk_loginstate *state,
                                            struct uk_err *err);

/* One at a time; until the descriptor is closed, for at most some seconds. */
UK_MUST_USE enum uk_code uk_loginstate_lock(int *fd, struct uk_err *err);

/* Fill what says "now": began, session, boot. */
void uk_loginstate_stamp(struct uk_loginstate *state);

/* Seconds of CLOCK_BOOTTIME. */
unsigned long uk_loginstate_now(void);

bool uk_loginstate_is_trial(const struct uk_loginstate *state);
bool uk_loginstate_is_over(const struct uk_loginstate *state);

#endif
