/* What every kind of store must do. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "tests/service/lib_store.h"

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
    assert_string_equal(session.app.client_id, "demo-abcde");
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

/* What a login finds and what a session is asked for must be the same. */
static void
disabling_a_key_ends_its_sessions_for_good(void **state)
{
    struct uk_store_key keys[UK_STORE_KEYS], key;
    char one[UK_ID_SIZE], two[UK_ID_SIZE];
    struct fixture *f = *state;
    int64_t before;
    size_t count;
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "one", 1, one);
    add_key(f->write, ANN, "two", 2, two);
    commit(f->write);
    before = find(f->read, 1).key_epoch;
    assert_int_equal(ask(f->read, ANN, one, SID).key.epoch, before);

    begin(f->write);
    set_key(f->write, ANN, one, false, UK_STORE_DONE); /* as it was */
    commit(f->write);
    assert_int_equal(ask(f->read, ANN, one, SID).key.epoch, before);
    begin(f->write);
    set_key(f->write, ANN, one, true, UK_STORE_DONE);
    commit(f->write);
    assert_true(ask(f->read, ANN, one, SID).key.epoch > before);
    begin(f->write);
    set_key(f->write, ANN, one, false, UK_STORE_DONE);
    commit(f->write);
    assert_false(ask(f->read, ANN, one, SID).key.disabled);
    assert_true(ask(f->read, ANN, one, SID).key.epoch > before);
    assert_int_equal(find(f->read, 1).key_epoch,
                     ask(f->read, ANN, one, SID).key.epoch);
    assert_int_equal(
        uk_store_call(f->read, find_key, ANN, one, &key, &found, &err), UK_OK);
    assert_int_equal(key.epoch, find(f->read, 1).key_epoch);
    assert_int_equal(uk_store_call(f->read, list_keys, ANN, keys, &count, &err),
                     UK_OK);
    assert_int_equal(keys[0].epoch, key.epoch);

    /* Nobody else's. */
    assert_int_equal(keys[1].epoch, before);
    assert_int_equal(find(f->read, 2).key_epoch, before);
    assert_int_equal(ask(f->read, ANN, two, SID).key.epoch, before);
    assert_int_equal(find(f->read, 1).user.epoch, 0);
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

static void
changes_passwords_of_their_user_only(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;
    struct uk_store_password person;
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, ""); /* has none */
    assert_int_equal(
        uk_store_call(f->write, set_password, ANN, "new", &result, &err),
        UK_OK);
    assert_int_equal(result, UK_STORE_DONE);
    assert_int_equal(
        uk_store_call(f->write, set_password, CARL, "new", &result, &err),
        UK_OK);
    assert_int_equal(result, UK_STORE_NOT_FOUND);
    result = UK_STORE_NONE;
    assert_int_equal(
        uk_store_call(f->write, set_password, NONE, "new", &result, &err),
        UK_OK);
    assert_int_equal(result, UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "ann@example.com", &person, &found, &err),
                     UK_OK);
    assert_true(found);
    assert_string_equal(person.hash, "new");
    assert_string_equal(person.user.id, ANN);
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "bob@example.com", &person, &found, &err),
                     UK_OK);
    assert_true(found);
    assert_string_equal(person.hash, "the hash");
}

