/*
 * HTTP: the rest of the service sees a request and a reply.
 *
 * One struct uk_http is one listening socket served by one thread; threads
 * share nothing.  libmicrohttpd is known in this folder alone; so is GnuTLS,
 * but for one hash (value/crypto.c).
 */
#ifndef UK_SERVICE_HTTP_HTTP_H
#define UK_SERVICE_HTTP_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/log.h"
#include "service/value/address.h"

#define UK_HTTP_BODY    65536 /* most bytes of a request's body */
#define UK_HTTP_HEADERS 8     /* most headers that a handler adds */

/* A header that was not sent is NULL.  Everything is borrowed until the reply
 * has gone. */
struct uk_http_request {
    const char *method;
    const char *path; /* as it was sent, without the query */
    const char *authorization, *content_type, *origin, *host;
    const char *access_control_method; /* of a preflight */
    const char *forwarded_for;
    /* Of the query, as they were sent. */
    const char *after, *desc, *email, *link, *provider_types, *sort, *status,
        *times;
    const char *body;
    size_t body_len;
    bool tls;
    const struct uk_address *peer;
    const char *peer_text; /* without its port */
};

struct uk_http_reply {
    int status;
    struct uk_buf body; /* owned */
    const char *type;   /* of the body, static; NULL: JSON */
    struct {
        const char *name; /* static */
        char value[256];
    } header[UK_HTTP_HEADERS];
    size_t headers;
    bool close; /* the connection ends with this reply */
};

struct uk_http;

/* One request and its reply.  own is the handler's. */
struct uk_http_exchange {
    struct uk_http_request request;
    struct uk_http_reply reply;
    void *own;
    struct uk_http *http; /* whose it is */
    bool gone; /* the client has hung up: nothing in request is there any more,
                  and uk_http_resume() is still to be called */
};

/* What the service does with requests; every call on the thread that runs
 * the struct uk_http. */
struct uk_http_handler {
    void *context;
    /* The request is there.  true: the reply is filled.  false: it will be,
     * and uk_http_resume() told so. */
    bool (*ask)(void *context, struct uk_http_exchange *exchange);
    /* The request cannot be one: fill the reply for this status. */
    void (*refuse)(void *context, struct uk_http_exchange *exchange, int status,
                   const char *why);
};

struct uk_http_options {
    struct uk_http_handler handler;
    unsigned max_connections; /* at once */
    unsigned max_per_address; /* of one source; 0: any number */
    unsigned hello_ms;        /* from connecting to the first headers; 0:
                                 as everywhere */
    bool may_drop;            /* when connections are nearly used up, one that
                                 waits for its client goes for who comes next,
                                 whatever it is at */
    bool tls;                 /* with the certificate of tls.h */
    const struct uk_log *log; /* borrowed */
};

/* listener becomes its, on success. */
UK_MUST_USE enum uk_code uk_http_new(const struct uk_http_options *options,
                                     int listener, struct uk_http **out,
                                     struct uk_err *err);

/* Becomes readable when uk_http_run() has something to do. */
int uk_http_fd(const struct uk_http *http);

/* So does this one, for handshakes that went on; -1 without TLS. */
int uk_http_greet_fd(const struct uk_http *http);

/* Milliseconds after which uk_http_run() must be called anyway; -1: none. */
int uk_http_timeout(const struct uk_http *http);
void uk_http_run(struct uk_http *http);

/* Has it something to do, though neither descriptor has said so? */
bool uk_http_is_due(const struct uk_http *http);

/* About once a second: cut off who is late. */
void uk_http_sweep(struct uk_http *http);

/* The reply of an exchange whose ask returned false is filled, or its client
 * is gone.  Followed by uk_http_run(). */
void uk_http_resume(struct uk_http_exchange *exchange);

/* The exchange leaves the thread: until uk_http_resume() its client does not
 * go, and its request stays what it is. */
void uk_http_hold(struct uk_http_exchange *exchange);

/* Take no new connections. */
void uk_http_quiesce(struct uk_http *http);

/* Requests that have begun and whose replies have not gone yet. */
unsigned uk_http_active(const struct uk_http *http);

/* About its connections; for every thread to read. */
struct uk_http_counts {
    atomic_ulong opened, closed;
    atomic_ulong crowded; /* of sources that had enough */
    atomic_ulong unused;  /* TLS, and closed before there was a request */
};
const struct uk_http_counts *uk_http_counts(const struct uk_http *http);

/* max_per_address is another one from now on. */
void uk_http_limit(struct uk_http *http, unsigned max_per_address);

/* Close everything; no exchange may wait for uk_http_resume().  Takes NULL. */
void uk_http_free(struct uk_http *http);

/* Add a header to the reply; one too many or too long is left out. */
void uk_http_add(struct uk_http_reply *reply, const char *name,
                 const char *value);

/* The same, in the place of one of that name: a reply that was filled may be
 * filled anew. */
void uk_http_set(struct uk_http_reply *reply, const char *name,
                 const char *value);

#endif
