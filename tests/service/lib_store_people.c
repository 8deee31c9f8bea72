/* What every kind of store must do with registrations and handed-out tokens. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "tests/service/lib_store.h"

#define RESET   UK_STORE_RESET
#define CONFIRM UK_STORE_CONFIRM
#define H1      "aaaaaaaaaaaaaaaaaaaaaaa1"
#define H2      "aaaaaaaaaaaaaaaaaaaaaaa2"

static enum uk_store_result
register_user(struct uk_store *store, const char *app, const char *id,
              const char *email)
{
    struct uk_store_user user = {.pending = true};
    struct uk_store_identity identity = {.provider = UK_PROVIDER_PASSWORD};
    enum uk_store_result result = UK_STORE_NONE;

    memcpy(user.id, id, sizeof(user.id));
    memcpy(user.app_id, app, sizeof(user.app_id));
    uk_id_make(identity.id);
    memcpy(identity.email, email, strlen(email) + 1);
    assert_int_equal(uk_store_call(store, add_user, &user, &identity,
                                   "the hash", &result, &err),
                     UK_OK);
    return result;
}

static struct uk_store_password
person(struct uk_store *store, const char *email)
{
    struct uk_store_password out;
    bool found = false;

    memset(&out, 0, sizeof(out));
    assert_int_equal(
        uk_store_call(store, find_password, APP, email, &out, &found, &err),
        UK_OK);
    assert_int_equal(found, out.user.id[0] != '\0');
    return out;
}

static enum uk_store_result
merge(struct uk_store *store, const char *pending, const char *user)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(
        uk_store_call(store, merge_user, pending, user, &result, &err), UK_OK);
    return result;
}

static enum uk_store_result
settle(struct uk_store *store, const char *user)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(uk_store_call(store, settle_user, user, &result, &err),
                     UK_OK);
    return result;
}

static enum uk_store_result
confirm(struct uk_store *store, const char *user)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(uk_store_call(store, confirm_user, user, &result, &err),
                     UK_OK);
    return result;
}

void
a_registration_waits_for_a_login(void **state)
{
    struct fixture *f = *state;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    assert_int_equal(register_user(f->write, APP, BOB, "bob@example.com"),
                     UK_STORE_DONE);
    register_user(f->write, APP, CARL, "carl@example.com");
    commit(f->write);
    assert_false(person(f->read, "ann@example.com").user.pending);
    assert_true(person(f->read, "bob@example.com").user.pending);
    assert_true(ask(f->read, BOB, "", SID).user.pending);
    begin(f->write);
    assert_int_equal(settle(f->write, BOB), UK_STORE_DONE);
    assert_int_equal(settle(f->write, BOB), UK_STORE_DONE);
    assert_int_equal(settle(f->write, NONE), UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_false(person(f->read, "bob@example.com").user.pending);
    assert_int_equal(person(f->read, "bob@example.com").user.epoch, 0);
    assert_true(person(f->read, "carl@example.com").user.pending);
}

void
confirms_the_address_of_one_user(void **state)
{
    struct fixture *f = *state;

    begin(f->write);
    register_user(f->write, APP, ANN, "ann@example.com");
    register_user(f->write, APP, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, "");
    commit(f->write);
    assert_false(person(f->read, "ann@example.com").identity.confirmed);
    begin(f->write);
    assert_int_equal(confirm(f->write, ANN), UK_STORE_DONE);
    assert_int_equal(confirm(f->write, CARL), UK_STORE_NOT_FOUND);
    assert_int_equal(confirm(f->write, NONE), UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_true(person(f->read, "ann@example.com").identity.confirmed);
    assert_true(person(f->read, "ann@example.com").user.pending);
    assert_false(person(f->read, "bob@example.com").identity.confirmed);
}

void
merges_a_registration_into_a_user(void **state)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES];
    char identity[UK_ID_SIZE];
    struct fixture *f = *state;
    size_t n;

    begin(f->write);
    add_user(f->write, APP, ANN, "");
    register_user(f->write, APP, BOB, "Bob@example.com");
    commit(f->write);
    memcpy(identity, person(f->read, "bob@example.com").identity.id,
           UK_ID_SIZE);
    begin(f->write);
    assert_int_equal(merge(f->write, BOB, ANN), UK_STORE_DONE);
    commit(f->write);
    assert_string_equal(person(f->read, "bob@example.com").user.id, ANN);
    assert_string_equal(person(f->read, "bob@example.com").identity.id,
                        identity);
    assert_string_equal(person(f->read, "bob@example.com").hash, "the hash");
    assert_false(person(f->read, "bob@example.com").user.pending);
    assert_int_equal(
        uk_store_call(f->read, list_identities, ANN, identities, &n, &err),
        UK_OK);
    assert_int_equal(n, 2);
    assert_false(ask(f->read, BOB, "", SID).user_there);
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM identity"), 2);
}

/* Whoever has logged in, or could have, is nobody's to take. */
void
merges_nobody_else(void **state)
{
    static const char second[] = "444444444444444444444444";
    struct fixture *f = *state;
    char key[UK_ID_SIZE];

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    add_user(f->write, APP, ANN, "");
    add_user(f->write, APP, BOB, "bob@example.com");
    register_user(f->write, APP, CARL, "carl@example.com");
    register_user(f->write, OTHER, second, "dan@example.com");
    assert_int_equal(merge(f->write, BOB, ANN), UK_STORE_NOT_FOUND);
    assert_int_equal(merge(f->write, NONE, ANN), UK_STORE_NOT_FOUND);
    assert_int_equal(merge(f->write, CARL, NONE), UK_STORE_NOT_FOUND);
    assert_int_equal(merge(f->write, CARL, CARL), UK_STORE_NOT_FOUND);
    assert_int_equal(merge(f->write, second, ANN), UK_STORE_NOT_FOUND);
    assert_int_equal(merge(f->write, CARL, BOB), UK_STORE_TAKEN);
    add_key(f->write, CARL, "k", 1, key);
    assert_int_equal(merge(f->write, CARL, ANN), UK_STORE_NOT_FOUND);
    delete_key(f->write, CARL, key, UK_STORE_DONE);
    settle(f->write, CARL);
    assert_int_equal(merge(f->write, CARL, ANN), UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_string_equal(person(f->read, "carl@example.com").user.id, CARL);
    assert_string_equal(person(f->read, "bob@example.com").user.id, BOB);
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 4);
}

