/* service/store: what is kept, in SQLite. */
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

#include "service/store.h"
#include "service/store_sqlite.h"

#define APP   "aaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "dddddddddddddddddddddddd"
#define ANN   "111111111111111111111111"
#define BOB   "222222222222222222222222"
#define CARL  "333333333333333333333333"
#define NONE  "999999999999999999999999"
#define SID   "0123456789abcdef01234567"

/* A store in a folder of its own, with two apps; for writing, and a second
 * connection for reading. */
struct fixture {
    char folder[64];
    char where[128];
    struct uk_store *write, *read;
};

static struct uk_err err;

static void
begin(struct uk_store *store)
{
    assert_int_equal(store->ops->begin(store, &err), UK_OK);
}

static void
commit(struct uk_store *store)
{
    assert_int_equal(store->ops->commit(store, &err), UK_OK);
}

static void
add_app(struct uk_store *store, const char *id, const char *name)
{
    struct uk_store_app app;

    memcpy(app.id, id, sizeof(app.id));
    snprintf(app.client_id, sizeof(app.client_id), "%s", name);
    assert_int_equal(uk_store_call(store, add_app, &app, name, &err), UK_OK);
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_int_equal(uk_crypto_start(&err), UK_OK);
    snprintf(f->folder, sizeof(f->folder), "/tmp/userkey-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->where, sizeof(f->where), "sqlite:%s/userkey.db", f->folder);
    umask(077);
    assert_int_equal(uk_store_open(f->where, UK_STORE_CREATE, &f->write, &err),
                     UK_OK);
    assert_int_equal(uk_store_open(f->where, UK_STORE_READ, &f->read, &err),
                     UK_OK);
    begin(f->write);
    add_app(f->write, APP, "demo-abcde");
    commit(f->write);
    *state = f;
    return 0;
}

static void
remove_file(const struct fixture *f, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    unlink(path);
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    uk_store_close(f->read);
    uk_store_close(f->write);
    remove_file(f, "userkey.db");
    remove_file(f, "userkey.db-wal");
    remove_file(f, "userkey.db-shm");
    remove_file(f, "other");
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static enum uk_store_result
add_user(struct uk_store *store, const char *app, const char *id,
         const char *email)
{
    struct uk_store_identity identity = {.confirmed = true};
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_user user = {.epoch = 0};

    memcpy(user.id, id, sizeof(user.id));
    memcpy(user.app_id, app, sizeof(user.app_id));
    uk_id_make(identity.id);
    identity.provider =
        email[0] != '\0' ? UK_PROVIDER_PASSWORD : UK_PROVIDER_ANON;
    snprintf(identity.email, sizeof(identity.email), "%s", email);
    assert_int_equal(uk_store_call(store, add_user, &user, &identity,
                                   "the hash", &result, &err),
                     UK_OK);
    return result;
}

/* The hash of the n-th key of a test. */
static struct uk_store_hash
hash_of(unsigned n)
{
    struct uk_store_hash hash;

    memset(&hash, 0, sizeof(hash));
    memcpy(hash.bytes, &n, sizeof(n));
    return hash;
}

static enum uk_store_result
add_key(struct uk_store *store, const char *user_id, const char *name,
        unsigned n, char id[UK_ID_SIZE])
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_user user = {.app_id = APP};
    struct uk_store_key key = {.disabled = false};

    memcpy(user.id, user_id, sizeof(user.id));
    uk_id_make(key.id);
    snprintf(key.name, sizeof(key.name), "%s", name);
    assert_int_equal(
        uk_store_call(store, add_key, &user, &key, &hash, &result, &err),
        UK_OK);
    memcpy(id, key.id, UK_ID_SIZE);
    return result;
}

static struct uk_store_login
find(struct uk_store *store, unsigned n)
{
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_login login;

    assert_int_equal(uk_store_call(store, find_keys, &hash, 1, &login, &err),
                     UK_OK);
    return login;
}

static struct uk_store_session
ask(struct uk_store *store, const char *user_id, const char *key_id,
    const char *session_id)
{
    struct uk_store_ask question = {user_id, key_id, session_id};
    struct uk_store_session session;

    assert_int_equal(
        uk_store_call(store, find_session, &question, &session, &err), UK_OK);
    return session;
}

static void
set_key(struct uk_store *store, const char *user_id, const char *key_id,
        bool disabled, enum uk_store_result want)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(
        uk_store_call(store, set_key, user_id, key_id, disabled, &result, &err),
        UK_OK);
    assert_int_equal(result, want);
}

