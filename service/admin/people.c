/* What an administrator does about the addresses of people. */
#include <string.h>

#include "service/admin/users.h"
#include "service/api/handout.h"
#include "service/api/prove.h"
#include "service/request/handlers.h"
#include "service/value/email.h"
#include "service/value/query.h"

#define SEGMENT (3 * UK_EMAIL_MAX + 1) /* an address with all of it escaped */

static enum uk_code
put_pending(struct uk_call *call, struct uk_json_out *out,
            const struct uk_store_listed *one, struct uk_err *err)
{
    (void)call;
    (void)err;
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "_id", one->user.id);
    uk_json_put_text(out, "domain_id", one->user.app_id);
    uk_json_put_int(out, "creation_date", one->created_us / 1000000);
    uk_json_begin(out, "login_ids", '[');
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "id_type", "email");
    uk_json_put_text(out, "id", one->email);
    uk_json_end(out, '}');
    uk_json_end(out, ']');
    uk_json_end(out, '}');
    return UK_OK;
}

enum uk_then
uk_admin_pending_list(struct uk_call *call)
{
    const char *after = call->request->after;
    struct uk_store_page from = {
        .app_id = call->app.id, .pending = true, .disabled = -1};
    struct uk_err err = UK_ERR_NONE;

    from.after = after != NULL ? after : "";
    if (from.after[0] != '\0' && !uk_id_check(from.after))
        return uk_call_error(call, 400, "BadRequest", "'after' is not an id");
    return uk_admin_put_page(call, &from, put_pending, &err) == UK_OK
               ? uk_call_json(call, 200)
               : uk_call_fail(call, &err);
}

/* The address of the path; "" if it cannot be one. */
static void
read_email(const struct uk_call *call, char out[UK_EMAIL_MAX + 1])
{
    size_t len = strcspn(call->path.email, "/");
    char segment[SEGMENT];

    out[0] = '\0';
    if (len >= sizeof(segment))
        return;
    memcpy(segment, call->path.email, len);
    segment[len] = '\0';
    if (!uk_query_decode(segment, out, UK_EMAIL_MAX + 1) ||
        !uk_email_check(out))
        out[0] = '\0';
}

/* Whose the address of the path is: call->person; or the reply is filled. */
static bool
find_person(struct uk_call *call, bool pending)
{
    char email[UK_EMAIL_MAX + 1];
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    read_email(call, email);
    if (email[0] != '\0' &&
        uk_store_call(call->store, find_password, call->app.id, email,
                      &call->person, &found, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (!found || (pending && !call->person.user.pending)) {
        uk_call_audit(call, "refused", "unknown-user");
        uk_call_error(call, 404, "UserNotFound", "user not found");
        return false;
    }
    memcpy(call->audit.user, call->person.user.id, UK_ID_SIZE);
    uk_str_printable(call->audit.email, email, strlen(email));
    return true;
}

enum uk_then
uk_admin_pending_delete(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (!find_person(call, true))
        return UK_THEN_REPLY;
    code = uk_store_call(call->store, delete_pending, call->person.user.id,
                         &result, &err);
    return uk_admin_user_changed(call, code, result, &err);
}

enum uk_then
uk_admin_pending_confirm(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (!find_person(call, false))
        return UK_THEN_REPLY;
    if (call->person.identity.confirmed) {
        uk_call_audit(call, "refused", "confirmed");
        return uk_call_error(call, 400, "UserAlreadyConfirmed",
                             "already confirmed");
    }
    code = uk_store_call(call->store, confirm_user, call->person.user.id,
                         &result, &err);
    return uk_admin_user_changed(call, code, result, &err);
}

/* There is no row of a device: its id is computed (request/session.c). */
enum uk_then
uk_admin_device_list(struct uk_call *call)
{
    uk_buf_add_text(&call->reply->body, "[]");
    return uk_call_json(call, 200);
}

static enum uk_then
no_address(struct uk_call *call)
{
    uk_call_audit(call, "refused", "no-address");
    return uk_call_error(call, 400, "BadRequest",
                         "the user has no address to log in with");
}

enum uk_then
uk_admin_user_email(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;
    const char *email;

    if (!uk_json_text(call->body, "email", &email))
        return uk_call_error(call, 400, "BadRequest",
                             "'email' is a required string");
    if (!uk_email_check(email))
        return uk_call_error(call, 400, "BadRequest",
                             "'email' is not an address");
    uk_str_printable(call->audit.email, email, strlen(email));
    if (uk_store_call(call->store, set_email, &call->target.user, email,
                      &result, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result == UK_STORE_NOT_FOUND)
        return no_address(call);
    if (result == UK_STORE_DONE)
        return uk_call_empty(call, 204);
    return uk_prove_taken(call);
}

/* The token is in this reply and nowhere else. */
static enum uk_then
hand_out(struct uk_call *call, enum uk_store_purpose purpose)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_store_handout handout;
    struct uk_err err = UK_ERR_NONE;

    if (uk_handout_make(call->server->secrets->pepper, call->target.user.id,
                        purpose, &handout, &call->secret, &err) != UK_OK ||
        uk_store_call(call->store, add_handout, &handout, &result, &err) !=
            UK_OK)
        return uk_call_fail(call, &err);
    if (result != UK_STORE_DONE)
        return no_address(call);
    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "token", uk_secret_peek(&call->secret));
    uk_json_put_text(&out, "tokenId", handout.id);
    uk_json_put_int(&out, "expires", handout.expires);
    uk_json_end(&out, '}');
    return uk_call_json(call, 201);
}

enum uk_then
uk_admin_reset_token(struct uk_call *call)
{
    return hand_out(call, UK_STORE_RESET);
}

enum uk_then
uk_admin_confirm_token(struct uk_call *call)
{
    return hand_out(call, UK_STORE_CONFIRM);
}
