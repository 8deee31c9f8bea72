/* Users, as administrators see and change them. */
#include <string.h>

#include "service/admin/users.h"
#include "service/api/identity.h"
#include "service/api/password.h"
#include "service/api/prove.h"
#include "service/request/admin_session.h"
#include "service/request/handlers.h"
#include "service/value/email.h"
#include "service/value/query.h"

#define PAGE_MAX (UK_STORE_PAGE * 8192) /* bytes of a page of users */

/* The only one of a server's user is its key. */
static enum uk_code
list_identities(struct uk_call *call, const struct uk_store_listed *one,
                struct uk_store_identity out[UK_STORE_IDENTITIES],
                size_t *count, struct uk_store_key *key, struct uk_err *err)
{
    struct uk_store_key keys[UK_STORE_KEYS];
    enum uk_code code;

    if (!one->user.server)
        return uk_store_call(call->store, list_identities, one->user.id, out,
                             count, err);
    code =
        uk_store_call(call->store, list_keys, one->user.id, keys, count, err);
    if (code != UK_OK || *count == 0)
        return code;
    memset(out, 0, sizeof(*out));
    memcpy(out->id, keys[0].id, UK_ID_SIZE);
    out->provider = UK_PROVIDER_KEY;
    *key = keys[0];
    *count = 1;
    return UK_OK;
}

static enum uk_code
put_user(struct uk_call *call, struct uk_json_out *out,
         const struct uk_store_listed *one, struct uk_err *err)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES];
    struct uk_store_key key = {.name = ""};
    size_t count;
    enum uk_code code =
        list_identities(call, one, identities, &count, &key, err);

    if (code != UK_OK)
        return code;
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "_id", one->user.id);
    uk_json_put_text(out, "type", one->user.server ? "server" : "normal");
    uk_json_put_bool(out, "disabled", one->user.disabled);
    uk_json_put_int(out, "creation_date", one->created_us / 1000000);
    if (one->user.last_login_us > 0)
        uk_json_put_int(out, "last_authentication_date",
                        one->user.last_login_us / 1000000);
    uk_json_begin(out, "data", '{');
    if (one->email[0] != '\0')
        uk_json_put_text(out, "email", one->email);
    if (key.name[0] != '\0')
        uk_json_put_text(out, "name", key.name);
    uk_json_end(out, '}');
    uk_json_begin(out, "identities", '[');
    for (size_t i = 0; i < count; i++)
        uk_identity_put(out, one->user.app_id, &identities[i]);
    uk_json_end(out, ']');
    uk_json_end(out, '}');
    return UK_OK;
}

struct page {
    struct uk_store_listed user[UK_STORE_PAGE];
    size_t count;
};

static void
take_user(void *context, const struct uk_store_listed *one)
{
    struct page *page = context;

    if (page->count < UK_STORE_PAGE)
        page->user[page->count++] = *one;
}

/* The one user of an address, if there is one. */
static enum uk_code
find_by_email(struct uk_call *call, struct page *page, struct uk_err *err)
{
    struct uk_store_password person;
    char email[UK_EMAIL_MAX + 1];
    bool found = false;
    enum uk_code code = UK_OK;

    if (uk_query_decode(call->request->email, email, sizeof(email)) &&
        uk_email_check(email))
        code = uk_store_call(call->store, find_password, call->app.id, email,
                             &person, &found, err);
    if (code == UK_OK && found) {
        code = uk_store_call(call->store, find_user, call->app.id,
                             person.user.id, &page->user[0], &found, err);
        page->count = code == UK_OK && found;
    }
    uk_wipe(&person, sizeof(person));
    return code;
}

/* Names that we do not know are nobody's; *out stays 0 for no filter. */
static bool
take_providers(const char *text, unsigned *out)
{
    char list[256];
    char *rest = list;

    if (text == NULL)
        return true;
    if (!uk_query_decode(text, list, sizeof(list)))
        return false;
    *out = 1U << UK_PROVIDER_NONE;
    while (rest != NULL) {
        const char *word = strsep(&rest, ",");

        *out |= 1U << uk_provider_by_word(word);
    }
    return true;
}

/* What the query asks for: NULL, or what is wrong with it. */
static const char *
take_page(const struct uk_http_request *request, struct uk_store_page *out)
{
    const char *status = request->status, *desc = request->desc;

    out->after = request->after != NULL ? request->after : "";
    out->backward = desc != NULL && strcmp(desc, "true") == 0;
    out->disabled = -1;
    if (status != NULL && status[0] != '\0')
        out->disabled = strcmp(status, "disabled") == 0;
    if (out->disabled == 0 && strcmp(status, "enabled") != 0)
        return "'status' is 'enabled' or 'disabled'";
    if (out->after[0] != '\0' && !uk_id_check(out->after))
        return "'after' is not an id";
    if (desc != NULL && !out->backward && strcmp(desc, "false") != 0)
        return "'desc' is 'true' or 'false'";
    if (request->sort != NULL && strcmp(request->sort, "_id") != 0)
        return "'sort' can only be '_id'";
    return take_providers(request->provider_types, &out->providers)
               ? NULL
               : "'provider_types' is a list of names";
}

