/* What every kind of store must do with apps, server keys and lists. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "service/store/app.h"
#include "tests/service/lib_store.h"

#define ANON (1 << UK_PROVIDER_ANON)
#define PASS (1 << UK_PROVIDER_PASSWORD)
#define KEYS (1 << UK_PROVIDER_KEY)

static struct uk_store_app
app_of(struct uk_store *store, const char *client_id)
{
    struct uk_store_app app;
    bool found = false;

    assert_int_equal(
        uk_store_call(store, find_app, client_id, &app, &found, &err), UK_OK);
    assert_true(found);
    return app;
}

/* The first end of an id that is thought of is not always free. */
static struct {
    const struct uk_store_ops *ops; /* the store's own */
    unsigned taken;                 /* that many are */
    unsigned count;
    char asked[20][UK_STORE_CLIENT_ID + 1];
} ends;

static enum uk_code
add_to_the_crowd(struct uk_store *store, const struct uk_store_app *app,
                 const char *name, enum uk_store_result *result,
                 struct uk_err *error)
{
    struct uk_store_app same = *app;

    assert_in_range(ends.count, 0, UK_COUNT(ends.asked) - 1);
    snprintf(ends.asked[ends.count++], sizeof(ends.asked[0]), "%s",
             app->client_id);
    if (ends.count <= ends.taken)
        snprintf(same.client_id, sizeof(same.client_id), "demo-abcde");
    return ends.ops->add_app(store, &same, name, result, error);
}

void
finds_a_free_id_for_an_app(void **state)
{
    static const struct {
        unsigned taken, asked;
        enum uk_code code;
    } rows[] = {{0, 1, UK_OK}, {3, 4, UK_OK}, {20, 8, UK_SYSTEM}};
    struct fixture *f = *state;
    struct uk_store_ops crowded = *f->write->ops;

    crowded.add_app = add_to_the_crowd;
    ends.ops = f->write->ops;
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_store_app app = {.id = "untouched"};

        ends.taken = rows[i].taken;
        ends.count = 0;
        begin(f->write);
        f->write->ops = &crowded;
        assert_int_equal(uk_app_add(f->write, "demo", &app, &err),
                         rows[i].code);
        f->write->ops = ends.ops;
        commit(f->write);
        assert_int_equal(ends.count, rows[i].asked);
        for (unsigned k = 1; k < ends.count; k++)
            assert_string_not_equal(ends.asked[k], ends.asked[k - 1]);
        if (rows[i].code != UK_OK) {
            assert_string_equal(app.id, "untouched");
            continue;
        }
        assert_string_equal(app.client_id, ends.asked[ends.count - 1]);
        assert_string_equal(app_of(f->read, app.client_id).id, app.id);
    }
    assert_string_equal(app_of(f->read, "demo-abcde").id, APP);
}

void
keeps_what_is_set_for_an_app(void **state)
{
    static const char lines[] = "https://a.example\nhttp://b.example:8080\n";
    char origins[UK_STORE_ORIGINS + 1], longest[UK_STORE_ORIGINS + 1];
    struct fixture *f = *state;

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(app_of(f->read, "demo-abcde").providers_off, 0);
    assert_int_equal(app_of(f->read, "demo-abcde").refresh_s, 0);
    assert_false(app_of(f->read, "demo-abcde").limits_origins);
    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    add_user(f->write, APP, ANN, "ann@example.com");
    assert_int_equal(
        uk_store_call(f->write, set_providers, APP, KEYS, true, &err), UK_OK);
    assert_int_equal(
        uk_store_call(f->write, set_providers, APP, PASS, true, &err), UK_OK);
    assert_int_equal(
        uk_store_call(f->write, set_providers, APP, PASS, true, &err), UK_OK);
    assert_int_equal(uk_store_call(f->write, set_refresh, APP, 3600, &err),
                     UK_OK);
    assert_int_equal(uk_store_call(f->write, set_origins, APP, lines, &err),
                     UK_OK);
    assert_int_equal(uk_store_call(f->write, set_origins, OTHER, longest, &err),
                     UK_OK);
    commit(f->write);
    assert_int_equal(app_of(f->read, "demo-abcde").providers_off, KEYS | PASS);
    assert_int_equal(app_of(f->read, "demo-abcde").refresh_s, 3600);
    assert_true(app_of(f->read, "demo-abcde").limits_origins);
    assert_int_equal(ask(f->read, ANN, "", SID).app.refresh_s, 3600);
    assert_int_equal(uk_store_call(f->read, list_origins, APP, origins, &err),
                     UK_OK);
    assert_string_equal(origins, lines);
    assert_int_equal(uk_store_call(f->read, list_origins, OTHER, origins, &err),
                     UK_OK);
    assert_string_equal(origins, longest);
    /* Nobody else's. */
    assert_int_equal(app_of(f->read, "other-abcde").providers_off, 0);
    assert_int_equal(app_of(f->read, "other-abcde").refresh_s, 0);
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, set_providers, APP, KEYS, false, &err), UK_OK);
    assert_int_equal(uk_store_call(f->write, set_origins, APP, "", &err),
                     UK_OK);
    commit(f->write);
    assert_int_equal(app_of(f->read, "demo-abcde").providers_off, PASS);
    assert_false(app_of(f->read, "demo-abcde").limits_origins);
    assert_int_equal(uk_store_call(f->read, list_origins, NONE, origins, &err),
                     UK_OK);
    assert_string_equal(origins, "");
}

