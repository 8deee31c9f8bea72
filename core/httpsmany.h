/*
 * Many HTTPS exchanges at once, on an event loop of the caller's.
 *
 * The same attempts, with the same trust, as core/https makes one after the
 * other; here each is one server's, and whoever launches it chooses which.
 */
#ifndef UK_CORE_HTTPSMANY_H
#define UK_CORE_HTTPSMANY_H

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/httpsask.h"
#include "core/httpstry.h"
#include "core/settings.h"

struct uk_httpsmany; /* connections; one thread at a time */
struct uk_flight;

/* What came of it: UK_OK with the reply, which is the callee's to clear, or
 * what uk_https_exchange() would say of this server.  flight->attempt tells
 * more until it is cleared; the callee may clear it, launch it anew or free
 * its memory. */
typedef void uk_flight_landed(struct uk_flight *flight, enum uk_code code,
                              struct uk_https_reply *reply,
                              const struct uk_err *err);

/* One attempt: filled in by who launches it, in memory that stays. */
struct uk_flight {
    struct uk_httpstry attempt;
    struct uk_deadline connect_by; /* be connected, TLS and all */
    struct uk_deadline by;         /* have the whole answer */
    uk_flight_landed *landed;
    void *own; /* the caller's */
    /* Its own: */
    struct uk_flight *next, *before;
};

/* As uk_https_new().  UK_SYSTEM where the kernel has no descriptor left. */
UK_MUST_USE enum uk_code uk_httpsmany_new(const struct uk_settings *settings,
                                          struct uk_httpsmany **out,
                                          struct uk_err *err);
/* Those in flight are dropped and not told. */
void uk_httpsmany_free(struct uk_httpsmany *many);

/* No longer, once there was no memory for libcurl, or no room for a socket
 * among those that are watched: it may have lost a part of what it keeps from
 * one exchange to the next, and never find a name again (7.88).  A process that
 * goes on for long should make room for another. */
bool uk_httpsmany_is_sound(const struct uk_httpsmany *many);

/* When this descriptor can be read there is work; when that moment has come,
 * it is to be woken.  The moment can change with each call of the functions
 * below. */
int uk_httpsmany_fd(const struct uk_httpsmany *many);
void uk_httpsmany_work(struct uk_httpsmany *many);
struct uk_deadline uk_httpsmany_next(const struct uk_httpsmany *many);
void uk_httpsmany_wake(struct uk_httpsmany *many);

/* Begin.  It lands later, in uk_httpsmany_work() or uk_httpsmany_wake(), unless
 * this fails: then it has landed already, without being told. */
UK_MUST_USE enum uk_code uk_httpsmany_launch(struct uk_httpsmany *many,
                                             struct uk_flight *flight,
                                             struct uk_err *err);

/* Take it back before it has landed; clears the attempt. */
void uk_httpsmany_abandon(struct uk_httpsmany *many, struct uk_flight *flight);

#endif
