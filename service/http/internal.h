/*
 * What the parts of HTTP share: the daemon of one listener (http.c), its
 * connections (connection.c), their handshakes (greet.c), the exchanges on
 * them (exchange.c).
 */
#ifndef UK_SERVICE_HTTP_INTERNAL_H
#define UK_SERVICE_HTTP_INTERNAL_H

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <stdarg.h>

#include "service/http/crowd.h"
#include "service/http/http.h"
#include "service/http/sweep.h"
#include "service/value/meter.h"

/* Milliseconds for each thing that a connection can be at. */
#define UK_HTTP_HELLO_MS 5000  /* from connecting to the first headers */
#define UK_HTTP_BODY_MS  5000  /* from the headers to the end of the body */
#define UK_HTTP_REPLY_MS 10000 /* to take the reply */
#define UK_HTTP_IDLE_MS  20000 /* from a reply to the next headers */

struct uk_http {
    struct uk_http_options options;
    struct MHD_Daemon *daemon;
    struct uk_sweep sweep;
    struct uk_crowd *crowd; /* owned */
    int epoll;
    int greet;        /* an epoll of handshakes that wait; -1 without TLS */
    unsigned waiting; /* these */
    bool leaving;     /* nobody is waited for any more */
    bool resumed;     /* a connection, since the library has run */
    int listener;     /* the library's until quiesced, then -1 */
    unsigned active;  /* exchanges */
    struct uk_http_counts counts;
};

/* One connection, from accept to close. */
struct uk_http_connection {
    struct uk_sweep_item item; /* first */
    struct uk_http *http;
    struct uk_address peer;
    char peer_text[UK_ADDRESS_TEXT];
    uint64_t subject; /* of the peer, for counting */
    /* With TLS. */
    struct MHD_Connection *connection;
    gnutls_session_t session;
    bool greeted; /* the handshake needs nothing more from the client */
    bool waits;   /* suspended, until it sends something */
};

/* What the library calls. */
enum MHD_Result uk_http_on_accept(void *context, const struct sockaddr *peer,
                                  socklen_t len);
void uk_http_on_connection(void *context, struct MHD_Connection *connection,
                           void **slot,
                           enum MHD_ConnectionNotificationCode what);
enum MHD_Result uk_http_on_request(void *context,
                                   struct MHD_Connection *connection,
                                   const char *path, const char *method,
                                   const char *version, const char *upload,
                                   size_t *upload_len, void **slot);
void uk_http_on_completed(void *context, struct MHD_Connection *connection,
                          void **slot, enum MHD_RequestTerminationCode why);
size_t uk_http_keep_escapes(void *context, struct MHD_Connection *connection,
                            char *text);

/* The client has ms for what it is at (connection.c). */
void uk_http_wait(struct uk_http_connection *link, unsigned ms);

/* Handshakes (greet.c). */
UK_MUST_USE enum uk_code uk_http_greet_init(struct uk_http *http,
                                            struct uk_err *err);
void uk_http_greet(struct uk_http_connection *link,
                   struct MHD_Connection *connection);
/* Those that have something to read go on with the next MHD_run(). */
void uk_http_greet_run(struct uk_http *http);
/* All of them do, and none will wait again. */
void uk_http_greet_clear(struct uk_http *http);

/* What GnuTLS calls for the certificate (tls.c). */
int uk_tls_choose(gnutls_session_t session, const gnutls_datum_t *names,
                  int names_count, const gnutls_pk_algorithm_t *algorithms,
                  int algorithms_count, gnutls_pcert_st **chain,
                  unsigned *count, gnutls_privkey_t *key);

#endif
