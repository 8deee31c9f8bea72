/* service/request/route: which request is whose, and who may not. */
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

#include "core/deadline.h"
#include "service/request/admin_session.h"
#include "service/request/call.h"
#include "service/request/handlers.h"
#include "service/request/round.h"
#include "service/request/route.h"
#include "service/store/sqlite.h"

#define BASE   "/api/client/v2.0"
#define APP    "aaaaaaaaaaaaaaaaaaaaaaaa"
#define ANN    "111111111111111111111111"
#define ID     "0123456789abcdef01234567"
#define OTHER  "bbbbbbbbbbbbbbbbbbbbbbbb" /* an app with */
#define BOB    "222222222222222222222222" /* one user */
#define OPS    "444444444444444444444444" /* an administrator, and a session */
#define LEFT   "555555555555555555555555" /* that was ended */
#define PAT    "666666666666666666666666" /* one who has not logged in */
#define EMAIL  "pat@b.example"
#define SERVER "777777777777777777777777" /* a key of no person, and its user */
#define GUEST  "888888888888888888888888" /* one without a name */

/* A server with a database and no threads: calls run where they are made, and
 * those that want the writer are refused as busy. */
struct fixture {
    char folder[64];
    struct uk_config config;
    struct uk_secrets secrets;
    struct uk_log log;
    struct uk_server server;
    struct uk_store *store;
    struct uk_address peer;
};

/* One request, and what came of it. */
struct exchange {
    struct uk_http_exchange http;
    int status;
};

static struct uk_err err;
static char group[UK_ID_SIZE]; /* that all apps are in */

static void
never(void *context, struct uk_job *jobs)
{
    fail_msg("a full pool was given work");
}