static enum uk_store_result
delete_pending(struct uk_store *store, const char *user)
{
    enum uk_store_result result = UK_STORE_NONE;

    assert_int_equal(uk_store_call(store, delete_pending, user, &result, &err),
                     UK_OK);
    return result;
}

void
deletes_who_has_never_logged_in(void **state)
{
    struct fixture *f = *state;
    char key[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    register_user(f->write, APP, BOB, "bob@example.com");
    register_user(f->write, APP, CARL, "carl@example.com");
    add_key(f->write, ANN, "a", 1, key);
    add_key(f->write, BOB, "b", 2, key);
    add_key(f->write, CARL, "c", 3, key);
    settle(f->write, BOB);
    assert_int_equal(delete_pending(f->write, ANN), UK_STORE_NOT_FOUND);
    assert_int_equal(delete_pending(f->write, BOB), UK_STORE_NOT_FOUND);
    assert_int_equal(delete_pending(f->write, NONE), UK_STORE_NOT_FOUND);
    assert_int_equal(delete_pending(f->write, CARL), UK_STORE_DONE);
    assert_int_equal(delete_pending(f->write, CARL), UK_STORE_NOT_FOUND);
    commit(f->write);
    assert_string_equal(person(f->read, "ann@example.com").user.id, ANN);
    assert_string_equal(person(f->read, "bob@example.com").user.id, BOB);
    assert_string_equal(person(f->read, "carl@example.com").user.id, "");
    assert_int_equal(find(f->read, 1).state, UK_STORE_THERE);
    assert_int_equal(find(f->read, 2).state, UK_STORE_THERE);
    assert_int_equal(find(f->read, 3).state, UK_STORE_DELETED);
    assert_int_equal(count(f, "SELECT count(*) FROM deleted_key"), 1);
}

static struct uk_store_handout
handout(const char *id, const char *user, enum uk_store_purpose purpose,
        unsigned n)
{
    struct uk_store_handout out = {
        .purpose = purpose, .hash = hash_of(n), .expires = 1000};

    memcpy(out.id, id, sizeof(out.id));
    memcpy(out.user_id, user, sizeof(out.user_id));
    return out;
}

static enum uk_store_result
hand_out(struct fixture *f, const char *id, const char *user,
         enum uk_store_purpose purpose, unsigned n)
{
    struct uk_store_handout one = handout(id, user, purpose, n);
    enum uk_store_result result = UK_STORE_NONE;

    begin(f->write);
    assert_int_equal(uk_store_call(f->write, add_handout, &one, &result, &err),
                     UK_OK);
    commit(f->write);
    return result;
}

/* Whose it is; "" for nobody's. */
static const char *
owner(struct fixture *f, const char *app, const char *id,
      enum uk_store_purpose purpose, unsigned n, int64_t now)
{
    static struct uk_store_handout one;
    bool found = true;

    one = handout(id, NONE, purpose, n);
    assert_int_equal(
        uk_store_call(f->read, find_handout, app, now, &one, &found, &err),
        UK_OK);
    return found ? one.user_id : "";
}

static enum uk_store_result
take(struct fixture *f, const char *id, const char *user,
     enum uk_store_purpose purpose, unsigned n, int64_t now)
{
    struct uk_store_handout one = handout(id, user, purpose, n);
    enum uk_store_result result = UK_STORE_NONE;

    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, take_handout, &one, now, &result, &err), UK_OK);
    commit(f->write);
    return result;
}

