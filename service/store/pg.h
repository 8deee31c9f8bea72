/*
 * The store in PostgreSQL: what its parts share.
 *
 * Any number of nodes, each with a connection a thread.  A reading call is one
 * statement and sees what was committed before it.  A transaction is READ
 * COMMITTED and locks rows: changes of one user wait for each other, changes
 * of different users do not.
 *
 * A transaction is kept as a script: its statements since begin, with their
 * values and a digest of what they answered.  What needs no answer of its own
 * (BEGIN, SAVEPOINT, a lock) waits there and goes out with the next statement.
 * And when the server gives a transaction up (a conflict, a deadlock, a lost
 * connection), the script is played again from its beginning, which is right
 * as long as every answer is the same as before.  Only a commit is never
 * played again once it may have arrived.
 *
 * Locks are taken in one order, so that nobody waits in a circle: an app; its
 * users by their ids; what is a user's, by who has that user's row; addresses
 * and sessions, which go by their unique index.  What is only noted or cleared
 * away (SKIP LOCKED) waits for nobody.  Which changes share a transaction, and
 * in which order, says request/work.c.
 *
 * Every column that is compared is BYTEA: bytes have no encoding that could
 * refuse them, and no collation that changes with the system's libraries.
 */
#ifndef UK_SERVICE_STORE_PG_H
#define UK_SERVICE_STORE_PG_H

#include <libpq-fe.h>

#include "core/buf.h"
#include "core/deadline.h"
#include "service/store/pg_calls.h"
#include "service/store/question.h"
#include "service/store/store.h"

#define UK_PG_URL   1024 /* longest URL, with its NUL */
#define UK_PG_NAME  256  /* longest name of a database in messages */
#define UK_PG_WORDS 1024 /* room of what a server says, made printable */

UK_MUST_USE enum uk_code uk_pg_open(const char *url, enum uk_store_mode mode,
                                    struct uk_store **out, struct uk_err *err);

/* Where the server is (pg_place.c). */
struct uk_pg_place {
    char url[UK_PG_URL];   /* with its password: never shown */
    char name[UK_PG_NAME]; /* "'userkey' on 'db1,db2'" */
    bool far;              /* not this machine, so TLS is to be verified */
};

/* "postgresql://", or as libpq also takes it "postgres://"? */
bool uk_pg_is_url(const char *where);

/* UK_MISCONFIGURED, without a word of the URL that could be a password. */
UK_MUST_USE enum uk_code uk_pg_place_init(struct uk_pg_place *place,
                                          const char *url, struct uk_err *err);

/* As PQconnectdbParams(.., 1) takes them; borrowed from the place. */
#define UK_PG_PARAMS 16
void uk_pg_place_params(const struct uk_pg_place *place,
                        const char *names[UK_PG_PARAMS],
                        const char *values[UK_PG_PARAMS]);

/* What became of something that was sent (pg_wire.c). */
enum uk_pg_fault {
    UK_PG_FINE = 0,
    UK_PG_REFUSED,  /* the server has answered: no */
    UK_PG_CONFLICT, /* it has given the transaction up; again may work */
    UK_PG_LOST,     /* the connection is gone, or of no more use */
    UK_PG_LATE,     /* no answer by the deadline */
    UK_PG_AWAY,     /* there is no connection, and none is to be had now */
    UK_PG_CHANGED,  /* played again, it has answered differently */
};

/* Send what is queued and wait for the next result, the caller's; NULL is one
 * too, and ends the results of a statement. */
enum uk_pg_fault uk_pg_next(PGconn *conn, struct uk_deadline by, PGresult **out,
                            struct uk_err *err);

/* What a result that is a failure means, with its code and sentence
 * (pg_refusal.c). */
enum uk_pg_fault uk_pg_judge(const PGresult *result, struct uk_err *err);

/* Has the other side hung up, as far as one can see without asking? */
bool uk_pg_is_gone(PGconn *conn);

/* The text of a server or of libpq, printable and on one line.  Returns to. */
const char *uk_pg_words(char to[UK_PG_WORDS], const char *text);

/* The statements (pg_sql.c); each is prepared once a connection, on its
 * first use. */