static int
set_up(void **state)
{
    static const struct uk_store_user ann = {.id = ANN, .app_id = APP};
    static const struct uk_store_app app = {.id = APP, .client_id = "demo"};
    static const struct uk_store_user bob = {.id = BOB, .app_id = OTHER};
    static const struct uk_store_app other = {.id = OTHER,
                                              .client_id = "other"};
    static const struct uk_store_identity identity = {
        .id = ID, .provider = UK_PROVIDER_PASSWORD, .email = "ann@b.example"};
    static const struct uk_store_identity his = {
        .id = BOB, .provider = UK_PROVIDER_PASSWORD, .email = "bob@b.example"};
    static const struct uk_store_user pat = {
        .id = PAT, .app_id = APP, .pending = true};
    static const struct uk_store_identity hers = {
        .id = PAT, .provider = UK_PROVIDER_PASSWORD, .email = EMAIL};
    static const struct uk_store_user server = {.id = SERVER, .app_id = APP};
    static const struct uk_store_key its = {.id = SERVER, .name = "srv"};
    static const struct uk_store_user guest = {.id = GUEST, .app_id = APP};
    static const struct uk_store_identity nobody = {
        .id = GUEST, .provider = UK_PROVIDER_ANON};
    static const struct uk_store_admin ops = {.id = OPS, .name = "ops"};
    static const struct uk_store_key key = {.id = ID, .name = "k"};
    const struct uk_store_hash hash = {{1}}, other_hash = {{2}};
    const struct uk_pool_options full = {
        .threads = 1, .room = 0, .batch = 1, .run = never};
    struct fixture *f = calloc(1, sizeof(*f));
    enum uk_store_result result;

    assert_int_equal(uk_crypto_start(&err), UK_OK);
    snprintf(f->folder, sizeof(f->folder), "/tmp/userkey-route-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(uk_config_for_folder(f->folder, "127.0.0.1:0", NULL, NULL,
                                          &f->config, &err),
                     UK_OK);
    assert_int_equal(
        uk_store_open(f->config.database, UK_STORE_CREATE, &f->store, &err),
        UK_OK);
    assert_int_equal(f->store->ops->begin(f->store, &err), UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_app, &app, "demo", &result, &err), UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_user, &ann, &identity, "x", &result, &err),
        UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_app, &other, "other", &result, &err),
        UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_user, &bob, &his, "x", &result, &err),
        UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_user, &guest, &nobody, "", &result, &err),
        UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_key, &ann, &key, &hash, &result, &err),
        UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_user, &pat, &hers, "x", &result, &err),
        UK_OK);
    assert_int_equal(uk_store_call(f->store, add_server, &server, &its,
                                   &other_hash, &result, &err),
                     UK_OK);
    assert_int_equal(
        uk_store_call(f->store, add_admin, &ops, &hash, &result, &err), UK_OK);
    assert_int_equal(uk_store_call(f->store, revoke, LEFT, 1LL << 40, 0, &err),
                     UK_OK);
    assert_int_equal(f->store->ops->commit(f->store, &err), UK_OK);
    memset(&f->secrets, 7, sizeof(f->secrets));
    uk_admin_group(&f->secrets, group);
    f->log.fd = -1; /* what is written there is lost */
    f->server.config = &f->config;
    f->server.secrets = &f->secrets;
    f->server.log = &f->log;
    assert_int_equal(uk_limit_new(64, &f->server.limit, &err), UK_OK);
    assert_int_equal(uk_limit_new(64, &f->server.logins, &err), UK_OK);
    assert_int_equal(uk_limit_new(64, &f->server.lines, &err), UK_OK);
    assert_int_equal(uk_pool_start(&full, &f->server.writer, &err), UK_OK);
    assert_int_equal(uk_pool_start(&full, &f->server.hashers, &err), UK_OK);
    assert_true(uk_address_parse("127.0.0.1:1", &f->peer));
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    static const char *const names[] = {"userkey.db", "userkey.db-wal",
                                        "userkey.db-shm"};
    struct fixture *f = *state;
    char path[128];

    uk_pool_stop(f->server.writer);
    uk_pool_stop(f->server.hashers);
    uk_limit_free(f->server.limit);
    uk_limit_free(f->server.logins);
    uk_limit_free(f->server.lines);
    uk_store_close(f->store);
    for (size_t i = 0; i < UK_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static const char *
header_of(const struct exchange *ex, const char *name)
{
    const struct uk_http_reply *reply = &ex->http.reply;
    const char *found = NULL;

    for (size_t i = 0; i < reply->headers; i++) {
        if (strcmp(reply->header[i].name, name) == 0) {
            assert_null(found); /* never twice */
            found = reply->header[i].value;
        }
    }
    return found;
}

/* The query stands apart from the path, as where requests come from. */
static void
split_path(struct uk_http_request *request, char room[200])
{
    char *query;

    snprintf(room, 200, "%s", request->path);
    query = strchr(room, '?');
    if (query == NULL)
        return;
    *query = '\0';
    request->path = room;
    if (strcmp(query + 1, "link=true") == 0)
        request->link = "true";
}

/* Run the request to its end; ex->http.reply is filled, the caller's to
 * clear. */
static void
run(struct fixture *f, struct exchange *ex)
{
    struct uk_round round;
    struct uk_call *call;
    unsigned away = 0;
    char room[200];

    split_path(&ex->http.request, room);

    uk_buf_init(&ex->http.reply.body, UK_HTTP_BODY);
    ex->http.request.peer = &f->peer;
    ex->http.request.peer_text = "127.0.0.1";
    if (ex->http.request.host == NULL)
        ex->http.request.host = "keys.example.com";
    call = uk_call_new(&f->server, NULL, &ex->http);
    assert_non_null(call);
    call->then = UK_THEN_LOOP;
    call->next = uk_route_begin;
    uk_round_init(&round, f->server.log, f->store);
    uk_round_add(&round, call);
    assert_ptr_equal(uk_round_run(&round, &away), call);
    assert_int_equal(away, 0);
    ex->status = ex->http.reply.status;
    uk_call_end(call, call->server->log);
    assert_null(ex->http.own);
    assert_non_null(header_of(ex, "X-Appservices-Request-Id"));
    assert_string_equal(header_of(ex, "Cache-Control"), "no-store");
}

static int
status_of(struct fixture *f, const char *method, const char *path,
          const char *authorization)
{
    struct exchange ex = {.status = 0};

    ex.http.request.method = method;
    ex.http.request.path = path;
    ex.http.request.authorization = authorization;
    run(f, &ex);
    uk_buf_clear(&ex.http.reply.body);
    return ex.status;
}

/* A real path for a pattern: what a star stands for is said by the word in
 * front of it, and for a key also by whose it is. */
static const char *
path_of(const struct uk_route *route, char out[160])
{
    const char *words = strstr(route->path, "/users/") != NULL ||
                                strcmp(route->base, UK_ROUTE_ADMIN) != 0
                            ? "api_keys=" ID
                            : "api_keys=" SERVER;
    const char *const stars[] = {"apps=" APP,       "users=" ANN,
                                 "app=demo",        "providers=api-key",
                                 "by_email=" EMAIL, words};
    char *to = out + snprintf(out, 160, "%s", route->base), *slash = to;

    for (const char *from = route->path; *from != '\0'; from++) {
        char word[40];

        if (*from != '*') {
            *to++ = *from;
            continue;
        }
        *to = '\0';
        to[-1] = '\0';
        slash = strrchr(out, '/') + 1;
        snprintf(word, sizeof(word), "%s=", slash);
        to[-1] = '/';
        if (strcmp(word, "groups=") == 0)
            to += snprintf(to, 64, "%s", group);
        else if (strcmp(word, "auth_providers=") == 0) {
            uk_provider_id(APP, UK_PROVIDER_KEY, to);
            to += UK_ID_LEN;
        }
        for (size_t i = 0; i < UK_COUNT(stars); i++) {
            if (strncmp(stars[i], word, strlen(word)) == 0)
                to += snprintf(to, 64, "%s", stars[i] + strlen(word));
        }
    }
    *to = '\0';
    return out;
}

/* Who calls: the claims of a token, and whose key it is signed with. */
struct caller {
    const char *name;
    enum uk_token_kind kind; /* UK_TOKEN_NONE: without a token */
    enum uk_provider provider;
    const char *app, *user, *session;
    bool admin_key;
    int over_s; /* so long over */
};

/* The key of administrators' tokens, computed once more. */
static void
find_admin_key(const struct fixture *f, unsigned char out[UK_CRYPTO_KEY])
{
    static const char purpose[] = "tokens of administrators";

    uk_crypto_mac(f->secrets.signing_key, purpose, strlen(purpose), out);
}

static const char *
bearer(const struct fixture *f, const struct caller *caller, char out[2100])
{
    struct uk_claims claims = {.kind = caller->kind,
                               .provider = caller->provider,
                               .identity_id = ID,
                               .device_id = ID,
                               .issued = uk_id_now_us() / 1000000};
    struct uk_buf token = UK_BUF_UP_TO(UK_TOKEN_MAX);
    unsigned char key[UK_CRYPTO_KEY];

    if (caller->kind == UK_TOKEN_NONE)
        return NULL;
    memcpy(claims.app_id, caller->app != NULL ? caller->app : APP, UK_ID_SIZE);
    memcpy(claims.user_id, caller->user != NULL ? caller->user : ANN,
           UK_ID_SIZE);
    memcpy(claims.session_id, caller->session != NULL ? caller->session : ID,
           UK_ID_SIZE);
    claims.expires = claims.issued + 1000;
    if (caller->over_s > 0)
        claims.expires = claims.issued - caller->over_s;
    if (caller->provider == UK_PROVIDER_KEY)
        memcpy(claims.key_id, ID, sizeof(claims.key_id));
    if (caller->admin_key)
        find_admin_key(f, key);
    else
        memcpy(key, f->secrets.signing_key, sizeof(key));
    assert_int_equal(uk_token_make(&claims, key, &token, &err), UK_OK);
    assert_true(token.len + 8 < 2100);
    snprintf(out, 2100, "Bearer %s", uk_buf_peek(&token));
    uk_buf_clear(&token);
    return out;
}

/* Which routes need no token is decided here once more, on purpose. */
static void
asks_for_a_token_everywhere_else(void **state)
{
    static const char *const open[] = {
        "GET /app/*/location",
        "POST /app/*/auth/providers/local-userpass/register",
        "POST /app/*/auth/providers/local-userpass/login",
        "POST /app/*/auth/providers/local-userpass/confirm",
        "POST /app/*/auth/providers/local-userpass/confirm/send",
        "POST /app/*/auth/providers/local-userpass/confirm/call",
        "POST /app/*/auth/providers/local-userpass/reset",
        "POST /app/*/auth/providers/local-userpass/reset/send",
        "POST /app/*/auth/providers/local-userpass/reset/call",
        "POST /app/*/auth/providers/api-key/login",
        "POST /app/*/auth/providers/anon-user/login",
        "POST /app/*/auth/providers/*/login",
        "POST /auth/providers/mongodb-cloud/login",
    };
    struct fixture *f = *state;
    size_t count, found = 0;
    const struct uk_route *routes = uk_route_table(&count);

    for (size_t i = 0; i < count; i++) {
        char name[128], path[160];
        bool is_open = false;

        snprintf(name, sizeof(name), "%s %s", routes[i].method, routes[i].path);
        for (size_t n = 0; n < UK_COUNT(open); n++)
            is_open = is_open || strcmp(open[n], name) == 0;
        found += is_open;
        assert_int_equal(routes[i].role == UK_ROLE_ANYBODY, is_open);
        assert_int_equal(routes[i].token == UK_TOKEN_NONE, is_open);
        assert_int_equal(routes[i].role == UK_ROLE_ADMIN,
                         !is_open && routes[i].base != NULL &&
                             strcmp(routes[i].base, "/api/admin/v3.0") == 0);
        if (!is_open)
            assert_int_equal(
                status_of(f, routes[i].method, path_of(&routes[i], path), NULL),
                401);
    }
    assert_int_equal(found, UK_COUNT(open));
}

static void
writes_only_where_the_table_says(void **state)
{
    size_t count;
    const struct uk_route *routes = uk_route_table(&count);

    for (size_t i = 0; i < count; i++) {
        assert_non_null(routes[i].handler);
        if (strcmp(routes[i].method, "GET") == 0)
            assert_false(routes[i].writes);
        if (strstr(routes[i].path, "api_keys") != NULL)
            assert_int_equal(routes[i].role, strcmp(routes[i].base, BASE) == 0
                                                 ? UK_ROLE_KEEPER
                                                 : UK_ROLE_ADMIN);
        for (size_t n = 0; n < i; n++)
            assert_false(strcmp(routes[i].method, routes[n].method) == 0 &&
                         strcmp(routes[i].base, routes[n].base) == 0 &&
                         strcmp(routes[i].path, routes[n].path) == 0);
    }
}

static void
knows_no_other_path(void **state)
{
    static const char *const wrong[] = {
        "",
        "/",
        "*",
        BASE,
        BASE "/",
        "/api/client/v2.0x/auth/profile",
        "/api/client/v1.0/auth/profile",
        BASE "/auth",
        BASE "/auth/",
        BASE "/auth/profile/",
        BASE "/auth/profile/x",
        BASE "//auth/profile",
        BASE "/auth//profile",
        BASE "/./auth/profile",
        BASE "/auth/%70rofile",
        BASE "/AUTH/PROFILE",
        BASE "/auth/api_keys/",
        BASE "/auth/api_keys//enable",
        BASE "/auth/api_keys/" ID "/enable/x",
        BASE "/auth/api_keys/" ID "/enabled",
        BASE "/app//location",
        BASE "/app/a/b/location",
        BASE "/app/demo/location/",
        BASE "/app/demo/auth/providers//login",
        BASE "/app/demo/auth/providers/api-key/login/x",
        BASE "/app/demo/auth/profile",
        BASE "/auth/providers/mongodb-cloud/login",
        BASE "/groups/" ID "/apps",
        "/api/admin/v3.0",
        "/api/admin/v3.0/",
        "/api/admin/v3.0/auth/api_keys",
        "/api/admin/v3.0/auth/delete",
        "/api/admin/v3.0/app/demo/location",
        "/api/admin/v3.0/auth/providers/local-userpass/login",
        "/api/admin/v3.0/groups//apps",
        "/api/admin/v3.0/groups/" ID "/apps/",
        "/api/admin/v3.0/groups/" ID "/apps/" APP "/users/",
        "/api/admin/v3.0/groups/" ID "/apps/" APP "/users//logout",
        "/api/admin/v3.0/groups/" ID "/apps/" APP "/users/" ANN "/x",
        "/api/admin/v3.0/groups/" ID "/apps/" APP "/users/" ANN "/api_keys/" ID
        "/enable/x",
    };
    static const char *const methods[] = {"GET",     "POST", "PUT",   "DELETE",
                                          "OPTIONS", "HEAD", "PATCH", "x"};
    struct fixture *f = *state;

    for (size_t i = 0; i < UK_COUNT(wrong); i++) {
        for (size_t n = 0; n < UK_COUNT(methods); n++) {
            if (status_of(f, methods[n], wrong[i], NULL) != 404)
                fail_msg("%s %s is known", methods[n], wrong[i]);
        }
    }
}

static void
knows_no_other_method(void **state)
{
    static const char *const methods[] = {"GET",  "POST",  "PUT",   "DELETE",
                                          "HEAD", "PATCH", "TRACE", "get"};
    struct fixture *f = *state;
    size_t count;
    const struct uk_route *routes = uk_route_table(&count);

    for (size_t i = 0; i < count; i++) {
        char path[160];

        /* With another method this one is that of a user, who is not there. */
        if (strstr(routes[i].path, "/verify_token") != NULL)
            continue;
        /* With another method the query is not looked at. */
        if (strchr(routes[i].path, '?') != NULL)
            continue;

        for (size_t n = 0; n < UK_COUNT(methods); n++) {
            struct exchange ex = {.status = 0};
            bool there = false;

            for (size_t m = 0; m < count; m++)
                there = there || (strcmp(routes[m].base, routes[i].base) == 0 &&
                                  strcmp(routes[m].path, routes[i].path) == 0 &&
                                  strcmp(routes[m].method, methods[n]) == 0);
            ex.http.request.method = methods[n];
            ex.http.request.path = path_of(&routes[i], path);
            run(f, &ex);
            if ((ex.status == 405) == there)
                fail_msg("%s %s: %d", methods[n], path, ex.status);
            if (!there)
                assert_non_null(
                    strstr(header_of(&ex, "Allow"), routes[i].method));
            uk_buf_clear(&ex.http.reply.body);
        }
    }
}

/* The status with which a call ends when every step of it is run, and that of
 * the writer too; nothing of it stays. */
static int
final_status(struct fixture *f, const struct uk_route *route,
             const char *authorization)
{
    struct exchange ex = {.status = 0};
    struct uk_call *call;
    char path[160], room[200];

    uk_buf_init(&ex.http.reply.body, UK_HTTP_BODY);
    ex.http.request.peer = &f->peer;
    ex.http.request.peer_text = "127.0.0.1";
    ex.http.request.host = "keys.example.com";
    ex.http.request.method = route->method;
    ex.http.request.path = path_of(route, path);
    split_path(&ex.http.request, room);
    ex.http.request.authorization = authorization;
    call = uk_call_new(&f->server, NULL, &ex.http);
    assert_non_null(call);
    assert_int_equal(f->store->ops->begin(f->store, &err), UK_OK);
    call->store = f->store;
    call->then = UK_THEN_LOOP;
    call->next = uk_route_begin;
    while (call->then != UK_THEN_REPLY)
        call->then = call->next(call);
    f->store->ops->rollback(f->store);
    uk_call_end(call, call->server->log);
    uk_buf_clear(&ex.http.reply.body);
    return ex.http.reply.status;
}

#define GOOD 0 /* in: done, or only the body or the provider was missing */

/* Threats S-51: each route with each kind of caller, and nobody gets further
 * than this. */
static void
tells_sessions_apart(void **state)
{
#define USER(p) .provider = UK_PROVIDER_##p
#define BOSS    .provider = UK_PROVIDER_ADMIN, .app = group, .user = OPS
#define ACC     .kind = UK_TOKEN_ACCESS
#define REF     .kind = UK_TOKEN_REFRESH
    static const struct {
        struct caller caller;
        int session, owner, keeper, admin; /* by the role of the route */
    } rows[] = {
        /* The other kind of token is always 401, or 403 where any is. */
        {{.name = "nobody"}, 401, 401, 401, 401},
        {{"a user", ACC, USER(PASSWORD)}, GOOD, GOOD, GOOD, 403},
        {{"a user", REF, USER(PASSWORD)}, GOOD, GOOD, GOOD, 403},
        {{"a session of a key", ACC, USER(KEY)}, GOOD, 403, 403, 403},
        {{"a session of a key", REF, USER(KEY)}, GOOD, 403, 403, 403},
        {{"nobody in particular", ACC, USER(ANON), .user = GUEST},
         GOOD,
         GOOD,
         403,
         403},
        {{"nobody in particular", REF, USER(ANON), .user = GUEST},
         GOOD,
         GOOD,
         403,
         403},
        /* The session of somebody who has an address by now. */
        {{"somebody", ACC, USER(ANON)}, GOOD, GOOD, GOOD, 403},
        {{"somebody", REF, USER(ANON)}, GOOD, GOOD, GOOD, 403},
        {{"a user of an app", ACC, USER(PASSWORD), .app = ID},
         401,
         401,
         401,
         403},
        {{"a user of an app", REF, USER(PASSWORD), .app = ID},
         401,
         401,
         401,
         403},
        {{"a deleted user", ACC, USER(PASSWORD), .user = ID},
         401,
         401,
         401,
         403},
        {{"a deleted user", REF, USER(PASSWORD), .user = ID},
         401,
         401,
         401,
         403},
        {{"a user, late", ACC, USER(PASSWORD), .over_s = 1},
         401,
         401,
         401,
         401},
        {{"a user, late", REF, USER(PASSWORD), .over_s = 1},
         401,
         401,
         401,
         401},
        {{"an admin", ACC, BOSS, .admin_key = true}, 401, 401, 401, GOOD},
        {{"an admin", REF, BOSS, .admin_key = true}, 401, 401, 401, GOOD},
        {{"an admin, late", ACC, BOSS, .admin_key = true, .over_s = 1},
         401,
         401,
         401,
         401},
        {{"an admin, late", REF, BOSS, .admin_key = true, .over_s = 1},
         401,
         401,
         401,
         401},
        {{"no admin now", ACC, USER(ADMIN), .user = ID, .admin_key = true},
         401,
         401,
         401,
         401},
        {{"no admin now", REF, USER(ADMIN), .user = ID, .admin_key = true},
         401,
         401,
         401,
         401},
        {{"an admin who left", ACC, BOSS, .session = LEFT, .admin_key = true},
         401,
         401,
         401,
         401},
        {{"an admin who left", REF, BOSS, .session = LEFT, .admin_key = true},
         401,
         401,
         401,
         401},
        /* Signed with the key of the others. */
        {{"a user's admin", ACC, BOSS}, 401, 401, 401, 401},
        {{"a user's admin", REF, BOSS}, 401, 401, 401, 401},
        {{"an admin's user", ACC, USER(PASSWORD), .admin_key = true},
         401,
         401,
         401,
         401},
        {{"an admin's user", REF, USER(PASSWORD), .admin_key = true},
         401,
         401,
         401,
         401},
        {{"an admin's user of his id", ACC, USER(PASSWORD), .user = OPS,
          .admin_key = true},
         401,
         401,
         401,
         401},
    };
    struct fixture *f = *state;
    size_t count;
    const struct uk_route *routes = uk_route_table(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < UK_COUNT(rows); n++) {
            enum uk_role role = routes[i].role;
            char token[2100];
            int got, want = role == UK_ROLE_SESSION  ? rows[n].session
                            : role == UK_ROLE_OWNER  ? rows[n].owner
                            : role == UK_ROLE_KEEPER ? rows[n].keeper
                                                     : rows[n].admin;

            if (role == UK_ROLE_ANYBODY)
                continue;
            if (rows[n].caller.kind != routes[i].token &&
                !(role == UK_ROLE_ADMIN && want == 403))
                want = 401;
            got =
                final_status(f, &routes[i], bearer(f, &rows[n].caller, token));
            if (want == GOOD && strstr(routes[i].path, "/*/login") != NULL &&
                got == 404)
                continue;
            if (want == GOOD ? got >= 400 && got != 400 : got != want)
                fail_msg("%s %s%s, %s (%d): %d and not %d", routes[i].method,
                         routes[i].base, routes[i].path, rows[n].caller.name,
                         rows[n].caller.kind, got, want);
        }
    }
#undef USER
#undef BOSS
#undef ACC
#undef REF
}

