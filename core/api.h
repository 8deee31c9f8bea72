/*
 * One call of the client API: a question to a service, its words taken apart.
 *
 * Source: docs/PROTOCOL.md, "The auth service".
 */
#ifndef UK_CORE_API_H
#define UK_CORE_API_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/https.h"
#include "core/json.h"
#include "core/msg.h"
#include "core/secret.h"

/* What a service said beside its answer, none of it in words of its own: what
 * stands here may be logged. */
struct uk_refusal {
    int status;       /* the last one; 0 before */
    const char *code; /* "APIKeyNotFound", or another one of the protocol's;
                       * "another code" for all others; NULL for none */
    char request_id[UK_MSG_REQUEST_ID + 1]; /* filled on success too, or "" */
    unsigned retry_after_s;                 /* 0 if not told */
    int64_t date; /* the service's clock, since 1970; 0 if not told */
};

/* A conversation with one app of one service. */
struct uk_service {
    struct uk_https *https;    /* borrowed; NULL where others exchange */
    const char *app_id;        /* borrowed */
    bool brief;                /* who logs in with a key keeps no session */
    bool emails;               /* and wants the user's addresses with it */
    struct uk_deadline by;     /* for the next call */
    struct uk_refusal refusal; /* from the last call */
};

#define UK_API_CLIENT "/api/client/v2.0" /* for users */
#define UK_API_ADMIN  "/api/admin/v3.0"  /* for administrators */

struct uk_api_ask {
    const char *method;
    const char *base;               /* one of the two; NULL: UK_API_CLIENT */
    const char *path;               /* what follows it */
    const struct uk_secret *bearer; /* or NULL */
    const struct uk_buf *body;      /* JSON, or NULL */
};

/* UK_OK with every status; it stands in service->refusal, with the words of a
 * refusal.  *out is the caller's, for uk_json_free(): the document of a
 * success (200, 201, 204), NULL where it has none and for every other status.
 * UK_BAD_ANSWER for a success that speaks of an error. */
UK_MUST_USE enum uk_code uk_api_call(struct uk_service *service,
                                     const struct uk_api_ask *ask,
                                     struct uk_json **out, struct uk_err *err);

/* The second half of it, for who has exchanged by itself: the words of an answer
 * taken apart, to the same end. */
UK_MUST_USE enum uk_code uk_api_take(struct uk_service *service,
                                     const struct uk_https_reply *reply,
                                     struct uk_json **out, struct uk_err *err);

/* Was the last call a success (200, 201, 204)? */
bool uk_api_succeeded(const struct uk_service *service);

/* Was the last call refused with this error code? */
bool uk_api_refused(const struct uk_service *service, const char *code);

/* Was it refused because an administrator has turned this way to log in off?
 * And a sentence for that; name is the provider's. */
bool uk_api_is_off(const struct uk_service *service);
#define UK_API_OFF(name)                                                       \
    "this way to log in is off for the app; there, 'userkey-server provider "  \
    "enable " name "' turns it on"

/* The status of the last call is one that the caller has no use for:
 * UK_BAD_ANSWER, with what may be the reason. */
enum uk_code uk_api_odd(const struct uk_service *service, struct uk_err *err);

/* May this stand in a document and in a C string: UTF-8 without a NUL?
 * what is its name; UK_INVALID if not. */
UK_MUST_USE enum uk_code uk_api_check_text(const struct uk_secret *secret,
                                           const char *what,
                                           struct uk_err *err);

#endif