enum uk_pg_sql {
    UK_PG_BEGIN,
    UK_PG_COMMIT,
    UK_PG_ROLLBACK,
    UK_PG_SAVE,
    UK_PG_KEEP,
    UK_PG_UNDO,
    UK_PG_LOCK_SCHEMA,
    UK_PG_ANY_APP,
    UK_PG_FIND_APP,
    UK_PG_ONLY_APP,
    UK_PG_ADD_APP,
    UK_PG_FIND_PASSWORD,
    UK_PG_FIND_SESSION,
    UK_PG_LIST_IDENTITIES,
    UK_PG_LOCK_USER,
    UK_PG_ADD_USER,
    UK_PG_ADD_IDENTITY,
    UK_PG_HOLD_ADDRESS,
    UK_PG_DROP_IDENTITY,
    UK_PG_SET_USER,
    UK_PG_SET_PASSWORD,
    UK_PG_VOID_RESET,
    UK_PG_DROP_DOUBTFUL,
    UK_PG_BURY_KEYS,
    UK_PG_DELETE_USER,
    UK_PG_FIND_KEYS,
    UK_PG_FIND_KEY,
    UK_PG_LIST_KEYS,
    UK_PG_KEY_NAMED,
    UK_PG_ADD_KEY,
    UK_PG_SET_KEY,
    UK_PG_SET_EXPIRY,
    UK_PG_DROP_EXPIRED,
    UK_PG_DELETE_KEY,
    UK_PG_PURGE_BURIED,
    UK_PG_CAP_BURIED,
    UK_PG_REVOKE,
    UK_PG_PURGE_REVOKED,
    UK_PG_END_SESSIONS,
    UK_PG_PAGE_USERS,
    UK_PG_PAGE_BACK,
    UK_PG_PAGE_PENDING,
    UK_PG_NOTE_LOGINS,
    UK_PG_NOTE_KEYS,
    UK_PG_SET_EMAIL,
    UK_PG_VOID_HANDOUTS,
    UK_PG_LIST_ORIGINS,
    UK_PG_SET_PROVIDERS,
    UK_PG_SET_REFRESH,
    UK_PG_SET_ORIGINS,
    UK_PG_DROP_APP,
    UK_PG_EMPTY_APP,
    UK_PG_DELETE_APP,
    UK_PG_LOCK_APP,
    UK_PG_LIST_SERVERS,
    UK_PG_FIND_SERVER,
    UK_PG_SERVER_ROOM,
    UK_PG_ADD_SERVER,
    UK_PG_FIND_USER,
    UK_PG_LIST_APPS,
    UK_PG_COUNT_USERS,
    UK_PG_FIND_ADMIN,
    UK_PG_LIST_ADMINS,
    UK_PG_ADD_ADMIN,
    UK_PG_DELETE_ADMIN,
    UK_PG_CONFIRM_USER,
    UK_PG_SETTLE_USER,
    UK_PG_LOCK_USERS,
    UK_PG_CHECK_MERGE,
    UK_PG_MOVE_IDENTITY,
    UK_PG_ADD_HANDOUT,
    UK_PG_FIND_HANDOUT,
    UK_PG_TAKE_HANDOUT,
    UK_PG_SQL_COUNT
};

#define UK_PG_VALUES 9 /* most values of a statement */

struct uk_pg_statement {
    const char *name; /* of the prepared statement */
    const char *sql;
    /* A letter for each value: b bytes, a array of bytes, i number, f flag. */
    const char *types;
    /* Rows change in a transaction alone.  Nobody is told what was noted or
     * cleared away, so when it is played again that may be another row. */
    enum uk_pg_effect { UK_PG_READS, UK_PG_WRITES, UK_PG_TIDIES } effect;
};

/* The columns that make an app and a user; see uk_pg_query_app(). */
#define UK_PG_APP                                                              \
    "a.id, a.client_id, a.providers_off, a.refresh_lifetime, a.origins <> ''"
#define UK_PG_APP_COLUMNS 5
#define UK_PG_USER                                                             \
    "u.id, u.app_id, u.disabled, u.epoch, u.server, u.pending, u.last_login"
#define UK_PG_USER_COLUMNS 7
#define UK_PG_KEY                                                              \
    "k.id, k.name, k.disabled, k.epoch, k.created, k.expires, k.last_used,"    \
    " k.disabled_at"
#define UK_PG_KEY_COLUMNS 8

const struct uk_pg_statement *uk_pg_statement(enum uk_pg_sql which);

/* A connection being made by a thread of its own (pg_dial.c). */
struct uk_pg_dial;

/* A question under way (pg_ask.c). */
struct uk_pg_flight {
    struct uk_question *question; /* the asker's */
    struct uk_deadline by;
    unsigned dial; /* the connection that it went out on */
    bool lost;
};

#define UK_PG_FLIGHTS 2 /* most at once */

