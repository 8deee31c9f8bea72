/* Copies of everything: what is written into a new SQLite file. */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/str.h"
#include "service/store/copy.h"
#include "service/store/fresh.h"
#include "service/store/sqlite.h"

#define SQL_MAX 1024

struct target {
    struct uk_copy_target target; /* first */
    struct uk_fresh fresh;
    struct uk_store *store;
    const struct uk_copy_table *table; /* that is being filled */
    sqlite3_stmt *insert;
};

enum uk_code
uk_sqlite_claim(struct uk_store *store, bool *taken, struct uk_err *err)
{
    int64_t apps = 0;
    enum uk_code code;

    /* The transaction has the right to write: nobody else does. */
    code = uk_sqlite_once((struct uk_sqlite *)store,
                          "SELECT EXISTS (SELECT 1 FROM app)", &apps, err);
    if (code == UK_OK)
        *taken = apps != 0;
    return code;
}

static void
close_target(struct uk_copy_target *base)
{
    struct target *target = (struct target *)base;

    sqlite3_finalize(target->insert);
    uk_store_close(target->store);
    uk_fresh_stop(&target->fresh);
    free(target);
}

static enum uk_code
begin_table(struct uk_copy_target *base, const struct uk_copy_table *table,
            struct uk_err *err)
{
    struct target *target = (struct target *)base;
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);

    sqlite3_finalize(target->insert);
    target->insert = NULL;
    target->table = table;
    uk_buf_addf(&sql, "INSERT INTO %s(", table->name);
    uk_copy_names(&sql, table);
    for (size_t i = 0; i < table->count; i++)
        uk_buf_add_text(&sql, i > 0 ? ", ?" : ") VALUES (?");
    uk_buf_add_text(&sql, ")");
    return uk_sqlite_prepare((struct uk_sqlite *)target->store, &sql,
                             &target->insert, err);
}

static int
bind(sqlite3_stmt *insert, int i, enum uk_copy_kind kind,
     const struct uk_copy_value *value)
{
    switch (kind) {
    case UK_COPY_TEXT:
        return sqlite3_bind_text64(insert, i,
                                   value->len > 0 ? value->bytes : "",
                                   value->len, SQLITE_STATIC, SQLITE_UTF8);
    case UK_COPY_BYTES:
        return sqlite3_bind_blob64(insert, i,
                                   value->len > 0 ? value->bytes : "",
                                   value->len, SQLITE_STATIC);
    case UK_COPY_NUMBER:
    case UK_COPY_FLAG:
        break;
    }
    return sqlite3_bind_int64(insert, i, value->number);
}

static enum uk_code
put_row(struct uk_copy_target *base,
        const struct uk_copy_value values[UK_COPY_COLUMNS], struct uk_err *err)
{
    struct target *target = (struct target *)base;
    int status = SQLITE_OK;

    for (size_t i = 0; i < target->table->count && status == SQLITE_OK; i++)
        status = bind(target->insert, (int)i + 1, target->table->column[i].kind,
                      &values[i]);
    if (status == SQLITE_OK)
        status = sqlite3_step(target->insert);
    if (status != SQLITE_DONE)
        return uk_sqlite_fail((struct uk_sqlite *)target->store, status,
                              target->fresh.beside, err);
    sqlite3_reset(target->insert);
    return UK_OK;
}

static enum uk_code
end_table(struct uk_copy_target *base, uint64_t *rows, struct uk_err *err)
{
    struct target *target = (struct target *)base;
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);
    int64_t count = 0;
    enum uk_code code;

    uk_buf_addf(&sql, "SELECT count(*) FROM %s", target->table->name);
    code = uk_buf_check(&sql, err);
    if (code == UK_OK)
        code = uk_sqlite_once((struct uk_sqlite *)target->store,
                              uk_buf_peek(&sql), &count, err);
    uk_buf_clear(&sql);
    if (code == UK_OK)
        *rows = (uint64_t)count;
    return code;
}

static enum uk_code
check_whole(struct uk_sqlite *lite, struct uk_err *err)
{
    struct uk_buf sql = UK_BUF_UP_TO(SQL_MAX);
    char shown[UK_PRINTABLE_SIZE];
    sqlite3_stmt *check = NULL;
    const char *answer = NULL;
    enum uk_code code;

    uk_buf_add_text(&sql, "PRAGMA integrity_check(1)");
    code = uk_sqlite_prepare(lite, &sql, &check, err);
    if (code != UK_OK)
        return code;
    if (sqlite3_step(check) == SQLITE_ROW)
        answer = (const char *)sqlite3_column_text(check, 0);
    if (answer == NULL)
        code = uk_sqlite_fail(lite, sqlite3_errcode(lite->db),
                              "checking the copy", err);
    else if (strcmp(answer, "ok") != 0)
        code = uk_err_set(err, UK_SYSTEM, "the copy is broken: %s",
                          uk_str_printable(shown, answer, strlen(answer)));
    sqlite3_finalize(check);
    return code;
}

static enum uk_code
finish(struct uk_copy_target *base, struct uk_err *err)
{
    struct target *target = (struct target *)base;
    struct uk_sqlite *lite = (struct uk_sqlite *)target->store;
    enum uk_code code;

    sqlite3_finalize(target->insert);
    target->insert = NULL;
    code = uk_sqlite_once(lite, "COMMIT", NULL, err);
    if (code == UK_OK)
        code = check_whole(lite, err);
    uk_store_close(target->store);
    target->store = NULL;
    return code == UK_OK ? uk_fresh_keep(&target->fresh, err) : code;
}

static const struct uk_copy_target_ops target_ops = {
    .close = close_target,
    .begin = begin_table,
    .put = put_row,
    .end = end_table,
    .finish = finish,
};

/* Nobody reads the file before it is whole and flushed: so no journal, and
 * memory for the indexes, whose order is not the rows'. */
static enum uk_code
prepare_file(struct uk_sqlite *lite, struct uk_err *err)
{
    static const char *const settings[] = {
        "PRAGMA journal_mode = DELETE",
        "PRAGMA journal_mode = OFF",
        "PRAGMA synchronous = OFF",
        "PRAGMA cache_size = -262144", /* KiB */
        "BEGIN",
    };
    enum uk_code code = UK_OK;

    for (size_t i = 0; i < UK_COUNT(settings) && code == UK_OK; i++)
        code = uk_sqlite_once(lite, settings[i], NULL, err);
    return code;
}

enum uk_code
uk_sqlite_target_open(const char *path, struct uk_copy_target **out,
                      struct uk_err *err)
{
    struct target *target = calloc(1, sizeof(*target));
    enum uk_code code;

    if (target == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the database");
    target->target.ops = &target_ops;
    code = uk_fresh_start(&target->fresh, path, err);
    if (code == UK_OK)
        code = uk_sqlite_open(target->fresh.beside, UK_STORE_CLAIM,
                              &target->store, err);
    if (code == UK_OK)
        code = prepare_file((struct uk_sqlite *)target->store, err);
    if (code != UK_OK) {
        close_target(&target->target);
        return code;
    }
    *out = &target->target;
    return UK_OK;
}
