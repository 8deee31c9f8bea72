/* The users of an app, as an administrator sees and changes them. */
#include "core/admin.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/str.h"

#define BODY_MAX  2048
#define PATH_ROOM 1024
#define LOGIN     "/auth/providers/mongodb-cloud/login"

/* What refusals mean; NULL is any code, and none. */
static const struct {
    int status;
    const char *code;
    enum uk_admin_reply reply;
} meanings[] = {
    {404, "UserNotFound", UK_ADMIN_NOT_FOUND},
    {409, "AccountNameInUse", UK_ADMIN_CONFLICT},
    {400, "UserAlreadyConfirmed", UK_ADMIN_CONFIRMED},
    {400, "BadRequest", UK_ADMIN_BAD_VALUE},
    {401, "AuthError", UK_ADMIN_DENIED},
    {401, NULL, UK_ADMIN_NOT_LOGGED_IN},
    {403, NULL, UK_ADMIN_DENIED},
    {429, NULL, UK_ADMIN_THROTTLED},
};

static enum uk_code
find_reply(struct uk_admin *admin, struct uk_err *err)
{
    if (uk_api_succeeded(admin->service)) {
        admin->reply = UK_ADMIN_DONE;
        return UK_OK;
    }
    for (size_t i = 0; i < UK_COUNT(meanings); i++) {
        if (meanings[i].status == admin->service->refusal.status &&
            (meanings[i].code == NULL ||
             uk_api_refused(admin->service, meanings[i].code))) {
            admin->reply = meanings[i].reply;
            return UK_OK;
        }
    }
    return uk_api_odd(admin->service, err);
}

static enum uk_code
call(struct uk_admin *admin, const char *method, const char *path,
     const struct uk_secret *bearer, const struct uk_buf *body,
     struct uk_json **out, struct uk_err *err)
{
    struct uk_api_ask ask = {.method = method,
                             .base = UK_API_ADMIN,
                             .path = path,
                             .bearer = bearer,
                             .body = body};
    enum uk_code code;

    admin->reply = UK_ADMIN_NONE;
    code = uk_api_call(admin->service, &ask, out, err);
    return code == UK_OK ? find_reply(admin, err) : code;
}

enum uk_code
uk_admin_call(struct uk_admin *admin, const char *method, const char *path,
              const struct uk_buf *body, struct uk_json **out,
              struct uk_err *err)
{
    return call(admin, method, path, &admin->tokens.access, body, out, err);
}

static enum uk_code
take_token(const struct uk_json *document, const char *name,
           struct uk_secret *out, struct uk_err *err)
{
    const char *text;

    if (!uk_json_text(document, name, &text) || text[0] == '\0')
        return uk_err_set(err, UK_BAD_ANSWER, "the answer has no '%s'", name);
    return uk_secret_set(out, text, strlen(text), err);
}

static enum uk_code
log_in(struct uk_admin *admin, const char *public_key,
       const struct uk_secret *private_key, struct uk_err *err)
{
    struct uk_buf buf = UK_BUF_UP_TO(BODY_MAX);
    struct uk_json_out body = {.buf = &buf};
    struct uk_json *document = NULL;
    enum uk_code code = uk_api_check_text(private_key, "private key", err);

    if (code != UK_OK)
        return code;
    uk_json_begin(&body, NULL, '{');
    uk_json_put_text(&body, "username", public_key);
    uk_json_put_text(&body, "apiKey", uk_secret_peek(private_key));
    uk_json_end(&body, '}');
    code = uk_buf_check(&buf, err);
    if (code == UK_OK)
        code = call(admin, "POST", LOGIN, NULL, &buf, &document, err);
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE) {
        code = take_token(document, "access_token", &admin->tokens.access, err);
        if (code == UK_OK)
            code = take_token(document, "refresh_token", &admin->tokens.refresh,
                              err);
    }
    uk_json_free(document);
    uk_buf_clear(&buf);
    return code;
}

static enum uk_code
find_group(struct uk_admin *admin, char group[UK_USER_ID_MAX + 1],
           struct uk_err *err)
{
    struct uk_json *document = NULL;
    const struct uk_json *roles;
    const char *id = "";
    enum uk_code code = call(admin, "GET", "/auth/profile",
                             &admin->tokens.access, NULL, &document, err);

    if (code == UK_OK && admin->reply == UK_ADMIN_DONE) {
        if (uk_json_array(document, "roles", &roles) &&
            uk_json_count(roles) > 0)
            code =
                uk_adminuser_id(uk_json_item(roles, 0), "group_id", &id, err);
        else
            code = uk_err_set(err, UK_BAD_ANSWER, "the answer has no 'roles'");
        if (code == UK_OK)
            (void)!uk_str_copy(group, UK_USER_ID_MAX + 1, id);
    }
    uk_json_free(document);
    return code;
}

