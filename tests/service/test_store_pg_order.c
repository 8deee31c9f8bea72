/* service/store/pg: the order in which changes lock rows. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/value/id.h"
#include "tests/service/lib_cluster.h"
#include "tests/service/lib_pg.h"

#define NEW_KEY 7
#define HANDOUT "eeeeeeeeeeeeeeeeeeeeeeee"

static char ann_key[UK_ID_SIZE];

/* Of Ann, each with what it needs; as a batch may have it, some more than
 * once: what a transaction changes again is looked at with other eyes. */
typedef enum uk_code change(struct uk_store *, enum uk_store_result *,
                            struct uk_err *);

static enum uk_code
set_key_twice(struct uk_store *store, enum uk_store_result *result,
              struct uk_err *why)
{
    enum uk_code code =
        uk_store_call(store, set_key, ANN, ann_key, true, result, why);

    return code == UK_OK
               ? uk_store_call(store, set_key, ANN, ann_key, false, result, why)
               : code;
}

static enum uk_code
set_expiry_twice(struct uk_store *store, enum uk_store_result *result,
                 struct uk_err *why)
{
    int64_t now_us = uk_id_now_us();
    enum uk_code code = uk_store_call(store, set_expiry, ANN, ann_key,
                                      2 * now_us, now_us, result, why);

    return code == UK_OK ? uk_store_call(store, set_expiry, ANN, ann_key, 0,
                                         now_us, result, why)
                         : code;
}

static enum uk_code
add_a_key(struct uk_store *store, enum uk_store_result *result,
          struct uk_err *why)
{
    const struct uk_store_user user = {.id = ANN, .app_id = APP};
    const struct uk_store_hash hash = hash_of(NEW_KEY);
    struct uk_store_key key = {.name = "another"};

    uk_id_make(key.id);
    return uk_store_call(store, add_key, &user, &key, &hash, result, why);
}

static enum uk_code
delete_the_key(struct uk_store *store, enum uk_store_result *result,
               struct uk_err *why)
{
    return uk_store_call(store, delete_key, ANN, ann_key, result, why);
}

static enum uk_code
confirm_twice(struct uk_store *store, enum uk_store_result *result,
              struct uk_err *why)
{
    enum uk_code code = uk_store_call(store, confirm_user, ANN, result, why);

    return code == UK_OK ? uk_store_call(store, confirm_user, ANN, result, why)
                         : code;
}

static enum uk_code
settle(struct uk_store *store, enum uk_store_result *result, struct uk_err *why)
{
    return uk_store_call(store, settle_user, ANN, result, why);
}

static enum uk_code
delete_pending(struct uk_store *store, enum uk_store_result *result,
               struct uk_err *why)
{
    return uk_store_call(store, delete_pending, ANN, result, why);
}

static enum uk_code
disable(struct uk_store *store, enum uk_store_result *result,
        struct uk_err *why)
{
    return uk_store_call(store, set_user, ANN, true, result, why);
}

static enum uk_code
end_sessions(struct uk_store *store, enum uk_store_result *result,
             struct uk_err *why)
{
    return uk_store_call(store, end_sessions, ANN, result, why);
}

static enum uk_code
set_password(struct uk_store *store, enum uk_store_result *result,
             struct uk_err *why)
{
    return uk_store_call(store, set_password, ANN, "a hash", result, why);
}

static enum uk_code
set_email(struct uk_store *store, enum uk_store_result *result,
          struct uk_err *why)
{
    const struct uk_store_user user = {.id = ANN, .app_id = APP};

    return uk_store_call(store, set_email, &user, "new@example.com", result,
                         why);
}

static enum uk_code
add_handout(struct uk_store *store, enum uk_store_result *result,
            struct uk_err *why)
{
    struct uk_store_handout handout = {.user_id = ANN,
                                       .purpose = UK_STORE_RESET};

    uk_id_make(handout.id);
    return uk_store_call(store, add_handout, &handout, result, why);
}

static enum uk_code
take_handout(struct uk_store *store, enum uk_store_result *result,
             struct uk_err *why)
{
    struct uk_store_handout handout = {
        .id = HANDOUT, .user_id = ANN, .purpose = UK_STORE_CONFIRM};

    return uk_store_call(store, take_handout, &handout, 0, result, why);
}

static enum uk_code
merge(struct uk_store *store, enum uk_store_result *result, struct uk_err *why)
{
    return uk_store_call(store, merge_user, ANN, BOB, result, why);
}

static enum uk_code
delete_user(struct uk_store *store, enum uk_store_result *result,
            struct uk_err *why)
{
    return uk_store_call(store, delete_user, ANN, result, why);
}

