/*
 * When users and keys have logged in last, written down behind their backs.
 *
 * A login never waits for it and never fails for it: what has no room, or
 * comes into a transaction that fails, is lost.  It is written once an hour for
 * each user and key, and for all of them once a second, so the rate of logins
 * does not become one of changes: each commit costs SQLite's readers their
 * caches.
 */
#ifndef UK_SERVICE_REQUEST_SEEN_H
#define UK_SERVICE_REQUEST_SEEN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "service/request/pool.h"
#include "service/store/store.h"

#define UK_SEEN_ROOM 1024
#define UK_SEEN_US   (3600LL * 1000000)

/* All zeros is an empty one. */
struct uk_seen {
    struct uk_job job; /* for the writer: no call, it has no reply */
    atomic_bool some;  /* noted since it was last sent */
    atomic_bool waits; /* in the writer's queue */
    struct {
        atomic_int state;
        struct uk_store_seen who;
    } slot[UK_SEEN_ROOM];
};

/* The user has logged in, with this key or (NULL) without one.  From any
 * thread. */
void uk_seen_note(struct uk_seen *seen, const struct uk_store_user *user,
                  const struct uk_store_login *key, int64_t now_us);

/* To the writer with what has been noted, if there is any.  From any thread,
 * each about once a second. */
void uk_seen_send(struct uk_seen *seen, struct uk_pool *writer);

/* With the writer, in its transaction: write what has been noted. */
UK_MUST_USE enum uk_code uk_seen_write(struct uk_seen *seen,
                                       struct uk_store *store, int64_t now_us,
                                       struct uk_err *err);

#endif