/* What a stranger made, who was the first to write the address down. */
static void
takes_doubtful_keys_with_the_password(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, "carl@example.com");
    add_key(f->write, ANN, "k", 1, id);
    add_key(f->write, ANN, "l", 2, id);
    add_key(f->write, BOB, "k", 3, id);
    add_key(f->write, CARL, "k", 4, id);
    commit(f->write);
    count(f, "UPDATE identity SET confirmed = (subject = 'bob@example.com')");
    count(f, "INSERT INTO handout(id, hash, user_id, purpose, expires)"
             " SELECT user_id, hash, user_id, 'reset', 1 FROM api_key"
             " WHERE name = 'k'");
    count(f, "INSERT INTO handout(id, hash, user_id, purpose, expires)"
             " SELECT id, hash, user_id, 'confirm', 1 FROM api_key"
             " WHERE name = 'k'");
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, set_password, ANN, "new", &result, &err),
        UK_OK);
    assert_int_equal(
        uk_store_call(f->write, set_password, BOB, "new", &result, &err),
        UK_OK);
    commit(f->write);
    assert_int_equal(count(f, "SELECT count(*) FROM api_key"), 2);
    assert_int_equal(count(f, "SELECT count(*) FROM deleted_key"), 2);
    assert_int_equal(
        count(f, "SELECT count(*) FROM handout WHERE purpose = 'reset'"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM handout"), 4);
}

static void
counts_the_users_of_an_app(void **state)
{
    struct fixture *f = *state;
    uint64_t n = 99;

    assert_int_equal(uk_store_call(f->read, count_users, APP, &n, &err), UK_OK);
    assert_int_equal(n, 0);
    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "");
    add_user(f->write, OTHER, CARL, "carl@example.com");
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, count_users, APP, &n, &err), UK_OK);
    assert_int_equal(n, 2);
    assert_int_equal(uk_store_call(f->read, count_users, OTHER, &n, &err),
                     UK_OK);
    assert_int_equal(n, 1);
    assert_int_equal(uk_store_call(f->read, count_users, NONE, &n, &err),
                     UK_OK);
    assert_int_equal(n, 0);
}

static void
forgets_what_is_over(void **state)
{
    const int64_t while_s = UK_STORE_PATIENCE_S;
    struct fixture *f = *state;
    char sid[UK_ID_SIZE];

    begin(f->write);
    for (int i = 0; i < 10; i++) {
        snprintf(sid, sizeof(sid), "%024d", i);
        assert_int_equal(uk_store_call(f->write, revoke, sid, 1000, 0, &err),
                         UK_OK);
    }
    /* Over, but not for long: clocks go wrong. */
    snprintf(sid, sizeof(sid), "%024d", 10);
    assert_int_equal(uk_store_call(f->write, revoke, sid, 1000 + 2 * while_s,
                                   1000 + while_s, &err),
                     UK_OK);
    commit(f->write);
    assert_int_equal(count(f, "SELECT count(*) FROM revoked_session"), 11);
    begin(f->write);
    snprintf(sid, sizeof(sid), "%024d", 11);
    assert_int_equal(uk_store_call(f->write, revoke, sid, 3601 + 2 * while_s,
                                   3601 + while_s, &err),
                     UK_OK);
    commit(f->write);
    assert_int_equal(count(f, "SELECT count(*) FROM revoked_session"), 2);
}