/* What a path of the Admin API names must be there, each in the one before. */
static void
knows_only_what_is_there(void **state)
{
#define GROUPS "/api/admin/v3.0/groups/"
    static const struct {
        const char *group, *rest;
        int status;
    } rows[] = {
        {group, "/apps", 200},
        {ID, "/apps", 404},
        {"x", "/apps", 404},
        {"0123456789abcdef0123456789abcdef", "/apps", 404},
        {group, "/apps/" APP, 200},
        {group, "/apps/" ID, 404},
        {group, "/apps/demo", 404},
        {ID, "/apps/" APP, 404},
        {group, "/apps/" APP "/users", 200},
        {group, "/apps/" OTHER "/users", 200},
        {group, "/apps/" APP "/users/" ANN, 200},
        {group, "/apps/" OTHER "/users/" ANN, 404},
        {group, "/apps/" APP "/users/" BOB, 404},
        {group, "/apps/" OTHER "/users/" BOB, 200},
        {group, "/apps/" APP "/users/" ANN "0", 404},
        {group, "/apps/" APP "/users/" ANN "/api_keys", 200},
        {group, "/apps/" APP "/users/" ANN "/api_keys/" ID, 200},
        {group, "/apps/" APP "/users/" ANN "/api_keys/" ANN, 404},
        {group, "/apps/" APP "/users/" ANN "/api_keys/" ID "0", 404},
        {group, "/apps/" OTHER "/users/" BOB "/api_keys/" ID, 404},
        {group, "/apps/" OTHER "/users/" ANN "/api_keys/" ID, 404},
        {ID, "/apps/" APP "/users/" ANN "/api_keys/" ID, 404},
        {group, "/apps/" APP "/api_keys", 200},
        {group, "/apps/" ID "/api_keys", 404},
        {ID, "/apps/" APP "/api_keys", 404},
        {group, "/apps/" APP "/api_keys/" SERVER, 200},
        {group, "/apps/" OTHER "/api_keys/" SERVER, 404},
        {group, "/apps/" APP "/api_keys/" ID, 404}, /* a person's */
        {group, "/apps/" APP "/users/" ANN "/api_keys/" SERVER, 404},
        {group, "/apps/" APP "/users/" SERVER "/api_keys/" SERVER, 200},
        {group, "/apps/" APP "/users/" ANN "/devices", 200},
        {group, "/apps/" OTHER "/users/" ANN "/devices", 404},
        {group, "/apps/" APP "/auth_providers", 200},
        {group, "/apps/" ID "/auth_providers", 404},
        {group, "/apps/" APP "/auth_providers/" ID, 404},
        {group, "/apps/" APP "/auth_providers/api-key", 404},
        {group, "/apps/" ID "/security/allowed_request_origins", 404},
        {group, "/apps/" ID "/security/refresh_token_expiration", 404},
        {group, "/apps/" ID "/user_registrations/pending_users", 404},
    };
    const struct caller admin = {
        "an admin", UK_TOKEN_ACCESS,  UK_PROVIDER_ADMIN, group,
        OPS,        .admin_key = true};
    struct fixture *f = *state;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        char path[200], token[2100];

        snprintf(path, sizeof(path), GROUPS "%s%s", rows[i].group,
                 rows[i].rest);
        if (status_of(f, "GET", path, bearer(f, &admin, token)) !=
            rows[i].status)
            fail_msg("%s is not %d", path, rows[i].status);
    }
