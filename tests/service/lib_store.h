/*
 * What every kind of store must do, as cases that run on each of them, and
 * what tests of stores share.
 */
#ifndef UK_TESTS_SERVICE_LIB_STORE_H
#define UK_TESTS_SERVICE_LIB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/store/store.h"

#define APP   "aaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "dddddddddddddddddddddddd"
#define ANN   "111111111111111111111111"
#define BOB   "222222222222222222222222"
#define CARL  "333333333333333333333333"
#define NONE  "999999999999999999999999"
#define SID   "0123456789abcdef01234567"

struct fixture;

/* How stores of this kind are made and looked into for a test. */
struct store_kind {
    const char *name;
    /* Fill where, for a store that does not exist yet. */
    void (*make)(struct fixture *f);
    void (*destroy)(struct fixture *f);
    /* The first number that this answers; any SQL, past the store. */
    int64_t (*count)(struct fixture *f, const char *sql);
};

/* A new store with one app: a connection for writing, one for reading. */
struct fixture {
    const struct store_kind *kind;
    char folder[64];
    char where[512];
    struct uk_store *write, *read;
};

extern struct uk_err err;

/* For cmocka: *state must be the kind. */
int store_set_up(void **state);
int store_tear_down(void **state);

/* All cases; how many failed. */
int store_run_cases(const struct store_kind *kind);

/* Calls that must work. */
void begin(struct uk_store *store);
void commit(struct uk_store *store);
void add_app(struct uk_store *store, const char *id, const char *name);
enum uk_store_result add_user(struct uk_store *store, const char *app,
                              const char *id, const char *email);
struct uk_store_hash hash_of(unsigned n); /* of the n-th key of a test */
enum uk_store_result add_key(struct uk_store *store, const char *user_id,
                             const char *name, unsigned n, char id[UK_ID_SIZE]);
struct uk_store_login find(struct uk_store *store, unsigned n);
struct uk_store_session ask(struct uk_store *store, const char *user_id,
                            const char *key_id, const char *session_id);
void set_key(struct uk_store *store, const char *user_id, const char *key_id,
             bool disabled, enum uk_store_result want);
void delete_key(struct uk_store *store, const char *user_id, const char *key_id,
                enum uk_store_result want);
int64_t count(struct fixture *f, const char *sql);

/* Cases of lib_store_apps.c. */
void finds_a_free_id_for_an_app(void **state);
void keeps_what_is_set_for_an_app(void **state);
void drops_an_app_at_once_and_empties_it_in_steps(void **state);
void keeps_server_keys(void **state);
void has_room_for_a_hundred_server_keys(void **state);
void notes_logins_of_those_who_are_there(void **state);
void gives_another_address(void **state);
void pages_users_by_what_they_are(void **state);
/* Cases of other files. */
void a_registration_waits_for_a_login(void **state);
void confirms_the_address_of_one_user(void **state);
void merges_a_registration_into_a_user(void **state);
void merges_nobody_else(void **state);
void deletes_who_has_never_logged_in(void **state);
void a_handout_is_good_once(void **state);
void a_new_handout_replaces_the_old_one(void **state);
void keeps_when_a_key_expires(void **state);
void moves_when_a_key_expires(void **state);
void keeps_when_a_key_was_disabled(void **state);
void what_has_expired_makes_room(void **state);
void remembers_only_so_many_expired_keys(void **state);
void a_copy_leaves_no_column_out(void **state);
void a_database_with_an_app_cannot_be_claimed(void **state);

#endif
