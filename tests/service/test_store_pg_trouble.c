/* service/store/pg: servers that go, stop, hang and change their mind. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "service/store/copy.h"
#include "service/store/pg.h"
#include "tests/service/lib_cluster.h"
#include "tests/service/lib_pg.h"

/* Longer than any call may take, on a machine that is slow. */
#define FAR_TOO_LONG_S 40

static double
now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* Until the store has its connection again. */
static void
wait_for_server(struct uk_store *store)
{
    struct uk_err why = UK_ERR_NONE;
    double end = now() + FAR_TOO_LONG_S;
    struct uk_store_app app;
    unsigned n;

    while (uk_store_call(store, only_app, &app, &n, &why) != UK_OK) {
        if (now() > end)
            fail_msg("%s", why.text);
        usleep(50000);
    }
}

static enum uk_code
try_find(struct uk_store *store, unsigned n, struct uk_err *why)
{
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_login login;

    return uk_store_call(store, find_keys, &hash, 1, &login, why);
}

static void
restart(const char *mode)
{
    char command[32];

    snprintf(command, sizeof(command), "stop %s", mode);
    cluster_do(command, NULL);
    cluster_do("start", NULL);
}

static void
lives_through_restarts(void **state)
{
    static const char *const modes[] = {"immediate", "fast", "immediate"};
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    for (unsigned i = 0; i < UK_COUNT(modes); i++) {
        char name[8];

        snprintf(name, sizeof(name), "k%u", i);
        begin(f->write);
        assert_int_equal(add_key(f->write, ANN, name, i, id), UK_STORE_DONE);
        commit(f->write);
        restart(modes[i]); /* between calls: nobody notices */
        assert_int_equal(find(f->read, i).state, UK_STORE_THERE);
        begin(f->write);
        set_key(f->write, ANN, id, true, UK_STORE_DONE);
        restart(modes[i]); /* in a transaction */
        set_key(f->write, ANN, NONE, true, UK_STORE_NOT_FOUND);
        commit(f->write);
        assert_true(find(f->read, i).key_disabled);
        begin(f->write);
        set_key(f->write, ANN, id, false, UK_STORE_DONE);
        restart(modes[i]); /* before its end */
        commit(f->write);
        assert_false(find(f->read, i).key_disabled);
    }
}

static void
says_that_the_server_is_away(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;
    double start = now();

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    cluster_do("stop immediate", NULL);
    for (int i = 0; i < 3; i++) {
        struct uk_err why = UK_ERR_NONE;

        assert_int_equal(try_find(f->read, 1, &why), UK_UNREACHABLE);
        assert_non_null(strstr(why.text, "the database"));
        why = (struct uk_err)UK_ERR_NONE;
        assert_int_equal(
            uk_store_call(f->write, set_user, ANN, true, &result, &why),
            UK_UNREACHABLE);
        assert_int_equal(f->write->ops->save(f->write, &why), UK_UNREACHABLE);
        assert_int_equal(f->write->ops->undo(f->write, &why), UK_UNREACHABLE);
    }
    cluster_do("start", NULL);
    wait_for_server(f->read);
    /* The transaction stays lost, though the server is back. */
    assert_int_equal(f->write->ops->commit(f->write, &err), UK_UNREACHABLE);
    f->write->ops->rollback(f->write);
    assert_false(ask(f->read, ANN, "", SID).user_there);
    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    assert_true(ask(f->read, ANN, "", SID).user_there);
    assert_true(now() - start < FAR_TOO_LONG_S);
}

struct caller {
    struct fixture *f;
    pthread_t thread;
    _Atomic bool started;
    enum uk_code code;
    enum uk_store_result result;
    struct uk_err err;
};

static void *
disable_ann(void *context)
{
    struct caller *caller = context;
    struct uk_store *store = caller->f->write;

    caller->started = true;
    caller->code = store->ops->begin(store, &caller->err);
    if (caller->code == UK_OK)
        caller->code = uk_store_call(store, set_user, ANN, true,
                                     &caller->result, &caller->err);
    if (caller->code == UK_OK)
        caller->code = store->ops->commit(store, &caller->err);
    if (caller->code != UK_OK)
        store->ops->rollback(store);
    return NULL;
}

/* A call that waits for the row, which conn has; and then this happens. */
static struct caller
meanwhile(struct fixture *f, PGconn *conn, const char *command)
{
    struct caller caller = {.f = f};

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    pg_do(conn, "BEGIN");
    pg_do(conn, "SELECT 1 FROM app_user WHERE id = '" ANN "' FOR UPDATE");
    assert_int_equal(pthread_create(&caller.thread, NULL, disable_ann, &caller),
                     0);
    while (!caller.started)
        usleep(1000);
    usleep(200000);
    if (command != NULL)
        cluster_do(command, NULL);
    pthread_join(caller.thread, NULL);
    return caller;
}

