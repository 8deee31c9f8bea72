/* The tables, and how each version of them becomes the next. */
#include "service/store/sqlite.h"

/* In the file's header: "userkey" files are told from others by it. */
#define APPLICATION_ID 0x756b6579 /* "ukey" */
#define TEXT_OF(x)     #x
#define TEXT(x)        TEXT_OF(x)

/*
 * Ids are text of 24 hexadecimal digits, times are microseconds since 1970
 * (revoked_session.expires: seconds, as in a token).  No triggers and no
 * sequences, so that another database can stand here.
 *
 * identity.subject is what is unique: an address in lower case, or the
 * identity's own id; address is how it was written.  deleted_key keeps the
 * hash of a deleted key for a while, so that the audit log can tell "deleted"
 * from "unknown".
 */
static const char *const version_1[] = {
    "CREATE TABLE app(id TEXT PRIMARY KEY, client_id TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID",

    "CREATE TABLE app_user(id TEXT PRIMARY KEY,"
    " app_id TEXT NOT NULL REFERENCES app(id),"
    " disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),"
    " epoch INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",

    "CREATE TABLE identity(id TEXT PRIMARY KEY,"
    " app_id TEXT NOT NULL REFERENCES app(id),"
    " user_id TEXT NOT NULL REFERENCES app_user(id) ON DELETE CASCADE,"
    " provider TEXT NOT NULL, subject TEXT NOT NULL, address TEXT NOT NULL,"
    " secret TEXT NOT NULL,"
    " confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),"
    " created INTEGER NOT NULL, UNIQUE (app_id, provider, subject))"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX identity_user ON identity(user_id)",

    "CREATE TABLE api_key(hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " app_id TEXT NOT NULL REFERENCES app(id),"
    " user_id TEXT NOT NULL REFERENCES app_user(id) ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),"
    " created INTEGER NOT NULL, UNIQUE (user_id, name))"
    " STRICT, WITHOUT ROWID",

    "CREATE TABLE deleted_key(hash BLOB PRIMARY KEY, id TEXT NOT NULL,"
    " user_id TEXT NOT NULL, app_id TEXT NOT NULL, deleted INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX deleted_key_when ON deleted_key(deleted)",
    "CREATE INDEX deleted_key_user ON deleted_key(user_id, deleted)",

    "CREATE TABLE revoked_session(id TEXT PRIMARY KEY,"
    " expires INTEGER NOT NULL) STRICT, WITHOUT ROWID",

    "PRAGMA application_id = " TEXT(APPLICATION_ID),
    NULL,
};

/* Administrators; and users in the order in which they are listed to them. */
static const char *const version_2[] = {
    "CREATE TABLE admin_key(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " hash BLOB NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX app_user_page ON app_user(app_id, id)",
    NULL,
};

/* A key that is disabled ends its sessions for good. */
static const char *const version_3[] = {
    "ALTER TABLE api_key ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
    NULL,
};

/*
 * What administrators set for an app (providers_off: bits of enum uk_provider;
 * refresh_lifetime: seconds; origins: lines; 0 and '' are the settings'), users
 * of server keys, users that have registered and not logged in yet, and tokens
 * that administrators hand out (expires: seconds).
 */
static const char *const version_4[] = {
    "ALTER TABLE app ADD COLUMN providers_off INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE app ADD COLUMN refresh_lifetime INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE app ADD COLUMN origins TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE app ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0"
    " CHECK (deleted IN (0, 1))",
    "ALTER TABLE app_user ADD COLUMN server INTEGER NOT NULL DEFAULT 0"
    " CHECK (server IN (0, 1))",
    "ALTER TABLE app_user ADD COLUMN pending INTEGER NOT NULL DEFAULT 0"
    " CHECK (pending IN (0, 1))",
    "ALTER TABLE app_user ADD COLUMN last_login INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX app_user_server ON app_user(app_id, id) WHERE server = 1",
    "CREATE INDEX app_user_pending ON app_user(app_id, id) WHERE pending = 1",
    "CREATE TABLE handout(id TEXT PRIMARY KEY, hash BLOB NOT NULL,"
    " user_id TEXT NOT NULL REFERENCES app_user(id) ON DELETE CASCADE,"
    " purpose TEXT NOT NULL, expires INTEGER NOT NULL,"
    " UNIQUE (user_id, purpose)) STRICT, WITHOUT ROWID",
    NULL,
};

