/* Copies of everything: what is read from an SQLite file. */
#include <stdlib.h>

#include "core/buf.h"
#include "service/store/copy.h"
#include "service/store/fresh.h"
#include "service/store/sqlite.h"

#define BUSY_MS   5000
#define SQL_MAX   1024
#define URI_MAX   (3 * 4096 + 32)
#define OPS       100000 /* of the database's machine, between looks */
#define UNTRUSTED "PRAGMA trusted_schema = OFF"
#define NOT_OURS  "it is not a database of userkey-server"

struct source {
    struct uk_copy_source source; /* first */
    struct uk_sqlite lite;
};

static void
close_source(struct uk_copy_source *base)
{
    struct source *source = (struct source *)base;

    sqlite3_close(source->lite.db);
    free(source);
}

static enum uk_code
take_value(const struct uk_copy_column *column, sqlite3_stmt *row, int i,
           struct uk_copy_value *out, struct uk_err *err)
{
    int want = SQLITE_INTEGER;

    if (column->kind == UK_COPY_TEXT)
        want = SQLITE_TEXT;
    else if (column->kind == UK_COPY_BYTES)
        want = SQLITE_BLOB;
    if (sqlite3_column_type(row, i) != want)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "column '%s' has a value of another kind",
                          column->name);
    *out = (struct uk_copy_value){.number = 0};
    if (want == SQLITE_INTEGER) {
        out->number = sqlite3_column_int64(row, i);
        return UK_OK;
    }
    out->bytes = want == SQLITE_TEXT ? (const void *)sqlite3_column_text(row, i)
                                     : sqlite3_column_blob(row, i);
    out->len = (size_t)sqlite3_column_bytes(row, i);
    if (out->bytes == NULL && out->len > 0)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a row");
    return UK_OK;
}

/* A view can have rows without end, and so can what only calls itself a
 * table. */
static enum uk_code
check_table(struct uk_sqlite *lite, const struct uk_copy_table *table,
            struct uk_err *err)
{
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);
    int64_t columns = 0;
    enum uk_code code;

    uk_buf_addf(&sql,
                "SELECT count(*) FROM sqlite_schema s,"
                " pragma_table_xinfo(s.name) c WHERE s.type = 'table'"
                " AND s.name = '%s' AND s.rootpage > 0 AND c.hidden = 0"
                " AND c.name IN (",
                table->name);
    for (size_t i = 0; i < table->count; i++)
        uk_buf_addf(&sql, "%s'%s'", i > 0 ? ", " : "", table->column[i].name);
    uk_buf_add_text(&sql, ")");
    code = uk_buf_check(&sql, err);
    if (code == UK_OK)
        code = uk_sqlite_once(lite, uk_buf_peek(&sql), &columns, err);
    uk_buf_clear(&sql);
    if (code == UK_OK && columns != (int64_t)table->count)
        code = uk_err_set(err, UK_MISCONFIGURED, NOT_OURS);
    return code;
}

static int
look(void *context)
{
    const struct uk_copy_source *source = context;

    return source->stops != NULL && source->stops(source->context);
}

static enum uk_code
read_rows(struct uk_copy_source *base, const struct uk_copy_table *table,
          uk_copy_row *each, void *context, struct uk_err *err)
{
    struct uk_sqlite *lite = &((struct source *)base)->lite;
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);
    struct uk_copy_value values[UK_COPY_COLUMNS];
    sqlite3_stmt *rows = NULL;
    enum uk_code code;
    int status;

    uk_buf_add_text(&sql, "SELECT ");
    uk_copy_names(&sql, table);
    uk_buf_addf(&sql, " FROM %s ORDER BY %s", table->name,
                table->column[0].name);
    code = check_table(lite, table, err);
    if (code == UK_OK)
        code = uk_sqlite_prepare(lite, &sql, &rows, err);
    else
        uk_buf_clear(&sql);
    while (code == UK_OK && (status = sqlite3_step(rows)) != SQLITE_DONE) {
        if (status != SQLITE_ROW)
            code = uk_sqlite_fail(lite, status, "the database", err);
        for (size_t i = 0; i < table->count && code == UK_OK; i++)
            code = take_value(&table->column[i], rows, (int)i, &values[i], err);
        if (code == UK_OK)
            code = each(context, values, err);
    }
    sqlite3_finalize(rows);
    return code;
}

static const struct uk_copy_source_ops source_ops = {
    .close = close_source,
    .read = read_rows,
};

