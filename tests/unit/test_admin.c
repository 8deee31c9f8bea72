/* The calls of an administrator: what is sent, and what each answer means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/admin.h"
#include "core/keys.h"
#include "core/str.h"
#include "tests/unit/exchange.h"

#define ID    "64f0c0ffee0123456789abcd"
#define OTHER "64f0c0ffee0123456789abce"
#define USERS "/groups/g/apps/a/users"
#define ADMIN "/api/admin/v3.0"
#define WITH(id, email, more)                                                  \
    "{\"_id\":\"" id "\",\"disabled\":false,\"identities\":[{"                 \
    "\"provider_type\":\"local-userpass\",\"provider_data\":{\"email\":"       \
    "\"" email "\"}}]" more "}"
#define ANN WITH(ID, "ann@example.com", ",\"creation_date\":1700000000")

static struct uk_service service = {.app_id = "demo"};
static struct uk_admin admin = {.service = &service, .users = USERS};
static struct uk_err err;

static int
reset(void **state)
{
    memset(&script, 0, sizeof(script));
    memset(&asked, 0, sizeof(asked));
    memset(&err, 0, sizeof(err));
    admin.reply = UK_ADMIN_NONE;
    return 0;
}

static int
start(void **state)
{
    if (uk_secret_set(&admin.tokens.access, "a.a.a", 5, &err) != UK_OK ||
        uk_secret_set(&admin.tokens.refresh, "r.r.r", 5, &err) != UK_OK)
        return -1;
    return 0;
}

static int
stop(void **state)
{
    uk_admin_clear(&admin);
    return 0;
}

static void
answer(int status, const char *body)
{
    script.status = status;
    script.body = body;
}

static void
tells_refusals_apart(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum uk_code code;
        enum uk_admin_reply reply;
    } rows[] = {
        {204, NULL, UK_OK, UK_ADMIN_DONE},
        {404, "{\"error_code\":\"UserNotFound\"}", UK_OK, UK_ADMIN_NOT_FOUND},
        {404, NULL, UK_BAD_ANSWER, UK_ADMIN_NONE},
        {404, "{\"error\":\"app not found\"}", UK_BAD_ANSWER, UK_ADMIN_NONE},
        {409, "{\"error_code\":\"AccountNameInUse\"}", UK_OK,
         UK_ADMIN_CONFLICT},
        {409, NULL, UK_BAD_ANSWER, UK_ADMIN_NONE},
        {400, "{\"error_code\":\"BadRequest\"}", UK_OK, UK_ADMIN_BAD_VALUE},
        {401, "{\"error_code\":\"AuthError\"}", UK_OK, UK_ADMIN_DENIED},
        {401, "{\"error_code\":\"InvalidSession\"}", UK_OK,
         UK_ADMIN_NOT_LOGGED_IN},
        {401, NULL, UK_OK, UK_ADMIN_NOT_LOGGED_IN},
        {403, NULL, UK_OK, UK_ADMIN_DENIED},
        {429, NULL, UK_OK, UK_ADMIN_THROTTLED},
        {500, NULL, UK_BAD_ANSWER, UK_ADMIN_NONE},
        {302, NULL, UK_BAD_ANSWER, UK_ADMIN_NONE},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        answer(rows[i].status, rows[i].body);
        assert_int_equal(uk_admin_set(&admin, ID, UK_ADMIN_DISABLE, &err),
                         rows[i].code);
        assert_int_equal(admin.reply, rows[i].reply);
    }
}

static void
asks_for_each_change(void **state)
{
    static const struct {
        enum uk_admin_change change;
        const char *line;
    } rows[] = {
        {UK_ADMIN_ENABLE, "PUT " ADMIN USERS "/" ID "/enable a.a.a"},
        {UK_ADMIN_DISABLE, "PUT " ADMIN USERS "/" ID "/disable a.a.a"},
        {UK_ADMIN_LOGOUT, "PUT " ADMIN USERS "/" ID "/logout a.a.a"},
        {UK_ADMIN_DELETE, "DELETE " ADMIN USERS "/" ID " a.a.a"},
    };
    static const char *const no_ids[] = {"", "a/b", "..", "a b", "a?b", "%"};

    answer(204, NULL);
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        assert_int_equal(uk_admin_set(&admin, ID, rows[i].change, &err), UK_OK);
        assert_string_equal(asked.line, rows[i].line);
        assert_string_equal(asked.body, "-");
    }
    asked.count = 0;
    for (size_t i = 0; i < UK_COUNT(no_ids); i++)
        assert_int_equal(uk_admin_set(&admin, no_ids[i], UK_ADMIN_DELETE, &err),
                         UK_INVALID);
    assert_int_equal(asked.count, 0); /* nothing is sent */
}

