/*
 * A user's API keys at the service: create, list, fetch, enable, disable,
 * expire, delete.
 *
 * The session must have been opened with something other than a key.  Each
 * call returns UK_OK with keys->reply telling what the service said (the words
 * are in the service's refusal); out-parameters are written with UK_KEYS_DONE
 * only.
 */
#ifndef UK_CORE_KEYS_H
#define UK_CORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/secret.h"
#include "core/session.h"

#define UK_KEYS_NAME 128 /* longest name of a key, without its NUL */
#define UK_KEYS_MAX  256 /* most keys that a list may have */

enum uk_keys_reply {
    UK_KEYS_NONE = 0,
    UK_KEYS_DONE,
    UK_KEYS_NOT_FOUND,     /* no such key of this user, or no such user */
    UK_KEYS_CONFLICT,      /* the name is taken */
    UK_KEYS_LIMIT,         /* the user has as many keys as may be */
    UK_KEYS_BAD_NAME,      /* not a name for a key */
    UK_KEYS_DENIED,        /* this session may not manage keys */
    UK_KEYS_NOT_LOGGED_IN, /* the session is over */
    UK_KEYS_THROTTLED,     /* retry later */
};

struct uk_key {
    char id[UK_USER_ID_MAX + 1];
    char name[UK_KEYS_NAME + 1];
    bool disabled;
    char user_id[UK_USER_ID_MAX + 1]; /* of a server's key, if told; or "" */
    /* Seconds since 1970; 0 for what has not been, or is not told. */
    int64_t created_s; /* a service that knows times tells it of every key */
    int64_t expires_s;
    int64_t used_s;     /* last; to an hour or so */
    int64_t disabled_s; /* since when it is */
};

/* When a key expires: so many seconds from now, as the service's clock says;
 * or, with none of them, at a moment (seconds since 1970; 0 is never). */
struct uk_expiry {
    int64_t in_s;
    int64_t at_s;
};

/* Whose keys, where, and what came of the last call: those of the session, or
 * for an administrator (core/admin.h) those of the user at a path. */
struct uk_keys {
    struct uk_service *service;       /* borrowed; its deadline counts */
    const struct uk_session *session; /* borrowed; NULL with a path */
    const char *path;                 /* borrowed, of the Admin API; or NULL */
    const struct uk_secret *bearer;   /* borrowed, with a path */
    enum uk_keys_reply reply;
};

/* value gets the key's text, which nobody can see a second time.  A service
 * that knows of no expiry makes a key without one: out->expires_s tells. */
UK_MUST_USE enum uk_code
uk_keys_create(struct uk_keys *keys, const char *name, struct uk_expiry expiry,
               struct uk_key *out, struct uk_secret *value, struct uk_err *err);

/* *out is an array in order of creation, the caller's to free(). */
UK_MUST_USE enum uk_code uk_keys_list(struct uk_keys *keys, struct uk_key **out,
                                      size_t *count, struct uk_err *err);

UK_MUST_USE enum uk_code uk_keys_fetch(struct uk_keys *keys, const char *id,
                                       struct uk_key *out, struct uk_err *err);

/* Enabling an enabled key is done; so is disabling a disabled one. */
UK_MUST_USE enum uk_code uk_keys_enable(struct uk_keys *keys, const char *id,
                                        struct uk_err *err);
UK_MUST_USE enum uk_code uk_keys_disable(struct uk_keys *keys, const char *id,
                                         struct uk_err *err);
UK_MUST_USE enum uk_code uk_keys_expire(struct uk_keys *keys, const char *id,
                                        struct uk_expiry expiry,
                                        struct uk_err *err);
UK_MUST_USE enum uk_code uk_keys_delete(struct uk_keys *keys, const char *id,
                                        struct uk_err *err);

#endif