/* The path of its users; "" if no app is called as the service says. */
static enum uk_code
find_app(struct uk_admin *admin, const char *group, struct uk_err *err)
{
    struct uk_json *document = NULL;
    char path[PATH_ROOM];
    enum uk_code code;

    snprintf(path, sizeof(path), "/groups/%s/apps", group);
    code =
        call(admin, "GET", path, &admin->tokens.access, NULL, &document, err);
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE) {
        admin->reply = UK_ADMIN_NO_APP;
        for (size_t i = 0; i < uk_json_count(document); i++) {
            const struct uk_json *app = uk_json_item(document, i);
            const char *name, *id;

            if (!uk_json_text(app, "client_app_id", &name) ||
                strcmp(name, admin->service->app_id) != 0)
                continue;
            code = uk_adminuser_id(app, "_id", &id, err);
            if (code != UK_OK)
                break;
            snprintf(admin->app, sizeof(admin->app), "/groups/%s/apps/%s",
                     group, id);
            if (snprintf(admin->users, sizeof(admin->users),
                         "/groups/%s/apps/%s/users", group,
                         id) < (int)sizeof(admin->users))
                admin->reply = UK_ADMIN_DONE;
        }
    }
    uk_json_free(document);
    return code;
}

enum uk_code
uk_admin_open(struct uk_admin *admin, const char *public_key,
              const struct uk_secret *private_key, struct uk_err *err)
{
    char group[UK_USER_ID_MAX + 1] = "";
    enum uk_code code = log_in(admin, public_key, private_key, err);

    if (code == UK_OK && admin->reply == UK_ADMIN_DONE)
        code = find_group(admin, group, err);
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE)
        code = find_app(admin, group, err);
    return code == UK_OK ? code
                         : uk_err_in(err, "logging in as an administrator");
}

enum uk_code
uk_admin_close(struct uk_admin *admin, struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_code code;

    if (admin->tokens.refresh.len == 0)
        return UK_OK;
    code = call(admin, "DELETE", "/auth/session", &admin->tokens.refresh, NULL,
                &document, err);
    uk_json_free(document);
    return code == UK_OK ? code : uk_err_in(err, "logging out");
}

void
uk_admin_clear(struct uk_admin *admin)
{
    uk_tokens_clear(&admin->tokens);
}

static enum uk_code
take_users(const struct uk_json *document,
           struct uk_admin_user out[UK_ADMIN_PAGE], size_t *count,
           struct uk_err *err)
{
    size_t n = uk_json_count(document);
    enum uk_code code = UK_OK;

    if (!uk_json_is_array(document) || n > UK_ADMIN_PAGE)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "the answer is not a list of at most %d users",
                          UK_ADMIN_PAGE);
    for (size_t i = 0; i < n && code == UK_OK; i++)
        code = uk_adminuser_take(uk_json_item(document, i), &out[i], err);
    if (code == UK_OK)
        *count = n;
    return code;
}

enum uk_code
uk_admin_page(struct uk_admin *admin, const char *after,
              struct uk_admin_user out[UK_ADMIN_PAGE], size_t *count,
              struct uk_err *err)
{
    struct uk_json *document = NULL;
    char path[PATH_ROOM];
    enum uk_code code;

    snprintf(path, sizeof(path), "%s%s%s", admin->users,
             after[0] != '\0' ? "?after=" : "", after);
    code =
        call(admin, "GET", path, &admin->tokens.access, NULL, &document, err);
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE)
        code = take_users(document, out, count, err);
    uk_json_free(document);
    return code == UK_OK ? code : uk_err_in(err, "listing the users");
}