static void
finds_by_id(void **state)
{
    static const struct {
        const char *body;
        enum uk_code code;
    } rows[] = {
        {ANN, UK_OK},
        {WITH(OTHER, "ann@example.com", ""), UK_BAD_ANSWER},
        {"{\"disabled\":false}", UK_BAD_ANSWER},
        {"{\"_id\":\"" ID "\"}", UK_BAD_ANSWER},
        {"{\"_id\":\"../x\",\"disabled\":false}", UK_BAD_ANSWER},
        {"[]", UK_BAD_ANSWER},
        {NULL, UK_BAD_ANSWER},
        {"{\"_id\":\"" ID "\",\"disabled\":true,\"identities\":[{}]}", UK_OK},
    };
    struct uk_admin_user user;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        memset(&user, 0, sizeof(user));
        answer(200, rows[i].body);
        if (uk_admin_find(&admin, ID, &user, &err) != rows[i].code)
            fail_msg("row %zu", i);
        assert_string_equal(user.id, rows[i].code == UK_OK ? ID : "");
        assert_string_equal(asked.line, "GET " ADMIN USERS "/" ID " a.a.a");
    }
    assert_true(user.disabled);
    assert_string_equal(user.email, "");
    answer(200, ANN);
    assert_int_equal(uk_admin_find(&admin, ID, &user, &err), UK_OK);
    assert_string_equal(user.email, "ann@example.com");
    assert_int_equal(user.created, 1700000000);
    asked.count = 0;
    assert_int_equal(uk_admin_find(&admin, "a b", &user, &err), UK_OK);
    assert_int_equal(admin.reply, UK_ADMIN_NOT_FOUND);
    assert_int_equal(asked.count, 0);
}

/* Whatever list comes, only who has this very address is meant. */
static void
finds_by_address(void **state)
{
    struct uk_admin_user user;

    answer(200, "[" WITH(OTHER, "bob@example.com", "") "," ANN "]");
    assert_int_equal(uk_admin_find(&admin, "ANN@example.com", &user, &err),
                     UK_OK);
    assert_int_equal(admin.reply, UK_ADMIN_DONE);
    assert_string_equal(user.id, ID);
    assert_string_equal(asked.line,
                        "GET " ADMIN USERS "?email=ANN%40example%2Ecom a.a.a");
    answer(200, "[" WITH(OTHER, "bob@example.com", "") "]");
    assert_int_equal(uk_admin_find(&admin, "ann@example.com", &user, &err),
                     UK_OK);
    assert_int_equal(admin.reply, UK_ADMIN_NOT_FOUND);
    assert_int_equal(uk_admin_find(&admin, "a+b&c=%@x.example", &user, &err),
                     UK_OK);
    assert_string_equal(asked.line,
                        "GET " ADMIN USERS
                        "?email=a%2Bb%26c%3D%25%40x%2Eexample a.a.a");
}

static void
reads_pages(void **state)
{
    static struct uk_admin_user users[UK_ADMIN_PAGE];
    struct uk_buf many = UK_BUF_UP_TO(65536);
    size_t count = 7;

    answer(200, "[]");
    assert_int_equal(uk_admin_page(&admin, "", users, &count, &err), UK_OK);
    assert_int_equal(count, 0);
    assert_string_equal(asked.line, "GET " ADMIN USERS " a.a.a");
    answer(200, "[" ANN "," WITH(OTHER, "bob@example.com", "") "]");
    assert_int_equal(uk_admin_page(&admin, ID, users, &count, &err), UK_OK);
    assert_string_equal(asked.line, "GET " ADMIN USERS "?after=" ID " a.a.a");
    assert_int_equal(count, 2);
    assert_string_equal(users[1].email, "bob@example.com");
    answer(200, "{}");
    assert_int_equal(uk_admin_page(&admin, "", users, &count, &err),
                     UK_BAD_ANSWER);
    uk_buf_add_byte(&many, '[');
    for (int i = 0; i <= UK_ADMIN_PAGE; i++)
        uk_buf_addf(&many, "%s{\"_id\":\"" ID "\",\"disabled\":false}",
                    i > 0 ? "," : "");
    uk_buf_add_byte(&many, ']');
    answer(200, uk_buf_peek(&many));
    assert_int_equal(uk_admin_page(&admin, "", users, &count, &err),
                     UK_BAD_ANSWER);
    assert_int_equal(count, 2); /* as it was */
    uk_buf_clear(&many);
}

