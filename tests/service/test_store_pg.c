/* service/store/pg: what every store does, and what this one does besides. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/store/pg.h"
#include "tests/service/lib_cluster.h"
#include "tests/service/lib_pg.h"

#define NODES 4

/* --- schemas --- */

/* Without a store in it yet. */
static int
set_up_bare(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->kind = &pg_kind;
    assert_int_equal(uk_crypto_start(&err), UK_OK);
    f->kind->make(f);
    *state = f;
    return 0;
}

struct node {
    struct fixture *f;
    enum uk_store_mode mode;
    const struct uk_pg_schema *schema; /* to migrate to, or NULL: to open */
    struct uk_store *store;
    pthread_barrier_t *together;
    pthread_t thread;
    enum uk_code code;
    struct uk_err err;
};

static void *
start_node(void *context)
{
    struct node *node = context;

    pthread_barrier_wait(node->together);
    node->code = node->schema == NULL
                     ? uk_store_open(node->f->where, node->mode, &node->store,
                                     &node->err)
                     : uk_pg_migrate((struct uk_pg *)node->store, node->schema,
                                     &node->err);
    return NULL;
}

static void
run_nodes(struct node nodes[NODES])
{
    pthread_barrier_t together;

    pthread_barrier_init(&together, NULL, NODES);
    for (int i = 0; i < NODES; i++) {
        nodes[i].together = &together;
        assert_int_equal(
            pthread_create(&nodes[i].thread, NULL, start_node, &nodes[i]), 0);
    }
    for (int i = 0; i < NODES; i++)
        pthread_join(nodes[i].thread, NULL);
    pthread_barrier_destroy(&together);
}

static void
one_of_several_nodes_makes_the_tables(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 20; round++) {
        struct node nodes[NODES] = {{.f = NULL}};
        int made = 0;

        for (int i = 0; i < NODES; i++) {
            nodes[i].f = f;
            nodes[i].mode = UK_STORE_CREATE;
        }
        run_nodes(nodes);
        for (int i = 0; i < NODES; i++) {
            if (nodes[i].code == UK_OK) {
                made++;
                begin(nodes[i].store);
                add_app(nodes[i].store, APP, "demo-abcde");
                commit(nodes[i].store);
            } else {
                assert_int_equal(nodes[i].code, UK_INVALID);
                assert_non_null(strstr(nodes[i].err.text, "already"));
            }
            uk_store_close(nodes[i].store);
        }
        assert_int_equal(made, 1);
        assert_int_equal(count(f, "SELECT count(*) FROM app"), 1);
        f->kind->destroy(f);
        f->kind->make(f);
    }
}

static const char *const further[] = {
    "CREATE TABLE second(n INT8 NOT NULL)",
    "INSERT INTO second VALUES (1)",
    NULL,
};

#define STEPS 32

/* The schema of today, and one step more. */
static struct uk_pg_schema
schema_with(const char *const *step, const char *const *steps[STEPS])
{
    size_t n = uk_pg_schema.count;

    assert_in_range(n, 1, STEPS - 1);
    memcpy(steps, uk_pg_schema.steps, n * sizeof(*steps));
    steps[n] = step;
    return (struct uk_pg_schema){steps, n + 1};
}

static void
several_nodes_migrate_once(void **state)
{
    struct fixture *f = *state;
    const char *const *steps[STEPS];
    const struct uk_pg_schema next = schema_with(further, steps);
    struct uk_store *store = NULL;

    assert_int_equal(uk_store_open(f->where, UK_STORE_CREATE, &store, &err),
                     UK_OK);
    uk_store_close(store);
    for (int round = 0; round < 20; round++) {
        struct node nodes[NODES] = {{.f = NULL}};

        for (int i = 0; i < NODES; i++) {
            nodes[i].schema = &next;
            assert_int_equal(
                uk_store_open(f->where, UK_STORE_WRITE, &nodes[i].store, &err),
                UK_OK);
        }
        run_nodes(nodes);
        for (int i = 0; i < NODES; i++) {
            if (nodes[i].code != UK_OK)
                fail_msg("%s", nodes[i].err.text);
            uk_store_close(nodes[i].store);
        }
        assert_int_equal(count(f, "SELECT count(*) FROM second"), 1);
        assert_int_equal(count(f, "SELECT version FROM userkey_schema"),
                         next.count);
        count(f, "DROP TABLE second");
        count(f, "UPDATE userkey_schema SET version = version - 1");
    }
}