/* However many of another app still go on that began before. */
static void
forgets_what_is_over_behind_what_is_not(void **state)
{
    const int64_t later = 1000000000000;
    struct fixture *f = *state;
    char sid[UK_ID_SIZE];

    begin(f->write);
    for (int i = 0; i < 1200; i++) {
        snprintf(sid, sizeof(sid), "%024d", i);
        assert_int_equal(uk_store_call(f->write, revoke, sid,
                                       i < 1100 ? later : 1000, 0, &err),
                         UK_OK);
    }
    for (int i = 1200; i < 1800; i++) {
        snprintf(sid, sizeof(sid), "%024d", i);
        assert_int_equal(uk_store_call(f->write, revoke, sid, later,
                                       1001 + UK_STORE_PATIENCE_S + i, &err),
                         UK_OK);
    }
    commit(f->write);
    assert_int_equal(
        count(f, "SELECT count(*) FROM revoked_session WHERE expires = 1000"),
        0);
    assert_int_equal(count(f, "SELECT count(*) FROM revoked_session"), 1700);
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
    assert_true(count(f, "SELECT count(*) FROM deleted_key WHERE"
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
    const struct uk_store_page all = {
        .app_id = APP, .after = "", .disabled = -1};
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
        uk_store_call(f->read, page_users, &all, note, &listing, &err), UK_OK);
    assert_int_equal(listing.n, 2);
    assert_string_equal(listing.last.user.id, CARL);
    assert_string_equal(listing.last.email, "carl@example.com");
    assert_int_equal(listing.last.keys, 1);
}

static void
pages_users_in_the_order_of_their_ids(void **state)
{
    struct listing listing = {.n = 0};
    struct fixture *f = *state;
    char id[UK_ID_SIZE], after[UK_ID_SIZE] = "";
    const struct uk_store_page from = {
        .app_id = APP, .after = after, .disabled = -1};
    bool found = false;

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    for (unsigned i = 120; i-- > 0;) {
        char email[40];

        snprintf(id, sizeof(id), "%024x", i);
        snprintf(email, sizeof(email), "u%u@example.com", i);
        assert_int_equal(add_user(f->write, APP, id, email), UK_STORE_DONE);
    }
    add_user(f->write, OTHER, BOB, "bob@example.com");
    add_key(f->write, id, "k", 1, after);
    commit(f->write);
    after[0] = '\0';
    for (unsigned page = 0; page < 4; page++) {
        static const int sizes[] = {50, 50, 20, 0};

        listing.n = 0;
        assert_int_equal(
            uk_store_call(f->read, page_users, &from, note, &listing, &err),
            UK_OK);
        assert_int_equal(listing.n, sizes[page]);
        memcpy(after, listing.last.user.id, sizeof(after));
    }
    assert_string_equal(listing.last.user.id, "000000000000000000000077");
    assert_string_equal(listing.last.email, "u119@example.com");
    assert_int_equal(
        uk_store_call(f->read, find_user, APP, id, &listing.last, &found, &err),
        UK_OK);
    assert_true(found);
    assert_string_equal(listing.last.email, "u0@example.com");
    assert_int_equal(listing.last.keys, 1);
    assert_true(listing.last.created_us > 0);
    assert_int_equal(uk_store_call(f->read, find_user, APP, BOB, &listing.last,
                                   &found, &err),
                     UK_OK);
    assert_false(found); /* of another app */
}

static void
note_app(void *context, const struct uk_store_app *app, const char *name)
{
    struct uk_buf *out = context;

    uk_buf_addf(out, "%s %s %s;", app->id, app->client_id, name);
}

static void
lists_apps(void **state)
{
    struct uk_buf out = UK_BUF_UP_TO(1000);
    struct fixture *f = *state;

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    commit(f->write);
    assert_int_equal(
        uk_store_call(f->read, list_apps, "", note_app, &out, &err), UK_OK);
    assert_string_equal(uk_buf_peek(&out), APP " demo-abcde demo-abcde;" OTHER
                                               " other-abcde other-abcde;");
    uk_buf_clear(&out);
    assert_int_equal(
        uk_store_call(f->read, list_apps, OTHER, note_app, &out, &err), UK_OK);
    assert_string_equal(uk_buf_peek(&out), OTHER " other-abcde other-abcde;");
    uk_buf_clear(&out);
    assert_int_equal(
        uk_store_call(f->read, list_apps, NONE, note_app, &out, &err), UK_OK);
    assert_int_equal(out.len, 0);
    uk_buf_clear(&out);
}

static void
ends_all_sessions_of_a_user(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    assert_int_equal(uk_store_call(f->write, end_sessions, ANN, &result, &err),
                     UK_OK);
    assert_int_equal(result, UK_STORE_DONE);
    assert_int_equal(uk_store_call(f->write, end_sessions, NONE, &result, &err),
                     UK_OK);
    assert_int_equal(result, UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_int_equal(ask(f->read, ANN, "", SID).user.epoch, 1);
    assert_false(ask(f->read, ANN, "", SID).user.disabled);
    assert_int_equal(ask(f->read, BOB, "", SID).user.epoch, 0);
}

static enum uk_store_result
add_admin(struct uk_store *store, const char *id, const char *name, unsigned n)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_admin admin = {.created_us = 0};

    memcpy(admin.id, id, sizeof(admin.id));
    snprintf(admin.name, sizeof(admin.name), "%s", name);
    assert_int_equal(
        uk_store_call(store, add_admin, &admin, &hash, &result, &err), UK_OK);
    return result;
}

static struct uk_store_admin_found
find_admin(struct uk_store *store, const char *id, unsigned n, const char *sid)
{
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_admin_ask question = {id, n != 0 ? &hash : NULL, sid};
    struct uk_store_admin_found found;

    assert_int_equal(uk_store_call(store, find_admin, &question, &found, &err),
                     UK_OK);
    return found;
}

static void
note_admin(void *context, const struct uk_store_admin *admin)
{
    struct uk_buf *out = context;

    assert_true(admin->created_us > 0);
    uk_buf_addf(out, "%s %s;", admin->id, admin->name);
}

static void
keeps_keys_of_administrators(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_buf out = UK_BUF_UP_TO(1000);
    struct uk_store_admin_found found;
    struct fixture *f = *state;

    begin(f->write);
    assert_int_equal(add_admin(f->write, CARL, "ops", 1), UK_STORE_DONE);
    assert_int_equal(add_admin(f->write, ANN, "ops", 2), UK_STORE_TAKEN);
    assert_int_equal(add_admin(f->write, ANN, "Ops", 2), UK_STORE_DONE);
    commit(f->write);
    found = find_admin(f->read, CARL, 1, "");
    assert_true(found.there && found.right && !found.revoked);
    assert_string_equal(found.admin.name, "ops");
    found = find_admin(f->read, CARL, 2, ""); /* that of another one */
    assert_true(found.there && !found.right);
    found = find_admin(f->read, CARL, 0, SID); /* none at all */
    assert_true(found.there && !found.right && !found.revoked);
    assert_false(find_admin(f->read, NONE, 1, SID).there);
    assert_int_equal(
        uk_store_call(f->read, list_admins, note_admin, &out, &err), UK_OK);
    assert_string_equal(uk_buf_peek(&out), CARL " ops;" ANN " Ops;");
    uk_buf_clear(&out);
    /* It is no key of a user. */
    assert_int_equal(find(f->read, 1).state, UK_STORE_UNKNOWN);

    begin(f->write);
    assert_int_equal(uk_store_call(f->write, revoke, SID, 5000, 1000, &err),
                     UK_OK);
    assert_int_equal(uk_store_call(f->write, delete_admin, ANN, &result, &err),
                     UK_OK);
    assert_int_equal(result, UK_STORE_DONE);
    assert_int_equal(uk_store_call(f->write, delete_admin, ANN, &result, &err),
                     UK_OK);
    assert_int_equal(result, UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_true(find_admin(f->read, CARL, 0, SID).revoked);
    assert_false(find_admin(f->read, ANN, 2, "").there);
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
        "\xff\xfe", /* not UTF-8 */
        "$1",
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
        begin(f->write);
        set_key(f->write, ANN, odd[i], true, UK_STORE_NOT_FOUND);
        commit(f->write);
    }
}

/* A change that fails, and is undone, costs the others nothing. */
static void
goes_on_after_a_change_that_failed(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_user nobody = {.id = NONE, .app_id = APP};
    struct uk_store_key key = {.id = SID, .name = "k"};
    struct uk_store_hash hash = hash_of(1);
    struct fixture *f = *state;

    begin(f->write);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    add_user(f->write, APP, ANN, "ann@example.com");
    assert_int_equal(f->write->ops->keep(f->write, &err), UK_OK);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    add_user(f->write, APP, BOB, "bob@example.com");
    err.text[0] = '\0';
    assert_int_equal(
        uk_store_call(f->write, add_key, &nobody, &key, &hash, &result, &err),
        UK_SYSTEM); /* a key of nobody's */
    assert_string_not_equal(err.text, "");
    assert_int_equal(f->write->ops->undo(f->write, &err), UK_OK);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    add_user(f->write, APP, CARL, "carl@example.com");
    assert_int_equal(f->write->ops->keep(f->write, &err), UK_OK);
    commit(f->write);
    assert_true(ask(f->read, ANN, "", SID).user_there);
    assert_false(ask(f->read, BOB, "", SID).user_there);
    assert_true(ask(f->read, CARL, "", SID).user_there);
    assert_int_equal(find(f->read, 1).state, UK_STORE_UNKNOWN);
}

static void
commits_nothing_too(void **state)
{
    struct fixture *f = *state;

    begin(f->write);
    commit(f->write);
    begin(f->write);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    assert_int_equal(f->write->ops->undo(f->write, &err), UK_OK);
    assert_int_equal(f->write->ops->save(f->write, &err), UK_OK);
    assert_int_equal(f->write->ops->keep(f->write, &err), UK_OK);
    commit(f->write);
    begin(f->write);
    f->write->ops->rollback(f->write);
    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    assert_true(ask(f->read, ANN, "", SID).user_there);
}

static void
shows_a_change_from_its_commit_on(void **state)
{
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "k", 1, id);
    commit(f->write);
    for (int i = 0; i < 50; i++) {
        bool disabled = i % 2 == 0;

        begin(f->write);
        set_key(f->write, ANN, id, disabled, UK_STORE_DONE);
        assert_int_equal(find(f->read, 1).key_disabled, !disabled);
        assert_int_equal(find(f->write, 1).key_disabled, disabled);
        commit(f->write);
        assert_int_equal(find(f->read, 1).key_disabled, disabled);
        assert_int_equal(ask(f->read, ANN, id, SID).key.disabled, disabled);
    }
}