enum uk_code
uk_admin_put_page(struct uk_call *call, const struct uk_store_page *from,
                  uk_admin_putter *put, struct uk_err *err)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct page page = {.count = 0};
    enum uk_code code;

    code = call->request->email != NULL && !from->pending
               ? find_by_email(call, &page, err)
               : uk_store_call(call->store, page_users, from, take_user, &page,
                               err);
    call->reply->body.max = PAGE_MAX;
    uk_json_begin(&out, NULL, '[');
    for (size_t i = 0; i < page.count && code == UK_OK; i++)
        code = put(call, &out, &page.user[i], err);
    uk_json_end(&out, ']');
    return code;
}

enum uk_then
uk_admin_user_list(struct uk_call *call)
{
    struct uk_store_page from = {.app_id = call->app.id};
    struct uk_err err = UK_ERR_NONE;
    const char *wrong = take_page(call->request, &from);

    if (wrong != NULL)
        return uk_call_error(call, 400, "BadRequest", wrong);
    return uk_admin_put_page(call, &from, put_user, &err) == UK_OK
               ? uk_call_json(call, 200)
               : uk_call_fail(call, &err);
}

enum uk_then
uk_admin_user_fetch(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_err err = UK_ERR_NONE;

    if (put_user(call, &out, &call->target, &err) != UK_OK)
        return uk_call_fail(call, &err);
    return uk_call_json(call, 200);
}

/* With the writer, where it counts whether the session still stands. */
static enum uk_then
add_user(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_json_out out = {.buf = &call->reply->body};
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_listed added;
    bool found;

    if (!uk_admin_admit(call))
        return UK_THEN_REPLY;
    if (uk_store_call(call->store, add_user, &call->person.user,
                      &call->person.identity, call->person.hash, &result,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result == UK_STORE_TAKEN)
        return uk_prove_taken(call);
    memcpy(call->audit.user, call->person.user.id, UK_ID_SIZE);
    if (uk_store_call(call->store, find_user, call->app.id,
                      call->person.user.id, &added, &found, &err) != UK_OK ||
        put_user(call, &out, &added, &err) != UK_OK)
        return uk_call_fail(call, &err);
    return uk_call_json(call, 201);
}

/* Among the hashers. */
static enum uk_then
hash_password(struct uk_call *call)
{
    return uk_password_hash(call, add_user);
}

/* What an administrator enters is confirmed by it. */
enum uk_then
uk_admin_user_create(struct uk_call *call)
{
    struct uk_store_identity *identity = &call->person.identity;
    struct uk_err err = UK_ERR_NONE;
    const char *email, *password;

    if (call->body == NULL || !uk_json_text(call->body, "email", &email) ||
        !uk_json_text(call->body, "password", &password))
        return uk_call_error(call, 400, "BadRequest",
                             "'email' and 'password' are required strings");
    if (!uk_email_check(email) ||
        !uk_str_copy(identity->email, sizeof(identity->email), email))
        return uk_call_error(call, 400, "BadRequest",
                             "'email' is not an address");
    uk_str_printable(call->audit.email, email, strlen(email));
    if (uk_secret_set(&call->secret, password, strlen(password), &err) !=
            UK_OK ||
        !uk_password_check(&call->secret))
        return uk_password_refuse(call);
    uk_id_make(call->person.user.id);
    memcpy(call->person.user.app_id, call->app.id, UK_ID_SIZE);
    uk_id_make(identity->id);
    identity->provider = UK_PROVIDER_PASSWORD;
    identity->confirmed = true;
    call->next = hash_password;
    return UK_THEN_HASHER;
}

enum uk_then
uk_admin_user_changed(struct uk_call *call, enum uk_code code,
                      enum uk_store_result result, const struct uk_err *err)
{
    if (code != UK_OK)
        return uk_call_fail(call, err);
    if (result == UK_STORE_DONE)
        return uk_call_empty(call, 204);
    uk_call_audit(call, "refused", "unknown-user");
    return uk_call_error(call, 404, "UserNotFound", "user not found");
}

static enum uk_then
set(struct uk_call *call, bool disabled)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    code = uk_store_call(call->store, set_user, call->target.user.id, disabled,
                         &result, &err);
    return uk_admin_user_changed(call, code, result, &err);
}

enum uk_then
uk_admin_user_enable(struct uk_call *call)
{
    return set(call, false);
}

enum uk_then
uk_admin_user_disable(struct uk_call *call)
{
    return set(call, true);
}

enum uk_then
uk_admin_user_logout(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    code = uk_store_call(call->store, end_sessions, call->target.user.id,
                         &result, &err);
    return uk_admin_user_changed(call, code, result, &err);
}

enum uk_then
uk_admin_user_delete(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    code = uk_store_call(call->store, delete_user, call->target.user.id,
                         &result, &err);
    return uk_admin_user_changed(call, code, result, &err);
}

/* Nobody can be told apart from others who is nobody in particular. */
enum uk_then
uk_admin_key_create(struct uk_call *call)
{
    struct uk_store_identity identities[UK_STORE_IDENTITIES];
    struct uk_err err = UK_ERR_NONE;
    bool somebody = false;
    size_t count;

    if (uk_store_call(call->store, list_identities, call->target.user.id,
                      identities, &count, &err) != UK_OK)
        return uk_call_fail(call, &err);
    for (size_t i = 0; i < count; i++)
        somebody = somebody || identities[i].provider != UK_PROVIDER_ANON;
    if (somebody)
        return uk_key_create(call);
    uk_call_audit(call, "refused", "anonymous");
    return uk_call_error(call, 400, "BadRequest",
                         "an anonymous user has no API keys, and that of a "
                         "server no second one");
}