static void
delete_key(struct uk_store *store, const char *user_id, const char *key_id,
           enum uk_store_result want)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(
        uk_store_call(store, delete_key, user_id, key_id, &result, &err),
        UK_OK);
    assert_int_equal(result, want);
}

static void
finds_apps(void **state)
{
    struct fixture *f = *state;
    struct uk_store_app app;
    unsigned count;
    bool found;

    assert_int_equal(
        uk_store_call(f->read, find_app, "demo-abcde", &app, &found, &err),
        UK_OK);
    assert_true(found);
    assert_string_equal(app.id, APP);
    assert_int_equal(
        uk_store_call(f->read, find_app, "DEMO-abcde", &app, &found, &err),
        UK_OK);
    assert_false(found);
    assert_int_equal(uk_store_call(f->read, only_app, &app, &count, &err),
                     UK_OK);
    assert_int_equal(count, 1);
    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, only_app, &app, &count, &err),
                     UK_OK);
    assert_int_equal(count, 2);
}

static void
keeps_addresses_apart_without_their_case(void **state)
{
    struct fixture *f = *state;
    struct uk_store_password person;
    bool found;

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    assert_int_equal(add_user(f->write, APP, ANN, "Ann@Example.com"),
                     UK_STORE_DONE);
    assert_int_equal(add_user(f->write, APP, BOB, "ann@example.COM"),
                     UK_STORE_TAKEN);
    assert_int_equal(add_user(f->write, OTHER, CARL, "ann@example.com"),
                     UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "ANN@example.com", &person, &found, &err),
                     UK_OK);
    assert_true(found);
    assert_string_equal(person.user.id, ANN);
    assert_string_equal(person.identity.email, "Ann@Example.com");
    assert_true(person.identity.confirmed);
    assert_string_equal(person.hash, "the hash");
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "nn@example.com", &person, &found, &err),
                     UK_OK);
    assert_false(found);
}

