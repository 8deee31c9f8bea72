/*
 * One attempt of an HTTPS exchange with one server (a part of core/https).
 */
#ifndef UK_HTTPSTRY_H
#define UK_HTTPSTRY_H

#include <curl/curl.h>
#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/httphead.h"
#include "core/httpstrust.h"
#include "core/secret.h"

/* {0} and what is asked; releasable from then on. */
struct uk_httpstry {
    /* Borrowed: */
    const char *server;
    const char *method;
    const char *path;
    const struct uk_secret *bearer; /* or NULL */
    const struct uk_buf *body;      /* or NULL */
    /* What came out: */
    bool sent; /* the request was on its way, for all we know */
    struct uk_httphead head;
    struct uk_buf answer;
    /* Its own: */
    CURL *easy;
    struct curl_slist *lines; /* of the request's head */
    struct uk_buf url;
    bool handshaking;      /* TLS has begun, on a connection of its own */
    struct uk_err refusal; /* why we hung up, if we did */
    char detail[CURL_ERROR_SIZE];
};

/* Ask, and have the whole answer by the deadline; be connected, TLS and all,
 * by connect_by.  multi keeps the connection for the next attempt. */
UK_MUST_USE enum uk_code
uk_httpstry_run(struct uk_httpstry *attempt, const struct uk_httpstrust *trust,
                CURLM *multi, struct uk_deadline connect_by,
                struct uk_deadline by, struct uk_err *err);

void uk_httpstry_clear(struct uk_httpstry *attempt);

#endif
