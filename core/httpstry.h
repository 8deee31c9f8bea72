/*
 * One attempt of an HTTPS exchange with one server (a part of core/https).
 */
#ifndef UK_CORE_HTTPSTRY_H
#define UK_CORE_HTTPSTRY_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/httphead.h"
#include "core/httpsask.h"
#include "core/httpsspare.h"
#include "core/httpstrust.h"
#include "core/httpsurl.h"

/* {0} and what is asked; releasable from then on. */
struct uk_httpstry {
    /* Borrowed: */
    const char *server;
    struct uk_https_ask ask;
    /* How: */
    bool fresh; /* not over a kept connection */
    bool twice; /* if a kept connection turns out to have been closed before one
                 * byte of an answer, it is asked once more, over another one */
    CURLSH *share;               /* TLS sessions to resume; NULL for none */
    struct uk_httpsspare *spare; /* handles to use again; NULL for none */
    struct uk_httpsurls *urls;   /* parsed already; NULL for none */
    bool join; /* wait for a connection that begins, and share it (HTTP/2) */
    /* What came out: */
    bool sent;  /* the request was on its way, for all we know */
    bool stale; /* over a kept connection that was closed before one byte of an
                 * answer, or over two: a new one may do better */
    struct uk_httphead head;
    struct uk_buf answer;
    /* Its own: */
    CURL *easy;
    struct curl_slist *lines; /* of the request's head */
    struct uk_buf url;
    bool again;            /* it was sent for the second time */
    bool anew;             /* libcurl sent it more than once */
    bool done;             /* libcurl came to its end without a failure */
    bool handshaking;      /* TLS has begun, on a connection of its own */
    bool proxied;          /* it goes through 'proxy' */
    struct uk_err refusal; /* why we hung up, if we did */
    char detail[CURL_ERROR_SIZE];
};

/* Make attempt->easy, which can be added to a multi handle then; judge what
 * libcurl has ended with rc; say where it was when the time was over (always
 * UK_TIMEOUT). */
UK_MUST_USE enum uk_code uk_httpstry_prepare(struct uk_httpstry *attempt,
                                             const struct uk_httpstrust *trust,
                                             struct uk_err *err);
UK_MUST_USE enum uk_code uk_httpstry_conclude(struct uk_httpstry *attempt,
                                              CURLcode rc, struct uk_err *err);
enum uk_code uk_httpstry_late(const struct uk_httpstry *attempt,
                              struct uk_err *err);

/* How long a stage of it took, in microseconds; -1 for one that it did not
 * have, as on a kept connection. */
int64_t uk_httpstry_took(const struct uk_httpstry *attempt,
                         enum uk_stage stage);

/* Move the answer of a success out of it. */
void uk_httpstry_hand_over(struct uk_httpstry *attempt,
                           struct uk_https_reply *out);

void uk_httpstry_clear(struct uk_httpstry *attempt);

#endif
