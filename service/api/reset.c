/*
 * A person's address is confirmed, or a password set, by a token that an
 * administrator has handed out.
 *
 * The service sends nobody anything: who asks for a token leaves a line in the
 * audit log, and an administrator who knows the person hands one out.  Where
 * registration is closed, no answer here tells whether an address is known;
 * where it is open, registering tells as much.
 */
#include <stdio.h>
#include <string.h>

#include "service/api/handout.h"
#include "service/api/password.h"
#include "service/api/prove.h"
#include "service/request/handlers.h"
#include "service/request/tries.h"

#define TEXT (UK_EMAIL_MAX + 64)

static bool
is_open(const struct uk_call *call)
{
    return call->server->config->registration == UK_REGISTRATION_OPEN;
}

static int64_t
now_s(void)
{
    return uk_id_now_us() / 1000000;
}

/* A try of the source, and one for the address if there is one; else the reply
 * is filled. */
static bool
take_tries(struct uk_call *call)
{
    const char *email = call->person.identity.email;
    unsigned wait_s;

    if (uk_tries_take(call, UK_TRIES_ASK, NULL, &wait_s) &&
        (email[0] == '\0' ||
         uk_tries_take(call, UK_TRIES_ASK_USER, email, &wait_s)))
        return true;
    uk_call_audit(call, "throttled", "too-many-tries");
    uk_call_throttle(call, wait_s);
    return false;
}

static enum uk_then
refuse_token(struct uk_call *call, const char *reason)
{
    uk_call_audit(call, "refused", reason);
    return uk_call_error(call, 400, "BadRequest", "invalid token data");
}

/* What a person without a good token hears who wants it done by a function:
 * there is none. */
static enum uk_then
refuse_call(struct uk_call *call, const char *what, const char *reason)
{
    char text[TEXT];

    uk_call_audit(call, "refused", reason);
    snprintf(text, sizeof(text), "failed to %s user \"%s\"", what,
             call->person.identity.email);
    return uk_call_error(call, 400, "BadRequest", text);
}

/* Refusals that tell something about the address. */
static enum uk_then
refuse_unknown(struct uk_call *call)
{
    uk_call_audit(call, "refused", "unknown");
    return uk_call_error(call, 404, "UserNotFound", "user not found");
}

static enum uk_then
refuse_confirmed(struct uk_call *call)
{
    uk_call_audit(call, "refused", "confirmed");
    return uk_call_error(call, 400, "UserAlreadyConfirmed",
                         "already confirmed");
}

/* Whose address it is: call->person, if call->person_found.  The address itself
 * stays as it was typed: answers have it, and as the database has it it would
 * tell that it is there. */