/* As a node finds it that is newer than the one that made the tables. */
static void
several_nodes_find_an_old_schema(void **state)
{
    const struct uk_pg_schema old = {uk_pg_schema.steps, 1};

    for (int round = 0; round < 20; round++) {
        struct node nodes[NODES] = {{.f = NULL}};
        struct uk_pg pg = {.mode = UK_STORE_CREATE, .opening = true};
        struct fixture *f = *state;

        assert_int_equal(uk_pg_place_init(&pg.place, f->where, &err), UK_OK);
        assert_int_equal(uk_pg_connect(&pg, uk_deadline_in(10000), &err),
                         UK_OK);
        assert_int_equal(uk_pg_migrate(&pg, &old, &err), UK_OK);
        uk_pg_hang_up(&pg);
        assert_int_equal(count(f, "SELECT version FROM userkey_schema"), 1);
        for (int i = 0; i < NODES; i++) {
            nodes[i].f = f;
            nodes[i].mode = UK_STORE_WRITE;
        }
        run_nodes(nodes);
        for (int i = 0; i < NODES; i++) {
            if (nodes[i].code != UK_OK)
                fail_msg("%s", nodes[i].err.text);
            uk_store_close(nodes[i].store);
        }
        assert_int_equal(count(f, "SELECT version FROM userkey_schema"),
                         uk_pg_schema.count);
        assert_int_equal(count(f, "SELECT count(epoch) FROM api_key"), 0);
        f->kind->destroy(f);
        f->kind->make(f);
    }
}

/* All of it or nothing. */
static void
a_migration_that_fails_leaves_nothing(void **state)
{
    static const char *const bad[] = {
        "CREATE TABLE second(n INT8 NOT NULL)",
        "INSERT INTO second VALUES (NULL)",
        NULL,
    };
    struct fixture *f = *state;
    const char *const *steps[STEPS];
    const struct uk_pg_schema next = schema_with(bad, steps);
    struct uk_store *store = NULL;

    assert_int_equal(uk_store_open(f->where, UK_STORE_CREATE, &store, &err),
                     UK_OK);
    uk_store_close(store);
    assert_int_equal(uk_store_open(f->where, UK_STORE_WRITE, &store, &err),
                     UK_OK);
    assert_int_not_equal(uk_pg_migrate((struct uk_pg *)store, &next, &err),
                         UK_OK);
    assert_int_equal(count(f, "SELECT count(*) FROM pg_class WHERE relname ="
                              " 'second' AND relnamespace ="
                              " current_schema()::regnamespace"),
                     0);
    assert_int_equal(count(f, "SELECT version FROM userkey_schema"),
                     uk_pg_schema.count);
    begin(store); /* and the store can be used */
    add_app(store, APP, "demo-abcde");
    commit(store);
    uk_store_close(store);
}

static void
refuses_what_is_not_ours(void **state)
{
    static const struct {
        const char *sql; /* what is there */
        enum uk_store_mode mode;
        enum uk_code code;
        const char *part; /* of the sentence */
    } table[] = {
        {"SELECT 1", UK_STORE_WRITE, UK_MISCONFIGURED, "init"},
        {"SELECT 1", UK_STORE_READ, UK_MISCONFIGURED, "0"},
        {"CREATE TABLE app(a TEXT)", UK_STORE_CREATE, UK_MISCONFIGURED,
         "another program"},
        {"CREATE TABLE revoked_session(a TEXT)", UK_STORE_CREATE,
         UK_MISCONFIGURED, "another program"},
        {"CREATE TABLE userkey_schema(a TEXT)", UK_STORE_CREATE,
         UK_MISCONFIGURED, "another program"},
        {"CREATE TABLE userkey_schema(a TEXT)", UK_STORE_WRITE,
         UK_MISCONFIGURED, "another program"},
        {"CREATE TABLE userkey_schema(one INT8 PRIMARY KEY, version INT8)",
         UK_STORE_WRITE, UK_MISCONFIGURED, "init"},
    };

    for (size_t i = 0; i < UK_COUNT(table); i++) {
        struct uk_store *store = NULL;
        struct fixture *f;
        void *inner;

        set_up_bare(&inner);
        f = inner;
        count(f, table[i].sql);
        assert_int_equal(uk_store_open(f->where, table[i].mode, &store, &err),
                         table[i].code);
        if (strstr(err.text, table[i].part) == NULL)
            fail_msg("%s: %s", table[i].sql, err.text);
        assert_null(store);
        store_tear_down(&inner);
    }
}