static void
a_server_that_dies_under_a_call(void **state)
{
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);
    double start = now();
    struct caller caller = meanwhile(f, conn, "stop immediate");

    assert_int_equal(caller.code, UK_UNREACHABLE);
    assert_true(now() - start < FAR_TOO_LONG_S);
    PQfinish(conn);
    cluster_do("start", NULL);
    wait_for_server(f->read);
    assert_false(ask(f->read, ANN, "", SID).user.disabled);
    wait_for_server(f->write);
}

/* The lock's holder went with the server, so the change is made then. */
static void
a_server_that_restarts_under_a_call(void **state)
{
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);
    struct caller caller;

    caller = meanwhile(f, conn, NULL); /* the lock is waited for in vain */
    assert_int_equal(caller.code, UK_TIMEOUT);
    assert_non_null(strstr(caller.err.text, "lock"));
    PQfinish(conn);
    assert_false(ask(f->read, ANN, "", SID).user.disabled);
    disable_ann(&caller);
    assert_int_equal(caller.code, UK_OK);
    assert_true(ask(f->read, ANN, "", SID).user.disabled);
}

static void
a_server_that_hangs(void **state)
{
    struct fixture *f = *state;
    struct uk_err why = UK_ERR_NONE;
    struct uk_store *store = NULL;
    double start;

    cluster_do("pause", NULL);
    start = now();
    assert_int_equal(try_find(f->read, 1, &why), UK_UNREACHABLE);
    assert_non_null(strstr(why.text, "in time"));
    assert_true(now() - start < FAR_TOO_LONG_S);
    /* From now on it costs nobody any time. */
    (void)!try_find(f->read, 1, &why);
    start = now();
    for (int i = 0; i < 100; i++)
        assert_int_equal(try_find(f->read, 1, &why), UK_UNREACHABLE);
    assert_true(now() - start < 10);
    start = now();
    begin(f->write);
    assert_int_equal(uk_store_call(f->write, revoke, SID, 1000, 0, &why),
                     UK_UNREACHABLE);
    f->write->ops->rollback(f->write);
    assert_int_equal(uk_store_open(f->where, UK_STORE_WRITE, &store, &why),
                     UK_UNREACHABLE);
    assert_null(store);
    assert_true(now() - start < 2 * FAR_TOO_LONG_S);
    cluster_do("resume", NULL);
    wait_for_server(f->read);
    wait_for_server(f->write);
}

/* It takes the connection, and says nothing at all. */
static void
a_host_that_is_silent(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char folder[64], hosts[PG_URL / 2], url[PG_URL];
    struct fixture *f = *state;
    struct uk_store *store = NULL;
    double start = now();

    snprintf(folder, sizeof(folder), "/tmp/userkey-silent-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.%u",
             folder, cluster_port());
    assert_int_equal(
        bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 16), 0);
    pg_url(f, folder, url);
    assert_int_equal(uk_store_open(url, UK_STORE_READ, &store, &err),
                     UK_UNREACHABLE);
    snprintf(hosts, sizeof(hosts), "%s,%s", folder, cluster_folder());
    pg_url(f, hosts, url);
    assert_int_equal(uk_store_open(url, UK_STORE_READ, &store, &err), UK_OK);
    assert_int_equal(find(store, 1).state, UK_STORE_UNKNOWN);
    assert_true(now() - start < 2 * FAR_TOO_LONG_S);
    uk_store_close(store);
    close(listener);
    unlink(address.sun_path);
    assert_int_equal(rmdir(folder), 0);
}

/* Closed while the thread that dials is still at it. */
static void
is_closed_while_it_connects(void **state)
{
    struct fixture *f = *state;
    struct uk_err why = UK_ERR_NONE;
    struct uk_store *store = NULL;

    assert_int_equal(uk_store_open(f->where, UK_STORE_READ, &store, &err),
                     UK_OK);
    cluster_do("pause", NULL);
    (void)!try_find(store, 1, &why);
    (void)!try_find(store, 1, &why);
    uk_store_close(store);
    cluster_do("resume", NULL);
    wait_for_server(f->read);
}

static void
connections_that_the_server_ends(void **state)
{
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "k", 1, id);
    pg_do(conn, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND application_name ="
                " 'userkey-server'");
    assert_int_equal(add_key(f->write, ANN, "l", 2, id), UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(find(f->read, 1).state, UK_STORE_THERE);
    assert_int_equal(find(f->read, 2).state, UK_STORE_THERE);
    PQfinish(conn);
}

