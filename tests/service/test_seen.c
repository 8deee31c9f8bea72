/* service/request/seen: last logins, written down behind. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "service/request/seen.h"

#define HOUR (3600LL * 1000000)
#define NOW  (100 * HOUR)

/* A store that counts what it is asked for. */
static unsigned noted, kept, undone;
static int64_t noted_at;
static enum uk_code note_code, undo_code;
static char last[UK_ID_SIZE], last_key[UK_ID_SIZE];
static struct uk_err err;

static enum uk_code
save(struct uk_store *store, struct uk_err *why)
{
    return UK_OK;
}

static enum uk_code
keep(struct uk_store *store, struct uk_err *why)
{
    kept++;
    return UK_OK;
}

static enum uk_code
undo(struct uk_store *store, struct uk_err *why)
{
    undone++;
    return undo_code;
}

static enum uk_code
note_logins(struct uk_store *store, const struct uk_store_seen *who, size_t n,
            int64_t when_us, struct uk_err *why)
{
    noted += (unsigned)n;
    noted_at = when_us;
    memcpy(last, who[n - 1].user_id, UK_ID_SIZE);
    memcpy(last_key, who[n - 1].key_id, UK_ID_SIZE);
    return note_code;
}

static const struct uk_store_ops ops = {
    .save = save, .keep = keep, .undo = undo, .note_logins = note_logins};
static struct uk_store store = {.ops = &ops};

/* A pool that does nothing with its jobs but count them. */
static atomic_uint jobs;

static void
count_jobs(void *context, struct uk_job *list)
{
    for (; list != NULL; list = list->next)
        jobs++;
}

static struct uk_pool *
start_pool(unsigned room)
{
    const struct uk_pool_options options = {.name = "test",
                                            .threads = 1,
                                            .room = room,
                                            .batch = 1,
                                            .run = count_jobs};
    struct uk_pool *pool = NULL;

    noted = kept = undone = 0;
    note_code = undo_code = UK_OK;
    jobs = 0;
    assert_int_equal(uk_pool_start(&options, &pool, &err), UK_OK);
    return pool;
}

static struct uk_store_user
user_of(unsigned n, int64_t last_login_us)
{
    struct uk_store_user user = {.last_login_us = last_login_us};

    snprintf(user.id, sizeof(user.id), "%024x", n);
    return user;
}

static unsigned
write_all(struct uk_seen *seen)
{
    noted = 0;
    assert_int_equal(uk_seen_write(seen, &store, 77, &err), UK_OK);
    return noted;
}

static void
notes_once_an_hour(void **state)
{
    static const struct {
        int64_t before;
        unsigned want;
    } rows[] = {
        {0, 1},
        {NOW, 0},
        {NOW - 1, 0},
        {NOW - HOUR + 1, 0},
        {NOW - HOUR, 1},
        {NOW - 2 * HOUR, 1},
        {NOW + HOUR - 1, 0},
        {NOW + HOUR, 1}, /* a clock was wrong */
        {INT64_MAX / 2, 1},
    };
    static struct uk_seen seen;
    struct uk_pool *pool = start_pool(10);

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_store_user user = user_of(1, rows[i].before);

        uk_seen_note(&seen, &user, NULL, NOW);
        assert_int_equal(write_all(&seen), rows[i].want);
    }
    assert_int_equal(noted_at, 77);
    assert_string_equal(last, user_of(1, 0).id);
    assert_string_equal(last_key, "");
    uk_pool_stop(pool);
}

/* A second key of somebody who has just been in is news, too. */
static void
notes_keys_once_an_hour(void **state)
{
    static const struct {
        int64_t user, key;
        unsigned want;
    } rows[] = {
        {NOW, NOW, 0},        {NOW, 0, 1}, {0, NOW, 1},
        {NOW, NOW - HOUR, 1}, {0, 0, 1},   {NOW, NOW - HOUR + 1, 0},
        {NOW, NOW + HOUR, 1},
    };
    static struct uk_seen seen;
    struct uk_pool *pool = start_pool(10);

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_store_user user = user_of(1, rows[i].user);
        struct uk_store_login key = {.key_last_used_us = rows[i].key};

        memcpy(key.key_id, user_of(7, 0).id, UK_ID_SIZE);
        memset(last_key, 0, sizeof(last_key));
        uk_seen_note(&seen, &user, &key, NOW);
        assert_int_equal(write_all(&seen), rows[i].want);
        assert_string_equal(last_key, rows[i].want ? user_of(7, 0).id : "");
    }
    uk_pool_stop(pool);
}

