/*
 * One conversation on a connected descriptor, and what remains to be done
 * behind it.
 */
#ifndef AGENT_SERVE_H
#define AGENT_SERVE_H

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/https.h"
#include "core/secret.h"
#include "core/settings.h"

#include "agent/peer.h"

struct uk_serve {
    const struct uk_settings *settings; /* borrowed */
    struct uk_https *https;             /* borrowed */
    struct uk_deadline since; /* when this process began: a request that lay
                               * there already is as old as that */
};

/* Receive one request, answer it by its budget.  A parent's must come within
 * the settings' timeout.  *leftover gets the refresh token of a session that is
 * to be ended now, if there is one. */
void uk_serve_one(const struct uk_serve *serve, int fd,
                  const struct uk_peer *peer, struct uk_secret *leftover);

/* End it, by the settings' timeout from now. */
void uk_serve_leftover(const struct uk_serve *serve,
                       const struct uk_secret *leftover);

/* Nothing can be served: tell whoever asks why. */
void uk_serve_failure(int fd, enum uk_code code, const struct uk_err *why);

#endif
