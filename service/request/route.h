/*
 * Which request is whose: one table, and no way around it.
 *
 * A path that is not in the table is 404, a method that is not is 405, a
 * route that wants a token does not reach its handler without one that the
 * database still stands behind.
 */
#ifndef UK_SERVICE_REQUEST_ROUTE_H
#define UK_SERVICE_REQUEST_ROUTE_H

#include "service/request/call.h"

/* Who may call a route. */
enum uk_role {
    UK_ROLE_ANYBODY, /* no token is asked for */
    UK_ROLE_SESSION, /* whoever is logged in */
    UK_ROLE_OWNER,   /* whoever did not log in with a key: a key that leaked
                        must not be able to end the account */
    UK_ROLE_KEEPER,  /* a person that did not log in with a key: who may
                        manage keys */
    UK_ROLE_ADMIN,   /* an administrator, and no user at all */
};

#define UK_ROUTE_CLIENT "/api/client/v2.0"
#define UK_ROUTE_ADMIN  "/api/admin/v3.0"
#define UK_ROUTE_WILDS  4 /* most stars in a path */

struct uk_route {
    const char *method;
    const char *base;
    const char *path; /* below the base; * is one segment.  One that ends in
                         ?link=true is for requests that have that in their
                         query, and stands before the one without */
    enum uk_role role;
    enum uk_token_kind token;
    bool writes;       /* the handler runs on the writer */
    bool takes_body;   /* a JSON object, or nothing */
    const char *event; /* for the audit log */
    bool quiet;        /* nothing to log when it is granted */
    uk_step *handler;
};

/* Before the first step: see what a login by key will ask the database for, so
 * that its round can ask for all of it at once.  Nothing is decided here. */
void uk_route_foresee(struct uk_call *call);

/* The first step of every call. */
enum uk_then uk_route_begin(struct uk_call *call);

/* The table, for its test. */
const struct uk_route *uk_route_table(size_t *count);

#endif
