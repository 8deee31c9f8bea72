/*
 * What an agent has done, as numbers for a monitor (Prometheus text).
 *
 * One thread counts; nothing is locked.  A series is made when something is
 * first counted for it, and their number is bounded: PAM services beyond
 * UK_COUNT_SERVICES, and those that only callers without rights name, are
 * counted as "other".  No user, host, key or address is in it, but for the
 * service's own URLs.
 */
#ifndef UK_AGENT_COUNT_H
#define UK_AGENT_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/verdict.h"

#define UK_COUNT_SERVICES 16
#define UK_COUNT_MAX      65536 /* most bytes of the text */

struct uk_count;

/* One server, as the one who knows says when the text is made. */
struct uk_count_server {
    const char *url; /* borrowed */
    bool up;         /* would it be asked? */
    uint64_t asked, failed;
};

/* What is so at this moment. */
struct uk_count_now {
    const struct uk_count_server *servers;
    size_t n_servers;
    unsigned waiting;      /* requests that have no answer yet */
    unsigned offline_keys; /* keys that could log in by grace */
    bool offline;          /* does it find every server unreachable? */
};

UK_MUST_USE enum uk_code uk_count_new(struct uk_count **out,
                                      struct uk_err *err);
void uk_count_free(struct uk_count *count);

/* One answer that went to a caller, ms-precise time from request to answer in
 * microseconds.  by_grace: granted without the service. */
void uk_count_answer(struct uk_count *count, const char *service, bool believed,
                     enum uk_code code, enum uk_verdict verdict, bool by_grace,
                     int64_t us);

/* How long one stage took. */
void uk_count_stage(struct uk_count *count, enum uk_stage stage, int64_t us);

/* The whole text.  UK_NO_MEMORY, UK_INVALID past the buffer's limit. */
UK_MUST_USE enum uk_code uk_count_write(const struct uk_count *count,
                                        const struct uk_count_now *now,
                                        struct uk_buf *out, struct uk_err *err);

/* Take one caller of the listening socket (SOCK_STREAM), send the text and hang
 * up; never waits: what does not fit into the socket is cut.  For the event
 * loop, when the socket is readable. */
void uk_count_serve(const struct uk_count *count,
                    const struct uk_count_now *now, int listening);

#endif