static void
many_anonymous_users_may_be(void **state)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES];
    struct fixture *f = *state;
    size_t count;

    begin(f->write);
    assert_int_equal(add_user(f->write, APP, ANN, ""), UK_STORE_DONE);
    assert_int_equal(add_user(f->write, APP, BOB, ""), UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(
        uk_store_call(f->read, list_identities, ANN, identities, &count, &err),
        UK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(identities[0].provider, UK_PROVIDER_ANON);
    assert_string_equal(identities[0].email, "");
}

static void
keeps_keys(void **state)
{
    struct fixture *f = *state;
    struct uk_store_key keys[UK_STORE_KEYS];
    char a[UK_ID_SIZE], b[UK_ID_SIZE], c[UK_ID_SIZE];
    struct uk_store_login login;
    struct uk_store_key key;
    size_t count;
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    assert_int_equal(add_key(f->write, ANN, "zz", 1, a), UK_STORE_DONE);
    assert_int_equal(add_key(f->write, ANN, "aa", 2, b), UK_STORE_DONE);
    assert_int_equal(add_key(f->write, ANN, "zz", 3, c), UK_STORE_TAKEN);
    assert_int_equal(add_key(f->write, ANN, "ZZ", 3, c), UK_STORE_DONE);
    assert_int_equal(add_key(f->write, BOB, "zz", 4, c), UK_STORE_DONE);
    commit(f->write);

    login = find(f->read, 1);
    assert_int_equal(login.state, UK_STORE_THERE);
    assert_string_equal(login.key_id, a);
    assert_string_equal(login.user.id, ANN);
    assert_string_equal(login.user.app_id, APP);
    assert_false(login.key_disabled);
    assert_false(login.user.disabled);
    assert_int_equal(find(f->read, 77).state, UK_STORE_UNKNOWN);

    assert_int_equal(uk_store_call(f->read, list_keys, ANN, keys, &count, &err),
                     UK_OK);
    assert_int_equal(count, 3);
    assert_string_equal(keys[0].name, "zz"); /* as they were made */
    assert_string_equal(keys[1].name, "aa");
    assert_string_equal(keys[2].name, "ZZ");
    assert_int_equal(
        uk_store_call(f->read, find_key, ANN, b, &key, &found, &err), UK_OK);
    assert_true(found);
    assert_string_equal(key.name, "aa");
    assert_int_equal(
        uk_store_call(f->read, find_key, BOB, b, &key, &found, &err), UK_OK);
    assert_false(found);
}

static void
changes_keys_of_their_user_only(void **state)
{
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_key(f->write, ANN, "k", 1, id);
    set_key(f->write, BOB, id, true, UK_STORE_NOT_FOUND);
    delete_key(f->write, BOB, id, UK_STORE_NOT_FOUND);
    set_key(f->write, ANN, NONE, true, UK_STORE_NOT_FOUND);
    assert_false(find(f->write, 1).key_disabled);
    set_key(f->write, ANN, id, true, UK_STORE_DONE);
    set_key(f->write, ANN, id, true, UK_STORE_DONE);
    assert_true(find(f->write, 1).key_disabled);
    set_key(f->write, ANN, id, false, UK_STORE_DONE);
    assert_false(find(f->write, 1).key_disabled);
    delete_key(f->write, ANN, id, UK_STORE_DONE);
    delete_key(f->write, ANN, id, UK_STORE_NOT_FOUND);
    assert_int_equal(find(f->write, 1).state, UK_STORE_DELETED);
    assert_string_equal(find(f->write, 1).key_id, id);
    assert_string_equal(find(f->write, 1).user.id, ANN);
    /* The name is free again. */
    assert_int_equal(add_key(f->write, ANN, "k", 2, id), UK_STORE_DONE);
    commit(f->write);
}

static void
has_room_for_twenty_keys(void **state)
{
    struct fixture *f = *state;
    struct uk_store_key keys[UK_STORE_KEYS];
    char id[UK_ID_SIZE], last[UK_ID_SIZE];
    size_t count;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    for (unsigned i = 0; i < 20; i++) {
        char name[8];

        snprintf(name, sizeof(name), "k%u", i);
        assert_int_equal(add_key(f->write, ANN, name, i, last), UK_STORE_DONE);
    }
    assert_int_equal(add_key(f->write, ANN, "more", 20, id), UK_STORE_FULL);
    assert_int_equal(add_key(f->write, ANN, "k3", 20, id), UK_STORE_TAKEN);
    assert_int_equal(add_key(f->write, BOB, "more", 21, id), UK_STORE_DONE);
    delete_key(f->write, ANN, last, UK_STORE_DONE);
    assert_int_equal(add_key(f->write, ANN, "more", 20, id), UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, list_keys, ANN, keys, &count, &err),
                     UK_OK);
    assert_int_equal(count, 20);
    assert_string_equal(keys[0].name, "k0");
    assert_string_equal(keys[18].name, "k18");
    assert_string_equal(keys[19].name, "more");
}