#undef GROUPS
}

static void
wants_json(void **state)
{
    static const struct {
        const char *type, *body;
        int status;
    } rows[] = {
        {"application/json", "{\"key\":\"x\"}", 401},
        {"application/json;charset=utf-8", "{\"key\":\"x\"}", 401},
        {"Application/JSON ; charset=utf-8", "{\"key\":\"x\"}", 401},
        {"application/json", "{}", 400},
        {"application/json", "[]", 400},
        {"application/json", "{", 400},
        {"application/json", "null", 400},
        {NULL, "{\"key\":\"x\"}", 415},
        {"", "{\"key\":\"x\"}", 415},
        {"text/plain", "{\"key\":\"x\"}", 415},
        {"application/jsonx", "{\"key\":\"x\"}", 415},
        {"application/x-www-form-urlencoded", "key=x", 415},
        {NULL, "", 400},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct exchange ex = {.status = 0};

        ex.http.request.method = "POST";
        ex.http.request.path = BASE "/app/demo/auth/providers/api-key/login";
        ex.http.request.content_type = rows[i].type;
        ex.http.request.body = rows[i].body;
        ex.http.request.body_len = strlen(rows[i].body);
        run(f, &ex);
        if (ex.status != rows[i].status)
            fail_msg("row %zu: %d", i, ex.status);
        uk_buf_clear(&ex.http.reply.body);
    }
}

