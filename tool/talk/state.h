/*
 * The session that `userkey login` leaves behind: one file of the person's.
 *
 * $XDG_STATE_HOME/userkey/session, by default ~/.local/state/userkey/session;
 * the folder 0700, the file 0600.
 */
#ifndef UK_TOOL_TALK_STATE_H
#define UK_TOOL_TALK_STATE_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/session.h"
#include "core/settings.h"

/* {0} is releasable. */
struct uk_state {
    struct uk_settings place;
    struct uk_session session;
};

/* *found is false, with UK_OK, when nobody is logged in. */
UK_MUST_USE enum uk_code uk_state_load(struct uk_state *out, bool *found,
                                       struct uk_err *err);
UK_MUST_USE enum uk_code uk_state_save(const struct uk_state *state,
                                       struct uk_err *err);

/* One that is not there is removed already. */
UK_MUST_USE enum uk_code uk_state_remove(struct uk_err *err);

void uk_state_clear(struct uk_state *state);

#endif
