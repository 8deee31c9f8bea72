/* service/request/work: what is said when a transaction does not come about. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "service/request/call.h"
#include "service/request/handlers.h"
#include "service/request/route.h"
#include "service/request/work.h"

#define CALLS 4

/* A database in which the statement of that name fails. */
struct broken {
    struct uk_store store; /* first */
    const char *fails;
    enum uk_code how; /* UK_OK: UK_SYSTEM */
    unsigned undone, rolled_back;
};

struct fixture {
    struct broken broken;
    struct uk_config config;
    struct uk_log log;
    struct uk_server server;
    struct uk_inbox inbox;
    struct uk_address peer;
    struct uk_http_exchange http[CALLS];
    struct uk_call *call[CALLS];
};

static enum uk_code
answer(struct uk_store *store, const char *name, struct uk_err *err)
{
    struct broken *broken = (struct broken *)store;

    if (strcmp(broken->fails, name) == 0)
        return uk_err_set(err, broken->how != UK_OK ? broken->how : UK_SYSTEM,
                          "the disk is gone");
    return UK_OK;
}

static char order[64]; /* of what has been done, behind a | where it began */

static enum uk_code
begin(struct uk_store *store, struct uk_err *err)
{
    assert_true(strlen(order) + 1 < sizeof(order));
    order[strlen(order)] = '|';
    return answer(store, "begin", err);
}

static enum uk_code
commit(struct uk_store *store, struct uk_err *err)
{
    return answer(store, "commit", err);
}

static enum uk_code
save(struct uk_store *store, struct uk_err *err)
{
    return answer(store, "save", err);
}

static enum uk_code
keep(struct uk_store *store, struct uk_err *err)
{
    return answer(store, "keep", err);
}

static enum uk_code
undo(struct uk_store *store, struct uk_err *err)
{
    ((struct broken *)store)->undone++;
    return answer(store, "undo", err);
}

static void
rollback(struct uk_store *store)
{
    ((struct broken *)store)->rolled_back++;
}

static enum uk_then
deleted(struct uk_call *call)
{
    uk_call_audit(call, "granted", NULL);
    return uk_call_empty(call, 204);
}

static enum uk_then
not_there(struct uk_call *call)
{
    uk_call_audit(call, "refused", "unknown-key");
    return uk_call_error(call, 404, "APIKeyNotFound", "API key not found");
}

static enum uk_then
logged_out(struct uk_call *call)
{
    uk_call_audit(call, "refused", "logged-out");
    return uk_call_error(call, 401, "InvalidSession", "unauthorized");
}

static enum uk_then
not_allowed(struct uk_call *call)
{
    uk_call_audit(call, "refused", "anonymous");
    return uk_call_empty(call, 403);
}

/* One batch of four calls, of which the first undoes the ground that the
 * others stand on. */
static void
write_batch(struct fixture *f, const char *fails)
{
    static const struct uk_store_ops ops = {.begin = begin,
                                            .commit = commit,
                                            .rollback = rollback,
                                            .save = save,
                                            .keep = keep,
                                            .undo = undo};
    static uk_step *const steps[CALLS] = {deleted, not_there, logged_out,
                                          not_allowed};
    struct uk_err err = UK_ERR_NONE;

    memset(f, 0, sizeof(*f));
    memset(order, 0, sizeof(order));
    assert_int_equal(uk_crypto_start(&err), UK_OK);
    assert_int_equal(uk_inbox_init(&f->inbox, &err), UK_OK);
    assert_true(uk_address_parse("127.0.0.1:1", &f->peer));
    f->broken.store.ops = &ops;
    f->broken.fails = fails;
    f->log.fd = -1; /* what is written there is lost */
    f->server.config = &f->config;
    f->server.log = &f->log;
    f->server.write_store = &f->broken.store;
    for (int i = 0; i < CALLS; i++) {
        uk_buf_init(&f->http[i].reply.body, UK_HTTP_BODY);
        f->http[i].request.peer = &f->peer;
        f->http[i].request.peer_text = "127.0.0.1";
        f->http[i].request.host = "keys.example.com";
        f->call[i] = uk_call_new(&f->server, &f->inbox, &f->http[i]);
        assert_non_null(f->call[i]);
        f->call[i]->then = UK_THEN_WRITER;
        f->call[i]->next = steps[i];
        if (i > 0)
            f->call[i - 1]->job.next = &f->call[i]->job;
    }
    uk_work_write(&f->server, &f->call[0]->job);
}

