/*
 * The login by key, put into this machine's PAM configuration and taken out.
 *
 * What is going to be written is made, and can be looked at, before anything is
 * changed.
 */
#ifndef UK_TOOL_LOGINWAY_LOGINWAY_H
#define UK_TOOL_LOGINWAY_LOGINWAY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/conf.h"
#include "core/err.h"
#include "tool/loginway/pamfile.h"
#include "tool/loginway/state.h"

struct uk_loginplan {
    enum uk_loginway way;
    struct uk_conf_list services;
    bool makes_stack;
    struct uk_buf before[UK_CONF_ITEMS], after[UK_CONF_ITEMS];
    struct uk_buf stack;
    /* For the doctor: the files that are going to be. */
    char path[UK_CONF_ITEMS + 1][UK_CONF_VALUE];
    struct uk_planned planned[UK_CONF_ITEMS + 1];
    size_t n_planned;
};

/* Is there a profile for pam-auth-update, and who works with it? */
bool uk_loginway_has_profile(void);

/* Of these services, or with none by the profile.  Nothing is changed.  *plan
 * was cleared by the caller and is theirs, for uk_loginplan_clear(), whatever
 * comes of it. */
UK_MUST_USE enum uk_code uk_loginplan_make(const struct uk_conf_list *services,
                                           struct uk_loginplan *plan,
                                           struct uk_err *err);
void uk_loginplan_clear(struct uk_loginplan *plan);

/* Keep what the files are now: before the state is saved that knows of it. */
UK_MUST_USE enum uk_code uk_loginway_keep(const struct uk_loginplan *plan,
                                          struct uk_err *err);
UK_MUST_USE enum uk_code uk_loginway_put(const struct uk_loginplan *plan,
                                         struct uk_err *err);

/* Take it out wherever it is; *names are the files that were changed.  state
 * may be NULL, for one that was lost.  With force a file that cannot be undone
 * line by line becomes what was kept of it, and what it was is kept: this must
 * let people in again in any case.  All are tried; the first failure is
 * returned. */
UK_MUST_USE enum uk_code uk_loginway_take(const struct uk_loginstate *state,
                                          bool force,
                                          struct uk_conf_list *names,
                                          struct uk_err *err);

#endif
