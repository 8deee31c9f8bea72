/*
 * The agent at work for one caller.
 */
#ifndef UK_AGENT_SERVE_H
#define UK_AGENT_SERVE_H

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/log.h"
#include "core/settings.h"

#include "agent/guard.h"
#include "agent/loop.h"
#include "agent/peer.h"
#include "agent/stamps.h"
#include "agent/upstream.h"

/* What the agent has when it is ready. */
struct uk_serve {
    /* Borrowed: */
    const struct uk_settings *settings;
    struct uk_loop *loop;
    struct uk_upstream *upstream;
    struct uk_guard *guard;
    const struct uk_log *log;
    const struct uk_stamps *stamps; /* of what has been read */
    struct uk_deadline since; /* when this process began: a request that lay
                               * there already is as old as that */
};

/* Answer the one caller on fd, and end its session if nobody is to have it: by
 * a process of its own, which returns; the one that the caller waits for is
 * left by then.  A parent's request must come within the settings' timeout. */
void uk_serve_one(const struct uk_serve *serve, int fd,
                  const struct uk_peer *peer);

/* Nothing can be served: tell whoever asks why. */
void uk_serve_failure(int fd, enum uk_code code, const struct uk_err *why);

/* The same for all who wait at a listening socket. */
void uk_serve_failures(int fd, enum uk_code code, const struct uk_err *why);

#endif