void
uk_admin_add_escaped(struct uk_buf *path, const char *text)
{
    for (; *text != '\0'; text++) {
        if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
            (*text >= '0' && *text <= '9'))
            uk_buf_add_byte(path, (unsigned char)*text);
        else
            uk_buf_addf(path, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

/* A service that does not know this question answers another one, so the
 * address counts that the answer has. */
static enum uk_code
find_by_email(struct uk_admin *admin, const char *email,
              struct uk_admin_user *out, struct uk_err *err)
{
    struct uk_buf path = UK_BUF_UP_TO(PATH_ROOM);
    struct uk_json *document = NULL;
    enum uk_code code;

    uk_buf_addf(&path, "%s?email=", admin->users);
    uk_admin_add_escaped(&path, email);
    code = uk_buf_check(&path, err);
    if (code == UK_OK)
        code = call(admin, "GET", uk_buf_peek(&path), &admin->tokens.access,
                    NULL, &document, err);
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE) {
        admin->reply = UK_ADMIN_NOT_FOUND;
        for (size_t i = 0; i < uk_json_count(document) && code == UK_OK; i++) {
            struct uk_admin_user user;

            code = uk_adminuser_take(uk_json_item(document, i), &user, err);
            if (code != UK_OK || !uk_str_equal_nocase(user.email, email))
                continue;
            *out = user;
            admin->reply = UK_ADMIN_DONE;
        }
    }
    uk_json_free(document);
    uk_buf_clear(&path);
    return code;
}

static enum uk_code
find_by_id(struct uk_admin *admin, const char *id, struct uk_admin_user *out,
           struct uk_err *err)
{
    struct uk_json *document = NULL;
    struct uk_admin_user user;
    char path[UK_ADMIN_PATH];
    enum uk_code code = uk_admin_path(admin, id, path, err);

    if (code == UK_OK)
        code = call(admin, "GET", path, &admin->tokens.access, NULL, &document,
                    err);
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE) {
        code = uk_adminuser_take(document, &user, err);
        if (code == UK_OK && strcmp(user.id, id) != 0)
            code = uk_err_set(err, UK_BAD_ANSWER, "it is another user");
        if (code == UK_OK)
            *out = user;
    }
    uk_json_free(document);
    return code;
}

enum uk_code
uk_admin_find(struct uk_admin *admin, const char *who,
              struct uk_admin_user *out, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    admin->reply = UK_ADMIN_NOT_FOUND;
    if (uk_identity_is_email(who))
        code = find_by_email(admin, who, out, err);
    else if (uk_identity_is_id(who))
        code = find_by_id(admin, who, out, err);
    return code == UK_OK ? code : uk_err_in(err, "looking for the user");
}

enum uk_code
uk_admin_add(struct uk_admin *admin, const char *email,
             const struct uk_secret *password, struct uk_admin_user *out,
             struct uk_err *err)
{
    struct uk_buf buf = UK_BUF_UP_TO(BODY_MAX);
    struct uk_json_out body = {.buf = &buf};
    struct uk_json *document = NULL;
    enum uk_code code;

    admin->reply = UK_ADMIN_NONE;
    if (!uk_identity_is_email(email))
        return uk_err_set(err, UK_INVALID,
                          "that is not an address, as in name@example.com");
    code = uk_api_check_text(password, "password", err);
    if (code != UK_OK)
        return code;
    uk_json_begin(&body, NULL, '{');
    uk_json_put_text(&body, "email", email);
    uk_json_put_text(&body, "password", uk_secret_peek(password));
    uk_json_end(&body, '}');
    code = uk_buf_check(&buf, err);
    if (code == UK_OK)
        code = call(admin, "POST", admin->users, &admin->tokens.access, &buf,
                    &document, err);
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE)
        code = uk_adminuser_take(document, out, err);
    uk_json_free(document);
    uk_buf_clear(&buf);
    return code == UK_OK ? code : uk_err_in(err, "adding a user");
}

enum uk_code
uk_admin_set(struct uk_admin *admin, const char *id,
             enum uk_admin_change change, struct uk_err *err)
{
    static const struct {
        const char *method, *action, *doing;
    } changes[] = {
        [UK_ADMIN_ENABLE] = {"PUT", "/enable", "enabling"},
        [UK_ADMIN_DISABLE] = {"PUT", "/disable", "disabling"},
        [UK_ADMIN_LOGOUT] = {"PUT", "/logout", "logging out"},
        [UK_ADMIN_DELETE] = {"DELETE", "", "deleting"},
    };
    struct uk_json *document = NULL;
    char user[UK_ADMIN_PATH], path[PATH_ROOM];
    enum uk_code code = uk_admin_path(admin, id, user, err);

    if (code != UK_OK)
        return code;
    snprintf(path, sizeof(path), "%s%s", user, changes[change].action);
    code = call(admin, changes[change].method, path, &admin->tokens.access,
                NULL, &document, err);
    uk_json_free(document);
    return code == UK_OK
               ? code
               : uk_err_in(err, "%s user '%s'", changes[change].doing, id);
}

enum uk_code
uk_admin_path(const struct uk_admin *admin, const char *id,
              char out[UK_ADMIN_PATH], struct uk_err *err)
{
    if (!uk_identity_is_id(id) || snprintf(out, UK_ADMIN_PATH, "%s/%s",
                                           admin->users, id) >= UK_ADMIN_PATH)
        return uk_err_set(err, UK_INVALID, "that is not the id of a user");
    return UK_OK;
}