static void
refuses_a_newer_schema(void **state)
{
    struct fixture *f = *state;
    struct uk_store *store = NULL;

    count(f, "UPDATE userkey_schema SET version = 1000");
    for (int mode = UK_STORE_CREATE; mode <= UK_STORE_READ; mode++) {
        assert_int_equal(
            uk_store_open(f->where, (enum uk_store_mode)mode, &store, &err),
            UK_MISCONFIGURED);
        assert_non_null(strstr(err.text, "newer"));
        assert_non_null(strstr(err.text, "1000"));
    }
    assert_null(store);
}

/* --- addresses --- */

/* Every sentence without what could be the password. */
static void
refuses_wrong_addresses(void **state)
{
    static const struct {
        const char *url;
        enum uk_code code;
        const char *part;
    } table[] = {
        {"postgresql://u:SeCrEt@h/d?nonsense=1", UK_MISCONFIGURED, "query"},
        {"postgresql://u:SeC%zzrEt@h/d", UK_MISCONFIGURED, "percent"},
        {"postgresql://u:SeC@SeCrEt@h/d", UK_MISCONFIGURED, "%40"},
        {"postgresql://u:x@SeCrEt@h:1/d", UK_MISCONFIGURED, "%40"},
        {"postgresql://u:SeC/rEt@h/d", UK_MISCONFIGURED, "%2F"},
        {"postgresql://u:SeC:rEt@[::1/d", UK_MISCONFIGURED, "IPv6"},
        {"postgresql://u:SeCrEt@[::1]SeC/d", UK_MISCONFIGURED, "SeCrEt"},
        {"postgresql://u:SeCrEt@/d?host=/nonexistent", UK_UNREACHABLE,
         "'d' on '/nonexistent': there is no connection: '"},
        {"postgresql://u:SeCrEt@127.0.0.1:1/d", UK_UNREACHABLE, "refused"},
        {"postgres://u:SeCrEt@/d?host=/nonexistent", UK_UNREACHABLE,
         "/nonexistent"},
        {"postgresql://u:SeCrEt@/nodb?host=FOLDER", UK_MISCONFIGURED, "nodb"},
        {"postgresql://nobody:SeCrEt@/postgres?host=FOLDER", UK_MISCONFIGURED,
         "nobody"},
        {"postgresql://u:SeCrEt@h/d?target_session_attrs=any", UK_MISCONFIGURED,
         "read-write"},
        {"postgresql://u:SeCrEt@a,b/d?target_session_attrs=prefer-standby",
         UK_MISCONFIGURED, "read-write"},
        {"mysql://u:SeCrEt@h/d", UK_MISCONFIGURED, "written"},
        {"", UK_MISCONFIGURED, "written"},
    };

    for (size_t i = 0; i < UK_COUNT(table); i++) {
        const char *folder = strstr(table[i].url, "FOLDER");
        struct uk_store *store = NULL;
        char url[PG_URL];

        snprintf(url, sizeof(url), "%.*s%s&port=%u",
                 folder == NULL ? 400 : (int)(folder - table[i].url),
                 table[i].url, folder == NULL ? "" : cluster_folder(),
                 cluster_port());
        if (folder == NULL)
            snprintf(url, sizeof(url), "%s", table[i].url);
        err.text[0] = '\0';
        if (uk_store_open(url, UK_STORE_WRITE, &store, &err) != table[i].code ||
            strstr(err.text, "SeC") != NULL || strstr(err.text, "rEt") != NULL)
            fail_msg("%s: %s: %s", url, uk_code_word(err.code), err.text);
        if (strcmp(table[i].part, "SeCrEt") != 0 &&
            strstr(err.text, table[i].part) == NULL)
            fail_msg("%s: %s", url, err.text);
        assert_null(store);
    }
}

/* What libpq is told; the last one of a name counts. */
static const char *
parameter(const char *url, const char *name)
{
    const char *names[UK_PG_PARAMS], *values[UK_PG_PARAMS];
    static struct uk_pg_place place;
    const char *found = "";

    assert_int_equal(uk_pg_place_init(&place, url, &err), UK_OK);
    uk_pg_place_params(&place, names, values);
    for (size_t i = 0; names[i] != NULL; i++) {
        assert_in_range(i, 0, UK_PG_PARAMS - 2);
        if (strcmp(names[i], name) == 0)
            found = values[i];
    }
    return found;
}

