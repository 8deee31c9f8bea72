/* service/request/round: what calls that came together share. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/attr.h"
#include "service/request/round.h"

#define CALLS 150

/* A store that counts, and knows each key by the first byte of its hash. */
struct counting {
    struct uk_store store; /* first */
    unsigned looks, looks_away, apps, questions, hashes;
    bool looking;
    bool broken;
    struct uk_question *question[UK_ROUND_FLIGHTS]; /* not answered yet */
    unsigned asked, listens;
};

static void
look(struct uk_store *store)
{
    struct counting *counting = (struct counting *)store;

    assert_false(counting->looking);
    counting->looking = true;
    counting->looks++;
}

static void
look_away(struct uk_store *store)
{
    struct counting *counting = (struct counting *)store;

    assert_true(counting->looking);
    counting->looking = false;
    counting->looks_away++;
}

static enum uk_code
find_app(struct uk_store *store, const char *client_id,
         struct uk_store_app *out, bool *found, struct uk_err *err)
{
    struct counting *counting = (struct counting *)store;

    assert_true(counting->looking);
    counting->apps++;
    *found = client_id[0] == 'a';
    snprintf(out->client_id, sizeof(out->client_id), "%s", client_id);
    return UK_OK;
}

static enum uk_code
find_keys(struct uk_store *store, const struct uk_store_hash *hashes, size_t n,
          struct uk_store_login *out, struct uk_err *err)
{
    struct counting *counting = (struct counting *)store;

    assert_true(counting->looking);
    counting->questions++;
    counting->hashes += (unsigned)n;
    if (counting->broken)
        return uk_err_set(err, UK_SYSTEM, "it is broken");
    memset(out, 0, n * sizeof(*out));
    for (size_t i = 0; i < n; i++)
        out[i].key_epoch = hashes[i].bytes[0];
    return UK_OK;
}

static const struct uk_store_ops ops = {
    .look = look,
    .look_away = look_away,
    .ask = uk_question_answer,
    .find_app = find_app,
    .find_keys = find_keys,
};

/* Another, that answers when it is told to. */
static void
ask_slowly(struct uk_store *store, struct uk_question *question)
{
    struct counting *counting = (struct counting *)store;

    assert_true(counting->looking);
    assert_true(counting->asked < UK_ROUND_FLIGHTS);
    counting->question[counting->asked++] = question;
}

/* The oldest of its questions. */
static void
listen_slowly(struct uk_store *store)
{
    struct counting *counting = (struct counting *)store;

    counting->listens++;
    if (counting->asked == 0)
        return;
    uk_question_answer(store, counting->question[0]);
    counting->question[0] = counting->question[1];
    counting->asked--;
}

static const struct uk_store_ops slow_ops = {
    .look = look,
    .look_away = look_away,
    .ask = ask_slowly,
    .listen = listen_slowly,
    .find_app = find_app,
    .find_keys = find_keys,
};

struct fixture {
    struct uk_config config;
    struct uk_log log;
    struct uk_server server;
    struct uk_address peer;
    struct counting counting;
    struct uk_round round;
    struct uk_http_exchange http[CALLS];
};

static struct fixture fixture;

static int
start(void **state)
{
    struct fixture *f = &fixture;
    struct uk_err err = UK_ERR_NONE;

    memset(f, 0, sizeof(*f));
    f->log.fd = -1;
    f->server.config = &f->config;
    f->server.log = &f->log;
    f->counting.store.ops = &ops;
    uk_round_init(&f->round, &f->log, &f->counting.store);
    *state = f;
    return uk_crypto_start(&err) == UK_OK &&
                   uk_address_parse("127.0.0.1:1", &f->peer)
               ? 0
               : -1;
}

/* Each has the login of its own hash. */
static enum uk_then
answer(struct uk_call *call)
{
    assert_int_equal(call->login.key_epoch, call->hash.bytes[0]);
    return uk_call_empty(call, 200);
}

static enum uk_then
ask_key(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_app app;
    bool found;

    if (uk_round_find_app(call, call->app_name, &app, &found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    assert_true(found == (call->app_name[0] == 'a'));
    if (found)
        assert_string_equal(app.client_id, call->app_name);
    call->next = answer;
    return found ? UK_THEN_KEY : uk_call_empty(call, 404);
}

static struct uk_call *
add(struct fixture *f, size_t i, const char *app)
{
    struct uk_call *call;

    memset(&f->http[i], 0, sizeof(f->http[i]));
    uk_buf_init(&f->http[i].reply.body, UK_HTTP_BODY);
    f->http[i].request.peer = &f->peer;
    f->http[i].request.peer_text = "127.0.0.1";
    call = uk_call_new(&f->server, NULL, &f->http[i]);
    assert_non_null(call);
    snprintf(call->app_name, sizeof(call->app_name), "%s", app);
    call->hash.bytes[0] = (unsigned char)i;
    call->then = UK_THEN_LOOP;
    call->next = ask_key;
    uk_round_add(&f->round, call);
    return call;
}

/* The same, when what it will ask for is known beforehand. */
static struct uk_call *
add_foreseen(struct fixture *f, size_t i, const char *app)
{
    struct uk_job **last = f->round.ready.last;
    struct uk_call *call = add(f, i, app);

    *last = NULL;
    f->round.ready.last = last;
    call->foreseen = true;
    uk_round_add(&f->round, call);
    return call;
}

/* Run it; how many replies have this status. */
static unsigned
run(struct fixture *f, int status)
{
    unsigned away = 0, n = 0;
    struct uk_job *jobs = uk_round_run(&f->round, &away);

    assert_int_equal(away, 0);
    assert_true(uk_round_is_idle(&f->round));
    for (struct uk_job *next; jobs != NULL; jobs = next) {
        struct uk_call *call = (struct uk_call *)jobs;
        struct uk_http_exchange *http = call->exchange;

        next = jobs->next;
        n += http->reply.status == status;
        uk_call_end(call, &f->log);
        uk_buf_clear(&http->reply.body);
    }
    return n;
}

static void
shares_one_view(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, 200), 0);
    assert_int_equal(f->counting.looks, 0); /* nobody asked */
    for (size_t i = 0; i < 10; i++)
        add(f, i, "app");
    assert_int_equal(run(f, 200), 10);
    assert_int_equal(f->counting.looks, 1);
    assert_int_equal(f->counting.looks_away, 1);
    assert_int_equal(f->counting.apps, 1);
    assert_int_equal(f->counting.questions, 1);
    assert_int_equal(f->counting.hashes, 10);
}