struct writer {
    struct fixture *f;
    pthread_t thread;
    _Atomic int step;
    enum uk_store_result result;
};

/* The other node.  No assertion: they end a thread in the wrong place. */
static void *
add_one_more(void *context)
{
    struct uk_store_user user = {.id = ANN, .app_id = APP};
    struct uk_store_hash hash = hash_of(1000);
    struct uk_store_key key = {.name = "other"};
    struct uk_err why = UK_ERR_NONE;
    struct writer *writer = context;
    struct uk_store *store;

    uk_id_make(key.id);
    if (uk_store_open(writer->f->where, UK_STORE_WRITE, &store, &why) != UK_OK)
        return NULL;
    writer->step = 1;
    if (store->ops->begin(store, &why) == UK_OK &&
        uk_store_call(store, add_key, &user, &key, &hash, &writer->result,
                      &why) == UK_OK) {
        writer->step = 2;
        if (store->ops->commit(store, &why) == UK_OK)
            writer->step = 3;
    }
    uk_store_close(store);
    return NULL;
}

static void
a_writer_waits_for_another(void **state)
{
    struct writer writer = {.f = *state, .result = UK_STORE_NONE};
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    for (unsigned i = 0; i < 19; i++) {
        char name[8];

        snprintf(name, sizeof(name), "k%u", i);
        assert_int_equal(add_key(f->write, ANN, name, i, id), UK_STORE_DONE);
    }
    commit(f->write);
    begin(f->write);
    assert_int_equal(add_key(f->write, ANN, "k19", 19, id), UK_STORE_DONE);
    assert_int_equal(
        pthread_create(&writer.thread, NULL, add_one_more, &writer), 0);
    while (writer.step == 0)
        usleep(1000);
    usleep(300000);
    assert_int_equal(writer.step, 1); /* it does not know yet */
    commit(f->write);
    pthread_join(writer.thread, NULL);
    assert_int_equal(writer.step, 3);
    assert_int_equal(writer.result, UK_STORE_FULL);
    assert_int_equal(count(f, "SELECT count(*) FROM api_key"), 20);
}