static void
two_keys_of_one_user_are_two(void **state)
{
    static struct uk_seen seen;
    struct uk_pool *pool = start_pool(10);
    struct uk_store_user user = user_of(1, NOW);

    for (unsigned i = 0; i < 1000; i++) {
        struct uk_store_login key = {.key_last_used_us = 0};

        memcpy(key.key_id, user_of(i % 2, 0).id, UK_ID_SIZE);
        uk_seen_note(&seen, &user, &key, NOW);
    }
    assert_int_equal(write_all(&seen), 2);
    uk_pool_stop(pool);
}

static void
many_logins_are_one_job(void **state)
{
    static struct uk_seen seen;
    struct uk_pool *pool = start_pool(10);
    struct uk_store_user user = user_of(1, 0);

    uk_seen_send(&seen, pool); /* nobody has logged in */
    for (unsigned i = 0; i < 1000; i++)
        uk_seen_note(&seen, &user, NULL, NOW);
    for (unsigned i = 0; i < 3; i++)
        uk_seen_send(&seen, pool);
    uk_pool_stop(pool);
    assert_int_equal(jobs, 1);
    assert_int_equal(write_all(&seen), 1);
    assert_int_equal(write_all(&seen), 0);
}

static void
holds_so_many_and_loses_the_others(void **state)
{
    static struct uk_seen seen;
    struct uk_pool *pool = start_pool(10);

    for (unsigned i = 0; i < 100 * UK_SEEN_ROOM; i++) {
        struct uk_store_user user = user_of(i, 0);

        uk_seen_note(&seen, &user, NULL, NOW);
    }
    assert_in_range(write_all(&seen), UK_SEEN_ROOM / 2, UK_SEEN_ROOM);
    uk_pool_stop(pool);
}

static void
a_full_queue_is_no_end(void **state)
{
    static struct uk_seen seen;
    struct uk_pool *pool = start_pool(0);
    struct uk_store_user user = user_of(1, 0), other = user_of(2, 0);

    uk_seen_note(&seen, &user, NULL, NOW);
    uk_seen_send(&seen, pool);
    uk_pool_stop(pool);
    assert_int_equal(jobs, 0);
    pool = start_pool(1);
    uk_seen_note(&seen, &other, NULL, NOW);
    uk_seen_send(&seen, pool);
    uk_pool_stop(pool);
    assert_int_equal(jobs, 1);
    assert_int_equal(write_all(&seen), 2);
}

static void
a_failure_is_nobody_elses(void **state)
{
    static struct uk_seen seen;
    struct uk_pool *pool = start_pool(1);
    struct uk_store_user user = user_of(1, 0);

    uk_seen_note(&seen, &user, NULL, NOW);
    note_code = UK_SYSTEM;
    assert_int_equal(write_all(&seen), 1);
    assert_int_equal(undone, 1);
    assert_int_equal(kept, 0);
    note_code = UK_OK; /* it is lost, and the next one is not */
    assert_int_equal(write_all(&seen), 0);
    uk_seen_note(&seen, &user, NULL, NOW);
    assert_int_equal(write_all(&seen), 1);
    assert_int_equal(kept, 1);
    note_code = UK_SYSTEM; /* what cannot be undone is everybody's */
    undo_code = UK_UNREACHABLE;
    uk_seen_note(&seen, &user, NULL, NOW);
    assert_int_equal(uk_seen_write(&seen, &store, 77, &err), UK_UNREACHABLE);
    uk_pool_stop(pool);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_once_an_hour),
        cmocka_unit_test(notes_keys_once_an_hour),
        cmocka_unit_test(two_keys_of_one_user_are_two),
        cmocka_unit_test(many_logins_are_one_job),
        cmocka_unit_test(holds_so_many_and_loses_the_others),
        cmocka_unit_test(a_full_queue_is_no_end),
        cmocka_unit_test(a_failure_is_nobody_elses),
    };

    return cmocka_run_group_tests_name("last logins", tests, NULL, NULL);
}