static void
refuse_app(void *context, const struct uk_store_app *app, const char *name)
{
    (void)context;
    (void)name;
    assert_string_not_equal(app->id, APP);
}

/* One step of the end; is there more to do? */
static bool
empty(struct fixture *f, const char *app_id, unsigned most)
{
    bool more = true;

    begin(f->write);
    if (uk_store_call(f->write, empty_app, app_id, most, &more, &err) != UK_OK)
        fail_msg("%s", err.text);
    commit(f->write);
    return more;
}

static void
drop(struct fixture *f, const char *app_id, bool want)
{
    struct uk_store_app app;
    bool found = !want;

    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, drop_app, app_id, &app, &found, &err), UK_OK);
    commit(f->write);
    assert_int_equal(found, want);
    if (want)
        assert_string_equal(app.client_id, "demo-abcde");
}

void
drops_an_app_at_once_and_empties_it_in_steps(void **state)
{
    struct uk_store_user user = {.id = CARL, .app_id = APP};
    enum uk_store_result result = UK_STORE_NONE;
    const struct uk_store_user bob = {.id = BOB, .app_id = OTHER};
    const struct uk_store_hash server = hash_of(77), kept = hash_of(99);
    struct uk_store_key key = {.name = "srv"};
    struct fixture *f = *state;
    struct uk_store_app app;
    char id[UK_ID_SIZE];
    unsigned n, steps = 0;
    bool found = true;

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    for (n = 0; n < 25; n++) {
        char user_id[UK_ID_SIZE], email[40], key_id[UK_ID_SIZE];

        snprintf(user_id, sizeof(user_id), "%024x", n);
        snprintf(email, sizeof(email), "u%u@example.com", n);
        add_user(f->write, APP, user_id, email);
        add_key(f->write, user_id, "k", n, key_id);
    }
    add_user(f->write, OTHER, BOB, "bob@example.com");
    uk_id_make(id);
    memcpy(key.id, id, UK_ID_SIZE);
    assert_int_equal(
        uk_store_call(f->write, add_key, &bob, &key, &kept, &result, &err),
        UK_OK);
    uk_id_make(key.id);
    assert_int_equal(uk_store_call(f->write, add_server, &user, &key, &server,
                                   &result, &err),
                     UK_OK);
    commit(f->write);

    /* One that has not been dropped loses nobody. */
    assert_false(empty(f, APP, 10));
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 27);
    assert_int_equal(count(f, "SELECT count(*) FROM app"), 2);

    drop(f, NONE, false);
    drop(f, APP, true);
    assert_int_equal(
        uk_store_call(f->read, find_app, "demo-abcde", &app, &found, &err),
        UK_OK);
    assert_false(found);
    assert_int_equal(uk_store_call(f->read, only_app, &app, &n, &err), UK_OK);
    assert_int_equal(n, 1);
    assert_int_equal(
        uk_store_call(f->read, list_apps, "", refuse_app, NULL, &err), UK_OK);
    assert_int_equal(
        uk_store_call(f->read, list_apps, APP, refuse_app, NULL, &err), UK_OK);
    assert_false(ask(f->read, "000000000000000000000003", "", SID).user_there);
    assert_true(ask(f->read, BOB, id, SID).user_there);

    /* Again, as after a crash, with somebody who was let in meanwhile. */
    assert_true(empty(f, APP, 10));
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 17);
    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    commit(f->write);
    drop(f, APP, true);
    while (empty(f, APP, 10))
        assert_true(++steps < 10);
    assert_int_equal(count(f, "SELECT count(*) FROM app"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM identity"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM api_key"), 1);
    assert_int_equal(find(f->read, 99).state, UK_STORE_THERE);
    drop(f, APP, false);
    assert_false(empty(f, APP, 10));
}