struct uk_pg {
    struct uk_store store; /* first */
    struct uk_pg_place place;
    enum uk_store_mode mode;
    bool opening; /* the first connection */
    PGconn *conn; /* in pipeline mode; or NULL */
    bool prepared[UK_PG_SQL_COUNT];

    struct uk_pg_dial *dial;     /* under way; or NULL */
    struct uk_deadline patience; /* with it */
    struct uk_deadline rest;     /* after one that failed */
    unsigned failures;           /* since there was a connection */
    struct uk_err why;           /* it failed */
    unsigned dials;              /* connections that there have been */

    struct uk_pg_flight flight[UK_PG_FLIGHTS]; /* the oldest first */
    size_t flights;
    int epoll;    /* that is woken by answers; -1: none */
    bool watched; /* the connection is in it */

    /* The script: in a transaction since its begin, else one statement. */
    struct uk_buf script;
    size_t start;  /* where the statement begins that is being written */
    size_t played; /* the server has answered what is before */
    size_t saved;  /* where the savepoint is behind us */
    bool open;     /* a transaction, for us */
    bool begun;    /* one, for the server */
    bool broken;   /* and it cannot be brought to its end */
    bool ending;   /* and its end may have arrived */
    bool warned;   /* by the server, since this was last cleared */
    struct uk_deadline by; /* of the transaction */
    struct uk_err cause;   /* why it is broken */

    int64_t purged;   /* when, in seconds, sessions were purged last */
    unsigned revoked; /* sessions since then */
    unsigned buried;  /* keys since old ones were purged */
};

/* There is a connection, or one comes by then (pg_dial.c).  Callers wait
 * two seconds at most when one was lost, a moment now and then while none is
 * to be had; the thread goes on.  UK_UNREACHABLE. */
UK_MUST_USE enum uk_code uk_pg_connect(struct uk_pg *pg, struct uk_deadline by,
                                       struct uk_err *err);
void uk_pg_hang_up(struct uk_pg *pg);
/* A dial that is under way ends by itself. */
void uk_pg_forget_dial(struct uk_pg *pg);

/*
 * One run of a statement (pg_query.c): start it, put its values in
 * their order, run it, read its rows, end it.
 */
struct uk_pg_query {
    struct uk_pg *pg;
    enum uk_pg_sql which;
    PGresult *result; /* after run: owned, until end */
};

struct uk_pg_query uk_pg_query_start(struct uk_store *store,
                                     enum uk_pg_sql which);
void uk_pg_query_put_text(struct uk_pg_query *query, const char *text);
void uk_pg_query_put_bytes(struct uk_pg_query *query, const void *bytes,
                           size_t len);
/* bytea[]: n items of size bytes, each stride bytes behind the last. */
void uk_pg_query_put_array(struct uk_pg_query *query, const void *items,
                           size_t size, size_t stride, size_t n);
void uk_pg_query_put_int(struct uk_pg_query *query, int64_t number);
void uk_pg_query_put_flag(struct uk_pg_query *query, bool flag);
UK_MUST_USE enum uk_code uk_pg_query_run(struct uk_pg_query *query,
                                         struct uk_err *err);
/* Leave it in the script, to go out with the next; its answer is dropped. */
UK_MUST_USE enum uk_code uk_pg_query_defer(struct uk_pg_query *query,
                                           struct uk_err *err);
/* Run, and end; *changed is how many rows it has changed. */
UK_MUST_USE enum uk_code uk_pg_query_change(struct uk_pg_query *query,
                                            unsigned long *changed,
                                            struct uk_err *err);
/* The same, of what is there or is not: UK_STORE_DONE, UK_STORE_NOT_FOUND. */
UK_MUST_USE enum uk_code uk_pg_query_finish(struct uk_pg_query *query,
                                            enum uk_store_result *result,
                                            struct uk_err *err);
void uk_pg_query_end(struct uk_pg_query *query);

/* Nobody else changes this user's rows before the transaction ends.  Every
 * change of them begins with it, of a single key too: changed once more in the
 * same transaction, its reference is checked again, which locks the user. */
UK_MUST_USE enum uk_code uk_pg_lock_user(struct uk_store *store,
                                         const char *user_id,
                                         struct uk_err *err);

int uk_pg_query_rows(const struct uk_pg_query *query);
/* Columns.  A text that does not fit is a database that we did not write: ""
 * then, which no check takes. */
void uk_pg_query_text(const struct uk_pg_query *query, int row, int column,
                      char *out, size_t size);