/* Sessions end in another order than they began in: those of one app live
 * longer than those of another. */
static const char *const version_5[] = {
    "CREATE INDEX revoked_session_when ON revoked_session(expires)",
    NULL,
};

/* When a key is over, when it opened a session last, and when it was disabled
 * last (microseconds; 0 is never, or not known). */
static const char *const version_6[] = {
    "ALTER TABLE api_key ADD COLUMN expires INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE api_key ADD COLUMN last_used INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE api_key ADD COLUMN disabled_at INTEGER NOT NULL DEFAULT 0",
    NULL,
};

/* Step n leads from version n to version n + 1.  A step that anybody has made
 * stays as it is; steps are only added. */
static const char *const *const steps[] = {version_1, version_2, version_3,
                                           version_4, version_5, version_6};

#define NEWEST ((int64_t)UK_COUNT(steps))

static const char *const version_is[] = {
    "PRAGMA user_version = 0", "PRAGMA user_version = 1",
    "PRAGMA user_version = 2", "PRAGMA user_version = 3",
    "PRAGMA user_version = 4", "PRAGMA user_version = 5",
    "PRAGMA user_version = 6",
};
_Static_assert(UK_COUNT(version_is) == UK_COUNT(steps) + 1,
               "each version has its statement");

enum uk_code
uk_sqlite_version(struct uk_sqlite *lite, int64_t *version, bool *newest,
                  struct uk_err *err)
{
    int64_t application = 0;
    enum uk_code code;

    code = uk_sqlite_once(lite, "PRAGMA user_version", version, err);
    if (code == UK_OK)
        code = uk_sqlite_once(lite, "PRAGMA application_id", &application, err);
    if (code != UK_OK)
        return code;
    if (*version != 0 && application != APPLICATION_ID)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "the database is of another program");
    if (*version > NEWEST || *version < 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "the database has schema %lld, made by a newer "
                          "userkey-server; this one knows schemas up to %lld",
                          (long long)*version, (long long)NEWEST);
    *newest = *version == NEWEST;
    return UK_OK;
}

static enum uk_code
climb(struct uk_sqlite *lite, int64_t version, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (; version < NEWEST && code == UK_OK; version++) {
        for (const char *const *sql = steps[version];
             *sql != NULL && code == UK_OK; sql++)
            code = uk_sqlite_once(lite, *sql, NULL, err);
        if (code == UK_OK)
            code = uk_sqlite_once(lite, version_is[version + 1], NULL, err);
    }
    return code;
}

enum uk_code
uk_sqlite_migrate(struct uk_sqlite *lite, enum uk_store_mode mode,
                  struct uk_err *err)
{
    int64_t version = 0;
    bool newest = false;
    enum uk_code code;

    code = uk_sqlite_version(lite, &version, &newest, err);
    if (code != UK_OK || newest)
        return code;
    if (version == 0 && mode != UK_STORE_CREATE && mode != UK_STORE_CLAIM)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "the database has no tables; `userkey-server init` "
                          "makes them");
    if (mode == UK_STORE_READ)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "the database has schema %lld, and %lld is needed",
                          (long long)version, (long long)NEWEST);
    code = uk_sqlite_once(lite, "BEGIN IMMEDIATE", NULL, err);
    if (code != UK_OK)
        return code;
    /* Now that nobody else writes. */
    code = uk_sqlite_version(lite, &version, &newest, err);
    if (code == UK_OK)
        code = climb(lite, version, err);
    if (code == UK_OK)
        code = uk_sqlite_once(lite, "COMMIT", NULL, err);
    if (code != UK_OK) {
        struct uk_err second = UK_ERR_NONE;

        (void)!uk_sqlite_once(lite, "ROLLBACK", NULL, &second);
        return uk_err_in(err, "bringing the database to schema %lld",
                         (long long)NEWEST);
    }
    return UK_OK;
}
