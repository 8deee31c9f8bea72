/* A copy of everything, between doubles: what is lost on the way is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/copy.h"

#define ROWS 10000 /* in each table */

static struct uk_err err;

/* What the target does otherwise than it should. */
static struct {
    uint64_t lost; /* rows of each table, says its count */
    uint64_t put, fail_at, stop_at;
    bool stop_now, finished, checked;
} script;

static enum uk_code
read_rows(struct uk_copy_source *source, const struct uk_copy_table *table,
          uk_copy_row *each, void *context, struct uk_err *why)
{
    const struct uk_copy_value values[UK_COPY_COLUMNS] = {{.number = 1}};
    enum uk_code code = UK_OK;

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
static struct uk_copy_source source = {&source_ops};
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
        cmocka_unit_test_setup(ends_when_told_to, reset),
    };

    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
