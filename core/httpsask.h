/*
 * One question over HTTPS and its answer, as values (a part of core/https).
 */
#ifndef UK_CORE_HTTPSASK_H
#define UK_CORE_HTTPSASK_H

#include "core/buf.h"
#include "core/httphead.h"
#include "core/msg.h"
#include "core/secret.h"

#define UK_HTTPS_BODY UK_HTTPHEAD_BODY /* most bytes of an answer's body */

/* Everything is borrowed. */
struct uk_https_ask {
    const char *method;             /* "GET", "POST", "PUT", "DELETE" */
    const char *path;               /* "/api/client/v2.0/..." */
    const struct uk_secret *bearer; /* a token, or NULL */
    const struct uk_buf *body;      /* JSON, or NULL */
};

struct uk_https_reply {
    int status;                             /* 200 to 599 */
    struct uk_buf body;                     /* owned; JSON, or empty */
    char request_id[UK_MSG_REQUEST_ID + 1]; /* printable, or "" */
    unsigned retry_after_s;                 /* 0 if not told */
    int64_t date; /* what the server's clock says, since 1970; 0 if not told */
};

void uk_https_reply_clear(struct uk_https_reply *reply);

#endif
