/*
 * What an HTTPS connection trusts, as libcurl is told (a part of core/https).
 *
 * Everything that libcurl would look up for itself (a proxy in the
 * environment, a folder of authorities beside ours, .netrc, another protocol
 * to follow a redirect to) is set here to nothing or to what the settings say.
 */
#ifndef UK_CORE_HTTPSTRUST_H
#define UK_CORE_HTTPSTRUST_H

#include <curl/curl.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/settings.h"

/* {0} is releasable. */
struct uk_httpstrust {
    const struct uk_settings *settings; /* borrowed */
    /* What the files named there hold; empty where none is named. */
    struct uk_buf ca, certificate, key;
};

/* Read the files of the settings.  UK_MISCONFIGURED for one that cannot be
 * read, cannot be believed, or is not PEM of its kind. */
UK_MUST_USE enum uk_code uk_httpstrust_load(struct uk_httpstrust *trust,
                                            const struct uk_settings *settings,
                                            struct uk_err *err);
void uk_httpstrust_clear(struct uk_httpstrust *trust);

/* Tell it to a fresh handle, for this server of the settings.  trust is
 * borrowed by the handle. */
UK_MUST_USE enum uk_code uk_httpstrust_set(const struct uk_httpstrust *trust,
                                           CURL *easy, const char *server,
                                           struct uk_err *err);

/* Have OpenSSL wipe what it has deciphered once it is read.  context is the
 * SSL_CTX of a connection that begins. */
void uk_httpstrust_wipe(void *context);

/* Does the certificate of the connection that this handle has just opened name
 * its host where names belong (subjectAltName)?  UK_TLS if not: libcurl, which
 * has compared the names, looks into the common name as well. */
UK_MUST_USE enum uk_code uk_httpstrust_check(CURL *easy, struct uk_err *err);

#endif