/* --- commits whose fate is unknown --- */

static struct uk_store *
open_through_proxy(struct fixture *f, const char *what)
{
    char command[32], folder[CLUSTER_ANSWER], url[PG_URL];
    struct uk_store *store = NULL;

    snprintf(command, sizeof(command), "proxy %s", what);
    cluster_do(command, folder);
    pg_url(f, folder, url);
    assert_int_equal(uk_store_open(url, UK_STORE_WRITE, &store, &err), UK_OK);
    return store;
}

static void
a_commit_whose_answer_is_lost(void **state)
{
    static const struct {
        const char *what;
        bool made;
    } table[] = {{"answer", true}, {"commit", false}};
    struct fixture *f = *state;

    for (size_t i = 0; i < UK_COUNT(table); i++) {
        struct uk_store *store = open_through_proxy(f, table[i].what);
        const char *id = i == 0 ? ANN : BOB;

        begin(store);
        add_user(store, APP, id, i == 0 ? "ann@example.com" : "bob@x.example");
        err.text[0] = '\0';
        assert_int_equal(store->ops->commit(store, &err), UK_UNREACHABLE);
        assert_non_null(strstr(err.text, "not known"));
        store->ops->rollback(store);
        assert_int_equal(ask(f->read, id, "", SID).user_there, table[i].made);
        /* And it goes on. */
        begin(store);
        add_user(store, APP, i == 0 ? CARL : NONE, "");
        commit(store);
        uk_store_close(store);
    }
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 3);
}

/* A transaction that has failed, and was not undone, answers COMMIT with a
 * friendly ROLLBACK. */
static void
a_commit_that_is_none(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_user nobody = {.id = NONE, .app_id = APP};
    struct uk_store_key key = {.id = SID, .name = "k"};
    struct uk_store_hash hash = hash_of(1);
    struct fixture *f = *state;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    assert_int_not_equal(
        uk_store_call(f->write, add_key, &nobody, &key, &hash, &result, &err),
        UK_OK);
    assert_int_not_equal(f->write->ops->commit(f->write, &err), UK_OK);
    f->write->ops->rollback(f->write);
    assert_false(ask(f->read, ANN, "", SID).user_there);
}

/* --- conflicts --- */

/* The next n inserts of this kind fail with this SQLSTATE. */
static void
fail_inserts(PGconn *conn, const char *table, const char *state, int n)
{
    char sql[1024];

    pg_do(conn, "SET client_min_messages = error");
    pg_do(conn, "CREATE SEQUENCE IF NOT EXISTS tries");
    pg_do(conn, "ALTER SEQUENCE tries RESTART");
    snprintf(sql, sizeof(sql),
             "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger"
             " LANGUAGE plpgsql AS 'BEGIN IF nextval(''tries'') <= %d THEN"
             " RAISE EXCEPTION USING ERRCODE = ''%s'',"
             " MESSAGE = ''restart transaction''; END IF; RETURN NEW; END'",
             n, state);
    pg_do(conn, sql);
    snprintf(sql, sizeof(sql),
             "DROP TRIGGER IF EXISTS refuses ON %s;"
             "CREATE TRIGGER refuses BEFORE INSERT ON %s"
             " FOR EACH ROW EXECUTE FUNCTION refuse()",
             table, table);
    pg_do(conn, sql);
}

static void
conflicts_are_played_again(void **state)
{
    static const char *const states[] = {"40001", "40P01", "40000"};
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    for (unsigned i = 0; i < UK_COUNT(states); i++) {
        char name[8], sid[UK_ID_SIZE];

        fail_inserts(conn, "api_key", states[i], 3);
        snprintf(name, sizeof(name), "k%u", i);
        snprintf(sid, sizeof(sid), "%024u", i);
        begin(f->write);
        assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
        assert_int_equal(uk_store_call(f->write, revoke, sid, 9999, 0, &err),
                         UK_OK);
        assert_int_equal(f->write->ops->keep(f->write, &err), UK_OK);
        assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
        add_user(f->write, APP, BOB, "bob@example.com");
        assert_int_equal(f->write->ops->undo(f->write, &err), UK_OK);
        assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
        assert_int_equal(add_key(f->write, ANN, name, i, id), UK_STORE_DONE);
        assert_int_equal(f->write->ops->keep(f->write, &err), UK_OK);
        commit(f->write);
        assert_int_equal(count(f, "SELECT last_value FROM tries"), 4);
        assert_int_equal(find(f->read, i).state, UK_STORE_THERE);
        assert_true(ask(f->read, ANN, id, sid).revoked);
        assert_false(ask(f->read, BOB, "", SID).user_there);
    }
    assert_int_equal(count(f, "SELECT count(*) FROM api_key"), 3);
    PQfinish(conn);
}