/* As a URI, with every byte that could mean something there in numbers. */
static void
write_uri(const char *path, struct uk_buf *out)
{
    uk_buf_add_text(out, "file:");
    for (; path[0] != '\0'; path++)
        uk_buf_addf(out, path[0] == '/' ? "/" : "%%%02X",
                    (unsigned)(unsigned char)path[0]);
    uk_buf_add_text(out, "?immutable=1");
}

/* A copy may lie where nothing can be written.  But where there is a log
 * beside it, rows are in that. */
static enum uk_code
open_file(struct uk_sqlite *lite, const char *path, enum uk_copy_use use,
          struct uk_err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI;
    struct uk_buf uri = UK_BUF_UP_TO(URI_MAX);
    enum uk_code code;
    int status;

    flags |= use == UK_COPY_LIVE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (use == UK_COPY_FILE && !uk_fresh_has_log(path))
        write_uri(path, &uri);
    else
        uk_buf_add_text(&uri, path); /* absolute, so no URI */
    code = uk_buf_check(&uri, err);
    if (code == UK_OK) {
        status = sqlite3_open_v2(uk_buf_peek(&uri), &lite->db, flags, NULL);
        if (status != SQLITE_OK)
            code = uk_sqlite_fail(lite, status, "it cannot be opened", err);
    }
    uk_buf_clear(&uri);
    if (code == UK_OK)
        sqlite3_busy_timeout(lite->db, BUSY_MS);
    return code;
}

/* The original stays as it is: its pages go into a file without a name, and
 * that is brought up to date. */
static enum uk_code
climb_in_a_copy(struct uk_sqlite *lite, struct uk_err *err)
{
    struct uk_sqlite copy = {.db = NULL};
    sqlite3_backup *pages = NULL;
    enum uk_code code;
    int status;

    status = sqlite3_open_v2("", &copy.db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                 SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             NULL);
    if (status == SQLITE_OK)
        pages = sqlite3_backup_init(copy.db, "main", lite->db, "main");
    if (pages != NULL)
        status = sqlite3_backup_step(pages, -1);
    else if (status == SQLITE_OK)
        status = sqlite3_extended_errcode(copy.db);
    sqlite3_backup_finish(pages);
    if (status != SQLITE_DONE)
        code = uk_sqlite_fail(&copy, status, "a copy of it", err);
    else /* a setting of each connection */
        code = uk_sqlite_once(&copy, UNTRUSTED, NULL, err);
    if (code == UK_OK)
        code = uk_sqlite_migrate(&copy, UK_STORE_WRITE, err);
    if (code != UK_OK) {
        sqlite3_close(copy.db);
        return code;
    }
    sqlite3_close(lite->db);
    lite->db = copy.db;
    return UK_OK;
}

/* One view of it, of the newest schema, whatever others do. */
static enum uk_code
fix_view(struct uk_sqlite *lite, struct uk_err *err)
{
    int64_t version = 0;
    bool newest = false;
    enum uk_code code;

    code = uk_sqlite_once(lite, UNTRUSTED, NULL, err);
    if (code == UK_OK)
        code = uk_sqlite_version(lite, &version, &newest, err);
    if (code == UK_OK && version == 0)
        code = uk_err_set(err, UK_MISCONFIGURED, NOT_OURS);
    if (code == UK_OK && !newest)
        code = climb_in_a_copy(lite, err);
    if (code == UK_OK)
        code = uk_sqlite_once(lite, "BEGIN", NULL, err);
    if (code == UK_OK) /* a view begins with the first look */
        code = uk_sqlite_version(lite, &version, &newest, err);
    if (code == UK_OK && !newest)
        code = uk_err_set(err, UK_MISCONFIGURED, "its schema has just changed");
    return code;
}

enum uk_code
uk_sqlite_source_open(const char *path, enum uk_copy_use use,
                      struct uk_copy_source **out, struct uk_err *err)
{
    struct source *source = calloc(1, sizeof(*source));
    enum uk_code code;

    if (source == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the database");
    source->source.ops = &source_ops;
    code = open_file(&source->lite, path, use, err);
    if (code == UK_OK)
        code = fix_view(&source->lite, err);
    if (code == UK_OK)
        sqlite3_progress_handler(source->lite.db, OPS, look, source);
    if (code != UK_OK) {
        close_source(&source->source);
        return uk_err_in(err, "the database '%s'", path);
    }
    *out = &source->source;
    return UK_OK;
}