static void
admits_pages_by_their_origin(void **state)
{
    static const struct {
        const char *allowed, *origin, *sent;
        int status;
    } rows[] = {
        {NULL, NULL, "*", 200},
        {NULL, "https://a.example", "*", 200},
        {"https://a.example", NULL, NULL, 200},
        {"https://a.example", "https://a.example", "https://a.example", 200},
        {"https://a.example", "https://b.example", NULL, 403},
        {"https://a.example", "https://a.example.evil", NULL, 403},
        {"https://a.example", "https://A.example", NULL, 403},
        {"https://a.example", "http://a.example", NULL, 403},
        {"https://a.example", "null", NULL, 403},
        {"https://a.example", "*", NULL, 403},
        {"https://a.example", "", NULL, 403},
        {"*", "https://a.example", "https://a.example", 200},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct exchange ex = {.status = 0};
        const char *sent;

        f->config.allowed_origins.count = rows[i].allowed != NULL;
        if (rows[i].allowed != NULL)
            snprintf(f->config.allowed_origins.item[0], UK_CONF_VALUE, "%s",
                     rows[i].allowed);
        ex.http.request.method = "GET";
        ex.http.request.path = BASE "/app/demo/location";
        ex.http.request.origin = rows[i].origin;
        run(f, &ex);
        sent = header_of(&ex, "Access-Control-Allow-Origin");
        assert_int_equal(ex.status, rows[i].status);
        if (rows[i].sent == NULL)
            assert_null(sent);
        else
            assert_string_equal(sent, rows[i].sent);
        uk_buf_clear(&ex.http.reply.body);
        ex = (struct exchange){.status = 0};
        ex.http.request.method = "OPTIONS";
        ex.http.request.path = BASE "/auth/api_keys";
        ex.http.request.origin = rows[i].origin;
        run(f, &ex);
        assert_int_equal(ex.status, rows[i].status == 200 ? 204 : 403);
        assert_int_equal(ex.http.reply.body.len, 0);
        uk_buf_clear(&ex.http.reply.body);
    }
}