static void
answers_many_hashes_at_once(void **state)
{
    struct fixture *f = *state;
    struct uk_store_hash hashes[5] = {hash_of(3), hash_of(99), hash_of(1),
                                      hash_of(2), hash_of(3)};
    struct uk_store_login logins[5];
    char id[3][UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "a", 1, id[0]);
    add_key(f->write, ANN, "b", 2, id[1]);
    add_key(f->write, ANN, "c", 3, id[2]);
    delete_key(f->write, ANN, id[1], UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, find_keys, hashes, 5, logins, &err),
                     UK_OK);
    assert_string_equal(logins[0].key_id, id[2]);
    assert_int_equal(logins[1].state, UK_STORE_UNKNOWN);
    assert_string_equal(logins[2].key_id, id[0]);
    assert_int_equal(logins[3].state, UK_STORE_DELETED);
    assert_string_equal(logins[4].key_id, id[2]);
    assert_int_equal(uk_store_call(f->read, find_keys, NULL, 0, NULL, &err),
                     UK_OK);
}

static void
knows_what_a_session_depends_on(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;
    struct uk_store_session session;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_key(f->write, ANN, "k", 1, id);
    commit(f->write);

    session = ask(f->read, ANN, "", SID);
    assert_true(session.user_there);
    assert_string_equal(session.user.id, ANN);
    assert_string_equal(session.client_id, "demo-abcde");
    assert_int_equal(session.user.epoch, 0);
    assert_false(session.key_there);
    assert_false(session.revoked);
    session = ask(f->read, ANN, id, SID);
    assert_true(session.key_there);
    assert_string_equal(session.key.name, "k");
    assert_false(ask(f->read, BOB, id, SID).key_there); /* not his */
    session = ask(f->read, NONE, id, SID);
    assert_false(session.user_there);
    assert_false(session.key_there);

    begin(f->write);
    set_key(f->write, ANN, id, true, UK_STORE_DONE);
    assert_int_equal(uk_store_call(f->write, revoke, SID, 5000, 1000, &err),
                     UK_OK);
    assert_int_equal(
        uk_store_call(f->write, set_user, ANN, true, &result, &err), UK_OK);
    commit(f->write);
    session = ask(f->read, ANN, id, SID);
    assert_true(session.key.disabled);
    assert_true(session.revoked);
    assert_true(session.user.disabled);
    assert_int_equal(session.user.epoch, 1);
    assert_false(ask(f->read, ANN, id, NONE).revoked);

    /* Enabling does not bring sessions back. */
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, set_user, ANN, false, &result, &err), UK_OK);
    commit(f->write);
    session = ask(f->read, ANN, id, NONE);
    assert_false(session.user.disabled);
    assert_int_equal(session.user.epoch, 1);
}

static void
deletes_users_with_all_that_is_theirs(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;
    struct uk_store_password person;
    char id[UK_ID_SIZE];
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_key(f->write, ANN, "k", 1, id);
    add_key(f->write, BOB, "k", 2, id);
    assert_int_equal(uk_store_call(f->write, delete_user, ANN, &result, &err),
                     UK_OK);
    assert_int_equal(result, UK_STORE_DONE);
    assert_int_equal(uk_store_call(f->write, delete_user, ANN, &result, &err),
                     UK_OK);
    assert_int_equal(result, UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_int_equal(find(f->read, 1).state, UK_STORE_DELETED);
    assert_int_equal(find(f->read, 2).state, UK_STORE_THERE);
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "ann@example.com", &person, &found, &err),
                     UK_OK);
    assert_false(found);
    begin(f->write);
    assert_int_equal(add_user(f->write, APP, CARL, "ann@example.com"),
                     UK_STORE_DONE);
    commit(f->write);
}

static int64_t
count(struct uk_store *store, const char *sql)
{
    int64_t number = -1;

    assert_int_equal(
        uk_sqlite_once((struct uk_sqlite *)store, sql, &number, &err), UK_OK);
    return number;
}

