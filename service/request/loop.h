/*
 * One thread that serves: its listeners, its connections, its reading of the
 * database.  Loops share nothing but struct uk_server.
 */
#ifndef UK_SERVICE_REQUEST_LOOP_H
#define UK_SERVICE_REQUEST_LOOP_H

#include "core/attr.h"
#include "core/err.h"
#include "service/http/http.h"
#include "service/request/pulse.h"
#include "service/request/shared.h"
#include "service/request/traffic.h"

struct uk_loop;

struct uk_loop_options {
    struct uk_server *server;
    const struct uk_http_options *http; /* one for each listener */
    int *listener; /* sockets; each becomes the loop's, and then -1 */
    size_t listeners;
};

/* Of connections from one address, what each of so many loops may have. */
unsigned uk_loop_share(unsigned long most, unsigned loops);

/* Open the store and make ready; the thread is not running yet. */
UK_MUST_USE enum uk_code uk_loop_new(const struct uk_loop_options *options,
                                     struct uk_loop **out, struct uk_err *err);

/* From now on requests are answered. */
UK_MUST_USE enum uk_code uk_loop_start(struct uk_loop *loop,
                                       struct uk_err *err);

/* server->stopping has been set: take no more connections, answer what has
 * begun. */
void uk_loop_wake(struct uk_loop *loop);

/* Have its thread watched. */
UK_MUST_USE enum uk_code uk_loop_watch(const struct uk_loop *loop,
                                       struct uk_pulse *pulse,
                                       struct uk_err *err);

/* What it has counted, for every thread to read while there is the loop. */
const struct uk_traffic *uk_loop_traffic(const struct uk_loop *loop);
unsigned long uk_loop_connects(const struct uk_loop *loop);
/* Of its n-th listener; NULL behind the last one. */
const struct uk_http_counts *uk_loop_connections(const struct uk_loop *loop,
                                                 size_t n);

/* Wait until it has ended.  Takes NULL, and twice. */
void uk_loop_join(struct uk_loop *loop);

/* Wait until it has ended, and free it.  Takes NULL. */
void uk_loop_free(struct uk_loop *loop);

#endif