/* Only a proxy that the settings name is believed, and only its own entry. */
static void
finds_the_source(void **state)
{
    static const struct {
        bool trusted;
        const char *header, *source;
    } rows[] = {
        {false, NULL, "127.0.0.1"},
        {false, "10.0.0.9", "127.0.0.1"},
        {true, NULL, "127.0.0.1"},
        {true, "10.0.0.9", "10.0.0.9"},
        {true, "1.2.3.4, 10.0.0.9", "10.0.0.9"},
        {true, "1.2.3.4,10.0.0.9", "10.0.0.9"},
        {true, "2001:db8::7", "2001:db8::7"},
        {true, "::ffff:10.0.0.9", "10.0.0.9"},
        {true, "10.0.0.9, nonsense", "127.0.0.1"},
        {true, "10.0.0.9,", "127.0.0.1"},
        {true, "", "127.0.0.1"},
    };
    struct fixture *f = *state;

    assert_true(uk_address_parse_host("127.0.0.1", &f->config.proxy[0]));
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_http_exchange http = {.own = NULL};
        struct uk_call *call;

        f->config.proxies = rows[i].trusted;
        http.request.peer = &f->peer;
        http.request.peer_text = "127.0.0.1";
        http.request.forwarded_for = rows[i].header;
        call = uk_call_new(&f->server, NULL, &http);
        assert_non_null(call);
        assert_string_equal(call->source, rows[i].source);
        uk_call_end(call, call->server->log);
    }
}

