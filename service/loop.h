/*
 * One thread that serves: its listeners, its connections, its reading of the
 * database.  Loops share nothing but struct uk_server.
 */
#ifndef UK_LOOP_H
#define UK_LOOP_H

#include "core/attr.h"
#include "core/err.h"
#include "service/http.h"
#include "service/server.h"

struct uk_loop;

struct uk_loop_options {
    struct uk_server *server;
    const struct uk_http_options *http; /* one for each listener */
    const int *listener;                /* sockets; become the loop's */
    size_t listeners;
};

/* Open the store and make ready; the thread is not running yet. */
UK_MUST_USE enum uk_code uk_loop_new(const struct uk_loop_options *options,
                                     struct uk_loop **out, struct uk_err *err);

/* From now on requests are answered. */
UK_MUST_USE enum uk_code uk_loop_start(struct uk_loop *loop,
                                       struct uk_err *err);

/* server->stopping has been set: take no more connections, answer what has
 * begun. */
void uk_loop_wake(struct uk_loop *loop);

/* Wait until it has ended, and free it.  Takes NULL. */
void uk_loop_free(struct uk_loop *loop);

#endif
