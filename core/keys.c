/* A user's API keys at the service. */
#include "core/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/keytext.h"
#include "core/str.h"

#define BODY_MAX  1024
#define PATH_ROOM 512
#define TIMES     "?times=true"         /* a query that others ignore */
#define LAST_S    INT64_C(253402300799) /* the end of the year 9999 */

/* What the refusals of key calls mean; NULL is any code, and none.  The
 * hosted service's code for too many keys is not known: ours is
 * APIKeyLimitExceeded. */
static const struct {
    int status;
    const char *code;
    enum uk_keys_reply reply;
} meanings[] = {
    {404, "APIKeyNotFound", UK_KEYS_NOT_FOUND},
    {404, "UserNotFound", UK_KEYS_NOT_FOUND},
    {409, "APIKeyAlreadyExists", UK_KEYS_CONFLICT},
    {400, "APIKeyLimitExceeded", UK_KEYS_LIMIT},
    {400, "InvalidParameter", UK_KEYS_BAD_NAME},
    {401, NULL, UK_KEYS_NOT_LOGGED_IN},
    {403, NULL, UK_KEYS_DENIED},
    {429, NULL, UK_KEYS_THROTTLED},
};

static enum uk_code
check_id(const char *id, struct uk_err *err)
{
    if (!uk_identity_is_id(id))
        return uk_err_set(err, UK_INVALID, "that is not the id of a key");
    return UK_OK;
}

static enum uk_code
find_reply(struct uk_keys *keys, struct uk_err *err)
{
    if (uk_api_succeeded(keys->service)) {
        keys->reply = UK_KEYS_DONE;
        return UK_OK;
    }
    for (size_t i = 0; i < UK_COUNT(meanings); i++) {
        if (meanings[i].status == keys->service->refusal.status &&
            (meanings[i].code == NULL ||
             uk_api_refused(keys->service, meanings[i].code))) {
            keys->reply = meanings[i].reply;
            return UK_OK;
        }
    }
    return uk_api_odd(keys->service, err);
}

/* What all of them do, with one key or (id is NULL) with all of them.  Users
 * manage their keys with the refresh token. */
static enum uk_code
call(struct uk_keys *keys, const char *method, const char *id,
     const char *action, const struct uk_buf *body, struct uk_json **out,
     struct uk_err *err)
{
    bool admin = keys->path != NULL;
    char path[PATH_ROOM];
    struct uk_api_ask ask = {
        .method = method,
        .base = admin ? UK_API_ADMIN : UK_API_CLIENT,
        .path = path,
        .bearer = admin ? keys->bearer : &keys->session->tokens.refresh,
        .body = body,
    };
    enum uk_code code;

    keys->reply = UK_KEYS_NONE;
    if (snprintf(path, sizeof(path), "%s/api_keys%s%s%s",
                 admin ? keys->path : "/auth", id != NULL ? "/" : "",
                 id != NULL ? id : "", action) >= (int)sizeof(path))
        return uk_err_set(err, UK_INVALID, "the path of the keys is too long");
    code = uk_api_call(keys->service, &ask, out, err);
    return code == UK_OK ? find_reply(keys, err) : code;
}

/* One that could be none is not told. */
static int64_t
take_time(const struct uk_json *item, const char *name)
{
    int64_t seconds;

    return uk_json_int(item, name, &seconds) && seconds > 0 && seconds <= LAST_S
               ? seconds
               : 0;
}

/* A key as all answers have it. */
static enum uk_code
take_key(const struct uk_json *item, struct uk_key *out, struct uk_err *err)
{
    struct uk_key key = {.disabled = false};
    const char *id, *name, *user;

    if (!uk_json_text(item, "_id", &id) || !uk_identity_is_id(id) ||
        !uk_str_copy(key.id, sizeof(key.id), id))
        return uk_err_set(err, UK_BAD_ANSWER, "a key has no '_id'");
    if (!uk_json_text(item, "name", &name) || name[0] == '\0' ||
        !uk_str_is_printable(name) ||
        !uk_str_copy(key.name, sizeof(key.name), name))
        return uk_err_set(err, UK_BAD_ANSWER, "key '%s' has no name", key.id);
    if (!uk_json_bool(item, "disabled", &key.disabled))
        return uk_err_set(err, UK_BAD_ANSWER,
                          "key '%s' does not say whether it is disabled",
                          key.id);
    if (uk_json_text(item, "user_id", &user) && uk_identity_is_id(user))
        (void)!uk_str_copy(key.user_id, sizeof(key.user_id), user);
    key.created_s = take_time(item, "created_at");
    key.expires_s = take_time(item, "expires_at");
    key.used_s = take_time(item, "last_used_at");
    key.disabled_s = take_time(item, "disabled_at");
    *out = key;
    return UK_OK;
}

static void
put_expiry(struct uk_json_out *body, struct uk_expiry expiry)
{
    if (expiry.in_s > 0)
        uk_json_put_int(body, "expires_in", expiry.in_s);
    else
        uk_json_put_int(body, "expires_at", expiry.at_s);
}

static enum uk_code
take_created(const struct uk_json *document, const char *name,
             struct uk_key *out, struct uk_secret *value, struct uk_err *err)
{
    struct uk_key key;
    const char *text;
    enum uk_code code = take_key(document, &key, err);