static const struct {
    const char *name;
    change *change;
    enum uk_store_result want;
} changes[] = {
    {"set_key", set_key_twice, UK_STORE_DONE},
    {"set_expiry", set_expiry_twice, UK_STORE_DONE},
    {"add_key", add_a_key, UK_STORE_DONE},
    {"delete_key", delete_the_key, UK_STORE_DONE},
    {"confirm_user", confirm_twice, UK_STORE_DONE},
    {"settle_user", settle, UK_STORE_DONE},
    {"set_user", disable, UK_STORE_DONE},
    {"end_sessions", end_sessions, UK_STORE_DONE},
    {"set_password", set_password, UK_STORE_DONE},
    {"set_email", set_email, UK_STORE_DONE},
    {"add_handout", add_handout, UK_STORE_DONE},
    {"take_handout", take_handout, UK_STORE_DONE},
    {"merge_user", merge, UK_STORE_NOT_FOUND}, /* Ann is not pending */
    {"delete_pending", delete_pending, UK_STORE_NOT_FOUND},
    {"delete_user", delete_user, UK_STORE_DONE},
};

struct node {
    struct fixture *f;
    change *change;
    pthread_t thread;
    _Atomic bool done;
    enum uk_code code;
    enum uk_store_result result;
    struct uk_err err;
};

static void *
run_change(void *context)
{
    struct node *node = context;
    struct uk_store *store = node->f->write;

    node->code = store->ops->begin(store, &node->err);
    if (node->code == UK_OK)
        node->code = node->change(store, &node->result, &node->err);
    if (node->code == UK_OK)
        node->code = store->ops->commit(store, &node->err);
    if (node->code != UK_OK)
        store->ops->rollback(store);
    node->done = true;
    return NULL;
}

static void
make_people(struct fixture *f)
{
    count(f, "DELETE FROM app_user");
    count(f, "DELETE FROM deleted_key");
    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "");
    add_key(f->write, ANN, "ann", 1, ann_key);
    commit(f->write);
    count(f, "INSERT INTO handout(id, hash, user_id, purpose, expires) VALUES"
             " ('" HANDOUT "', decode(repeat('00', 32), 'hex'), '" ANN "',"
             " 'confirm', 9999999999)");
}

/* It waits for what somebody has locked: or it is done, and has waited for
 * nothing. */