void
a_handout_is_good_once(void **state)
{
    struct fixture *f = *state;

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    commit(f->write);
    assert_int_equal(hand_out(f, H1, ANN, RESET, 1), UK_STORE_DONE);
    assert_string_equal(owner(f, APP, H1, RESET, 1, 999), ANN);
    assert_string_equal(owner(f, APP, H1, RESET, 1, 1000), ""); /* over */
    assert_string_equal(owner(f, APP, H1, RESET, 2, 999), "");
    assert_string_equal(owner(f, APP, H2, RESET, 1, 999), "");
    assert_string_equal(owner(f, APP, H1, CONFIRM, 1, 999), "");
    assert_string_equal(owner(f, OTHER, H1, RESET, 1, 999), "");
    assert_int_equal(take(f, H1, ANN, RESET, 1, 1000), UK_STORE_NOT_FOUND);
    assert_int_equal(take(f, H1, ANN, RESET, 2, 999), UK_STORE_NOT_FOUND);
    assert_int_equal(take(f, H2, ANN, RESET, 1, 999), UK_STORE_NOT_FOUND);
    assert_int_equal(take(f, H1, ANN, CONFIRM, 1, 999), UK_STORE_NOT_FOUND);
    assert_int_equal(take(f, H1, BOB, RESET, 1, 999), UK_STORE_NOT_FOUND);
    assert_int_equal(take(f, H1, ANN, RESET, 1, 999), UK_STORE_DONE);
    assert_string_equal(owner(f, APP, H1, RESET, 1, 999), "");
    assert_int_equal(take(f, H1, ANN, RESET, 1, 999), UK_STORE_NOT_FOUND);
}

void
a_new_handout_replaces_the_old_one(void **state)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, "");
    commit(f->write);
    hand_out(f, H1, ANN, RESET, 1);
    hand_out(f, "aaaaaaaaaaaaaaaaaaaaaaa3", ANN, CONFIRM, 3);
    hand_out(f, "aaaaaaaaaaaaaaaaaaaaaaa4", BOB, RESET, 4);
    assert_int_equal(hand_out(f, H2, ANN, RESET, 2), UK_STORE_DONE);
    assert_string_equal(owner(f, APP, H1, RESET, 1, 0), "");
    assert_string_equal(owner(f, APP, H2, RESET, 2, 0), ANN);
    assert_string_equal(
        owner(f, APP, "aaaaaaaaaaaaaaaaaaaaaaa3", CONFIRM, 3, 0), ANN);
    assert_string_equal(owner(f, APP, "aaaaaaaaaaaaaaaaaaaaaaa4", RESET, 4, 0),
                        BOB);
    assert_int_equal(hand_out(f, H1, CARL, RESET, 1), UK_STORE_NOT_FOUND);
    assert_int_equal(hand_out(f, H1, NONE, RESET, 1), UK_STORE_NOT_FOUND);
    begin(f->write);
    assert_int_equal(uk_store_call(f->write, delete_user, ANN, &result, &err),
                     UK_OK);
    commit(f->write);
    assert_int_equal(count(f, "SELECT count(*) FROM handout"), 1);
}