static void
clear(struct fixture *f)
{
    for (int i = 0; i < CALLS; i++) {
        uk_call_end(f->call[i], f->call[i]->server->log);
        uk_buf_clear(&f->http[i].reply.body);
    }
    uk_inbox_clear(&f->inbox);
}

static void
says_nothing_that_was_not_committed(void **state)
{
    static const char *const fails[] = {"begin", "save", "keep", "undo",
                                        "commit"};

    for (size_t n = 0; n < UK_COUNT(fails); n++) {
        struct fixture f;
        struct uk_job *job;

        write_batch(&f, fails[n]);
        assert_int_equal(f.broken.rolled_back, 1);
        job = uk_inbox_take(&f.inbox);
        for (int i = 0; i < CALLS; i++, job = job->next) {
            assert_ptr_equal(job, f.call[i]);
            assert_int_equal(f.call[i]->then, UK_THEN_REPLY);
            if (f.http[i].reply.status != 500)
                fail_msg("%s fails: call %d is answered %d", fails[n], i,
                         f.http[i].reply.status);
            assert_string_equal(f.call[i]->audit.verdict, "failed");
            assert_non_null(strstr(uk_buf_peek(&f.http[i].reply.body),
                                   "InternalServerError"));
        }
        assert_null(job);
        clear(&f);
    }
}

static void
says_what_was_decided(void **state)
{
    static const int statuses[CALLS] = {204, 404, 401, 403};
    struct fixture f;

    write_batch(&f, "");
    assert_int_equal(f.broken.rolled_back, 0);
    assert_int_equal(f.broken.undone, 3); /* each error alone */
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(f.http[i].reply.status, statuses[i]);
    clear(&f);
}

static enum uk_then
note_order(struct uk_call *call)
{
    assert_true(strlen(order) + 1 < sizeof(order));
    order[strlen(order)] = call->path.group[0];
    return uk_call_empty(call, 204);
}

