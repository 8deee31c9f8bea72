/* service/store/store: what is kept, in SQLite. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/store/sqlite.h"
#include "tests/service/lib_store.h"

static void
make(struct fixture *f)
{
    snprintf(f->folder, sizeof(f->folder), "/tmp/userkey-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->where, sizeof(f->where), "sqlite:%s/userkey.db", f->folder);
    umask(077);
}

static void
remove_file(const struct fixture *f, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    unlink(path);
}

static void
destroy(struct fixture *f)
{
    remove_file(f, "userkey.db");
    remove_file(f, "userkey.db-wal");
    remove_file(f, "userkey.db-shm");
    remove_file(f, "other");
    assert_int_equal(rmdir(f->folder), 0);
}

static int64_t
ask_raw(struct fixture *f, const char *sql)
{
    struct uk_sqlite *lite = (struct uk_sqlite *)f->write;
    int64_t number = -1;

    assert_int_equal(uk_sqlite_once(lite, sql, &number, &err), UK_OK);
    return number;
}

static const struct store_kind sqlite = {"sqlite", make, destroy, ask_raw};

/* As on a full disk: the change fails, nothing is half-written, and when
 * there is room again all goes on. */
static void
survives_a_full_disk(void **state)
{
    struct fixture *f = *state;
    enum uk_code code = UK_OK;
    int64_t pages;
    unsigned n = 0;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    pages = count(f, "PRAGMA page_count");
    assert_true(pages > 0);
    /* As many pages as there are, and no more. */
    assert_int_equal(count(f, "PRAGMA max_page_count = 1"), pages);
    begin(f->write);
    while (code == UK_OK && n < 10000) {
        char sid[UK_ID_SIZE];

        snprintf(sid, sizeof(sid), "%024u", n++);
        code = uk_store_call(f->write, revoke, sid, 1000, 0, &err);
    }
    assert_int_equal(code, UK_SYSTEM);
    assert_non_null(strstr(err.text, "full"));
    f->write->ops->rollback(f->write);
    assert_int_equal(count(f, "SELECT count(*) FROM revoked_session"), 0);
    assert_true(ask(f->read, ANN, "", SID).user_there);
    count(f, "PRAGMA max_page_count = 100000");
    begin(f->write);
    assert_int_equal(add_user(f->write, APP, BOB, "bob@example.com"),
                     UK_STORE_DONE);
    commit(f->write);
    assert_true(ask(f->read, BOB, "", SID).user_there);
}

static void
refuses_what_is_not_ours(void **state)
{
    struct fixture *f = *state;
    char other[200], path[160];
    struct uk_store *store = NULL;
    struct uk_sqlite raw;
    FILE *file;

    /* It is there already. */
    assert_int_not_equal(uk_store_open(f->where, UK_STORE_CREATE, &store, &err),
                         UK_OK);
    snprintf(path, sizeof(path), "%s/other", f->folder);
    snprintf(other, sizeof(other), "sqlite:%s", path);
    assert_int_not_equal(uk_store_open(other, UK_STORE_WRITE, &store, &err),
                         UK_OK);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(uk_store_open(other, UK_STORE_WRITE, &store, &err),
                     UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, path));
    file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", file);
    fclose(file);
    assert_int_not_equal(uk_store_open(other, UK_STORE_WRITE, &store, &err),
                         UK_OK);
    unlink(path);
    memset(&raw, 0, sizeof(raw));
    assert_int_equal(sqlite3_open(path, &raw.db), SQLITE_OK);
    assert_int_equal(
        uk_sqlite_once(&raw, "PRAGMA user_version = 1", NULL, &err), UK_OK);
    sqlite3_close(raw.db);
    assert_int_equal(uk_store_open(other, UK_STORE_WRITE, &store, &err),
                     UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, "another program"));
    assert_null(store);
}

