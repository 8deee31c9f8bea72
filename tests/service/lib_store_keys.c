/* What every kind of store must do with keys that expire. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/service/lib_store.h"

#define SECOND 1000000LL
#define DAY    (24 * 3600 * SECOND)

static enum uk_store_result
add_expiring(struct uk_store *store, const char *name, unsigned n,
             int64_t expires_us)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_user user = {.id = ANN, .app_id = APP};
    struct uk_store_key key = {.expires_us = expires_us};

    uk_id_make(key.id);
    snprintf(key.name, sizeof(key.name), "%s", name);
    assert_int_equal(
        uk_store_call(store, add_key, &user, &key, &hash, &result, &err),
        UK_OK);
    return result;
}

static void
set_expiry(struct uk_store *store, const char *user_id, const char *key_id,
           int64_t expires_us, int64_t now_us, enum uk_store_result want)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(uk_store_call(store, set_expiry, user_id, key_id,
                                   expires_us, now_us, &result, &err),
                     UK_OK);
    assert_int_equal(result, want);
}

void
keeps_when_a_key_expires(void **state)
{
    struct fixture *f = *state;
    struct uk_store_key keys[UK_STORE_KEYS], key;
    int64_t now = uk_id_now_us();
    struct uk_store_login login;
    size_t n;
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    assert_int_equal(add_expiring(f->write, "never", 1, 0), UK_STORE_DONE);
    assert_int_equal(add_expiring(f->write, "soon", 2, now + DAY),
                     UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(find(f->read, 1).key_expires_us, 0);
    login = find(f->read, 2);
    assert_int_equal(login.key_expires_us, now + DAY);
    assert_int_equal(ask(f->read, ANN, login.key_id, SID).key.expires_us,
                     now + DAY);
    assert_int_equal(uk_store_call(f->read, list_keys, ANN, keys, &n, &err),
                     UK_OK);
    assert_int_equal(n, 2);
    assert_int_equal(keys[0].expires_us, 0);
    assert_int_equal(keys[1].expires_us, now + DAY);
    assert_in_range(keys[1].created_us, now, now + DAY);
    assert_true(keys[0].created_us < keys[1].created_us);
    assert_int_equal(
        uk_store_call(f->read, find_key, ANN, keys[1].id, &key, &found, &err),
        UK_OK);
    assert_int_equal(key.expires_us, now + DAY);
    assert_int_equal(key.created_us, keys[1].created_us);
    assert_int_equal(key.last_used_us, 0);
}

void
moves_when_a_key_expires(void **state)
{
    struct fixture *f = *state;
    int64_t now = uk_id_now_us(), epoch;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_key(f->write, ANN, "k", 1, id);
    epoch = find(f->write, 1).key_epoch;
    set_expiry(f->write, BOB, id, now, now, UK_STORE_NOT_FOUND);
    set_expiry(f->write, ANN, NONE, now, now, UK_STORE_NOT_FOUND);
    assert_int_equal(find(f->write, 1).key_expires_us, 0);
    set_expiry(f->write, ANN, id, now + DAY, now, UK_STORE_DONE);
    set_expiry(f->write, ANN, id, now + 2, now, UK_STORE_DONE);
    set_expiry(f->write, ANN, id, now + 1, now + 1, UK_STORE_DONE);
    assert_int_equal(find(f->write, 1).key_epoch, epoch);
    assert_int_equal(find(f->write, 1).key_expires_us, now + 1);
    /* It was over: what it had opened does not come back with it. */
    set_expiry(f->write, ANN, id, 0, now + 1, UK_STORE_DONE);
    assert_int_equal(find(f->write, 1).key_epoch, epoch + 1);
    assert_int_equal(find(f->write, 1).key_expires_us, 0);
    set_expiry(f->write, ANN, id, now + DAY, now + 2, UK_STORE_DONE);
    commit(f->write);
    assert_int_equal(find(f->read, 1).key_epoch, epoch + 1);
}

void
keeps_when_a_key_was_disabled(void **state)
{
    struct fixture *f = *state;
    int64_t now = uk_id_now_us(), then;
    struct uk_store_key key;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "k", 1, id);
    assert_int_equal(ask(f->write, ANN, id, SID).key.disabled_us, 0);
    set_key(f->write, ANN, id, false, UK_STORE_DONE);
    assert_int_equal(ask(f->write, ANN, id, SID).key.disabled_us, 0);
    set_key(f->write, ANN, id, true, UK_STORE_DONE);
    key = ask(f->write, ANN, id, SID).key;
    assert_true(key.disabled);
    assert_in_range(key.disabled_us, now, now + DAY);
    then = key.disabled_us;
    set_key(f->write, ANN, id, false, UK_STORE_DONE);
    assert_int_equal(ask(f->write, ANN, id, SID).key.disabled_us, then);
    commit(f->write);
}

void
what_has_expired_makes_room(void **state)
{
    struct fixture *f = *state;
    int64_t now = uk_id_now_us();
    char name[16], id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_key(f->write, BOB, "k", 50, id);
    set_expiry(f->write, BOB, id, now - 40 * DAY, now, UK_STORE_DONE);
    assert_int_equal(add_expiring(f->write, "old", 1, now - 31 * DAY),
                     UK_STORE_DONE);
    assert_int_equal(add_expiring(f->write, "new", 2, now - 29 * DAY),
                     UK_STORE_DONE);
    assert_int_equal(find(f->write, 1).state, UK_STORE_DELETED);
    assert_int_equal(find(f->write, 2).state, UK_STORE_THERE);
    for (unsigned i = 3; i <= 21; i++) {
        snprintf(name, sizeof(name), "k%u", i);
        assert_int_equal(add_expiring(f->write, name, i, i == 3 ? now - 1 : 0),
                         UK_STORE_DONE);
    }
    assert_int_equal(find(f->write, 2).state, UK_STORE_THERE); /* 20 are */
    assert_int_equal(add_expiring(f->write, "k22", 22, 0), UK_STORE_DONE);
    assert_int_equal(find(f->write, 2).state, UK_STORE_DELETED);
    assert_int_equal(find(f->write, 3).state, UK_STORE_DELETED);
    assert_int_equal(add_expiring(f->write, "k23", 23, now + DAY),
                     UK_STORE_DONE);
    assert_int_equal(add_expiring(f->write, "k24", 24, 0), UK_STORE_FULL);
    assert_int_equal(add_expiring(f->write, "k23", 24, 0), UK_STORE_TAKEN);
    commit(f->write);
    assert_int_equal(find(f->read, 23).state, UK_STORE_THERE);
    assert_int_equal(find(f->read, 50).state, UK_STORE_THERE); /* Bob's */
}

void
remembers_only_so_many_expired_keys(void **state)
{
    struct fixture *f = *state;
    int64_t now = uk_id_now_us();

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(add_expiring(f->write, "k", i, now - 31 * DAY - i),
                         UK_STORE_DONE);
    commit(f->write);
    assert_true(count(f, "SELECT count(*) FROM deleted_key WHERE"
                         " user_id = '" ANN "'") <= UK_STORE_TOMBSTONES);
    assert_int_equal(find(f->read, 298).state, UK_STORE_DELETED);
    assert_int_equal(find(f->read, 0).state, UK_STORE_UNKNOWN);
}