static struct uk_store_listed
listed(struct fixture *f, const char *user_id)
{
    struct uk_store_listed one;
    bool found = false;

    memset(&one, 0, sizeof(one));
    assert_int_equal(
        uk_store_call(f->read, find_user, APP, user_id, &one, &found, &err),
        UK_OK);
    assert_true(found);
    return one;
}

static enum uk_store_result
add_server(struct fixture *f, const char *app_id, const char *name, unsigned n,
           struct uk_store_user *user, char key_id[UK_ID_SIZE])
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_hash hash = hash_of(n);
    struct uk_store_key key = {.epoch = 0};

    memset(user, 0, sizeof(*user));
    uk_id_make(user->id);
    memcpy(user->app_id, app_id, UK_ID_SIZE);
    uk_id_make(key.id);
    snprintf(key.name, sizeof(key.name), "%s", name);
    memcpy(key_id, key.id, UK_ID_SIZE);
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, add_server, user, &key, &hash, &result, &err),
        UK_OK);
    commit(f->write);
    return result;
}

void
keeps_server_keys(void **state)
{
    struct uk_store_user user, second, other, found_user;
    char one[UK_ID_SIZE], two[UK_ID_SIZE], id[UK_ID_SIZE];
    struct uk_store_server keys[UK_STORE_SERVERS];
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;
    bool found = false;
    size_t n;

    begin(f->write);
    add_app(f->write, OTHER, "other-abcde");
    add_user(f->write, APP, ANN, "ann@example.com");
    add_key(f->write, ANN, "mine", 500, id);
    commit(f->write);
    assert_int_equal(add_server(f, APP, "zz", 1, &user, one), UK_STORE_DONE);
    assert_int_equal(add_server(f, APP, "aa", 2, &second, two), UK_STORE_DONE);
    assert_int_equal(add_server(f, APP, "zz", 3, &other, id), UK_STORE_TAKEN);
    assert_int_equal(find(f->read, 3).state, UK_STORE_UNKNOWN);
    assert_int_equal(add_server(f, APP, "mine", 4, &other, id), UK_STORE_DONE);
    assert_int_equal(add_server(f, OTHER, "zz", 5, &other, id), UK_STORE_DONE);

    assert_int_equal(find(f->read, 1).state, UK_STORE_THERE);
    assert_string_equal(find(f->read, 1).user.id, user.id);
    assert_true(find(f->read, 1).user.server);
    assert_true(ask(f->read, user.id, one, SID).user.server);
    assert_false(find(f->read, 500).user.server);
    assert_false(ask(f->read, ANN, "", SID).user.server);
    assert_int_equal(uk_store_call(f->read, list_servers, APP, keys, &n, &err),
                     UK_OK);
    assert_int_equal(n, 3);
    assert_string_equal(keys[0].key.id, one); /* as they were made */
    assert_string_equal(keys[1].key.id, two);
    assert_string_equal(keys[1].key.name, "aa");
    assert_string_equal(keys[0].user_id, user.id);
    assert_string_equal(keys[1].user_id, second.id);
    assert_string_equal(keys[2].key.name, "mine");
    assert_int_equal(uk_store_call(f->read, find_server, APP, two, &found_user,
                                   &found, &err),
                     UK_OK);
    assert_true(found);
    assert_string_equal(found_user.id, second.id);
    assert_int_equal(uk_store_call(f->read, find_server, OTHER, two,
                                   &found_user, &found, &err),
                     UK_OK);
    assert_false(found);
    assert_string_equal(listed(f, second.id).server, "aa");
    assert_string_equal(listed(f, ANN).server, "");

    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, delete_user, user.id, &result, &err), UK_OK);
    commit(f->write);
    assert_int_equal(find(f->read, 1).state, UK_STORE_DELETED);
    assert_int_equal(uk_store_call(f->read, list_servers, APP, keys, &n, &err),
                     UK_OK);
    assert_int_equal(n, 2);
    assert_int_equal(add_server(f, APP, "zz", 6, &other, id), UK_STORE_DONE);
}