/* What is there of an older version stays, and the new tables come. */
static void
climbs_from_the_first_schema(void **state)
{
    struct fixture *f = *state;
    struct uk_store *store = NULL;
    struct uk_store_session session;
    char id[UK_ID_SIZE];
    const struct uk_store_ask ask = {ANN, id, id};
    static const char *const version_4[] = {
        "DROP TABLE handout",
        "DROP INDEX app_user_server",
        "DROP INDEX app_user_pending",
        "ALTER TABLE app DROP COLUMN providers_off",
        "ALTER TABLE app DROP COLUMN refresh_lifetime",
        "ALTER TABLE app DROP COLUMN origins",
        "ALTER TABLE app DROP COLUMN deleted",
        "ALTER TABLE app_user DROP COLUMN server",
        "ALTER TABLE app_user DROP COLUMN pending",
        "ALTER TABLE app_user DROP COLUMN last_login",
    };

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "k", 1, id);
    commit(f->write);
    count(f, "DROP INDEX revoked_session_when");
    count(f, "DROP TABLE admin_key");
    count(f, "DROP INDEX app_user_page");
    count(f, "ALTER TABLE api_key DROP COLUMN expires");
    count(f, "ALTER TABLE api_key DROP COLUMN last_used");
    count(f, "ALTER TABLE api_key DROP COLUMN disabled_at");
    count(f, "ALTER TABLE api_key DROP COLUMN epoch");
    for (size_t i = 0; i < UK_COUNT(version_4); i++)
        count(f, version_4[i]);
    count(f, "PRAGMA user_version = 1");
    assert_int_equal(uk_store_open(f->where, UK_STORE_READ, &store, &err),
                     UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, "schema 1, and 6 is needed"));
    assert_int_equal(uk_store_open(f->where, UK_STORE_WRITE, &store, &err),
                     UK_OK);
    uk_store_close(store);
    assert_int_equal(count(f, "PRAGMA user_version"), 6);
    assert_int_equal(count(f, "SELECT count(*) FROM admin_key"), 0);
    assert_int_equal(find(f->read, 1).state, UK_STORE_THERE);
    assert_int_equal(uk_store_call(f->read, find_session, &ask, &session, &err),
                     UK_OK);
    assert_true(session.key_there);
    assert_int_equal(session.key.epoch, 0);
    assert_int_equal(session.key.expires_us, 0);
    assert_int_equal(session.key.last_used_us, 0);
}

static void
refuses_a_newer_schema(void **state)
{
    struct fixture *f = *state;
    struct uk_store *store = NULL;

    count(f, "PRAGMA user_version = 1000");
    for (int mode = UK_STORE_WRITE; mode <= UK_STORE_READ; mode++) {
        assert_int_equal(
            uk_store_open(f->where, (enum uk_store_mode)mode, &store, &err),
            UK_MISCONFIGURED);
        assert_non_null(strstr(err.text, "newer"));
        assert_non_null(strstr(err.text, "1000"));
    }
    assert_null(store);
}

static void
believes_only_a_private_file(void **state)
{
    struct fixture *f = *state;
    char path[160];

    uk_store_close(f->read); /* see uk_store_trust() */
    uk_store_close(f->write);
    f->read = f->write = NULL;
    snprintf(path, sizeof(path), "%s/userkey.db", f->folder);
    assert_int_equal(uk_store_trust(f->where, &err), UK_OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(uk_store_trust(f->where, &err), UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(f->folder, 0777), 0);
    assert_int_equal(uk_store_trust(f->where, &err), UK_MISCONFIGURED);
    assert_int_equal(chmod(f->folder, 0700), 0);
    assert_int_equal(uk_store_trust(f->where, &err), UK_OK);
}

static void
knows_addresses_of_databases(void **state)
{
    struct uk_store *store = NULL;

    assert_string_equal(uk_store_path("sqlite:/a/b"), "/a/b");
    assert_null(uk_store_path("sqlite:a"));
    assert_null(uk_store_path("sqlite::memory:"));
    assert_null(uk_store_path("/a/b"));
    assert_null(uk_store_path("sqlit"));
    assert_null(uk_store_path(""));
    assert_int_equal(uk_store_open("mysql:x", UK_STORE_WRITE, &store, &err),
                     UK_MISCONFIGURED);
    uk_store_close(NULL);
}

#define IN_A_FOLDER(test)                                                      \
    cmocka_unit_test_prestate_setup_teardown(test, store_set_up,               \
                                             store_tear_down, &kind)

int
main(void)
{
    struct store_kind kind = sqlite;
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(survives_a_full_disk),
        IN_A_FOLDER(refuses_what_is_not_ours),
        IN_A_FOLDER(climbs_from_the_first_schema),
        IN_A_FOLDER(refuses_a_newer_schema),
        IN_A_FOLDER(believes_only_a_private_file),
        cmocka_unit_test(knows_addresses_of_databases),
    };

    return store_run_cases(&kind) +
           cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
