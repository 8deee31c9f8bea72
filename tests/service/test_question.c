/* service/store/pg_ask: questions that nobody waits for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "service/store/pg.h"
#include "tests/service/lib_cluster.h"
#include "tests/service/lib_pg.h"

#define FAR_TOO_LONG_MS 40000

static struct uk_question first, second;
static int epoll;

static void
start(struct fixture *f)
{
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    for (unsigned n = 1; n <= 3; n++) {
        char name[8];

        snprintf(name, sizeof(name), "k%u", n);
        assert_int_equal(add_key(f->write, ANN, name, n, id), UK_STORE_DONE);
    }
    commit(f->write);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    assert_true(epoll >= 0);
    f->read->ops->watch(f->read, epoll);
}

static void
put(struct fixture *f, struct uk_question *question, unsigned n)
{
    uk_question_clear(question);
    assert_true(uk_question_add_app(question, "demo-abcde"));
    assert_true(uk_question_add_app(question, "demo-none"));
    question->hash[question->keys++] = hash_of(n);
    question->hash[question->keys++] = hash_of(77);
    f->read->ops->ask(f->read, question);
}

/* As a loop does. */
static void
wait_for(struct fixture *f, const struct uk_question *question)
{
    struct uk_deadline by = uk_deadline_in(FAR_TOO_LONG_MS);
    struct epoll_event event;

    while (!question->answered) {
        assert_false(uk_deadline_passed(by));
        if (epoll_wait(epoll, &event, 1, 1000) > 0)
            assert_int_equal(event.data.fd, UK_STORE_EVENT);
        f->read->ops->listen(f->read);
    }
}

static void
is_right(const struct uk_question *question)
{
    assert_true(question->answered);
    assert_int_equal(question->err.code, UK_OK);
    assert_true(question->app[0].found);
    assert_string_equal(question->app[0].app.id, APP);
    assert_string_equal(question->app[0].app.client_id, "demo-abcde");
    assert_false(question->app[1].found);
    assert_int_equal(question->login[0].state, UK_STORE_THERE);
    assert_string_equal(question->login[0].user.id, ANN);
    assert_int_equal(question->login[1].state, UK_STORE_UNKNOWN);
}

static void
an_answer_is_an_event(void **state)
{
    struct fixture *f = *state;

    start(f);
    for (unsigned n = 1; n <= 3; n++) {
        put(f, &first, n);
        assert_true(n == 1 || !first.answered);
        wait_for(f, &first);
        is_right(&first);
    }
    close(epoll);
}

/* What is committed before a question is seen by it. */
static void
an_answer_is_not_older(void **state)
{
    struct fixture *f = *state;
    enum uk_store_result result;

    start(f);
    for (unsigned n = 0; n < 50; n++) {
        bool disabled = n % 2 == 0;

        begin(f->write);
        assert_int_equal(
            uk_store_call(f->write, set_user, ANN, disabled, &result, &err),
            UK_OK);
        commit(f->write);
        put(f, &first, 1);
        wait_for(f, &first);
        is_right(&first);
        assert_true(first.login[0].user.disabled == disabled);
    }
    close(epoll);
}

static void
two_are_under_way(void **state)
{
    struct fixture *f = *state;

    start(f);
    put(f, &first, 1);
    wait_for(f, &first); /* everything is prepared */
    put(f, &first, 2);
    put(f, &second, 3);
    assert_false(first.answered || second.answered);
    wait_for(f, &second);
    is_right(&first);
    is_right(&second);
    /* Whoever waits takes their answers first. */
    put(f, &first, 1);
    put(f, &second, 2);
    assert_int_equal(find(f->read, 3).state, UK_STORE_THERE);
    is_right(&first);
    is_right(&second);
    /* And they are done with: each may be asked anew, in any order. */
    put(f, &second, 1);
    wait_for(f, &second);
    is_right(&second);
    for (unsigned n = 1; n <= 3; n++) {
        put(f, &first, n);
        put(f, &second, 1 + n % 3);
        assert_int_equal(find(f->read, 3).state, UK_STORE_THERE);
        is_right(&first);
        is_right(&second);
        put(f, &second, 2);
        put(f, &first, 3);
        wait_for(f, &first);
        is_right(&first);
        is_right(&second);
    }
    assert_int_equal(((struct uk_pg *)f->read)->dials, 1); /* none lost */
    close(epoll);
}