/* The next round asks anew, whatever the last one has heard. */
static void
remembers_nothing(void **state)
{
    struct fixture *f = *state;

    for (unsigned n = 1; n <= 3; n++) {
        add(f, 0, "app");
        assert_int_equal(run(f, 200), 1);
        assert_int_equal(f->counting.looks, n);
        assert_int_equal(f->counting.apps, n);
        assert_int_equal(f->counting.questions, n);
    }
}

static void
keeps_apps_apart(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 12; i++)
        add(f, i, i % 4 == 0 ? "app" : i % 4 == 1 ? "another" : "none");
    assert_int_equal(run(f, 404), 6);
    assert_int_equal(f->counting.hashes, 6);
}

/* More than one question has room for. */
static void
answers_many(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < CALLS; i++)
        add(f, i, "app");
    assert_int_equal(run(f, 200), CALLS);
    assert_int_equal(f->counting.hashes, CALLS);
    assert_int_equal(f->counting.looks, 1);
}

static void
fails_for_all(void **state)
{
    struct fixture *f = *state;

    f->counting.broken = true;
    for (size_t i = 0; i < 10; i++)
        add(f, i, "app");
    assert_int_equal(run(f, 500), 10);
    assert_int_equal(f->counting.looks_away, 1);
}

/* One question for the app and all of the keys. */
static void
asks_at_once(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 10; i++)
        add_foreseen(f, i, "app");
    assert_int_equal(run(f, 200), 10);
    assert_int_equal(f->counting.looks, 1);
    assert_int_equal(f->counting.apps, 1);
    assert_int_equal(f->counting.questions, 1);
    assert_int_equal(f->counting.hashes, 10);
}

/* More than one question has room for, of keys and of apps. */
static void
asks_again_for_the_rest(void **state)
{
    struct fixture *f = *state;
    char app[8];

    for (size_t i = 0; i < CALLS; i++) {
        snprintf(app, sizeof(app), "%c%zu", i % 7 == 6 ? 'n' : 'a', i % 7);
        add_foreseen(f, i, app);
    }
    assert_int_equal(run(f, 200), CALLS - CALLS / 7);
    assert_int_equal(f->counting.hashes, CALLS);
}

static void
fails_for_those_that_asked(void **state)
{
    struct fixture *f = *state;

    f->counting.broken = true;
    for (size_t i = 0; i < 10; i++)
        add_foreseen(f, i, "none");
    assert_int_equal(run(f, 500), 10);
}

/* Nobody waits for an answer; two questions are under way at most, and what
 * comes meanwhile is asked together. */
static void
goes_on_while_it_asks(void **state)
{
    struct fixture *f = *state;

    f->counting.store.ops = &slow_ops;
    for (size_t i = 0; i < 6; i++) {
        add_foreseen(f, i, "app");
        assert_int_equal(run(f, 200), 0);
        assert_true(uk_round_is_asking(&f->round));
    }
    assert_int_equal(f->counting.asked, UK_ROUND_FLIGHTS);
    assert_int_equal(f->counting.listens, 0);
    add(f, 6, "another"); /* and this one does not wait for them */
    f->round.woken = true;
    assert_false(uk_round_is_idle(&f->round));
    assert_int_equal(run(f, 200), 2); /* it, and the oldest */
    assert_int_equal(f->counting.asked, UK_ROUND_FLIGHTS);
    assert_int_equal(f->counting.question[1]->keys, 4);
    f->round.woken = true;
    assert_int_equal(run(f, 200), 1);
    f->round.woken = true;
    assert_int_equal(run(f, 200), 4);
    assert_false(uk_round_is_asking(&f->round));
    assert_int_equal(f->counting.looks, f->counting.looks_away);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shares_one_view, start),
        cmocka_unit_test_setup(remembers_nothing, start),
        cmocka_unit_test_setup(keeps_apps_apart, start),
        cmocka_unit_test_setup(answers_many, start),
        cmocka_unit_test_setup(fails_for_all, start),
        cmocka_unit_test_setup(asks_at_once, start),
        cmocka_unit_test_setup(asks_again_for_the_rest, start),
        cmocka_unit_test_setup(fails_for_those_that_asked, start),
        cmocka_unit_test_setup(goes_on_while_it_asks, start),
    };

    return cmocka_run_group_tests_name("round", tests, NULL, NULL);
}
