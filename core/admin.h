/*
 * The users of an app, as an administrator sees and changes them.
 *
 * Source: docs/PROTOCOL.md, "The Admin API".  Each call returns UK_OK with
 * admin->reply telling what the service said; out-parameters are written with
 * UK_ADMIN_DONE only.
 */
#ifndef UK_CORE_ADMIN_H
#define UK_CORE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/adminuser.h"
#include "core/api.h"
#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/msg.h"
#include "core/secret.h"

#define UK_ADMIN_PATH 256 /* room of the path of a user */
#define UK_ADMIN_PAGE 256 /* most users on one page of a list */

enum uk_admin_reply {
    UK_ADMIN_NONE = 0,
    UK_ADMIN_DONE,
    UK_ADMIN_NOT_FOUND,     /* no such user */
    UK_ADMIN_NO_APP,        /* no such app, or not this administrator's */
    UK_ADMIN_CONFLICT,      /* the address is somebody's */
    UK_ADMIN_CONFIRMED,     /* the address is confirmed already */
    UK_ADMIN_BAD_VALUE,     /* no address, or no password, for this service */
    UK_ADMIN_DENIED,        /* the service does not take this pair of keys */
    UK_ADMIN_NOT_LOGGED_IN, /* the session is over */
    UK_ADMIN_THROTTLED,     /* retry later */
};

/* {0} is releasable. */
struct uk_admin {
    struct uk_service *service; /* borrowed; its app and deadline count */
    struct uk_tokens tokens;
    char app[UK_ADMIN_PATH];   /* where it is */
    char users[UK_ADMIN_PATH]; /* and its users */
    enum uk_admin_reply reply;
};

enum uk_admin_change {
    UK_ADMIN_ENABLE,
    UK_ADMIN_DISABLE, /* and end every session */
    UK_ADMIN_LOGOUT,  /* end every session */
    UK_ADMIN_DELETE,
};

/* Log in and find the app; admin->service was set by the caller. */
UK_MUST_USE enum uk_code uk_admin_open(struct uk_admin *admin,
                                       const char *public_key,
                                       const struct uk_secret *private_key,
                                       struct uk_err *err);

/* Log out, if we are in. */
UK_MUST_USE enum uk_code uk_admin_close(struct uk_admin *admin,
                                        struct uk_err *err);
void uk_admin_clear(struct uk_admin *admin);

/* The users behind the one with the id after ("" for the first ones), in the
 * order of their ids; *count is 0 behind the last one. */
UK_MUST_USE enum uk_code uk_admin_page(struct uk_admin *admin,
                                       const char *after,
                                       struct uk_admin_user out[UK_ADMIN_PAGE],
                                       size_t *count, struct uk_err *err);

/* The user of an id or of an address. */
UK_MUST_USE enum uk_code uk_admin_find(struct uk_admin *admin, const char *who,
                                       struct uk_admin_user *out,
                                       struct uk_err *err);

/* A new user with a confirmed address. */
UK_MUST_USE enum uk_code uk_admin_add(struct uk_admin *admin, const char *email,
                                      const struct uk_secret *password,
                                      struct uk_admin_user *out,
                                      struct uk_err *err);

UK_MUST_USE enum uk_code uk_admin_set(struct uk_admin *admin, const char *id,
                                      enum uk_admin_change change,
                                      struct uk_err *err);

/* Any call in the session, for more files of this kind: path is below the
 * base.  *out as of uk_api_call(). */
UK_MUST_USE enum uk_code uk_admin_call(struct uk_admin *admin,
                                       const char *method, const char *path,
                                       const struct uk_buf *body,
                                       struct uk_json **out,
                                       struct uk_err *err);

/* All but letters and digits as "%40". */
void uk_admin_add_escaped(struct uk_buf *path, const char *text);

/* The path of this user, for struct uk_keys. */
UK_MUST_USE enum uk_code uk_admin_path(const struct uk_admin *admin,
                                       const char *id, char out[UK_ADMIN_PATH],
                                       struct uk_err *err);

#endif