static void
an_address_is_given_once(void **state)
{
    struct fixture *f = *state;
    struct uk_store *other = NULL;

    assert_int_equal(uk_store_open(f->where, UK_STORE_WRITE, &other, &err),
                     UK_OK);
    begin(f->write);
    assert_int_equal(add_user(f->write, APP, ANN, "ann@example.com"),
                     UK_STORE_DONE);
    commit(f->write);
    begin(other);
    assert_int_equal(add_user(other, APP, BOB, "ANN@EXAMPLE.COM"),
                     UK_STORE_TAKEN);
    commit(other); /* and nothing is left of him */
    uk_store_close(other);
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM identity"), 1);
}

static void
forgets_keys_that_were_deleted_long_ago(void **state)
{
    struct fixture *f = *state;
    struct uk_store *later = NULL;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "a", 1, id);
    delete_key(f->write, ANN, id, UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(find(f->read, 1).state, UK_STORE_DELETED);
    begin(f->write);
    f->write->ops->rollback(f->write);
    count(f, "UPDATE deleted_key SET deleted = 1000");
    assert_int_equal(uk_store_open(f->where, UK_STORE_WRITE, &later, &err),
                     UK_OK);
    begin(later);
    add_key(later, ANN, "b", 2, id);
    delete_key(later, ANN, id, UK_STORE_DONE);
    commit(later);
    uk_store_close(later);
    assert_int_equal(find(f->read, 1).state, UK_STORE_UNKNOWN);
    assert_int_equal(find(f->read, 2).state, UK_STORE_DELETED);
}