static void
conflicts_without_end_are_an_error(void **state)
{
    struct uk_store_user user = {.id = ANN, .app_id = APP};
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_key key = {.id = SID, .name = "k"};
    struct uk_store_hash hash = hash_of(1);
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);
    double start = now();

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    fail_inserts(conn, "api_key", "40001", 1000000);
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, add_key, &user, &key, &hash, &result, &err),
        UK_UNREACHABLE);
    assert_non_null(strstr(err.text, "40001"));
    assert_int_equal(f->write->ops->commit(f->write, &err), UK_UNREACHABLE);
    f->write->ops->rollback(f->write);
    assert_true(count(f, "SELECT last_value FROM tries") > 3);
    assert_true(now() - start < FAR_TOO_LONG_S);
    pg_do(conn, "DROP TRIGGER refuses ON api_key");
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, add_key, &user, &key, &hash, &result, &err),
        UK_OK);
    commit(f->write);
    PQfinish(conn);
}

/* What was told to the caller must be true when the transaction ends. */
static void
what_has_changed_is_not_played_again(void **state)
{
    struct uk_store_user user = {.id = ANN, .app_id = APP};
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_key key = {.id = SID, .name = "k"};
    struct uk_store_hash hash = hash_of(1);
    struct uk_store_password person;
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    fail_inserts(conn, "api_key", "40001", 1);
    begin(f->write);
    assert_int_equal(uk_store_call(f->write, find_password, APP,
                                   "ann@example.com", &person, &found, &err),
                     UK_OK);
    pg_do(conn, "UPDATE identity SET secret = 'another'");
    assert_int_equal(
        uk_store_call(f->write, add_key, &user, &key, &hash, &result, &err),
        UK_UNREACHABLE);
    assert_non_null(strstr(err.text, "other changes"));
    assert_int_equal(f->write->ops->commit(f->write, &err), UK_UNREACHABLE);
    f->write->ops->rollback(f->write);
    assert_int_equal(find(f->read, 1).state, UK_STORE_UNKNOWN);
    PQfinish(conn);
}

/* How many rows were noted is nobody's answer: while somebody has the row it
 * is none, and one when it is played again. */
static void
what_is_noted_may_be_more_when_played_again(void **state)
{
    struct uk_store_seen seen = {.user_id = ANN};
    struct fixture *f = *state;
    PGconn *conn = pg_connect(f);
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "");
    add_key(f->write, ANN, "ann", 1, seen.key_id);
    commit(f->write);
    fail_inserts(conn, "api_key", "40001", 1);
    pg_do(conn, "BEGIN");
    pg_do(conn, "SELECT 1 FROM app_user WHERE id = '" ANN "' FOR UPDATE");
    pg_do(conn, "SELECT 1 FROM api_key WHERE user_id = '" ANN "' FOR UPDATE");
    begin(f->write);
    assert_int_equal(uk_store_call(f->write, note_logins, &seen, 1, 77, &err),
                     UK_OK);
    pg_do(conn, "COMMIT");
    assert_int_equal(add_key(f->write, BOB, "bob", 2, id), UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(count(f, "SELECT last_value FROM tries"), 2);
    assert_int_equal(find(f->read, 2).state, UK_STORE_THERE);
    assert_int_equal(
        count(f, "SELECT last_login FROM app_user WHERE id = '" ANN "'"), 77);
    assert_int_equal(
        count(f, "SELECT last_used FROM api_key WHERE user_id = '" ANN "'"),
        77);
    PQfinish(conn);
}

struct rival {
    struct fixture *f;
    const char *first, *second; /* users */
    pthread_barrier_t *together;
    pthread_t thread;
    enum uk_code code;
    struct uk_err err;
};

static void *
change_both(void *context)
{
    enum uk_store_result result;
    struct rival *rival = context;
    struct uk_store *store;

    rival->code =
        uk_store_open(rival->f->where, UK_STORE_WRITE, &store, &rival->err);
    if (rival->code != UK_OK)
        return NULL;
    rival->code = store->ops->begin(store, &rival->err);
    if (rival->code == UK_OK)
        rival->code = uk_store_call(store, set_user, rival->first, true,
                                    &result, &rival->err);
    pthread_barrier_wait(rival->together);
    if (rival->code == UK_OK)
        rival->code = uk_store_call(store, set_user, rival->second, true,
                                    &result, &rival->err);
    if (rival->code == UK_OK)
        rival->code = store->ops->commit(store, &rival->err);
    uk_store_close(store);
    return NULL;
}

