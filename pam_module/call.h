/*
 * One call of the host: what it came with, what is known.
 *
 * Each door of the module begins one, lets a room do its work, and ends it
 * (entry.c).
 */
#ifndef UK_PAM_MODULE_CALL_H
#define UK_PAM_MODULE_CALL_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/early.h"
#include "core/err.h"
#include "core/login.h"
#include "core/settings.h"
#include "core/str.h"
#include "pam_module/code.h"
#include "pam_module/options.h"

struct uk_call {
    pam_handle_t *pamh; /* borrowed */
    enum uk_phase phase;
    struct uk_options options;
    struct uk_settings settings; /* the fallbacks, until uk_call_settle */
    /* PAM's items, borrowed from the handle until its conversation is called;
     * "" where there is none. */
    const char *user;
    const char *service;
    const char *rhost;
    const char *ruser;
    char settled[UK_NAME_MAX + 2]; /* whose login it is: user's beginning */
    struct uk_deadline start; /* of our part: no person's typing is in it */
    struct uk_early early;    /* an agent that gets ready */
    struct uk_look look;      /* at the account, while the agent does */
    struct uk_outcome outcome;
    struct uk_err err;
};

/* UK_MISCONFIGURED for arguments that cannot be.  The call is to be ended
 * whatever comes out. */
UK_MUST_USE enum uk_code uk_call_begin(struct uk_call *call, pam_handle_t *pamh,
                                       enum uk_phase phase, int argc,
                                       const char *const *argv);

/* Read the settings, and learn the user's name (the host asks for one that it
 * does not know). */
UK_MUST_USE enum uk_code uk_call_settle(struct uk_call *call);

/* Borrow the items again, which any conversation may have changed. */
void uk_call_borrow(struct uk_call *call);

/* The same, after one of ours.  UK_INVALID if the host has changed the user
 * meanwhile: what was typed was typed for another. */
UK_MUST_USE enum uk_code uk_call_resume(struct uk_call *call);

/* The clock starts: the key is in hand.  The moment by which the answer must
 * be there. */
struct uk_deadline uk_call_start_clock(struct uk_call *call);

#endif