#define OTHERS                                                                 \
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"            \
    " WHERE pid <> pg_backend_pid() AND application_name = 'userkey-server'"

/* Two questions that cannot be answered now, since the keys are locked. */
static PGconn *
hold(struct fixture *f)
{
    PGconn *conn = pg_connect(f);

    put(f, &first, 1);
    wait_for(f, &first);
    pg_do(conn, "BEGIN");
    pg_do(conn, "LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE");
    put(f, &first, 2);
    put(f, &second, 3);
    usleep(50000);
    f->read->ops->listen(f->read);
    assert_false(first.answered || second.answered);
    return conn;
}

/* The connection goes; what was under way is asked again. */
static void
what_is_lost_is_asked_again(void **state)
{
    struct fixture *f = *state;
    PGconn *conn;

    start(f);
    conn = hold(f);
    pg_do(conn, OTHERS);
    pg_do(conn, "COMMIT");
    wait_for(f, &first);
    wait_for(f, &second);
    is_right(&first);
    is_right(&second);
    /* And the new connection is watched. */
    put(f, &first, 1);
    wait_for(f, &first);
    put(f, &first, 1);
    assert_false(first.answered);
    wait_for(f, &first);
    is_right(&first);
    PQfinish(conn);
    close(epoll);
}

/* It goes while somebody waits for something else on it. */
static void
what_is_lost_beside_another_call(void **state)
{
    struct fixture *f = *state;
    PGconn *conn;

    start(f);
    conn = hold(f);
    pg_do(conn, OTHERS);
    pg_do(conn, "COMMIT");
    assert_int_equal(find(f->read, 3).state, UK_STORE_THERE);
    wait_for(f, &second);
    is_right(&first);
    is_right(&second);
    PQfinish(conn);
    close(epoll);
}

static void
what_takes_too_long_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct uk_deadline by;
    PGconn *conn;

    start(f);
    conn = hold(f);
    wait_for(f, &first);
    assert_true(first.err.code == UK_TIMEOUT ||
                first.err.code == UK_UNREACHABLE);
    assert_non_null(strstr(first.err.text, "the database"));
    pg_do(conn, "COMMIT");
    wait_for(f, &second);
    PQfinish(conn);
    put(f, &first, 1);
    wait_for(f, &first);
    is_right(&first);

    cluster_do("pause", NULL);
    put(f, &first, 1);
    by = uk_deadline_in(FAR_TOO_LONG_MS);
    wait_for(f, &first);
    assert_false(uk_deadline_passed(by));
    assert_int_equal(first.err.code, UK_UNREACHABLE);
    assert_non_null(strstr(first.err.text, "in time"));
    put(f, &second, 1);
    assert_true(second.answered);
    assert_int_equal(second.err.code, UK_UNREACHABLE);
    cluster_do("resume", NULL);
    by = uk_deadline_in(FAR_TOO_LONG_MS);
    do {
        put(f, &first, 1);
        wait_for(f, &first);
        assert_false(uk_deadline_passed(by));
    } while (first.err.code != UK_OK);
    is_right(&first);
    close(epoll);
}

static struct store_kind kind;

#define MADE(test)                                                             \
    cmocka_unit_test_prestate_setup_teardown(test, store_set_up,               \
                                             store_tear_down, &kind)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(an_answer_is_an_event),
        MADE(an_answer_is_not_older),
        MADE(two_are_under_way),
        MADE(what_is_lost_is_asked_again),
        MADE(what_is_lost_beside_another_call),
        MADE(what_takes_too_long_is_an_error),
    };
    char why[CLUSTER_ANSWER];
    int failed;

    if (!cluster_start(why)) {
        printf("1..1\nok 1 # SKIP %s\n", why);
        return 0;
    }
    kind = pg_kind;
    failed = cmocka_run_group_tests_name("question", tests, NULL, NULL);
    cluster_end();
    return failed;
}
