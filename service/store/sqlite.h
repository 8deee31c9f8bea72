/*
 * The store in an SQLite file: what its parts share.
 *
 * Write-ahead log, synchronous=FULL: a commit that has returned is on the
 * disk, and readers never wait for the writer.
 */
#ifndef UK_SERVICE_STORE_SQLITE_H
#define UK_SERVICE_STORE_SQLITE_H

#include <sqlite3.h>

#include "service/store/sqlite_calls.h"
#include "service/store/store.h"

UK_MUST_USE enum uk_code uk_sqlite_open(const char *path,
                                        enum uk_store_mode mode,
                                        struct uk_store **out,
                                        struct uk_err *err);

/* Every statement is prepared once a connection, on its first use. */
enum uk_sql {
    UK_SQL_BEGIN,
    UK_SQL_COMMIT,
    UK_SQL_ROLLBACK,
    UK_SQL_SAVE,
    UK_SQL_KEEP,
    UK_SQL_UNDO,
    UK_SQL_LOOK,
    UK_SQL_LOOK_AWAY,
    UK_SQL_FIND_APP,
    UK_SQL_ONLY_APP,
    UK_SQL_ADD_APP,
    UK_SQL_FIND_PASSWORD,
    UK_SQL_FIND_SESSION,
    UK_SQL_LIST_IDENTITIES,
    UK_SQL_ADD_USER,
    UK_SQL_ADD_IDENTITY,
    UK_SQL_SET_USER,
    UK_SQL_SET_PASSWORD,
    UK_SQL_VOID_RESET,
    UK_SQL_BURY_DOUBTFUL,
    UK_SQL_DROP_DOUBTFUL,
    UK_SQL_BURY_USER,
    UK_SQL_DELETE_USER,
    UK_SQL_FIND_LOGIN,
    UK_SQL_FIND_DELETED,
    UK_SQL_FIND_KEY,
    UK_SQL_LIST_KEYS,
    UK_SQL_KEY_NAMED,
    UK_SQL_COUNT_KEYS,
    UK_SQL_ADD_KEY,
    UK_SQL_SET_KEY,
    UK_SQL_SET_EXPIRY,
    UK_SQL_BURY_EXPIRED,
    UK_SQL_DROP_EXPIRED,
    UK_SQL_BURY_KEY,
    UK_SQL_DELETE_KEY,
    UK_SQL_PURGE_BURIED,
    UK_SQL_CAP_BURIED,
    UK_SQL_REVOKE,
    UK_SQL_PURGE_REVOKED,
    UK_SQL_END_SESSIONS,
    UK_SQL_PAGE_USERS,
    UK_SQL_PAGE_BACK,
    UK_SQL_PAGE_PENDING,
    UK_SQL_NOTE_LOGIN,
    UK_SQL_NOTE_KEY,
    UK_SQL_SET_EMAIL,
    UK_SQL_VOID_HANDOUTS,
    UK_SQL_LIST_ORIGINS,
    UK_SQL_SET_PROVIDERS,
    UK_SQL_SET_REFRESH,
    UK_SQL_SET_ORIGINS,
    UK_SQL_FIND_ANY_APP,
    UK_SQL_DROP_APP,
    UK_SQL_EMPTY_APP,
    UK_SQL_DELETE_APP,
    UK_SQL_LIST_SERVERS,
    UK_SQL_FIND_SERVER,
    UK_SQL_SERVER_ROOM,
    UK_SQL_ADD_SERVER,
    UK_SQL_FIND_USER,
    UK_SQL_LIST_APPS,
    UK_SQL_COUNT_USERS,
    UK_SQL_FIND_ADMIN,
    UK_SQL_LIST_ADMINS,
    UK_SQL_ADD_ADMIN,
    UK_SQL_DELETE_ADMIN,
    UK_SQL_CONFIRM_USER,
    UK_SQL_SETTLE_USER,
    UK_SQL_IS_PENDING,
    UK_SQL_CHECK_MERGE,
    UK_SQL_MOVE_IDENTITY,
    UK_SQL_DROP_USER,
    UK_SQL_ADD_HANDOUT,
    UK_SQL_FIND_HANDOUT,
    UK_SQL_TAKE_HANDOUT,
    UK_SQL_COUNT
};

