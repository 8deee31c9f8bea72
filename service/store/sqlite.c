/* One connection to an SQLite file, its transactions and its apps. */
#include "service/store/sqlite.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/str.h"
#include "service/store/question.h"

#define BUSY_MS 5000

enum uk_code
uk_sqlite_fail(struct uk_sqlite *lite, int status, const char *what,
               struct uk_err *err)
{
    enum uk_code code = UK_SYSTEM;
    char why[256]; /* it may quote a file that somebody has handed us */

    if (status == SQLITE_NOMEM)
        code = UK_NO_MEMORY;
    else if ((status & 0xff) == SQLITE_BUSY)
        code = UK_TIMEOUT; /* another process writes */

    if (lite->db == NULL)
        return uk_err_set(err, code, "%s: %s", what, sqlite3_errstr(status));
    uk_str_escape(why, sizeof(why), sqlite3_errmsg(lite->db));
    return uk_err_set(err, code, "%s: %s (%d)", what, why,
                      sqlite3_extended_errcode(lite->db));
}

enum uk_code
uk_sqlite_once(struct uk_sqlite *lite, const char *sql, int64_t *first,
               struct uk_err *err)
{
    sqlite3_stmt *statement = NULL;
    enum uk_code code = UK_OK;
    int status;

    status = sqlite3_prepare_v2(lite->db, sql, -1, &statement, NULL);
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    if (status != SQLITE_ROW && status != SQLITE_DONE)
        code = uk_sqlite_fail(lite, status, "the database", err);
    else if (first != NULL)
        *first = status == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return code;
}

static enum uk_code
begin(struct uk_store *store, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_BEGIN, "BEGIN IMMEDIATE");

    return uk_query_run(&query, NULL, err);
}

static enum uk_code
commit(struct uk_store *store, struct uk_err *err)
{
    struct uk_query query = uk_query_start(store, UK_SQL_COMMIT, "COMMIT");

    return uk_query_run(&query, NULL, err);
}

static void
rollback(struct uk_store *store)
{
    struct uk_sqlite *lite = (struct uk_sqlite *)store;
    struct uk_err err = UK_ERR_NONE;
    struct uk_query query;

    /* A full disk may have undone it already. */
    if (sqlite3_get_autocommit(lite->db))
        return;
    query = uk_query_start(store, UK_SQL_ROLLBACK, "ROLLBACK");
    (void)!uk_query_run(&query, NULL, &err);
}

static enum uk_code
save(struct uk_store *store, struct uk_err *err)
{
    struct uk_query query = uk_query_start(store, UK_SQL_SAVE, "SAVEPOINT one");

    return uk_query_run(&query, NULL, err);
}

static enum uk_code
keep(struct uk_store *store, struct uk_err *err)
{
    struct uk_query query = uk_query_start(store, UK_SQL_KEEP, "RELEASE one");

    return uk_query_run(&query, NULL, err);
}

static enum uk_code
undo(struct uk_store *store, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_UNDO, "ROLLBACK TO one");
    enum uk_code code;

    code = uk_query_run(&query, NULL, err);
    return code == UK_OK ? keep(store, err) : code;
}

/* One read transaction: its locks are taken once, not for each lookup.  Where
 * it cannot begin, every lookup is one of its own. */
static void
look(struct uk_store *store)
{
    struct uk_query query = uk_query_start(store, UK_SQL_LOOK, "BEGIN");
    struct uk_err err = UK_ERR_NONE;

    (void)!uk_query_run(&query, NULL, &err);
}

static void
look_away(struct uk_store *store)
{
    struct uk_sqlite *lite = (struct uk_sqlite *)store;
    struct uk_err err = UK_ERR_NONE;
    struct uk_query query;

    if (sqlite3_get_autocommit(lite->db))
        return;
    query = uk_query_start(store, UK_SQL_LOOK_AWAY, "COMMIT");
    (void)!uk_query_run(&query, NULL, &err);
}

static enum uk_code
find_app(struct uk_store *store, const char *client_id,
         struct uk_store_app *out, bool *found, struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_FIND_APP,
                       "SELECT " UK_QUERY_APP
                       " FROM app a WHERE a.client_id = ? AND a.deleted = 0");
    enum uk_code code;
    bool row;

    uk_query_put_text(&query, client_id);
    code = uk_query_step(&query, &row, err);
    if (code == UK_OK) {
        *found = row;
        if (row)
            uk_query_app(&query, 0, out);
    }
    uk_query_end(&query);
    return code;
}

static enum uk_code
only_app(struct uk_store *store, struct uk_store_app *out, unsigned *count,
         struct uk_err *err)
{
    struct uk_query query =
        uk_query_start(store, UK_SQL_ONLY_APP,
                       "SELECT " UK_QUERY_APP " FROM app a"
                       " WHERE a.deleted = 0 ORDER BY a.id LIMIT 2");
    unsigned n = 0;
    enum uk_code code;
    bool row;

    while ((code = uk_query_step(&query, &row, err)) == UK_OK && row) {
        if (n++ == 0)
            uk_query_app(&query, 0, out);
    }
    uk_query_end(&query);
    if (code == UK_OK)
        *count = n;
    return code;
}