/* The hashers are busy, and the database too: who was told so may come again
 * as often as it likes, and is not locked out for it. */
static void
counts_no_try_that_was_not_decided(void **state)
{
    static const struct {
        const char *path, *body;
    } rows[] = {
        {"local-userpass/login",
         "{\"username\":\"ann@b.example\",\"password\":\"correct horse\"}"},
        {"local-userpass/login",
         "{\"username\":\"eve@b.example\",\"password\":\"correct horse\"}"},
        {"local-userpass/register",
         "{\"email\":\"eve@b.example\",\"password\":\"correct horse\"}"},
        {"anon-user/login", "{}"},
    };
    struct fixture *f = *state;

    f->config.registration = UK_REGISTRATION_OPEN;
    f->config.failed_logins_per_user = 3;
    f->config.failed_logins_per_source = 3;
    f->config.new_users_per_source = 3;
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        char path[128];

        snprintf(path, sizeof(path), BASE "/app/demo/auth/providers/%s",
                 rows[i].path);
        for (int n = 0; n < 10; n++) {
            struct exchange ex = {.status = 0};

            ex.http.request.method = "POST";
            ex.http.request.path = path;
            ex.http.request.content_type = "application/json";
            ex.http.request.body = rows[i].body;
            ex.http.request.body_len = strlen(rows[i].body);
            run(f, &ex);
            if (ex.status != 503)
                fail_msg("%s, try %d: %d", path, n, ex.status);
            assert_string_equal(header_of(&ex, "Retry-After"), "1");
            uk_buf_clear(&ex.http.reply.body);
        }
    }
}