int64_t uk_pg_query_int(const struct uk_pg_query *query, int row, int column);
bool uk_pg_query_flag(const struct uk_pg_query *query, int row, int column);
bool uk_pg_query_is_null(const struct uk_pg_query *query, int row, int column);
/* The bytes, borrowed, if they are that many; else NULL. */
const unsigned char *uk_pg_query_bytes(const struct uk_pg_query *query, int row,
                                       int column, size_t len);
/* An app, a user, from the columns UK_PG_APP, UK_PG_USER, of which the first
 * is that one. */
void uk_pg_query_app(const struct uk_pg_query *query, int row, int column,
                     struct uk_store_app *out);
void uk_pg_query_user(const struct uk_pg_query *query, int row, int column,
                      struct uk_store_user *out);
void uk_pg_query_key(const struct uk_pg_query *query, int row, int column,
                     struct uk_store_key *out);

/* The script (pg_script.c). */

/* Write a statement: its head, then its values, then its end. */
void uk_pg_script_open(struct uk_pg *pg, enum uk_pg_sql which);
void uk_pg_script_put(struct uk_pg *pg, const void *bytes, size_t len);
UK_MUST_USE enum uk_code uk_pg_script_close(struct uk_pg *pg,
                                            struct uk_err *err);

/* One statement of the script, as it lies there. */
struct uk_pg_record {
    size_t size; /* of all of it */
    enum uk_pg_sql which;
    int values;
    const char *value[UK_PG_VALUES];
    int len[UK_PG_VALUES];
    bool answered; /* once already */
    uint64_t digest;
};

void uk_pg_script_read(const struct uk_pg *pg, size_t at,
                       struct uk_pg_record *out);
/* Keep what it has answered. */
void uk_pg_script_answer(struct uk_pg *pg, size_t at, uint64_t digest);
void uk_pg_script_cut(struct uk_pg *pg, size_t at);
void uk_pg_script_clear(struct uk_pg *pg);

/* Send what has not been played and take the answers (pg_play.c), as
 * often as it is right to.  *last, or NULL for nobody: the answer of the last
 * one, the caller's. */
UK_MUST_USE enum uk_code uk_pg_play(struct uk_pg *pg, PGresult **last,
                                    struct uk_err *err);

/* What stands behind it: send a statement, in front of it its preparation
 * where it is not known; take its answer, the caller's, and that of its
 * preparation; take what comes up to the next point of synchronization. */
UK_MUST_USE bool uk_pg_send(struct uk_pg *pg, const struct uk_pg_record *record,
                            bool known[UK_PG_SQL_COUNT]);
UK_MUST_USE enum uk_pg_fault uk_pg_take(struct uk_pg *pg, enum uk_pg_sql which,
                                        struct uk_deadline by, PGresult **out,
                                        struct uk_err *err);
UK_MUST_USE enum uk_pg_fault
uk_pg_take_rest(struct uk_pg *pg, struct uk_deadline by, struct uk_err *err);

/* Questions (pg_ask.c). */
void uk_pg_ask(struct uk_store *, struct uk_question *);
void uk_pg_listen(struct uk_store *);
void uk_pg_watch(struct uk_store *, int epoll);
/* There is a connection now. */
void uk_pg_watch_conn(struct uk_pg *pg);
/* Wait for the answers to all of them, so that the connection is free. */
void uk_pg_settle(struct uk_pg *pg);
/* The query of find_keys, ready to go, and the reading of its answer. */
struct uk_pg_query uk_pg_start_keys(struct uk_store *,
                                    const struct uk_store_hash *, size_t);
void uk_pg_read_logins(const struct uk_pg_query *, const struct uk_store_hash *,
                       size_t, struct uk_store_login *);

/* Transactions (pg_transaction.c). */
enum uk_code uk_pg_begin(struct uk_store *, struct uk_err *);
enum uk_code uk_pg_commit(struct uk_store *, struct uk_err *);
void uk_pg_rollback(struct uk_store *);
enum uk_code uk_pg_save(struct uk_store *, struct uk_err *);
enum uk_code uk_pg_keep(struct uk_store *, struct uk_err *);
enum uk_code uk_pg_undo(struct uk_store *, struct uk_err *);

/*
 * Bring the schema to the last of the steps, or refuse it (pg_schema.c).
 * Step n leads from version n to n + 1 and is statements up to a NULL.
 */
struct uk_pg_schema {
    const char *const *const *steps;
    size_t count;
};

extern const struct uk_pg_schema uk_pg_schema;

UK_MUST_USE enum uk_code uk_pg_migrate(struct uk_pg *pg,
                                       const struct uk_pg_schema *schema,
                                       struct uk_err *err);

#endif
