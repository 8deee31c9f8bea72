/*
 * The head of one HTTP answer, read line by line as it comes.
 *
 * An answer is believed when its head is plain: HTTP/1.1 or 2, one final
 * status, one length (or chunks, or HTTP/2's own end), one type, no encoding,
 * no line after the head.  What proxies and servers read in two ways is
 * refused.  Interim answers (1xx) are passed over and count for the limit.
 *
 * Pure: lines in, struct out.
 */
#ifndef UK_CORE_HTTPHEAD_H
#define UK_CORE_HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/msg.h"

#define UK_HTTPHEAD_MAX    16384 /* most bytes of all lines together */
#define UK_HTTPHEAD_BODY   65536 /* most bytes that a body may have */
#define UK_HTTPHEAD_WAIT_S 86400 /* longest Retry-After that is believed */

/* {0} is an answer of which nothing has come. */
struct uk_httphead {
    size_t bytes;  /* of all lines so far */
    int status;    /* of the answer at hand, 0 before its first line */
    bool http2;    /* else HTTP/1.1 */
    bool complete; /* the final answer's head is over */
    bool has_length;
    size_t length; /* of the body, as announced */
    bool chunked;
    bool has_type;
    bool json;                              /* the type is application/json */
    char request_id[UK_MSG_REQUEST_ID + 1]; /* of the form of an id, or "" */
    unsigned retry_after_s;                 /* 0 if not told */
    int64_t date;                           /* seconds since 1970, or 0 */
};

/* Take the next line, with or without its end of line; the empty one ends the
 * head.  UK_BAD_ANSWER says what is wrong with it. */
UK_MUST_USE enum uk_code uk_httphead_take(struct uk_httphead *head,
                                          const char *line, size_t len,
                                          struct uk_err *err);

/* May a body of this length stand behind the head, so far and (over) when the
 * transfer says that it has all?  UK_BAD_ANSWER if not. */
UK_MUST_USE enum uk_code uk_httphead_check(const struct uk_httphead *head,
                                           size_t len, bool over,
                                           struct uk_err *err);

#endif