/* Somebody logs out while the clock is wrong by the seconds: is a session that
 * was over long ago still known as logged out? */
static bool
is_remembered(struct fixture *f, int64_t ahead_s)
{
    const struct uk_store_ask ask = {ANN, "", "000000000000000000000001"};
    struct uk_http_exchange http = {.own = NULL};
    int64_t now = uk_id_now_us() / 1000000;
    struct uk_store_session found;
    struct uk_call *call;

    f->server.epoch_s = now - uk_deadline_in(0).at_ns / 1000000000 - ahead_s;
    http.request.peer = &f->peer;
    http.request.peer_text = "127.0.0.1";
    call = uk_call_new(&f->server, NULL, &http);
    assert_non_null(call);
    assert_int_equal(f->store->ops->begin(f->store, &err), UK_OK);
    assert_int_equal(uk_store_call(f->store, revoke, ask.session_id,
                                   now - UK_STORE_PATIENCE_S - 3600, 0, &err),
                     UK_OK);
    snprintf(call->claims.session_id, UK_ID_SIZE, "%s", ID);
    call->store = f->store;
    assert_int_equal(uk_session_end(call), UK_THEN_REPLY);
    assert_int_equal(http.reply.status, 204);
    assert_int_equal(uk_store_call(f->store, find_session, &ask, &found, &err),
                     UK_OK);
    f->store->ops->rollback(f->store);
    uk_call_end(call, call->server->log);
    return found.revoked;
}

static void
forgets_no_session_for_a_clock(void **state)
{
    struct fixture *f = *state;

    assert_false(is_remembered(f, 0)); /* nobody asks for it any more */
    assert_true(is_remembered(f, 2 * 3600));
    assert_true(is_remembered(f, 62 * 86400));
    assert_false(is_remembered(f, -86400)); /* it was set back */
}

#define WITH_SERVER(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(asks_for_a_token_everywhere_else),
        cmocka_unit_test(writes_only_where_the_table_says),
        WITH_SERVER(knows_no_other_path),
        WITH_SERVER(knows_no_other_method),
        WITH_SERVER(tells_sessions_apart),
        WITH_SERVER(knows_only_what_is_there),
        WITH_SERVER(wants_json),
        WITH_SERVER(admits_pages_by_their_origin),
        WITH_SERVER(finds_the_source),
        WITH_SERVER(counts_no_try_that_was_not_decided),
        WITH_SERVER(forgets_no_session_for_a_clock),
    };

    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
