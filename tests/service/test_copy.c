/* A copy of everything, between doubles: what is lost on the way is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <unistd.h>

#include "service/store/copy.h"

#define ROWS 10000 /* in each table */

static struct uk_err err;

/* What the target does otherwise than it should. */
static struct {
    uint64_t lost; /* rows of each table, says its count */
    uint64_t put, fail_at, stop_at;
    bool stop_now, finished, checked;
    const struct uk_copy_table *wrong; /* its last column is */
} script;

#define TEXT(text)                                                             \
    ((struct uk_copy_value){.bytes = (text), .len = strlen(text)})

/* What the service could have written there. */
static struct uk_copy_value
value_of(const struct uk_copy_column *column)
{
    switch (column->form) {
    case UK_COPY_ID:
    case UK_COPY_SUBJECT:
        return TEXT("0123456789abcdef01234567");
    case UK_COPY_HASH:
        return TEXT("0123456789abcdef0123456789abcdef");
    case UK_COPY_APP_NAME:
    case UK_COPY_KEY_NAME:
    case UK_COPY_ADMIN_NAME:
        return TEXT("name");
    case UK_COPY_PROVIDER:
        return TEXT("anon-user");
    case UK_COPY_PURPOSE:
        return TEXT("reset");
    case UK_COPY_ADDRESS:
    case UK_COPY_SECRET:
    case UK_COPY_ORIGINS:
        return (struct uk_copy_value){.bytes = NULL};
    case UK_COPY_YES_NO:
    case UK_COPY_TIME_US:
    case UK_COPY_TIME_S:
    case UK_COPY_EPOCH:
        return (struct uk_copy_value){.number = 1};
    case UK_COPY_PROVIDERS:
    case UK_COPY_LIFETIME:
        break;
    }
    return (struct uk_copy_value){.number = 0};
}

static enum uk_code
read_rows(struct uk_copy_source *source, const struct uk_copy_table *table,
          uk_copy_row *each, void *context, struct uk_err *why)
{
    struct uk_copy_value values[UK_COPY_COLUMNS];
    enum uk_code code = UK_OK;

    for (size_t i = 0; i < table->count; i++)
        values[i] = value_of(&table->column[i]);
    if (script.wrong == table)
        values[table->count - 1].number = -1;

    for (int i = 0; i < ROWS && code == UK_OK; i++)
        code = each(context, values, why);
    return code;
}

static enum uk_code
begin(struct uk_copy_target *target, const struct uk_copy_table *table,
      struct uk_err *why)
{
    script.put = 0;
    return UK_OK;
}

static enum uk_code
put(struct uk_copy_target *target,
    const struct uk_copy_value values[UK_COPY_COLUMNS], struct uk_err *why)
{
    if (++script.put == script.fail_at)
        return uk_err_set(why, UK_SYSTEM, "no room");
    return UK_OK;
}

static enum uk_code
end(struct uk_copy_target *target, uint64_t *rows, struct uk_err *why)
{
    *rows = script.put - script.lost;
    return UK_OK;
}

static enum uk_code
finish(struct uk_copy_target *target, struct uk_err *why)
{
    script.finished = true;
    return UK_OK;
}

static enum uk_code
watch(void *context, const char *table, uint64_t rows, struct uk_err *why)
{
    if (table == NULL)
        script.checked = true;
    if (script.stop_now || (script.stop_at > 0 && rows >= script.stop_at))
        return uk_err_set(why, UK_CANCELLED, "cancelled");
    return UK_OK;
}

static const struct uk_copy_source_ops source_ops = {.read = read_rows};
static const struct uk_copy_target_ops target_ops = {
    .begin = begin, .put = put, .end = end, .finish = finish};
static struct uk_copy_source source = {.ops = &source_ops};
static struct uk_copy_target target = {&target_ops};

static int
reset(void **state)
{
    memset(&script, 0, sizeof(script));
    memset(&err, 0, sizeof(err));
    return 0;
}

static enum uk_code
run(uint64_t rows[UK_COPY_TABLES])
{
    return uk_copy_run(&source, &target, watch, NULL, rows, &err);
}