static void
verifies_servers_that_are_elsewhere(void **state)
{
    static const struct {
        const char *url, *mode;
    } table[] = {
        {"postgresql:///d", "verify-full"}, /* PGHOST may say where */
        {"postgresql:///d?service=s", "verify-full"},
        {"postgresql://,127.0.0.1/d", "verify-full"},
        {"postgresql:///d?host=/run/postgresql", "prefer"},
        {"postgresql:///d?host=@abstract", "prefer"},
        {"postgresql://localhost/d", "prefer"},
        {"postgresql://127.0.0.1:5433/d", "prefer"},
        {"postgresql://127.0.0.1,localhost:1,[::1]/d", "prefer"},
        {"postgresql://db/d", "verify-full"},
        {"postgresql://10.0.0.1/d", "verify-full"},
        {"postgresql://127.0.0.1,db/d", "verify-full"},
        {"postgresql://localhost.example.com/d", "verify-full"},
        {"postgresql://1270.example.com/d", "verify-full"},
        {"postgresql://127.example.com/d", "verify-full"},
        {"postgresql://localhos/d", "verify-full"},
        {"postgresql:///d?hostaddr=10.0.0.1", "verify-full"},
        {"postgresql://localhost/d?hostaddr=10.0.0.1", "verify-full"},
        {"postgresql://db/d?hostaddr=127.0.0.1", "prefer"},
    };

    for (size_t i = 0; i < UK_COUNT(table); i++)
        assert_string_equal(parameter(table[i].url, "sslmode"), table[i].mode);
    assert_string_equal(parameter("postgresql://a,b/d", "target_session_attrs"),
                        "read-write");
    assert_string_equal(parameter("postgresql://a,b/d", "dbname"),
                        "postgresql://a,b/d"); /* and what it says counts */
}

static void
takes_the_first_host_that_writes(void **state)
{
    struct fixture *f = *state;
    struct uk_store *store = NULL;
    char hosts[PG_URL / 2], url[PG_URL];

    snprintf(hosts, sizeof(hosts), "/nonexistent,%s", cluster_folder());
    pg_url(f, hosts, url);
    assert_int_equal(uk_store_open(url, UK_STORE_WRITE, &store, &err), UK_OK);
    begin(store);
    add_user(store, APP, ANN, "ann@example.com");
    commit(store);
    uk_store_close(store);
    assert_true(ask(f->read, ANN, "", SID).user_there);

    /* A server that only reads is none, also for reading: its answers are
     * old. */
    count(f, "CREATE ROLE reader LOGIN SUPERUSER");
    count(f, "ALTER ROLE reader SET default_transaction_read_only = on");
    snprintf(url, sizeof(url),
             "postgresql:///postgres?host=%s&port=%u&user=reader",
             cluster_folder(), cluster_port());
    store = NULL;
    assert_int_not_equal(uk_store_open(url, UK_STORE_READ, &store, &err),
                         UK_OK);
    assert_non_null(strstr(err.text, "read-only"));
    assert_null(store);
    count(f, "DROP ROLE reader");
}