    if (code != UK_OK)
        return code;
    if (strcmp(key.name, name) != 0 || key.disabled)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "the key is not the one that was asked for");
    if (!uk_json_text(document, "key", &text) ||
        !uk_keytext_check_any(text, strlen(text)))
        return uk_err_set(err, UK_BAD_ANSWER, "the key has no value");
    code = uk_secret_set(value, text, strlen(text), err);
    if (code == UK_OK)
        *out = key;
    return code;
}

enum uk_code
uk_keys_create(struct uk_keys *keys, const char *name, struct uk_expiry expiry,
               struct uk_key *out, struct uk_secret *value, struct uk_err *err)
{
    struct uk_buf buf = UK_BUF_UP_TO(BODY_MAX);
    struct uk_json_out body = {.buf = &buf};
    struct uk_json *document = NULL;
    enum uk_code code;

    keys->reply = UK_KEYS_NONE;
    if (!uk_json_is_text(name))
        return uk_err_set(err, UK_INVALID, "the key's name is not UTF-8 text");
    uk_json_begin(&body, NULL, '{');
    uk_json_put_text(&body, "name", name);
    if (expiry.in_s > 0 || expiry.at_s > 0)
        put_expiry(&body, expiry);
    uk_json_end(&body, '}');
    code = uk_buf_check(&buf, err);
    if (code == UK_OK)
        code = call(keys, "POST", NULL, "", &buf, &document, err);
    if (code == UK_OK && keys->reply == UK_KEYS_DONE)
        code = take_created(document, name, out, value, err);
    uk_json_free(document);
    uk_buf_clear(&buf);
    return code == UK_OK ? code : uk_err_in(err, "creating a key");
}

static enum uk_code
take_list(const struct uk_json *document, struct uk_key **out, size_t *count,
          struct uk_err *err)
{
    size_t n = uk_json_count(document);
    struct uk_key *list;

    if (!uk_json_is_array(document) || n > UK_KEYS_MAX)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "the answer is not a list of at most %d keys",
                          UK_KEYS_MAX);
    list = calloc(n > 0 ? n : 1, sizeof(*list));
    if (list == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for %zu keys", n);
    for (size_t i = 0; i < n; i++) {
        enum uk_code code = take_key(uk_json_item(document, i), &list[i], err);

        if (code != UK_OK) {
            free(list);
            return code;
        }
    }
    *out = list;
    *count = n;
    return UK_OK;
}

enum uk_code
uk_keys_list(struct uk_keys *keys, struct uk_key **out, size_t *count,
             struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_code code = call(keys, "GET", NULL, TIMES, NULL, &document, err);

    if (code == UK_OK && keys->reply == UK_KEYS_DONE)
        code = take_list(document, out, count, err);
    uk_json_free(document);
    return code == UK_OK ? code : uk_err_in(err, "listing the keys");
}

enum uk_code
uk_keys_fetch(struct uk_keys *keys, const char *id, struct uk_key *out,
              struct uk_err *err)
{
    struct uk_json *document = NULL;
    struct uk_key key;
    enum uk_code code = check_id(id, err);

    if (code != UK_OK)
        return code;
    code = call(keys, "GET", id, TIMES, NULL, &document, err);
    if (code == UK_OK && keys->reply == UK_KEYS_DONE) {
        code = take_key(document, &key, err);
        if (code == UK_OK && strcmp(key.id, id) != 0)
            code = uk_err_set(err, UK_BAD_ANSWER, "it is another key");
        if (code == UK_OK)
            *out = key;
    }
    uk_json_free(document);
    return code == UK_OK ? code : uk_err_in(err, "fetching key '%s'", id);
}

/* The calls that answer with nothing. */
static enum uk_code
change(struct uk_keys *keys, const char *method, const char *id,
       const char *action, const char *doing, const struct uk_buf *body,
       struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_code code = check_id(id, err);

    if (code != UK_OK)
        return code;
    code = call(keys, method, id, action, body, &document, err);
    uk_json_free(document);
    return code == UK_OK ? code : uk_err_in(err, "%s key '%s'", doing, id);
}

enum uk_code
uk_keys_enable(struct uk_keys *keys, const char *id, struct uk_err *err)
{
    return change(keys, "PUT", id, "/enable", "enabling", NULL, err);
}

enum uk_code
uk_keys_disable(struct uk_keys *keys, const char *id, struct uk_err *err)
{
    return change(keys, "PUT", id, "/disable", "disabling", NULL, err);
}

enum uk_code
uk_keys_expire(struct uk_keys *keys, const char *id, struct uk_expiry expiry,
               struct uk_err *err)
{
    struct uk_buf buf = UK_BUF_UP_TO(BODY_MAX);
    struct uk_json_out body = {.buf = &buf};
    enum uk_code code;

    uk_json_begin(&body, NULL, '{');
    put_expiry(&body, expiry);
    uk_json_end(&body, '}');
    code = uk_buf_check(&buf, err);
    if (code == UK_OK)
        code = change(keys, "PUT", id, "/expiry", "expiring", &buf, err);
    uk_buf_clear(&buf);
    return code;
}

enum uk_code
uk_keys_delete(struct uk_keys *keys, const char *id, struct uk_err *err)
{
    return change(keys, "DELETE", id, "", "deleting", NULL, err);
}