static void
forgets_what_is_over(void **state)
{
    const int64_t day = 24 * 3600;
    struct fixture *f = *state;
    char sid[UK_ID_SIZE];

    begin(f->write);
    for (int i = 0; i < 10; i++) {
        snprintf(sid, sizeof(sid), "%024d", i);
        assert_int_equal(uk_store_call(f->write, revoke, sid, 1000, 0, &err),
                         UK_OK);
    }
    /* Over, but for less than a day: clocks go wrong. */
    snprintf(sid, sizeof(sid), "%024d", 10);
    assert_int_equal(
        uk_store_call(f->write, revoke, sid, 1000 + 2 * day, 1000 + day, &err),
        UK_OK);
    assert_int_equal(count(f->write, "SELECT count(*) FROM revoked_session"),
                     11);
    snprintf(sid, sizeof(sid), "%024d", 11);
    assert_int_equal(
        uk_store_call(f->write, revoke, sid, 1001 + 2 * day, 1001 + day, &err),
        UK_OK);
    commit(f->write);
    assert_int_equal(count(f->read, "SELECT count(*) FROM revoked_session"), 2);
}

static void
remembers_only_so_many_deleted_keys(void **state)
{
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_key(f->write, BOB, "k", 5000, id);
    delete_key(f->write, BOB, id, UK_STORE_DONE);
    for (unsigned i = 0; i < 300; i++) {
        add_key(f->write, ANN, "k", i, id);
        delete_key(f->write, ANN, id, UK_STORE_DONE);
    }
    commit(f->write);
    assert_true(count(f->read, "SELECT count(*) FROM deleted_key WHERE"
                               " user_id = '" ANN "'") <= UK_STORE_TOMBSTONES);
    assert_int_equal(find(f->read, 299).state, UK_STORE_DELETED);
    assert_int_equal(find(f->read, 0).state, UK_STORE_UNKNOWN);
    assert_int_equal(find(f->read, 5000).state, UK_STORE_DELETED);
}

struct listing {
    int n;
    struct uk_store_listed last;
};

static void
note(void *context, const struct uk_store_listed *one)
{
    struct listing *listing = context;

    listing->n++;
    listing->last = *one;
}

static void
lists_users(void **state)
{
    struct listing listing = {.n = 0};
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, OTHER, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, "carl@example.com");
    add_key(f->write, CARL, "k", 1, id);
    commit(f->write);
    assert_int_equal(
        uk_store_call(f->read, list_users, APP, note, &listing, &err), UK_OK);
    assert_int_equal(listing.n, 2);
    assert_string_equal(listing.last.user.id, CARL);
    assert_string_equal(listing.last.email, "carl@example.com");
    assert_int_equal(listing.last.keys, 1);
}

static void
undoes_one_of_several_changes(void **state)
{
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    add_user(f->write, APP, ANN, "ann@example.com");
    assert_int_equal(f->write->ops->keep(f->write, &err), UK_OK);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    add_user(f->write, APP, BOB, "bob@example.com");
    add_key(f->write, BOB, "k", 1, id);
    assert_int_equal(f->write->ops->undo(f->write, &err), UK_OK);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    add_user(f->write, APP, CARL, "carl@example.com");
    assert_int_equal(f->write->ops->keep(f->write, &err), UK_OK);
    assert_false(ask(f->read, ANN, "", SID).user_there); /* not yet */
    commit(f->write);
    assert_true(ask(f->read, ANN, "", SID).user_there);
    assert_false(ask(f->read, BOB, "", SID).user_there);
    assert_true(ask(f->read, CARL, "", SID).user_there);
    assert_int_equal(find(f->read, 1).state, UK_STORE_UNKNOWN);
}