int
store_run_cases(const struct store_kind *kind)
{
    static const struct {
        const char *name;
        CMUnitTestFunction run;
    } cases[] = {
#define CASE(name) {#name, name}
        CASE(finds_apps),
        CASE(keeps_addresses_apart_without_their_case),
        CASE(many_anonymous_users_may_be),
        CASE(keeps_keys),
        CASE(changes_keys_of_their_user_only),
        CASE(has_room_for_twenty_keys),
        CASE(answers_many_hashes_at_once),
        CASE(knows_what_a_session_depends_on),
        CASE(disabling_a_key_ends_its_sessions_for_good),
        CASE(deletes_users_with_all_that_is_theirs),
        CASE(changes_passwords_of_their_user_only),
        CASE(takes_doubtful_keys_with_the_password),
        CASE(counts_the_users_of_an_app),
        CASE(forgets_what_is_over),
        CASE(forgets_what_is_over_behind_what_is_not),
        CASE(remembers_only_so_many_deleted_keys),
        CASE(forgets_keys_that_were_deleted_long_ago),
        CASE(lists_users),
        CASE(pages_users_in_the_order_of_their_ids),
        CASE(lists_apps),
        CASE(ends_all_sessions_of_a_user),
        CASE(keeps_keys_of_administrators),
        CASE(finds_a_free_id_for_an_app),
        CASE(keeps_what_is_set_for_an_app),
        CASE(drops_an_app_at_once_and_empties_it_in_steps),
        CASE(keeps_server_keys),
        CASE(has_room_for_a_hundred_server_keys),
        CASE(notes_logins_of_those_who_are_there),
        CASE(keeps_when_a_key_expires),
        CASE(moves_when_a_key_expires),
        CASE(keeps_when_a_key_was_disabled),
        CASE(what_has_expired_makes_room),
        CASE(remembers_only_so_many_expired_keys),
        CASE(gives_another_address),
        CASE(pages_users_by_what_they_are),
        CASE(undoes_one_of_several_changes),
        CASE(goes_on_after_a_change_that_failed),
        CASE(rolls_back),
        CASE(commits_nothing_too),
        CASE(shows_a_change_from_its_commit_on),
        CASE(a_writer_waits_for_another),
        CASE(an_address_is_given_once),
        CASE(reading_connections_cannot_write),
        CASE(holds_text_of_every_kind),
        CASE(a_registration_waits_for_a_login),
        CASE(confirms_the_address_of_one_user),
        CASE(merges_a_registration_into_a_user),
        CASE(merges_nobody_else),
        CASE(deletes_who_has_never_logged_in),
        CASE(a_handout_is_good_once),
        CASE(a_new_handout_replaces_the_old_one),
        CASE(a_copy_leaves_no_column_out),
        CASE(a_database_with_an_app_cannot_be_claimed),
#undef CASE
    };
    struct CMUnitTest tests[UK_COUNT(cases)];
    char names[UK_COUNT(cases)][80];
    struct store_kind initial = *kind;

    for (size_t i = 0; i < UK_COUNT(cases); i++) {
        snprintf(names[i], sizeof(names[i]), "%s: %s", kind->name,
                 cases[i].name);
        tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = cases[i].run,
            .setup_func = store_set_up,
            .teardown_func = store_tear_down,
            .initial_state = &initial,
        };
    }
    return cmocka_run_group_tests_name("every kind of store", tests, NULL,
                                       NULL);
}
