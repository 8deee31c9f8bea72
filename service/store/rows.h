/*
 * What a store is asked for and what it answers: rows, their limits, and what
 * has become of a change.
 */
#ifndef UK_SERVICE_STORE_ROWS_H
#define UK_SERVICE_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/identity.h"
#include "service/value/crypto.h"
#include "service/value/id.h"
#include "service/value/provider.h"
#include "service/value/pwhash.h"

#define UK_STORE_CLIENT_ID  64   /* an app's name for clients, without NUL */
#define UK_STORE_KEY_NAME   128  /* longest name of a key, without its NUL */
#define UK_STORE_KEYS       20   /* most keys that a user has */
#define UK_STORE_IDENTITIES 8    /* most identities that a user has */
#define UK_STORE_APP_NAME   64   /* an app's name for people, without its NUL */
#define UK_STORE_ADMIN_NAME 64   /* longest name of an admin key, likewise */
#define UK_STORE_PAGE       50   /* users on one page of a list */
#define UK_STORE_SERVERS    100  /* most server keys that an app has */
#define UK_STORE_ORIGINS    1024 /* bytes of an app's origins, without NUL */
/* Least and most that sessions of an app last by a setting of its own. */
#define UK_STORE_REFRESH_LEAST_S (30 * 60)
#define UK_STORE_REFRESH_MOST_S  (180 * 24 * 3600)
/* How long a deleted key is still known as deleted (for the audit log). */
#define UK_STORE_TOMBSTONES   100 /* of one user */
#define UK_STORE_TOMBSTONE_US (90LL * 24 * 3600 * 1000000)
/* How long a key that has expired is still shown to its user, where there is
 * room for it. */
#define UK_STORE_EXPIRED_US (30LL * 24 * 3600 * 1000000)
/* How long a session that was logged out is remembered after it would have
 * been over: a clock that was wrong must not bring it back. */
#define UK_STORE_PATIENCE_S (90LL * 24 * 3600)

enum uk_store_result {
    UK_STORE_NONE = 0,
    UK_STORE_DONE,
    UK_STORE_NOT_FOUND,
    UK_STORE_TAKEN, /* the name or address is somebody's */
    UK_STORE_FULL,  /* the user has UK_STORE_KEYS keys */
};

struct uk_store_app {
    char id[UK_ID_SIZE];
    char client_id[UK_STORE_CLIENT_ID + 1];
    unsigned providers_off; /* bits: 1 << enum uk_provider */
    int64_t refresh_s;      /* how long its sessions last; 0: the setting */
    bool limits_origins;    /* it has a list of its own */
};

struct uk_store_user {
    char id[UK_ID_SIZE];
    char app_id[UK_ID_SIZE];
    bool disabled;
    bool server;           /* it belongs to a server API key */
    bool pending;          /* it has registered and not logged in yet */
    int64_t epoch;         /* raised by what ends every session of the user */
    int64_t last_login_us; /* as note_logins() has kept it; 0: never */
};

struct uk_store_identity {
    char id[UK_ID_SIZE];
    enum uk_provider provider;
    char email[UK_EMAIL_MAX + 1]; /* "" where there is none */
    bool confirmed;
};

struct uk_store_password {
    struct uk_store_user user;
    struct uk_store_identity identity;
    char hash[UK_PWHASH_SIZE];
};

struct uk_store_key {
    char id[UK_ID_SIZE];
    char name[UK_STORE_KEY_NAME + 1];
    bool disabled;
    int64_t epoch; /* raised by what ends every session that it opened */
    int64_t created_us;
    int64_t expires_us;   /* from then on it is over; 0: never */
    int64_t last_used_us; /* as note_logins() has kept it; 0: never */
    int64_t disabled_us;  /* when it was, last; 0: never, or not known */
};

/* Who has logged in, and with which key. */
struct uk_store_seen {
    char user_id[UK_ID_SIZE];
    char key_id[UK_ID_SIZE]; /* "" without one */
};

/* That of a server, which has a user of its own. */
struct uk_store_server {
    struct uk_store_key key;
    char user_id[UK_ID_SIZE];
};

struct uk_store_hash {
    unsigned char bytes[UK_CRYPTO_HASH];
};

/* What is known about the key of a hash. */
enum uk_store_state { UK_STORE_UNKNOWN = 0, UK_STORE_THERE, UK_STORE_DELETED };

struct uk_store_login {
    enum uk_store_state state;
    char key_id[UK_ID_SIZE];   /* unless unknown */
    bool key_disabled;         /* where it is there */
    int64_t key_epoch;         /* where it is there */
    int64_t key_expires_us;    /* where it is there */
    int64_t key_last_used_us;  /* where it is there */
    struct uk_store_user user; /* where it is there; id if deleted */
};

/* What a session depends on, asked at each use. */
struct uk_store_ask {
    const char *user_id;
    const char *key_id; /* "" for a session that no key opened */
    const char *session_id;
};

struct uk_store_session {
    bool user_there;
    struct uk_store_user user;
    struct uk_store_app app; /* the user's, which is there with it */
    bool key_there;          /* and it is this user's */
    struct uk_store_key key;
    bool revoked;
};

/* One user for a list; email is "" for one without an address. */
struct uk_store_listed {
    struct uk_store_user user;
    char email[UK_EMAIL_MAX + 1];
    int64_t created_us;
    unsigned keys;
    char server[UK_STORE_KEY_NAME + 1]; /* the name of a server's key, or "" */
};
typedef void uk_store_lister(void *context, const struct uk_store_listed *one);

/* Which users, and from where on. */
struct uk_store_page {
    const char *app_id;
    const char *after;  /* an id, or "" for all */
    bool backward;      /* the newest first */
    bool pending;       /* those alone that are; forward, whatever else */
    int disabled;       /* 0: enabled ones, 1: disabled ones, -1: both */
    unsigned providers; /* with one of these, as bits; 0: any.  The key of a
                           server's user counts, those of others do not */
};

typedef void uk_store_app_lister(void *context, const struct uk_store_app *app,
                                 const char *name);

/* An administrator's pair of keys; the id is the public one. */
struct uk_store_admin {
    char id[UK_ID_SIZE];
    char name[UK_STORE_ADMIN_NAME + 1];
    int64_t created_us;
};
typedef void uk_store_admin_lister(void *context,
                                   const struct uk_store_admin *admin);

/* What an administrator's login or session depends on. */
struct uk_store_admin_ask {
    const char *id;
    const struct uk_store_hash *hash; /* of the private key; or NULL */
    const char *session_id;           /* "" at a login */
};

struct uk_store_admin_found {
    bool there;
    bool right; /* and the hash is its */
    bool revoked;
    struct uk_store_admin admin;
};

/* What an administrator hands out to a person: a token that does one thing for
 * one user, once.  Of the token there is a hash (api/handout.h). */
enum uk_store_purpose { UK_STORE_CONFIRM = 1, UK_STORE_RESET };

struct uk_store_handout {
    char id[UK_ID_SIZE];
    char user_id[UK_ID_SIZE];
    enum uk_store_purpose purpose;
    struct uk_store_hash hash;
    int64_t expires; /* seconds since 1970 */
};

#endif
