/*
 * Why an HTTPS exchange failed, in our own words (a part of core/https).
 *
 * Nothing that libcurl, OpenSSL or the other side says is passed on: their
 * numbers are looked up in tables of ours.
 */
#ifndef UK_CORE_HTTPSFAIL_H
#define UK_CORE_HTTPSFAIL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "core/err.h"

/* What is known about an attempt that failed. */
struct uk_httpsfail {
    CURL *easy;
    CURLcode rc;
    const char *detail; /* libcurl's own text: looked into, never shown */
    const char *server; /* the address that was asked */
    bool handshaking;   /* TLS had begun */
    bool sent;          /* the request was on its way */
    bool proxied;       /* it was asked through 'proxy' */
    bool begun;         /* a part of the answer had come */
};

/* Fill err; returns its code, which is never UK_OK. */
enum uk_code uk_httpsfail_tell(const struct uk_httpsfail *fail,
                               struct uk_err *err);

/* The deadline has passed: where was it? */
enum uk_code uk_httpsfail_late(const struct uk_httpsfail *fail,
                               struct uk_err *err);

#endif