static bool
find_person(struct uk_call *call)
{
    char email[UK_EMAIL_MAX + 1];
    struct uk_err err = UK_ERR_NONE;

    memcpy(email, call->person.identity.email, sizeof(email));
    if (uk_store_call(call->store, find_password, call->app.id, email,
                      &call->person, &call->person_found, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    memcpy(call->person.identity.email, email, sizeof(email));
    if (call->person_found)
        uk_prove_name(call);
    return true;
}

/* The person of the body's address has come, and where registration is open
 * nothing is to be told about the address; else the reply is filled. */
static bool
meet_person(struct uk_call *call, bool to_confirm)
{
    const char *email;

    if (call->body == NULL || !uk_json_text(call->body, "email", &email)) {
        uk_call_error(call, 400, "BadRequest", "'email' is a required string");
        return false;
    }
    if (!uk_str_copy(call->person.identity.email,
                     sizeof(call->person.identity.email), email))
        call->person.identity.email[0] = '\0';
    if (!take_tries(call) || !find_person(call))
        return false;
    if (!is_open(call))
        return true;
    if (!call->person_found)
        refuse_unknown(call);
    else if (to_confirm && call->person.identity.confirmed)
        refuse_confirmed(call);
    else
        return true;
    return false;
}

enum uk_then
uk_confirm_send(struct uk_call *call)
{
    if (!meet_person(call, true))
        return UK_THEN_REPLY;
    if (!call->person_found)
        uk_call_audit(call, "refused", "unknown");
    else if (call->person.identity.confirmed)
        uk_call_audit(call, "refused", "confirmed");
    return uk_call_empty(call, 204);
}

enum uk_then
uk_confirm_call(struct uk_call *call)
{
    if (!meet_person(call, true))
        return UK_THEN_REPLY;
    return refuse_call(call, "confirm",
                       call->person_found ? "no-function" : "unknown");
}

enum uk_then
uk_reset_send(struct uk_call *call)
{
    if (!meet_person(call, false))
        return UK_THEN_REPLY;
    if (!call->person_found)
        uk_call_audit(call, "refused", "unknown");
    return uk_call_empty(call, 204);
}

/* Find call->handout: *found says whether it is good.  false: the reply is
 * filled. */
static bool
find_handout(struct uk_call *call, const char *id, const char *token,
             enum uk_store_purpose purpose, bool *found)
{
    struct uk_err err = UK_ERR_NONE;

    *found = false;
    if (!uk_handout_read(call->server->secrets->pepper, id, token, purpose,
                         &call->handout))
        return true;
    if (uk_store_call(call->store, find_handout, call->app.id, now_s(),
                      &call->handout, found, &err) == UK_OK)
        return true;
    uk_call_fail(call, &err);
    return false;
}

/* With the token of the body: it is good, and call->handout.  Else the reply
 * is filled. */
static bool
come_with_token(struct uk_call *call, enum uk_store_purpose purpose)
{
    const char *id, *token;
    bool found;

    if (call->body == NULL || !uk_json_text(call->body, "token", &token) ||
        !uk_json_text(call->body, "tokenId", &id)) {
        refuse_token(call, "no-token");
        return false;
    }
    if (!take_tries(call) || !find_handout(call, id, token, purpose, &found))
        return false;
    if (!found) {
        refuse_token(call, "bad-token");
        return false;
    }
    memcpy(call->audit.user, call->handout.user_id, UK_ID_SIZE);
    return true;
}

/* With the writer: the token is used up by what it is for.  true: by this
 * call; else the reply is filled. */
static bool
use_token(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, take_handout, &call->handout, now_s(),
                      &result, &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (result == UK_STORE_DONE)
        return true;
    refuse_token(call, "used");
    return false;
}

static enum uk_then
finish(struct uk_call *call)
{
    uk_tries_settle(call);
    return uk_call_empty(call, 204);
}

/* With the writer. */
static enum uk_then
confirm(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (!use_token(call))
        return UK_THEN_REPLY;
    if (uk_store_call(call->store, confirm_user, call->handout.user_id, &result,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    return result == UK_STORE_DONE ? finish(call)
                                   : refuse_token(call, "no-address");
}

enum uk_then
uk_confirm(struct uk_call *call)
{
    call->audit.provider = uk_provider_word(UK_PROVIDER_PASSWORD);
    if (!come_with_token(call, UK_STORE_CONFIRM))
        return UK_THEN_REPLY;
    call->next = confirm;
    return UK_THEN_WRITER;
}

/* With the writer.  Who had the old password is out: whoever that was may be
 * why there is a new one. */
static enum uk_then
set_password(struct uk_call *call)
{
    const char *user_id = call->handout.user_id;
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (!use_token(call))
        return UK_THEN_REPLY;
    if (uk_store_call(call->store, set_password, user_id, call->person.hash,
                      &result, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result != UK_STORE_DONE)
        return refuse_token(call, "no-address");
    if (uk_store_call(call->store, end_sessions, user_id, &result, &err) !=
        UK_OK)
        return uk_call_fail(call, &err);
    return finish(call);
}

/* Among the hashers. */
static enum uk_then
hash_password(struct uk_call *call)
{
    return uk_password_hash(call, set_password);
}

static bool
check_new_password(struct uk_call *call)
{
    if (uk_password_check(&call->secret))
        return true;
    uk_password_refuse(call);
    return false;
}

enum uk_then
uk_reset(struct uk_call *call)
{
    const char *password;
    struct uk_err err = UK_ERR_NONE;

    call->audit.provider = uk_provider_word(UK_PROVIDER_PASSWORD);
    if (call->body == NULL || !uk_json_text(call->body, "password", &password))
        return uk_call_error(call, 400, "BadRequest",
                             "'password' is a required string");
    if (uk_secret_set(&call->secret, password, strlen(password), &err) != UK_OK)
        return uk_password_refuse(call);
    if (!check_new_password(call) || !come_with_token(call, UK_STORE_RESET))
        return UK_THEN_REPLY;
    call->next = hash_password;
    return UK_THEN_HASHER;
}

/* The token stands where others pass what their function wants: its id, and
 * itself. */
enum uk_then
uk_reset_call(struct uk_call *call)
{
    const char *id = "", *token = "";
    const struct uk_json *list;
    bool found;

    if (!uk_prove_take(call, "email") || !check_new_password(call) ||
        !take_tries(call) || !find_person(call))
        return UK_THEN_REPLY;
    if (is_open(call) && !call->person_found)
        return refuse_unknown(call);
    if (uk_json_array(call->body, "arguments", &list) &&
        uk_json_count(list) == 2 &&
        !(uk_json_item_text(list, 0, &id) &&
          uk_json_item_text(list, 1, &token)))
        id = token = "";
    if (!find_handout(call, id, token, UK_STORE_RESET, &found))
        return UK_THEN_REPLY;
    if (!found || !call->person_found ||
        strcmp(call->handout.user_id, call->person.user.id) != 0)
        return refuse_call(call, "reset password for",
                           call->person_found ? "bad-token" : "unknown");
    call->next = hash_password;
    return UK_THEN_HASHER;
}
