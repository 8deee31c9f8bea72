/* Provider local-userpass: an address and a password. */
#include <string.h>

#include "service/email.h"
#include "service/handlers.h"
#include "service/password.h"
#include "service/session.h"
#include "service/tries.h"

/* Keep the password, and the address as it was typed. */
static bool
take_credentials(struct uk_call *call, const char *email_name)
{
    const char *email, *password;
    struct uk_err err = UK_ERR_NONE;

    call->audit.provider = uk_provider_word(UK_PROVIDER_PASSWORD);
    if (call->body == NULL || !uk_json_text(call->body, email_name, &email) ||
        !uk_json_text(call->body, "password", &password)) {
        uk_call_error(call, 400, "BadRequest",
                      "the address and 'password' are required strings");
        return false;
    }
    /* One that is too long is nobody's: "" is not, either. */
    if (!uk_str_copy(call->person.identity.email,
                     sizeof(call->person.identity.email), email))
        call->person.identity.email[0] = '\0';
    if (uk_secret_set(&call->secret, password, strlen(password), &err) !=
        UK_OK) {
        uk_call_error(call, 400, "BadRequest", "the password is too long");
        return false;
    }
    return true;
}

static enum uk_then
turn_away(struct uk_call *call, const char *reason)
{
    uk_call_audit(call, "refused", reason);
    return uk_call_error(call, 401, "InvalidPassword", "unauthorized");
}

static void
give_tries_back(struct uk_call *call)
{
    const char *email = call->person.identity.email;

    uk_tries_give_back(call, UK_TRIES_USER, email);
    uk_tries_give_back(call, UK_TRIES_PASSWORD, NULL);
}

/* Only somebody who is known: people type passwords into the wrong field, and
 * what they type must not get into a log. */
static void
name_in_audit(struct uk_call *call)
{
    const char *email = call->person.identity.email;

    memcpy(call->audit.user, call->person.user.id, UK_ID_SIZE);
    uk_str_printable(call->audit.email, email, strlen(email));
}

/* Back on the loop: what the database says now, not before the hashing. */
static enum uk_then
finish_login(struct uk_call *call)
{
    struct uk_store_password now;
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    if (!call->person_found)
        return turn_away(call, "unknown");
    if (!call->password_right)
        return turn_away(call, "bad-password");
    if (uk_store_call(call->store, find_password, call->app.id,
                      call->person.identity.email, &now, &found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (!found || strcmp(now.hash, call->person.hash) != 0)
        return turn_away(call, "changed");
    give_tries_back(call);
    if (now.user.disabled) {
        uk_call_audit(call, "refused", "user-disabled");
        return uk_call_error(call, 401, "UserDisabled", "user disabled");
    }
    return uk_session_begin(call, &now.user, UK_PROVIDER_PASSWORD,
                            now.identity.id, NULL);
}

/* Among the hashers.  An unknown address costs what a known one costs. */
static enum uk_then
check_password(struct uk_call *call)
{
    call->password_right = uk_pwhash_check(
        call->person_found ? call->person.hash : uk_pwhash_decoy(),
        &call->secret);
    call->next = finish_login;
    return UK_THEN_LOOP;
}

/* A try is used up before the work, so that many at once are counted too; who
 * gets in has it back. */
static bool
take_tries(struct uk_call *call, unsigned *wait_s)
{
    if (!uk_tries_take(call, UK_TRIES_USER, call->person.identity.email,
                       wait_s))
        return false;
    if (uk_tries_take(call, UK_TRIES_PASSWORD, NULL, wait_s))
        return true;
    uk_tries_give_back(call, UK_TRIES_USER, call->person.identity.email);
    return false;
}

enum uk_then
uk_password_login(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;
    unsigned wait_s;

    if (!take_credentials(call, "username"))
        return UK_THEN_REPLY;
    if (!take_tries(call, &wait_s)) {
        uk_call_audit(call, "throttled", "too-many-tries");
        return uk_call_throttle(call, wait_s);
    }
    if (uk_store_call(call->store, find_password, call->app.id,
                      call->person.identity.email, &call->person,
                      &call->person_found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (call->person_found)
        name_in_audit(call);
    call->next = check_password;
    return UK_THEN_HASHER;
}

/* With the writer. */
static enum uk_then
add_user(struct uk_call *call)
{
    enum uk_store_result result = UK_STORE_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, add_user, &call->person.user,
                      &call->person.identity, call->person.hash, &result,
                      &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (result == UK_STORE_TAKEN) {
        uk_call_audit(call, "refused", "taken");
        return uk_call_error(call, 409, "AccountNameInUse",
                             "name already in use");
    }
    name_in_audit(call);
    return uk_call_empty(call, 201);
}

/* Among the hashers. */
static enum uk_then
hash_password(struct uk_call *call)
{
    struct uk_err err = UK_ERR_NONE;

    if (uk_pwhash_make(&call->secret, call->person.hash, &err) != UK_OK)
        return uk_call_fail(call, &err);
    call->next = add_user;
    return UK_THEN_WRITER;
}

/* Is the address free?  It is asked again when the user is added; here it
 * saves the hashing. */
static enum uk_then
check_free(struct uk_call *call)
{
    struct uk_store_password old;
    struct uk_err err = UK_ERR_NONE;
    bool taken;

    if (uk_store_call(call->store, find_password, call->app.id,
                      call->person.identity.email, &old, &taken, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (taken) {
        uk_call_audit(call, "refused", "taken");
        return uk_call_error(call, 409, "AccountNameInUse",
                             "name already in use");
    }
    call->next = hash_password;
    return UK_THEN_HASHER;
}

enum uk_then
uk_password_register(struct uk_call *call)
{
    unsigned wait_s;

    if (call->server->config->registration != UK_REGISTRATION_OPEN) {
        uk_call_audit(call, "refused", "registration-closed");
        return uk_call_error(call, 403, "AuthError", "registration is closed");
    }
    if (!take_credentials(call, "email"))
        return UK_THEN_REPLY;
    if (!uk_email_check(call->person.identity.email))
        return uk_call_error(call, 400, "BadRequest",
                             "'email' is not an address");
    if (!uk_password_check(&call->secret))
        return uk_call_error(call, 400, "BadRequest", UK_PASSWORD_RULE);
    if (!uk_tries_take(call, UK_TRIES_NEW, NULL, &wait_s)) {
        uk_call_audit(call, "throttled", "too-many-new-users");
        return uk_call_throttle(call, wait_s);
    }
    uk_id_make(call->person.user.id);
    memcpy(call->person.user.app_id, call->app.id, UK_ID_SIZE);
    uk_id_make(call->person.identity.id);
    call->person.identity.provider = UK_PROVIDER_PASSWORD;
    return check_free(call);
}