static void
a_deadlock_is_mended(void **state)
{
    struct fixture *f = *state;
    struct rival rivals[2] = {{.f = f, .first = ANN, .second = BOB},
                              {.f = f, .first = BOB, .second = ANN}};
    pthread_barrier_t together;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    commit(f->write);
    pthread_barrier_init(&together, NULL, 2);
    for (int i = 0; i < 2; i++) {
        rivals[i].together = &together;
        assert_int_equal(
            pthread_create(&rivals[i].thread, NULL, change_both, &rivals[i]),
            0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(rivals[i].thread, NULL);
        if (rivals[i].code != UK_OK)
            fail_msg("%s", rivals[i].err.text);
    }
    pthread_barrier_destroy(&together);
    assert_int_equal(ask(f->read, ANN, "", SID).user.epoch, 2);
    assert_int_equal(ask(f->read, BOB, "", SID).user.epoch, 2);
}

/* A node that stops in mid-transaction does not stop the others. */
static void
an_idle_transaction_gives_its_locks_back(void **state)
{
    struct fixture *f = *state;
    struct uk_store *idle = NULL;
    struct caller caller = {.f = f};
    double end;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    assert_int_equal(uk_store_open(f->where, UK_STORE_WRITE, &idle, &err),
                     UK_OK);
    begin(idle);
    assert_int_equal(
        uk_store_call(idle, set_user, ANN, true, &caller.result, &caller.err),
        UK_OK);
    end = now() + 2 * FAR_TOO_LONG_S;
    do {
        disable_ann(&caller);
    } while (caller.code != UK_OK && now() < end);
    assert_int_equal(caller.code, UK_OK);
    assert_int_not_equal(idle->ops->commit(idle, &err), UK_OK);
    uk_store_close(idle);
    assert_int_equal(ask(f->read, ANN, "", SID).user.epoch, 1);
}

/* The server dies under a copy that has got so far. */
static enum uk_code
let_die(void *context, const char *table, uint64_t rows, struct uk_err *why)
{
    bool *dead = context;

    if (!*dead && table != NULL && strcmp(table, "app") == 0) {
        *dead = true;
        restart("immediate");
    }
    return UK_OK;
}

/* Half a copy is none: it fails, says why, and leaves no file. */
static void
a_copy_ends_with_the_server(void **state)
{
    struct fixture *f = *state;
    char folder[] = "/tmp/userkey-test-XXXXXX", where[128];
    uint64_t rows[UK_COPY_TABLES];
    struct uk_copy_source *source = NULL;
    struct uk_copy_target *target = NULL;
    struct uk_err why = UK_ERR_NONE;
    bool dead = false;

    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof(where), "sqlite:%s/copy.db", folder);
    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    assert_int_equal(uk_copy_source_open(f->where, UK_COPY_LIVE, &source, &why),
                     UK_OK);
    assert_int_equal(uk_copy_target_open(where, &target, &why), UK_OK);
    assert_int_equal(uk_copy_run(source, target, let_die, &dead, rows, &why),
                     UK_UNREACHABLE);
    assert_true(dead);
    assert_true(why.text[0] != '\0');
    uk_copy_source_close(source);
    uk_copy_target_close(target);
    assert_int_equal(rmdir(folder), 0); /* nothing is left in it */
}

static struct store_kind kind;

#define MADE(test)                                                             \
    cmocka_unit_test_prestate_setup_teardown(test, store_set_up,               \
                                             store_tear_down, &kind)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(lives_through_restarts),
        MADE(says_that_the_server_is_away),
        MADE(a_server_that_dies_under_a_call),
        MADE(a_server_that_restarts_under_a_call),
        MADE(a_server_that_hangs),
        MADE(a_host_that_is_silent),
        MADE(is_closed_while_it_connects),
        MADE(connections_that_the_server_ends),
        MADE(a_commit_whose_answer_is_lost),
        MADE(a_commit_that_is_none),
        MADE(conflicts_are_played_again),
        MADE(conflicts_without_end_are_an_error),
        MADE(what_has_changed_is_not_played_again),
        MADE(what_is_noted_may_be_more_when_played_again),
        MADE(a_deadlock_is_mended),
        MADE(an_idle_transaction_gives_its_locks_back),
        MADE(a_copy_ends_with_the_server),
    };
    char why[CLUSTER_ANSWER];
    int failed;

    if (!cluster_start(why)) {
        printf("1..1\nok 1 # SKIP %s\n", why);
        return 0;
    }
    kind = pg_kind;
    failed = cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
    cluster_end();
    return failed;
}