static void
adds_a_user(void **state)
{
    struct uk_secret password = UK_SECRET_NONE;
    struct uk_admin_user user;

    assert_int_equal(uk_secret_set(&password, "pass\"word", 9, &err), UK_OK);
    answer(201, ANN);
    assert_int_equal(
        uk_admin_add(&admin, "ann@example.com", &password, &user, &err), UK_OK);
    assert_string_equal(asked.line, "POST " ADMIN USERS " a.a.a");
    assert_string_equal(
        asked.body,
        "{\"email\":\"ann@example.com\",\"password\":\"pass\\\"word\"}");
    assert_string_equal(user.id, ID);
    asked.count = 0;
    assert_int_equal(uk_admin_add(&admin, "ann", &password, &user, &err),
                     UK_INVALID);
    assert_int_equal(asked.count, 0);
    uk_secret_clear(&password);
}

static void
manages_keys_of_a_user(void **state)
{
    char path[UK_ADMIN_PATH];
    struct uk_keys keys = {
        .service = &service, .path = path, .bearer = &admin.tokens.access};

    assert_int_equal(uk_admin_path(&admin, ID, path, &err), UK_OK);
    answer(204, NULL);
    assert_int_equal(uk_keys_disable(&keys, OTHER, &err), UK_OK);
    assert_int_equal(keys.reply, UK_KEYS_DONE);
    assert_string_equal(asked.line, "PUT " ADMIN USERS "/" ID "/api_keys/" OTHER
                                    "/disable a.a.a");
    answer(404, "{\"error_code\":\"UserNotFound\"}");
    assert_int_equal(uk_keys_delete(&keys, OTHER, &err), UK_OK);
    assert_int_equal(keys.reply, UK_KEYS_NOT_FOUND);
}

static void
logs_out(void **state)
{
    struct uk_admin none = {.service = &service};

    assert_int_equal(uk_admin_close(&none, &err), UK_OK);
    assert_int_equal(asked.count, 0); /* who is not in */
    answer(204, NULL);
    assert_int_equal(uk_admin_close(&admin, &err), UK_OK);
    assert_string_equal(asked.line, "DELETE " ADMIN "/auth/session r.r.r");
}

static void
logs_in(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum uk_code code;
        enum uk_admin_reply reply;
    } rows[] = {
        {401, "{\"error_code\":\"AuthError\"}", UK_OK, UK_ADMIN_DENIED},
        {429, NULL, UK_OK, UK_ADMIN_THROTTLED},
        {404, NULL, UK_BAD_ANSWER, UK_ADMIN_NONE}, /* no Admin API */
        {200, "{}", UK_BAD_ANSWER, UK_ADMIN_DONE},
        {200, "{\"access_token\":\"\",\"refresh_token\":\"r\"}", UK_BAD_ANSWER,
         UK_ADMIN_DONE},
        {200, "{\"access_token\":\"a\",\"refresh_token\":1}", UK_BAD_ANSWER,
         UK_ADMIN_DONE},
    };
    struct uk_admin other = {.service = &service};
    struct uk_secret key = UK_SECRET_NONE;

    assert_int_equal(uk_secret_set(&key, "private", 7, &err), UK_OK);
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        answer(rows[i].status, rows[i].body);
        assert_int_equal(uk_admin_open(&other, "public", &key, &err),
                         rows[i].code);
        assert_int_equal(other.reply, rows[i].reply);
        assert_string_equal(
            asked.line, "POST " ADMIN "/auth/providers/mongodb-cloud/login -");
        assert_string_equal(asked.body,
                            "{\"username\":\"public\",\"apiKey\":\"private\"}");
        assert_null(strstr(err.text, "private"));
        uk_admin_clear(&other);
    }
    uk_secret_clear(&key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tells_refusals_apart, reset),
        cmocka_unit_test_setup(asks_for_each_change, reset),
        cmocka_unit_test_setup(finds_by_id, reset),
        cmocka_unit_test_setup(finds_by_address, reset),
        cmocka_unit_test_setup(reads_pages, reset),
        cmocka_unit_test_setup(adds_a_user, reset),
        cmocka_unit_test_setup(manages_keys_of_a_user, reset),
        cmocka_unit_test_setup(logs_in, reset),
        cmocka_unit_test_setup(logs_out, reset),
    };

    return cmocka_run_group_tests_name("admin", tests, start, stop);
}