void
has_room_for_a_hundred_server_keys(void **state)
{
    struct uk_store_server keys[UK_STORE_SERVERS];
    struct uk_store_user user, last;
    struct fixture *f = *state;
    char id[UK_ID_SIZE];
    size_t n;

    for (unsigned i = 0; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof(name), "s%u", i);
        assert_int_equal(add_server(f, APP, name, i, &last, id), UK_STORE_DONE);
    }
    assert_int_equal(add_server(f, APP, "more", 200, &user, id), UK_STORE_FULL);
    assert_int_equal(add_server(f, APP, "s5", 200, &user, id), UK_STORE_TAKEN);
    assert_int_equal(count(f, "SELECT count(*) FROM app_user"), 100);
    assert_int_equal(uk_store_call(f->read, list_servers, APP, keys, &n, &err),
                     UK_OK);
    assert_int_equal(n, 100);
    assert_string_equal(keys[99].key.name, "s99");
}

void
notes_logins_of_those_who_are_there(void **state)
{
    struct uk_store_seen who[] = {{ANN, ""}, {NONE, NONE}, {CARL, ""}};
    struct fixture *f = *state;
    struct uk_store_password person;
    char id[UK_ID_SIZE];
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, "carl@example.com");
    add_key(f->write, ANN, "other", 2, id);
    add_key(f->write, ANN, "k", 1, id);
    commit(f->write);
    assert_int_equal(find(f->read, 1).user.last_login_us, 0);
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, note_logins, who, 3, 5000000, &err), UK_OK);
    commit(f->write);
    assert_int_equal(find(f->read, 1).user.last_login_us, 5000000);
    assert_int_equal(find(f->read, 1).key_last_used_us, 0);
    assert_int_equal(ask(f->read, CARL, "", SID).user.last_login_us, 5000000);
    assert_int_equal(ask(f->read, BOB, "", SID).user.last_login_us, 0);
    memcpy(who[0].key_id, id, UK_ID_SIZE);
    begin(f->write); /* a clock that has been set right */
    assert_int_equal(
        uk_store_call(f->write, note_logins, who, 1, 4000000, &err), UK_OK);
    assert_int_equal(uk_store_call(f->write, note_logins, who, 0, 1, &err),
                     UK_OK);
    commit(f->write);
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "ann@example.com", &person, &found, &err),
                     UK_OK);
    assert_int_equal(person.user.last_login_us, 4000000);
    assert_int_equal(find(f->read, 1).key_last_used_us, 4000000);
    assert_int_equal(ask(f->read, ANN, id, SID).key.last_used_us, 4000000);
    assert_int_equal(find(f->read, 2).key_last_used_us, 0);
}

static enum uk_store_result
set_email(struct fixture *f, const char *user_id, const char *email)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_user user = {.app_id = APP};

    memcpy(user.id, user_id, UK_ID_SIZE);
    begin(f->write);
    assert_int_equal(
        uk_store_call(f->write, set_email, &user, email, &result, &err), UK_OK);
    commit(f->write);
    return result;
}

