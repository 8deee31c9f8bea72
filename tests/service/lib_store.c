/* Calls of a store that must work, and a new store for each case. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/service/lib_store.h"

struct uk_err err;

void
begin(struct uk_store *store)
{
    assert_int_equal(store->ops->begin(store, &err), UK_OK);
}

void
commit(struct uk_store *store)
{
    assert_int_equal(store->ops->commit(store, &err), UK_OK);
}

void
add_app(struct uk_store *store, const char *id, const char *name)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_app app;

    memcpy(app.id, id, sizeof(app.id));
    snprintf(app.client_id, sizeof(app.client_id), "%s", name);
    assert_int_equal(uk_store_call(store, add_app, &app, name, &result, &err),
                     UK_OK);
    assert_int_equal(result, UK_STORE_DONE);
}

enum uk_store_result
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

struct uk_store_hash
hash_of(unsigned n)
{
    struct uk_store_hash hash;

    memset(&hash, 0, sizeof(hash));
    memcpy(hash.bytes, &n, sizeof(n));
    return hash;
}

enum uk_store_result
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

struct uk_store_login
find(struct uk_store *store, unsigned n)
{
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_login login;

    assert_int_equal(uk_store_call(store, find_keys, &hash, 1, &login, &err),
                     UK_OK);
    return login;
}

struct uk_store_session
ask(struct uk_store *store, const char *user_id, const char *key_id,
    const char *session_id)
{
    struct uk_store_ask question = {user_id, key_id, session_id};
    struct uk_store_session session;

    assert_int_equal(
        uk_store_call(store, find_session, &question, &session, &err), UK_OK);
    return session;
}

void
set_key(struct uk_store *store, const char *user_id, const char *key_id,
        bool disabled, enum uk_store_result want)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(
        uk_store_call(store, set_key, user_id, key_id, disabled, &result, &err),
        UK_OK);
    assert_int_equal(result, want);
}

void
delete_key(struct uk_store *store, const char *user_id, const char *key_id,
           enum uk_store_result want)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(
        uk_store_call(store, delete_key, user_id, key_id, &result, &err),
        UK_OK);
    assert_int_equal(result, want);
}

int64_t
count(struct fixture *f, const char *sql)
{
    return f->kind->count(f, sql);
}

int
store_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->kind = *state;
    assert_int_equal(uk_crypto_start(&err), UK_OK);
    f->kind->make(f);
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

int
store_tear_down(void **state)
{
    struct fixture *f = *state;

    uk_store_close(f->read);
    uk_store_close(f->write);
    f->kind->destroy(f);
    free(f);
    return 0;
}