static enum uk_code
add_app(struct uk_store *store, const struct uk_store_app *app,
        const char *name, enum uk_store_result *result, struct uk_err *err)
{
    struct uk_query query = uk_query_start(
        store, UK_SQL_ADD_APP,
        "INSERT INTO app(id, client_id, name, created) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (client_id) DO NOTHING");
    enum uk_code code;
    int changed;

    uk_query_put_text(&query, app->id);
    uk_query_put_text(&query, app->client_id);
    uk_query_put_text(&query, name);
    uk_query_put_int(&query, uk_id_now_us());
    code = uk_query_run(&query, &changed, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_TAKEN;
    return code;
}

static void
close_store(struct uk_store *store)
{
    struct uk_sqlite *lite = (struct uk_sqlite *)store;

    for (size_t i = 0; i < UK_SQL_COUNT; i++)
        sqlite3_finalize(lite->statement[i]);
    sqlite3_close(lite->db);
    free(lite);
}

static const struct uk_store_ops ops = {
    .close = close_store,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .save = save,
    .keep = keep,
    .undo = undo,
    .look = look,
    .look_away = look_away,
    .ask = uk_question_answer,
    .find_app = find_app,
    .only_app = only_app,
    .find_keys = uk_sqlite_find_keys,
    .find_session = uk_sqlite_find_session,
    .find_password = uk_sqlite_find_password,
    .find_key = uk_sqlite_find_key,
    .list_keys = uk_sqlite_list_keys,
    .list_identities = uk_sqlite_list_identities,
    .claim = uk_sqlite_claim,
    .add_app = add_app,
    .add_user = uk_sqlite_add_user,
    .set_user = uk_sqlite_set_user,
    .set_password = uk_sqlite_set_password,
    .confirm_user = uk_sqlite_confirm_user,
    .settle_user = uk_sqlite_settle_user,
    .delete_pending = uk_sqlite_delete_pending,
    .merge_user = uk_sqlite_merge_user,
    .add_handout = uk_sqlite_add_handout,
    .find_handout = uk_sqlite_find_handout,
    .take_handout = uk_sqlite_take_handout,
    .delete_user = uk_sqlite_delete_user,
    .add_key = uk_sqlite_add_key,
    .set_key = uk_sqlite_set_key,
    .set_expiry = uk_sqlite_set_expiry,
    .delete_key = uk_sqlite_delete_key,
    .revoke = uk_sqlite_revoke,
    .end_sessions = uk_sqlite_end_sessions,
    .page_users = uk_sqlite_page_users,
    .find_user = uk_sqlite_find_user,
    .note_logins = uk_sqlite_note_logins,
    .set_email = uk_sqlite_set_email,
    .list_origins = uk_sqlite_list_origins,
    .set_providers = uk_sqlite_set_providers,
    .set_refresh = uk_sqlite_set_refresh,
    .set_origins = uk_sqlite_set_origins,
    .drop_app = uk_sqlite_drop_app,
    .empty_app = uk_sqlite_empty_app,
    .list_servers = uk_sqlite_list_servers,
    .find_server = uk_sqlite_find_server,
    .add_server = uk_sqlite_add_server,
    .list_apps = uk_sqlite_list_apps,
    .count_users = uk_sqlite_count_users,
    .find_admin = uk_sqlite_find_admin,
    .list_admins = uk_sqlite_list_admins,
    .add_admin = uk_sqlite_add_admin,
    .delete_admin = uk_sqlite_delete_admin,
};

/* What each connection is set to.  A file that is no database is noticed by
 * the first of them that reads it.  Nothing is put into a folder for temporary
 * files: a service that is confined has none. */
static enum uk_code
set_up(struct uk_sqlite *lite, enum uk_store_mode mode, struct uk_err *err)
{
    static const char *const always[] = {
        "PRAGMA trusted_schema = OFF", "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = FAST", "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",   "PRAGMA temp_store = MEMORY",
    };
    enum uk_code code = UK_OK;

    sqlite3_busy_timeout(lite->db, BUSY_MS);
    for (size_t i = 0; i < UK_COUNT(always) && code == UK_OK; i++)
        code = uk_sqlite_once(lite, always[i], NULL, err);
    if (code == UK_OK)
        code = uk_sqlite_migrate(lite, mode, err);
    if (code == UK_OK && mode == UK_STORE_READ)
        code = uk_sqlite_once(lite, "PRAGMA query_only = ON", NULL, err);
    return code;
}

/* Counting its memory costs SQLite a lock that all threads share. */
static void
configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum uk_code
uk_sqlite_open(const char *path, enum uk_store_mode mode, struct uk_store **out,
               struct uk_err *err)
{
    struct uk_sqlite *lite = calloc(1, sizeof(*lite));
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                      SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    enum uk_code code = UK_OK;
    int status;

    if (lite == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the database");
    lite->store.ops = &ops;
    pthread_once(&once, configure);
    /* SQLite itself cannot make a file that must be new. */
    if (mode == UK_STORE_CREATE)
        code = uk_file_create(path, "", 0, 0600, err);
    if (code == UK_OK) {
        status = sqlite3_open_v2(path, &lite->db, flags, NULL);
        code = status == SQLITE_OK
                   ? set_up(lite, mode, err)
                   : uk_sqlite_fail(lite, status, "it cannot be opened", err);
    }
    if (code != UK_OK) {
        close_store(&lite->store);
        return uk_err_in(err, "the database '%s'", path);
    }
    *out = &lite->store;
    return UK_OK;
}