/* Over TLS, answers that are longer than its records. */
static void
speaks_tls(void **state)
{
    enum { MANY = 5000 };
    struct uk_store_hash *hashes = calloc(MANY, sizeof(*hashes));
    struct uk_store_login *logins = calloc(MANY, sizeof(*logins));
    struct fixture *f = *state;
    struct uk_store *store = NULL;
    char url[PG_URL];

    assert_non_null(hashes);
    assert_non_null(logins);
    count(f, "INSERT INTO app_user(id, app_id, created) VALUES ('" ANN
             "', '" APP "', 1)");
    count(f, "INSERT INTO api_key(hash, id, app_id, user_id, name, created)"
             " SELECT decode(lpad(to_hex(i % 256) || lpad(to_hex(i / 256), 2,"
             " '0'), 4, '0') || repeat('00', 30), 'hex'),"
             " convert_to(lpad(to_hex(i), 24, '0'), 'UTF8'), '" APP "', '" ANN
             "', convert_to('k' || i, 'UTF8'), i"
             " FROM generate_series(0, 4999) i");
    for (unsigned i = 0; i < MANY; i++)
        hashes[i] = hash_of(i);
    snprintf(url, sizeof(url),
             "postgresql://userkey@127.0.0.1:%u/postgres?sslmode=verify-full"
             "&sslrootcert=%s/server.crt&options=-csearch_path%%3D%s",
             cluster_port(), cluster_folder(), f->folder);
    assert_int_equal(uk_store_open(url, UK_STORE_READ, &store, &err), UK_OK);
    for (int round = 0; round < 20; round++) {
        memset(logins, 0, MANY * sizeof(*logins));
        assert_int_equal(
            uk_store_call(store, find_keys, hashes, MANY, logins, &err), UK_OK);
        for (unsigned i = 0; i < MANY; i++)
            assert_int_equal(logins[i].state, UK_STORE_THERE);
        assert_int_equal(strtoul(logins[MANY - 1].key_id, NULL, 16), MANY - 1);
    }
    uk_store_close(store);
    store = NULL;

    /* A name that is not the certificate's, or a certificate nobody knows. */
    snprintf(url, sizeof(url),
             "postgresql://userkey@elsewhere:%u/postgres?sslmode=verify-full"
             "&hostaddr=127.0.0.1&sslrootcert=%s/server.crt",
             cluster_port(), cluster_folder());
    assert_int_not_equal(uk_store_open(url, UK_STORE_READ, &store, &err),
                         UK_OK);
    assert_non_null(strstr(err.text, "elsewhere"));
    snprintf(url, sizeof(url),
             "postgresql://userkey@127.0.0.1:%u/postgres?sslmode=verify-full"
             "&sslrootcert=/nonexistent",
             cluster_port());
    assert_int_not_equal(uk_store_open(url, UK_STORE_READ, &store, &err),
                         UK_OK);
    assert_null(store);
    free(hashes);
    free(logins);
}

/* --- statements --- */

/* How many statements the server has run for this connection so far. */
static unsigned
statements(const char *mark)
{
    char path[CLUSTER_ANSWER + 8], line[4096];
    unsigned n = 0;
    FILE *log;

    snprintf(path, sizeof(path), "%s/log", cluster_folder());
    log = fopen(path, "r");
    assert_non_null(log);
    while (fgets(line, sizeof(line), log) != NULL) {
        if (strstr(line, "execute ") != NULL && strstr(line, mark) != NULL)
            n++;
    }
    fclose(log);
    return n;
}

static void
asks_once(void **state)
{
    enum { MANY = 2000 };
    struct uk_store_hash *hashes = calloc(MANY, sizeof(*hashes));
    struct uk_store_login *logins = calloc(MANY, sizeof(*logins));
    struct fixture *f = *state;
    struct uk_store *store = NULL;
    char id[UK_ID_SIZE], url[PG_URL + 40];
    unsigned before, all;

    assert_non_null(hashes);
    assert_non_null(logins);
    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "a", MANY - 1, id);
    add_key(f->write, ANN, "b", 0, id);
    commit(f->write);
    snprintf(url, sizeof(url), "%s%%20-clog_statement%%3Dall", f->where);
    assert_int_equal(uk_store_open(url, UK_STORE_READ, &store, &err), UK_OK);
    for (unsigned i = 0; i < MANY; i++)
        hashes[i] = hash_of(i);
    before = statements("");
    assert_int_equal(
        uk_store_call(store, find_keys, hashes, MANY, logins, &err), UK_OK);
    all = statements("");
    assert_int_equal(statements("execute find_keys"), 1);
    assert_int_equal(all - before, 1);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(logins[i].state, i == 0 || i == MANY - 1
                                              ? UK_STORE_THERE
                                              : UK_STORE_UNKNOWN);
    assert_string_equal(logins[0].key_id, id);
    ask(store, ANN, id, SID);
    assert_int_equal(statements("execute find_session"), 1);
    assert_int_equal(statements("") - all, 1);
    uk_store_close(store);
    free(hashes);
    free(logins);
}

