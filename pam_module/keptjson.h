/*
 * The content of a kept session's file: one flat JSON object of strings.
 *
 * Pure.
 */
#ifndef UK_PAM_MODULE_KEPTJSON_H
#define UK_PAM_MODULE_KEPTJSON_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/msg.h"

#define UK_KEPT_MAX 32768 /* bytes of the whole file */

/* What the user's programs need to go on talking to the service; borrowed. */
struct uk_kept {
    const char *account; /* the local one that was logged in to */
    const char *url;
    const char *app_id;
    const char *user_id;
    const struct uk_tokens *tokens;
};

/* Append {"account","url","app_id","user_id","access_token","refresh_token"} to
 * buf.  UK_INVALID for text that is not printable ASCII. */
UK_MUST_USE enum uk_code uk_kept_pack(const struct uk_kept *kept,
                                      struct uk_buf *buf, struct uk_err *err);

/* The two things that are read back.  UK_BAD_ANSWER for anything but a flat
 * object of strings that holds each of them once. */
UK_MUST_USE enum uk_code uk_kept_unpack(const char *text, size_t len,
                                        char account[UK_NAME_MAX + 1],
                                        struct uk_secret *refresh,
                                        struct uk_err *err);

#endif