static bool
waits(const struct node *node, PGconn *conn)
{
    while (!node->done) {
        if (pg_do(conn, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
            return true;
        usleep(1000);
    }
    return false;
}

/* Which of Ann's rows somebody else has, as a word; "" for none. */
static const char *
taken(PGconn *conn)
{
    static const char *const tables[] = {"api_key", "identity", "handout"};
    char sql[256];

    for (size_t i = 0; i < UK_COUNT(tables); i++) {
        snprintf(sql, sizeof(sql),
                 "SELECT (SELECT count(*) FROM %s WHERE user_id = '" ANN "')"
                 " - (SELECT count(*) FROM (SELECT 1 FROM %s WHERE user_id ="
                 " '" ANN "' FOR UPDATE SKIP LOCKED) z)",
                 tables[i], tables[i]);
        if (pg_do(conn, sql) != 0)
            return tables[i];
    }
    return "";
}

/*
 * The other node has the row of the user, and wants more of hers.  Who waits
 * for it with one of those in hand waits in a circle.
 */
static void
locks_a_user_before_what_is_hers(void **state)
{
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);

    for (size_t i = 0; i < UK_COUNT(changes); i++) {
        struct node node = {.f = f, .change = changes[i].change};
        const char *has = "";
        bool waited;

        make_people(f);
        pg_do(conn, "BEGIN");
        pg_do(conn, "SELECT 1 FROM app_user WHERE id = '" ANN "' FOR UPDATE");
        assert_int_equal(pthread_create(&node.thread, NULL, run_change, &node),
                         0);
        waited = waits(&node, conn);
        if (waited)
            has = taken(conn);
        pg_do(conn, "ROLLBACK");
        pthread_join(node.thread, NULL);
        if (!waited)
            fail_msg("%s: it does not wait for the user", changes[i].name);
        if (has[0] != '\0')
            fail_msg("%s: it has a row of %s, and waits", changes[i].name, has);
        if (node.code != UK_OK)
            fail_msg("%s: %s", changes[i].name, node.err.text);
        if (node.result != changes[i].want)
            fail_msg("%s: result %d", changes[i].name, (int)node.result);
    }
    PQfinish(conn);
}

/* An administrator gives a registration up while another node logs it in. */
static void
who_has_just_logged_in_is_not_deleted(void **state)
{
    struct fixture *f = *state;
    struct node node = {.f = f, .change = delete_pending};
    PGconn *conn = pg_connect(f);
    bool waited;

    make_people(f);
    count(f, "UPDATE app_user SET pending = TRUE WHERE id = '" ANN "'");
    pg_do(conn, "BEGIN");
    pg_do(conn, "UPDATE app_user SET pending = FALSE WHERE id = '" ANN "'");
    assert_int_equal(pthread_create(&node.thread, NULL, run_change, &node), 0);
    waited = waits(&node, conn);
    pg_do(conn, "COMMIT");
    pthread_join(node.thread, NULL);
    assert_true(waited);
    assert_int_equal(node.code, UK_OK);
    assert_int_equal(node.result, UK_STORE_NOT_FOUND);
    assert_int_equal(find(f->read, 1).state, UK_STORE_THERE);
    assert_int_equal(count(f, "SELECT count(*) FROM deleted_key"), 0);
    PQfinish(conn);
}

/* Somebody has these rows, and the change waits for none of them. */
static void
waits_for_nobody(struct fixture *f, const char *lock, change *step)
{
    struct node node = {.f = f, .change = step};
    PGconn *conn = pg_connect(f);
    bool waited;

    pg_do(conn, "BEGIN");
    assert_int_equal(pg_do(conn, lock), 1);
    assert_int_equal(pthread_create(&node.thread, NULL, run_change, &node), 0);
    waited = waits(&node, conn);
    PQfinish(conn);
    pthread_join(node.thread, NULL);
    if (waited)
        fail_msg("it waits for %s", lock);
    if (node.code != UK_OK)
        fail_msg("%s: %s", lock, node.err.text);
}

static enum uk_code
add_server(struct uk_store *store, enum uk_store_result *result,
           struct uk_err *why)
{
    const struct uk_store_user user = {.id = CARL, .app_id = APP};
    const struct uk_store_hash hash = hash_of(NEW_KEY);
    struct uk_store_key key = {.name = "a server"};

    uk_id_make(key.id);
    return uk_store_call(store, add_server, &user, &key, &hash, result, why);
}

static enum uk_code
note_both(struct uk_store *store, enum uk_store_result *result,
          struct uk_err *why)
{
    struct uk_store_seen seen = {.user_id = ANN};

    memcpy(seen.key_id, ann_key, UK_ID_SIZE);
    *result = UK_STORE_DONE;
    return uk_store_call(store, note_logins, &seen, 1, uk_id_now_us(), why);
}

static void
what_is_only_cleared_or_noted_waits_for_nobody(void **state)
{
    static const char *const noted[] = {
        "SELECT 1 FROM app_user WHERE id = '" ANN "' FOR KEY SHARE",
        "SELECT 1 FROM api_key WHERE user_id = '" ANN "' FOR KEY SHARE",
    };
    struct fixture *f = *state;

    make_people(f);
    /* As the purge of another node has it, and more than may stay. */
    count(f, "INSERT INTO deleted_key(hash, id, user_id, app_id, deleted)"
             " SELECT decode(lpad(n::text, 64, '0'), 'hex'), '" SID "', '" ANN
             "', '" APP "', n FROM generate_series(1, 5000) n");
    waits_for_nobody(f,
                     "SELECT 1 FROM deleted_key WHERE deleted = 1 FOR UPDATE",
                     delete_the_key);
    assert_in_range(count(f, "SELECT count(*) FROM deleted_key"), 1, 4999);
    make_people(f);
    for (size_t i = 0; i < UK_COUNT(noted); i++)
        waits_for_nobody(f, noted[i], note_both);
}

/* A user that is added refers to the app, and so does one that a transaction
 * changes twice. */
static void
a_server_key_does_not_wait_for_users(void **state)
{
    waits_for_nobody(*state,
                     "SELECT 1 FROM app WHERE id = '" APP "' FOR KEY SHARE",
                     add_server);
}

static enum uk_code
empty_app(struct uk_store *store, enum uk_store_result *result,
          struct uk_err *why)
{
    bool more = false;
    enum uk_code code = uk_store_call(store, empty_app, APP, 10, &more, why);

    *result = more ? UK_STORE_DONE : UK_STORE_NOT_FOUND;
    return code;
}

/* Its users may be in the hands of whoever still adds one. */
static void
an_app_goes_by_itself(void **state)
{
    struct fixture *f = *state;

    make_people(f);
    count(f, "UPDATE app SET deleted = TRUE");
    waits_for_nobody(f, "SELECT 1 FROM app FOR KEY SHARE", empty_app);
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 0);
    assert_int_equal(count(f, "SELECT count(*) FROM app"), 1);
}

static struct store_kind kind;

#define MADE(test)                                                             \
    cmocka_unit_test_prestate_setup_teardown(test, store_set_up,               \
                                             store_tear_down, &kind)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(locks_a_user_before_what_is_hers),
        MADE(who_has_just_logged_in_is_not_deleted),
        MADE(what_is_only_cleared_or_noted_waits_for_nobody),
        MADE(a_server_key_does_not_wait_for_users),
        MADE(an_app_goes_by_itself),
    };
    char why[CLUSTER_ANSWER];
    int failed;

    if (!cluster_start(why)) {
        printf("1..1\nok 1 # SKIP %s\n", why);
        return 0;
    }
    kind = pg_kind;
    failed = cmocka_run_group_tests_name("postgresql-order", tests, NULL, NULL);
    cluster_end();
    return failed;
}