static void
rolls_back(void **state)
{
    struct fixture *f = *state;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    f->write->ops->rollback(f->write);
    f->write->ops->rollback(f->write); /* nothing left to do */
    assert_false(ask(f->read, ANN, "", SID).user_there);
    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    assert_true(ask(f->read, ANN, "", SID).user_there);
}

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
    pages = count(f->write, "PRAGMA page_count");
    assert_true(pages > 0);
    /* As many pages as there are, and no more. */
    assert_int_equal(count(f->write, "PRAGMA max_page_count = 1"), pages);
    begin(f->write);
    while (code == UK_OK && n < 10000) {
        char sid[UK_ID_SIZE];

        snprintf(sid, sizeof(sid), "%024u", n++);
        code = uk_store_call(f->write, revoke, sid, 1000, 0, &err);
    }
    assert_int_equal(code, UK_SYSTEM);
    assert_non_null(strstr(err.text, "full"));
    f->write->ops->rollback(f->write);
    assert_int_equal(count(f->read, "SELECT count(*) FROM revoked_session"), 0);
    assert_true(ask(f->read, ANN, "", SID).user_there);
    count(f->write, "PRAGMA max_page_count = 100000");
    begin(f->write);
    assert_int_equal(add_user(f->write, APP, BOB, "bob@example.com"),
                     UK_STORE_DONE);
    commit(f->write);
    assert_true(ask(f->read, BOB, "", SID).user_there);
}

static void
reading_connections_cannot_write(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(uk_store_call(f->read, revoke, SID, 1000, 0, &err),
                     UK_SYSTEM);
    assert_false(ask(f->read, ANN, "", SID).revoked);
}

static void
holds_text_of_every_kind(void **state)
{
    static const char *const odd[] = {
        "'; DROP TABLE app_user;--",
        "%",
        "_",
        "\"",
        "\\",
        "?1",
        ":a",
        "\xc3\xa4",
        "x' OR '1'='1",
    };
    struct fixture *f = *state;
    struct uk_store_key keys[UK_STORE_KEYS];
    struct uk_store_app app;
    char id[UK_ID_SIZE];
    size_t n;
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    for (unsigned i = 0; i < UK_COUNT(odd); i++)
        assert_int_equal(add_key(f->write, ANN, odd[i], i, id), UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, list_keys, ANN, keys, &n, &err),
                     UK_OK);
    assert_int_equal(n, UK_COUNT(odd));
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(keys[i].name, odd[i]);
        assert_int_equal(
            uk_store_call(f->read, find_app, odd[i], &app, &found, &err),
            UK_OK);
        assert_false(found);
        set_key(f->write, ANN, odd[i], true, UK_STORE_NOT_FOUND);
    }
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

static void
refuses_a_newer_schema(void **state)
{
    struct fixture *f = *state;
    struct uk_store *store = NULL;

    count(f->write, "PRAGMA user_version = 1000");
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
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(finds_apps),
        IN_A_FOLDER(keeps_addresses_apart_without_their_case),
        IN_A_FOLDER(many_anonymous_users_may_be),
        IN_A_FOLDER(keeps_keys),
        IN_A_FOLDER(changes_keys_of_their_user_only),
        IN_A_FOLDER(has_room_for_twenty_keys),
        IN_A_FOLDER(answers_many_hashes_at_once),
        IN_A_FOLDER(knows_what_a_session_depends_on),
        IN_A_FOLDER(deletes_users_with_all_that_is_theirs),
        IN_A_FOLDER(forgets_what_is_over),
        IN_A_FOLDER(remembers_only_so_many_deleted_keys),
        IN_A_FOLDER(lists_users),
        IN_A_FOLDER(undoes_one_of_several_changes),
        IN_A_FOLDER(rolls_back),
        IN_A_FOLDER(survives_a_full_disk),
        IN_A_FOLDER(reading_connections_cannot_write),
        IN_A_FOLDER(holds_text_of_every_kind),
        IN_A_FOLDER(refuses_what_is_not_ours),
        IN_A_FOLDER(refuses_a_newer_schema),
        IN_A_FOLDER(believes_only_a_private_file),
        cmocka_unit_test(knows_addresses_of_databases),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