void
gives_another_address(void **state)
{
    struct fixture *f = *state;
    struct uk_store_password person;
    char id[UK_ID_SIZE];
    bool found;

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, "");
    add_key(f->write, ANN, "k", 1, id);
    add_key(f->write, BOB, "k", 2, id);
    commit(f->write);
    count(f, "UPDATE identity SET confirmed = FALSE");
    count(f, "INSERT INTO handout(id, hash, user_id, purpose, expires)"
             " SELECT user_id, hash, user_id, 'reset', 1 FROM api_key");
    assert_int_equal(set_email(f, ANN, "BOB@example.com"), UK_STORE_TAKEN);
    assert_int_equal(count(f, "SELECT count(*) FROM handout"), 2);
    assert_int_equal(set_email(f, CARL, "carl@example.com"),
                     UK_STORE_NOT_FOUND);
    assert_int_equal(set_email(f, NONE, "none@example.com"),
                     UK_STORE_NOT_FOUND);
    assert_int_equal(set_email(f, ANN, "Ann@New.example"), UK_STORE_DONE);
    assert_int_equal(count(f, "SELECT count(*) FROM handout"), 1);
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "ann@example.com", &person, &found, &err),
                     UK_OK);
    assert_false(found);
    assert_int_equal(uk_store_call(f->read, find_password, APP,
                                   "ann@new.example", &person, &found, &err),
                     UK_OK);
    assert_true(found);
    assert_string_equal(person.user.id, ANN);
    assert_string_equal(person.identity.email, "Ann@New.example");
    assert_true(person.identity.confirmed);
    assert_string_equal(person.hash, "the hash");
    /* The case of one's own. */
    assert_int_equal(set_email(f, ANN, "ann@new.example"), UK_STORE_DONE);
}

/* Who is on the page, by the first digit of the id. */
static void
note_digit(void *context, const struct uk_store_listed *one)
{
    uk_buf_add_byte(context, (unsigned char)one->user.id[0]);
}

void
pages_users_by_what_they_are(void **state)
{
    static const struct {
        struct uk_store_page page;
        const char *who;
    } cases[] = {
        {{APP, "", false, false, -1, 0}, "1234"},
        {{APP, "", true, false, -1, 0}, "4321"},
        {{APP, CARL, true, false, -1, 0}, "21"},
        {{APP, BOB, false, false, -1, 0}, "34"},
        {{APP, "", false, false, 1, 0}, "2"},
        {{APP, "", false, false, 0, 0}, "134"},
        {{APP, "", true, false, 0, 0}, "431"},
        {{APP, "", false, false, -1, ANON}, "3"},
        {{APP, "", false, false, -1, PASS}, "12"},
        {{APP, "", false, false, -1, KEYS}, "4"},
        {{APP, "", true, false, -1, ANON | KEYS}, "43"},
        {{APP, "", false, false, 1, ANON}, ""},
        {{APP, "", false, true, -1, 0}, "1"},
        {{APP, ANN, false, true, -1, 0}, ""},
        {{OTHER, "", true, false, -1, 0}, ""},
    };
    struct uk_store_user server = {.id = "444444444444444444444444",
                                   .app_id = APP};
    struct uk_store_key key = {.name = "srv", .id = SID};
    const struct uk_store_hash hash = hash_of(7);
    enum uk_store_result result = UK_STORE_NONE;
    struct fixture *f = *state;
    char id[UK_ID_SIZE];

    begin(f->write);
    add_user(f->write, APP, ANN, "ann@example.com");
    add_user(f->write, APP, BOB, "bob@example.com");
    add_user(f->write, APP, CARL, "");
    add_key(f->write, ANN, "k", 1, id);
    assert_int_equal(
        uk_store_call(f->write, set_user, BOB, true, &result, &err), UK_OK);
    assert_int_equal(uk_store_call(f->write, add_server, &server, &key, &hash,
                                   &result, &err),
                     UK_OK);
    commit(f->write);
    count(f, "UPDATE app_user SET pending = TRUE WHERE id = '" ANN "'");
    for (size_t i = 0; i < UK_COUNT(cases); i++) {
        struct uk_buf who = UK_BUF_UP_TO(100);

        assert_int_equal(uk_store_call(f->read, page_users, &cases[i].page,
                                       note_digit, &who, &err),
                         UK_OK);
        assert_string_equal(uk_buf_peek(&who), cases[i].who);
        uk_buf_clear(&who);
    }
}
