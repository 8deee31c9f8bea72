/* Cases for every kind of store: what a copy of everything copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib_store.h"
#include "service/store/copy.h"

/* How each kind of store shows its columns, and names its types. */
static const struct {
    const char *kind, *columns, *of_table, *one, *types[4];
} schemas[] = {
    {"sqlite",
     "SELECT count(*) FROM sqlite_schema s, pragma_table_info(s.name)"
     " WHERE s.type = 'table'",
     "SELECT count(*) FROM pragma_table_info('%s')",
     "SELECT count(*) FROM pragma_table_info('%s')"
     " WHERE name = '%s' AND type = '%s' AND (pk = %d OR pk = 0 AND "
     "\"notnull\")",
     {"TEXT", "BLOB", "INTEGER", "INTEGER"}},
    {"postgresql",
     "SELECT count(*) FROM information_schema.columns"
     " WHERE table_schema = current_schema()"
     " AND table_name <> 'userkey_schema'",
     "SELECT count(*) FROM information_schema.columns"
     " WHERE table_schema = current_schema() AND table_name = '%s'",
     "SELECT count(*) FROM information_schema.columns"
     " WHERE table_schema = current_schema() AND table_name = '%s'"
     " AND column_name = '%s' AND data_type = '%s' AND is_nullable = 'NO'"
     " AND %d >= 0",
     {"bytea", "bytea", "bigint", "boolean"}},
};

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* Every column of every table is copied, as what it is. */
void
a_copy_leaves_no_column_out(void **state)
{
    struct fixture *f = *state;
    char sql[512];
    size_t all = 0, kind = 0;

    while (strcmp(schemas[kind].kind, f->kind->name) != 0)
        assert_true(++kind < UK_COUNT(schemas));
    for (size_t i = 0; i < UK_COPY_TABLES; i++) {
        const struct uk_copy_table *table = &uk_copy_tables[i];

        all += table->count;
        snprintf(sql, sizeof(sql), schemas[kind].of_table, table->name);
        if (count(f, sql) != (int64_t)table->count)
            fail_msg("table %s has other columns", table->name);
        for (size_t c = 0; c < table->count; c++) {
            const struct uk_copy_column *column = &table->column[c];

            snprintf(sql, sizeof(sql), schemas[kind].one, table->name,
                     column->name, schemas[kind].types[column->kind], c == 0);
            if (count(f, sql) != 1)
                fail_msg("no column %s.%s of that kind", table->name,
                         column->name);
        }
    }
    assert_int_equal(count(f, schemas[kind].columns), all);
}

void
a_database_with_an_app_cannot_be_claimed(void **state)
{
    struct fixture *f = *state;
    bool taken = false;

    begin(f->write);
    assert_int_equal(uk_store_call(f->write, claim, &taken, &err), UK_OK);
    assert_true(taken);
    commit(f->write);
    count(f, "DELETE FROM app");
    begin(f->write);
    assert_int_equal(uk_store_call(f->write, claim, &taken, &err), UK_OK);
    assert_false(taken);
    add_app(f->write, APP, "demo-abcde");
    commit(f->write);
    begin(f->write);
    assert_int_equal(uk_store_call(f->write, claim, &taken, &err), UK_OK);
    assert_true(taken);
    f->write->ops->rollback(f->write);
}
