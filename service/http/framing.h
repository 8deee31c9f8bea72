/*
 * Strict framing: whether a request may be believed to be one request.
 *
 * The HTTP library takes what a proxy in front may read as two requests, or
 * as another one: two lengths, a length beside chunks, a space before a
 * colon, two hosts.  Here each of these is refused, before anything else
 * looks at the request.  Pure.
 */
#ifndef UK_SERVICE_HTTP_FRAMING_H
#define UK_SERVICE_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uk_framing {
    const char *fault; /* what is wrong with it, or NULL; static */
    bool one_one;      /* HTTP/1.1 or later */
    unsigned hosts, lengths, encodings, singles[3];
    uint64_t length; /* of the body, as announced; SIZE_MAX at most */
};

/* Begin with the request line; path is as it was sent, without the query. */
void uk_framing_start(struct uk_framing *framing, const char *path,
                      const char *version);

/* Each header in turn. */
void uk_framing_header(struct uk_framing *framing, const char *name,
                       size_t name_len, const char *value, size_t value_len);

/* After the last one: what is wrong, or NULL. */
const char *uk_framing_end(struct uk_framing *framing);

/* Does the request say where it ends?  A POST, PUT or PATCH without any length
 * does not: its connection must end with the reply, because what follows may be
 * a body that the library has not seen announced (it takes a header without a
 * name, ": x", for the end of the headers).  What did not come directly from
 * the client, or may not have, may have been one request for the proxy, so
 * nothing without a length is clear then. */
bool uk_framing_is_clear(const struct uk_framing *framing, const char *method,
                         bool direct);

/* HOST, HOST:PORT or [IPv6]:PORT, of the bytes that such a name may have. */
bool uk_framing_is_host(const char *text, size_t len);

#endif
