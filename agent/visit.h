/*
 * One connection, from its request to what remains to be done behind it.
 *
 * Receive one request, look who asks, have it decided, answer, hang up; then
 * end the session that nobody is to have.  Everything by a deadline; nothing
 * here waits.
 */
#ifndef UK_AGENT_VISIT_H
#define UK_AGENT_VISIT_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/settings.h"

#include "agent/guard.h"
#include "agent/loop.h"
#include "agent/peer.h"
#include "agent/upstream.h"
#include "agent/whois.h"

/* How long a key may take to be typed.  sshd ends a login after two minutes. */
#define UK_VISIT_TYPING_MS 300000

struct uk_visit;

/* What all visits share; borrowed. */
struct uk_visit_host {
    const struct uk_settings *settings;
    struct uk_loop *loop;
    struct uk_upstream *upstream;
    struct uk_whois *whois;
    struct uk_guard *guard;
    const void *own; /* the host's own; visits do not look at it */
    /* The caller has the answer, or has gone; the descriptor is closed, and
     * the peer waits for nothing more.  more: a session is to be ended yet. */
    void (*answered)(struct uk_visit *visit, bool more);
    /* And that is done too: the visit is freed when this returns. */
    void (*over)(struct uk_visit *visit);
};

/* The host's, for its lists; else private. */
struct uk_visit_place {
    struct uk_visit *next, *before;
};

/*
 * fd, a connected SOCK_SEQPACKET, is the visit's from now on, whatever comes
 * out.  The request must come by patience; one that lies there already is as
 * old as since.  UK_NO_MEMORY: there is no visit.
 */
UK_MUST_USE enum uk_code uk_visit_begin(const struct uk_visit_host *host,
                                        int fd, const struct uk_peer *peer,
                                        struct uk_deadline since,
                                        struct uk_deadline patience,
                                        struct uk_visit **out,
                                        struct uk_err *err);

/* Once, behind the beginning: take the request, if it is there already; else
 * wait for it.  The visit may be over. */
void uk_visit_look(struct uk_visit *visit);

/*
 * If no request has come yet, let none come: from now on the other side cannot
 * send one, and knows that it has not.  One that had come just before is
 * served.  The visit may be over.
 */
void uk_visit_dismiss(struct uk_visit *visit);

/* Has no request come yet? */
bool uk_visit_idle(const struct uk_visit *visit);

const struct uk_peer *uk_visit_peer(const struct uk_visit *visit);
const struct uk_visit_host *uk_visit_host(const struct uk_visit *visit);
struct uk_visit_place *uk_visit_place(struct uk_visit *visit);

#endif
