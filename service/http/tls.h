/*
 * The certificate and key that TLS handshakes get, which can be exchanged
 * while the service runs (GnuTLS).
 */
#ifndef UK_SERVICE_HTTP_TLS_H
#define UK_SERVICE_HTTP_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"

/* When a certificate is valid, in seconds since 1970. */
struct uk_tls_dates {
    int64_t from, until;
};

/*
 * Read both files; from now on handshakes get these.  UK_MISCONFIGURED names
 * the file that cannot be used, or that others can read or change, and
 * whatever was there before stays.  One process has one certificate.  Not for
 * two threads at once, but beside threads that are serving.  *of_key is written
 * on failure as well: was it the key's?
 */
UK_MUST_USE enum uk_code uk_tls_load(const char *certificate, const char *key,
                                     struct uk_tls_dates *dates, bool *of_key,
                                     struct uk_err *err);

/* Forget all; nobody is serving any more. */
void uk_tls_clear(void);

#endif