#define ROUTE(name, who, step)                                                 \
    static const struct uk_route name = {.role = UK_ROLE_##who, .handler = step}

ROUTE(key_create, KEEPER, uk_key_create);
ROUTE(key_enable, KEEPER, uk_key_enable);
ROUTE(logout, SESSION, uk_session_end);
ROUTE(registration, ANYBODY, uk_password_register);
ROUTE(link_users, OWNER, uk_link_password);
ROUTE(admin_logout, ADMIN, uk_session_end);
ROUTE(admin_key, ADMIN, uk_admin_key_create);
ROUTE(admin_user, ADMIN, uk_admin_user_create);
ROUTE(admin_email, ADMIN, uk_admin_user_email);
ROUTE(admin_pending, ADMIN, uk_admin_pending_confirm);
ROUTE(admin_server, ADMIN, uk_admin_server_enable);
ROUTE(admin_app, ADMIN, uk_admin_app_delete);

struct asked {
    const struct uk_route *route;
    const char *user, *target, *key, *session, *email;
};

static void
fill(struct uk_call *call, const struct asked *asked)
{
    call->next = note_order;
    call->route = asked->route;
    memcpy(call->audit.user, asked->user, strlen(asked->user) + 1);
    memcpy(call->path.user, asked->target, strlen(asked->target) + 1);
    memcpy(call->key_id, asked->key, strlen(asked->key) + 1);
    memcpy(call->claims.session_id, asked->session, strlen(asked->session) + 1);
    memcpy(call->person.identity.email, asked->email, strlen(asked->email) + 1);
}

/* Two nodes that lock rows in the same order never wait in a circle. */
static const struct {
    struct asked asked[CALLS]; /* numbered from 0 */
    const char *order;
} batches[] = {
    /* A user's rows, one behind another, whoever changes them. */
    {{{&key_enable, "bbb", "", "k2", "s1", ""},
      {&key_create, "bbb", "", "", "s1", ""},
      {&admin_key, "", "aaa", "k9", "s1", ""},
      {&key_enable, "bbb", "", "k1", "s1", ""}},
     "|2130"},
    /* Sessions that end, behind all users. */
    {{{&logout, "aaa", "", "", "s2", ""},
      {&admin_logout, "", "", "", "s3", ""},
      {&key_create, "ccc", "", "", "s0", ""},
      {&logout, "bbb", "", "", "s1", ""}},
     "|2301"},
    /* Addresses apart from users, in their own order. */
    {{{&registration, "", "", "", "", "b@example.com"},
      {&key_create, "bbb", "", "", "s1", ""},
      {&admin_user, "", "", "", "s1", "a@example.com"},
      {&admin_key, "", "aaa", "", "s1", ""}},
     "|31|20"},
    /* What cannot be told, each by itself. */
    {{{&admin_email, "", "aaa", "", "s1", ""},
      {&link_users, "aaa", "", "", "s1", ""},
      {&key_create, "bbb", "", "", "s1", ""},
      {&key_create, "aaa", "", "", "s1", ""}},
     "|32|0|1"},
    {{{&admin_app, "", "", "", "s1", ""},
      {&admin_pending, "", "", "", "s1", ""},
      {&registration, "", "", "", "", "b@example.com"},
      {&admin_server, "", "", "k1", "s1", ""}},
     "|2|0|1|3"},
};

static void
changes_rows_in_one_order(void **state)
{
    for (size_t n = 0; n < UK_COUNT(batches); n++) {
        struct fixture f;
        struct uk_job *job;

        write_batch(&f, "");
        job = uk_inbox_take(&f.inbox);
        assert_ptr_equal(job, f.call[0]); /* as they came: all are nobody's */
        memset(order, 0, sizeof(order));
        for (int i = 0; i < CALLS; i++) {
            fill(f.call[i], &batches[n].asked[i]);
            f.call[i]->path.group[0] = (char)('0' + i);
        }
        uk_work_write(&f.server, job);
        assert_string_equal(order, batches[n].order);
        for (int i = 0; i < CALLS; i++)
            f.call[i]->route = NULL;
        clear(&f);
    }
}

/* What has to wait is what fails by itself; a database that does not answer is
 * waited for once. */
static void
waits_once_for_a_database_that_hangs(void **state)
{
    static const struct {
        enum uk_code how;
        const char *order;
    } cases[] = {
        {UK_UNREACHABLE, "|2"}, {UK_TIMEOUT, "|2"}, {UK_SYSTEM, "|2|0|1|3"}};

    for (size_t n = 0; n < UK_COUNT(cases); n++) {
        struct fixture f;
        struct uk_job *job;

        write_batch(&f, "");
        job = uk_inbox_take(&f.inbox);
        memset(order, 0, sizeof(order));
        for (int i = 0; i < CALLS; i++) {
            fill(f.call[i], &batches[UK_COUNT(batches) - 1].asked[i]);
            f.call[i]->path.group[0] = (char)('0' + i);
        }
        f.broken.fails = "commit";
        f.broken.how = cases[n].how;
        uk_work_write(&f.server, job);
        assert_string_equal(order, cases[n].order);
        for (int i = 0; i < CALLS; i++) {
            assert_int_equal(f.http[i].reply.status,
                             cases[n].how == UK_SYSTEM ? 500 : 503);
            assert_int_equal(f.call[i]->then, UK_THEN_REPLY);
            f.call[i]->route = NULL;
        }
        job = uk_inbox_take(&f.inbox);
        for (int i = 0; i < CALLS; i++, job = job->next)
            assert_non_null(job); /* each has its reply, once */
        assert_null(job);
        clear(&f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_once_for_a_database_that_hangs),
        cmocka_unit_test(says_nothing_that_was_not_committed),
        cmocka_unit_test(says_what_was_decided),
        cmocka_unit_test(changes_rows_in_one_order),
    };

    return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