/* Each in a thread of its own, as the loops have them. */
static void *
read_much(void *context)
{
    struct fixture *f = context;
    struct uk_store_hash hash = hash_of(1);
    struct uk_err why = UK_ERR_NONE;
    struct uk_store_login login;
    struct uk_store *store;
    intptr_t wrong = 0;

    if (uk_store_open(f->where, UK_STORE_READ, &store, &why) != UK_OK)
        return (void *)1;
    for (int i = 0; i < 300; i++) {
        if (uk_store_call(store, find_keys, &hash, 1, &login, &why) != UK_OK ||
            login.state != UK_STORE_THERE)
            wrong++;
    }
    uk_store_close(store);
    return (void *)wrong;
}

static void
threads_read_side_by_side(void **state)
{
    struct fixture *f = *state;
    pthread_t thread[8];
    char id[UK_ID_SIZE];
    void *wrong;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "k", 1, id);
    commit(f->write);
    for (size_t i = 0; i < UK_COUNT(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_much, f), 0);
    for (size_t i = 0; i < UK_COUNT(thread); i++) {
        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
}

struct giver {
    struct fixture *f;
    enum uk_code code;
    enum uk_store_result result;
    struct uk_err err;
};

/* At another node. */
static void *
give_to_bob(void *context)
{
    struct giver *giver = context;
    struct uk_store_user bob = {.id = BOB, .app_id = APP};
    struct uk_store *store;

    giver->code =
        uk_store_open(giver->f->where, UK_STORE_WRITE, &store, &giver->err);
    if (giver->code != UK_OK)
        return NULL;
    giver->code = store->ops->begin(store, &giver->err);
    if (giver->code == UK_OK)
        giver->code = uk_store_call(store, set_email, &bob, "NEW@example.com",
                                    &giver->result, &giver->err);
    if (giver->code == UK_OK)
        giver->code = store->ops->commit(store, &giver->err);
    uk_store_close(store);
    return NULL;
}

/* ann@ becomes new@ here, and bob@ there before that is on the disk. */
static void
one_of_two_nodes_gives_an_address(void **state)
{
    struct fixture *f = *state;
    struct uk_store_user ann = {.id = ANN, .app_id = APP};
    enum uk_store_result result = UK_STORE_NONE;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    commit(f->write);
    for (int keeps = 0; keeps < 2; keeps++) {
        struct giver giver = {.f = f};
        pthread_t thread;

        begin(f->write);
        assert_int_equal(uk_store_call(f->write, set_email, &ann,
                                       "new@example.com", &result, &err),
                         UK_OK);
        assert_int_equal(result, UK_STORE_DONE);
        assert_int_equal(pthread_create(&thread, NULL, give_to_bob, &giver), 0);
        usleep(300000); /* it waits for us by now */
        if (keeps == 0)
            f->write->ops->rollback(f->write);
        else
            commit(f->write);
        pthread_join(thread, NULL);
        if (giver.code != UK_OK)
            fail_msg("%s", giver.err.text);
        assert_int_equal(giver.result,
                         keeps == 0 ? UK_STORE_DONE : UK_STORE_TAKEN);
        /* Nothing is left of what was only held. */
        assert_int_equal(count(f, "SELECT count(*) FROM identity"), 2);
        count(f, "UPDATE identity SET subject = 'bob@example.com',"
                 " address = 'bob@example.com' WHERE user_id = '" BOB "'");
    }
}

static struct store_kind kind;

#define BARE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, set_up_bare, store_tear_down)
#define MADE(test)                                                             \
    cmocka_unit_test_prestate_setup_teardown(test, store_set_up,               \
                                             store_tear_down, &kind)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(one_of_several_nodes_makes_the_tables),
        BARE(several_nodes_migrate_once),
        BARE(several_nodes_find_an_old_schema),
        BARE(a_migration_that_fails_leaves_nothing),
        cmocka_unit_test(refuses_what_is_not_ours),
        MADE(refuses_a_newer_schema),
        cmocka_unit_test(refuses_wrong_addresses),
        cmocka_unit_test(verifies_servers_that_are_elsewhere),
        MADE(takes_the_first_host_that_writes),
        MADE(speaks_tls),
        MADE(asks_once),
        MADE(threads_read_side_by_side),
        MADE(one_of_two_nodes_gives_an_address),
    };
    char why[CLUSTER_ANSWER];
    int failed;

    if (!cluster_start(why)) {
        printf("1..1\nok 1 # SKIP %s\n", why);
        return 0;
    }
    kind = pg_kind;
    failed = store_run_cases(&pg_kind);
    failed += cmocka_run_group_tests_name("postgresql", tests, NULL, NULL);
    cluster_end();
    return failed;
}