struct uk_sqlite {
    struct uk_store store; /* first */
    sqlite3 *db;
    sqlite3_stmt *statement[UK_SQL_COUNT];
};

/*
 * One run of a statement: start it, put its values in their order, step to
 * its rows, end it.  A failure on the way is remembered and told by step.
 */
struct uk_query {
    struct uk_sqlite *lite;
    sqlite3_stmt *statement;
    int put;    /* values put so far */
    int status; /* SQLITE_OK, or the first failure */
};

struct uk_query uk_query_start(struct uk_store *store, enum uk_sql which,
                               const char *sql);
void uk_query_put_text(struct uk_query *query, const char *text);
void uk_query_put_blob(struct uk_query *query, const void *bytes, size_t len);
void uk_query_put_int(struct uk_query *query, int64_t number);
UK_MUST_USE enum uk_code uk_query_step(struct uk_query *query, bool *row,
                                       struct uk_err *err);

/* Columns of the row.  A text that does not fit is a database that we did
 * not write: "" then, which no check takes. */
void uk_query_text(const struct uk_query *query, int column, char *out,
                   size_t size);
int64_t uk_query_int(const struct uk_query *query, int column);
bool uk_query_is_null(const struct uk_query *query, int column);
void uk_query_end(struct uk_query *query);

/* An app from the columns UK_QUERY_APP, of which the first is that one. */
#define UK_QUERY_APP                                                           \
    "a.id, a.client_id, a.providers_off, a.refresh_lifetime, a.origins <> ''"
#define UK_QUERY_APP_COLUMNS 5
void uk_query_app(const struct uk_query *query, int column,
                  struct uk_store_app *out);

/* A user from the columns UK_QUERY_USER, likewise. */
#define UK_QUERY_USER                                                          \
    "u.id, u.app_id, u.disabled, u.epoch, u.server, u.pending, u.last_login"
#define UK_QUERY_USER_COLUMNS 7
void uk_query_user(const struct uk_query *query, int column,
                   struct uk_store_user *out);

/* A key from the columns UK_QUERY_KEY, likewise. */
#define UK_QUERY_KEY                                                           \
    "k.id, k.name, k.disabled, k.epoch, k.created, k.expires, k.last_used,"    \
    " k.disabled_at"
#define UK_QUERY_KEY_COLUMNS 8
void uk_query_key(const struct uk_query *query, int column,
                  struct uk_store_key *out);

/* Step a statement without rows, and end it; *changed (or NULL) is how many
 * rows it has changed. */
UK_MUST_USE enum uk_code uk_query_run(struct uk_query *query, int *changed,
                                      struct uk_err *err);
/* The same, of what is there or is not: UK_STORE_DONE, UK_STORE_NOT_FOUND. */
UK_MUST_USE enum uk_code uk_query_finish(struct uk_query *query,
                                         enum uk_store_result *result,
                                         struct uk_err *err);

/* Forget deleted keys that are too old or too many. */
UK_MUST_USE enum uk_code uk_sqlite_purge_buried(struct uk_store *store,
                                                const char *user_id,
                                                struct uk_err *err);

/* Which schema it has, 0 for none (sqlite_schema.c); UK_MISCONFIGURED
 * for one that is newer, or another program's. */
UK_MUST_USE enum uk_code uk_sqlite_version(struct uk_sqlite *lite,
                                           int64_t *version, bool *newest,
                                           struct uk_err *err);

/* Bring the schema up to date, or refuse it. */
UK_MUST_USE enum uk_code uk_sqlite_migrate(struct uk_sqlite *lite,
                                           enum uk_store_mode mode,
                                           struct uk_err *err);

/* Run a fixed statement that is used once. */
UK_MUST_USE enum uk_code uk_sqlite_once(struct uk_sqlite *lite, const char *sql,
                                        int64_t *first, struct uk_err *err);

/* Prepare what has been written into sql, and clear that; to be finalized by
 * the caller, whatever is returned. */
struct uk_buf;
UK_MUST_USE enum uk_code uk_sqlite_prepare(struct uk_sqlite *lite,
                                           struct uk_buf *sql,
                                           sqlite3_stmt **out,
                                           struct uk_err *err);

/* "what: why", from what SQLite says. */
enum uk_code uk_sqlite_fail(struct uk_sqlite *lite, int status,
                            const char *what, struct uk_err *err);

#endif
