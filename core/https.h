/*
 * One HTTPS exchange by a deadline (libcurl, OpenSSL flavour).
 *
 * Trust is exactly what the configuration says: the CA file and nothing
 * beside it, the pin if there is one, no proxy but the one named, nothing from
 * the environment, no redirect, no cookie, no compression, no other protocol.
 * An answer counts only when it is complete: HTTP/1.1 or 2, a final status, a
 * body of at most UK_HTTPS_BODY bytes and as long as it was announced (or with
 * the end that chunks and HTTP/2 have), and application/json wherever there is
 * a body.
 */
#ifndef UK_CORE_HTTPS_H
#define UK_CORE_HTTPS_H

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/httpsask.h"
#include "core/settings.h"

struct uk_https; /* connections to one service; one thread at a time */

/* Once in a process, before threads and before anything else here. */
UK_MUST_USE enum uk_code uk_https_start(struct uk_err *err);

/*
 * Prepare for the service of these settings; files named there are read now,
 * while the process may still read them (UK_MISCONFIGURED if they cannot be
 * believed or used).  settings is borrowed and must outlive it.
 */
UK_MUST_USE enum uk_code uk_https_new(const struct uk_settings *settings,
                                      struct uk_https **out,
                                      struct uk_err *err);
void uk_https_free(struct uk_https *https);

/* Servers are tried in their order; the next one only when the one before
 * could not be connected to, that is before anything was sent.  UK_OK with any
 * status; UK_UNREACHABLE, UK_TLS, UK_TIMEOUT with its stage, UK_BAD_ANSWER: any
 * of them with the stage of the answer if the server may have done it. */
UK_MUST_USE enum uk_code uk_https_exchange(struct uk_https *https,
                                           const struct uk_https_ask *ask,
                                           struct uk_deadline by,
                                           struct uk_https_reply *out,
                                           struct uk_err *err);

#endif
