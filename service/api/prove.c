/* An address and a password, proven. */
#include "service/api/prove.h"

#include <string.h>

#include "service/request/route.h"
#include "service/request/tries.h"

bool
uk_prove_take(struct uk_call *call, const char *email_name)
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

/* A client that has come with a token (realm-web) takes "unauthorized" alone
 * for the token's fault, and asks again with a new one as long as it hears
 * that. */
static bool
turn_away(struct uk_call *call, const char *reason)
{
    uk_call_audit(call, "refused", reason);
    uk_call_error(call, 401, "InvalidPassword",
                  call->route->token == UK_TOKEN_NONE
                      ? "unauthorized"
                      : "unauthorized: invalid username/password");
    return false;
}

static void
give_tries_back(struct uk_call *call)
{
    const char *email = call->person.identity.email;

    uk_tries_give_back(call, UK_TRIES_USER, email);
    uk_tries_give_back(call, UK_TRIES_PASSWORD, NULL);
}

void
uk_prove_name(struct uk_call *call)
{
    const char *email = call->person.identity.email;

    memcpy(call->audit.user[0] == '\0' ? call->audit.user : call->audit.other,
           call->person.user.id, UK_ID_SIZE);
    uk_str_printable(call->audit.email, email, strlen(email));
}

bool
uk_prove_end(struct uk_call *call, struct uk_store_password *now)
{
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    if (!call->person_found)
        return turn_away(call, "unknown");
    if (!call->password_right)
        return turn_away(call, "bad-password");
    if (uk_store_call(call->store, find_password, call->app.id,
                      call->person.identity.email, now, &found,
                      &err) != UK_OK) {
        uk_call_fail(call, &err);
        return false;
    }
    if (!found || strcmp(now->hash, call->person.hash) != 0)
        return turn_away(call, "changed");
    if (!now->user.disabled) {
        give_tries_back(call);
        return true;
    }
    uk_call_audit(call, "refused", "user-disabled");
    uk_call_error(call, 401, "UserDisabled", "user disabled");
    return false;
}

/* Among the hashers.  An unknown address costs what a known one costs. */
static enum uk_then
check_password(struct uk_call *call)
{
    call->password_right = uk_pwhash_check(
        call->person_found ? call->person.hash : uk_pwhash_decoy(),
        &call->secret);
    call->next = call->proven;
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
uk_prove_begin(struct uk_call *call, uk_step *next)
{
    struct uk_err err = UK_ERR_NONE;
    unsigned wait_s;

    if (!take_tries(call, &wait_s)) {
        uk_call_audit(call, "throttled", "too-many-tries");
        return uk_call_throttle(call, wait_s);
    }
    if (uk_store_call(call->store, find_password, call->app.id,
                      call->person.identity.email, &call->person,
                      &call->person_found, &err) != UK_OK)
        return uk_call_fail(call, &err);
    if (call->person_found)
        uk_prove_name(call);
    call->proven = next;
    call->next = check_password;
    return UK_THEN_HASHER;
}

enum uk_then
uk_prove_taken(struct uk_call *call)
{
    uk_call_audit(call, "refused", "taken");
    return uk_call_error(call, 409, "AccountNameInUse", "name already in use");
}