static void
counts_what_it_copies(void **state)
{
    uint64_t rows[UK_COPY_TABLES];

    assert_int_equal(run(rows), UK_OK);
    for (size_t i = 0; i < UK_COPY_TABLES; i++)
        assert_int_equal(rows[i], ROWS);
    assert_false(script.finished);
    assert_int_equal(uk_copy_finish(&target, watch, NULL, &err), UK_OK);
    assert_true(script.checked && script.finished);
}

static void
sees_that_a_row_is_missing(void **state)
{
    uint64_t rows[UK_COPY_TABLES];

    script.lost = 1;
    assert_int_equal(run(rows), UK_SYSTEM);
    assert_non_null(strstr(err.text, "10000 rows were read and 9999"));
    assert_non_null(strstr(err.text, uk_copy_tables[0].name));
}

static void
says_which_table_failed(void **state)
{
    uint64_t rows[UK_COPY_TABLES];

    script.fail_at = ROWS;
    assert_int_equal(run(rows), UK_SYSTEM);
    assert_non_null(strstr(err.text, "copying table 'app': no room"));
}

static void
says_which_row_is_wrong(void **state)
{
    uint64_t rows[UK_COPY_TABLES];

    script.wrong = &uk_copy_tables[4];
    assert_int_equal(run(rows), UK_MISCONFIGURED);
    assert_string_equal(err.text,
                        "copying table 'deleted_key': row "
                        "'0123456789abcdef01234567': column 'deleted' has a "
                        "value that userkey-server does not write");
    assert_int_equal(script.put, 0);
}

/* A table that calls itself ours, but must be sorted as a whole before its
 * first row is there. */
static void
make_slow_file(char path[64])
{
    static const char *const statements[] = {
        "PRAGMA application_id = 0x756b6579",
        "CREATE TABLE revoked_session(id TEXT, expires INTEGER)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " LIMIT 200000) INSERT INTO revoked_session"
        " SELECT printf('%024x', i * 7919 % 200003), i FROM n",
    };
    struct uk_copy_source *ours;
    sqlite3 *db;

    strcpy(path, "/tmp/userkey-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    strcat(path, "/slow.db");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < UK_COUNT(statements); i++)
        assert_int_equal(sqlite3_exec(db, statements[i], NULL, NULL, NULL),
                         SQLITE_OK);
    /* Of the newest version, whichever that is. */
    for (int version = 1;; version++) {
        char sql[64];

        snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        memset(&err, 0, sizeof(err));
        if (uk_sqlite_source_open(path, UK_COPY_LIVE, &ours, &err) == UK_OK)
            break;
        assert_in_range(version, 1, 100);
    }
    uk_copy_source_close(ours);
    sqlite3_close(db);
}

static bool
stop_at_once(void *context)
{
    ++*(int *)context;
    return true;
}

static enum uk_code
take_row(void *context, const struct uk_copy_value values[UK_COPY_COLUMNS],
         struct uk_err *why)
{
    fail_msg("there is a row");
    return UK_OK;
}

static void
stops_before_the_first_row(void **state)
{
    struct uk_copy_source *ours = NULL;
    char path[64];
    int asked = 0;

    make_slow_file(path);
    assert_int_equal(uk_sqlite_source_open(path, UK_COPY_LIVE, &ours, &err),
                     UK_OK);
    ours->stops = stop_at_once;
    ours->context = &asked;
    assert_int_not_equal(
        ours->ops->read(ours, &uk_copy_tables[5], take_row, NULL, &err), UK_OK);
    assert_int_equal(asked, 1);
    uk_copy_source_close(ours);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
}

static void
ends_when_told_to(void **state)
{
    uint64_t rows[UK_COPY_TABLES];

    script.stop_at = 1;
    assert_int_equal(run(rows), UK_CANCELLED);
    assert_true(script.put < ROWS);
    /* And what is all there is not kept, either. */
    reset(state);
    assert_int_equal(run(rows), UK_OK);
    script.stop_now = true;
    assert_int_equal(uk_copy_finish(&target, watch, NULL, &err), UK_CANCELLED);
    assert_false(script.finished);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counts_what_it_copies, reset),
        cmocka_unit_test_setup(sees_that_a_row_is_missing, reset),
        cmocka_unit_test_setup(says_which_table_failed, reset),
        cmocka_unit_test_setup(says_which_row_is_wrong, reset),
        cmocka_unit_test_setup(ends_when_told_to, reset),
        cmocka_unit_test_setup(stops_before_the_first_row, reset),
    };

    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
