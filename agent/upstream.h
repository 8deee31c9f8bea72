/*
 * The servers of the service: whom to ask now, and whom next.
 *
 * A question goes to the first server of the settings that is well; where that
 * one gives no answer at all, to the next, within the same deadline.  Behind
 * an answer, even a part of one, it goes to nobody else.  What is asked here
 * may be asked twice: a key that opens two sessions where one was wanted has
 * done no harm, one that was refused twice would have.
 */
#ifndef UK_AGENT_UPSTREAM_H
#define UK_AGENT_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/httpsask.h"
#include "core/httpsmany.h"
#include "core/log.h"
#include "core/sessionwords.h"
#include "core/settings.h"

#include "agent/loop.h"
#include "agent/server.h"

struct uk_upstream;

/* One question; filled in by who asks, in memory that stays until it is
 * done. */
struct uk_errand {
    const struct uk_question *question; /* borrowed */
    struct uk_deadline by;
    /* UK_OK with the answer, the callee's to clear; or why there is none.
     * Never called by uk_upstream_ask() itself. */
    void (*done)(struct uk_errand *errand, enum uk_code code,
                 struct uk_https_reply *reply, const struct uk_err *err);
    void *own; /* the caller's */
    /* Its own: */
    struct uk_flight flight;
    struct uk_alarm failed; /* for an errand that cannot even begin */
    struct uk_upstream *upstream;
    size_t server;     /* where it is */
    unsigned tried;    /* a bit for each server */
    bool patient;      /* it had the time that a question may take */
    bool flying;       /* there is a flight to take back */
    struct uk_err why; /* of the servers so far */
};

/* settings, loop and log are borrowed.  Files named in the settings are read
 * now. */
UK_MUST_USE enum uk_code uk_upstream_new(const struct uk_settings *settings,
                                         struct uk_loop *loop,
                                         const struct uk_log *log,
                                         struct uk_upstream **out,
                                         struct uk_err *err);
void uk_upstream_free(struct uk_upstream *upstream);

/* As uk_httpsmany_is_sound(); tells the log when it no longer is. */
bool uk_upstream_is_sound(const struct uk_upstream *upstream);

void uk_upstream_ask(struct uk_upstream *upstream, struct uk_errand *errand);

/* Nobody waits for it any more.  Takes one that is done. */
void uk_upstream_forget(struct uk_upstream *upstream, struct uk_errand *errand);

/* Has every server been gone for so long (agent/health.h)?  Never where what
 * fails may be this machine: as uk_httpsmany_is_sound(). */
bool uk_upstream_gone(const struct uk_upstream *upstream, unsigned ms);

/* The servers, in the order of the settings; NULL behind the last. */
const struct uk_server *uk_upstream_peek(const struct uk_upstream *upstream,
                                         size_t i);

/* Tell of each attempt that has landed. */
void uk_upstream_tell(struct uk_upstream *upstream,
                      void (*timed)(void *whose,
                                    const struct uk_httpstry *attempt),
                      void *whose);

/* A login is coming: have a connection stand when it does, if that is not so
 * already.  One at a time, however many are coming. */
void uk_upstream_warm(struct uk_upstream *upstream);

#endif
