/* The ways to log in to an app, which administrators turn on and off. */
#include <stdio.h>
#include <string.h>

#include "service/request/handlers.h"

static const enum uk_provider providers[] = {
    UK_PROVIDER_ANON, UK_PROVIDER_PASSWORD, UK_PROVIDER_KEY};

/* Does nobody log in by it?  What makes a user of everybody who comes is for
 * a service that is open to registration, whatever is set here. */
static bool
is_off(const struct uk_call *call, enum uk_provider provider)
{
    return (call->app.providers_off & 1U << provider) != 0 ||
           (provider == UK_PROVIDER_ANON &&
            call->server->config->registration != UK_REGISTRATION_OPEN);
}

static void
put_provider(const struct uk_call *call, struct uk_json_out *out,
             enum uk_provider provider)
{
    char id[UK_ID_SIZE];

    uk_provider_id(call->app.id, provider, id);
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "_id", id);
    uk_json_put_text(out, "name", uk_provider_word(provider));
    uk_json_put_text(out, "type", uk_provider_word(provider));
    uk_json_put_bool(out, "disabled", is_off(call, provider));
    uk_json_end(out, '}');
}

enum uk_then
uk_admin_provider_list(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};

    uk_json_begin(&out, NULL, '[');
    for (size_t i = 0; i < UK_COUNT(providers); i++)
        put_provider(call, &out, providers[i]);
    uk_json_end(&out, ']');
    return uk_call_json(call, 200);
}

static enum uk_then
not_found(struct uk_call *call)
{
    uk_call_audit(call, "refused", "unknown-provider");
    return uk_call_error(call, 404, "AuthProviderNotFound",
                         "auth provider not found");
}

/* The one whose id is in the path, or UK_PROVIDER_NONE. */
static enum uk_provider
find(struct uk_call *call)
{
    char id[UK_ID_SIZE];

    for (size_t i = 0; i < UK_COUNT(providers); i++) {
        uk_provider_id(call->app.id, providers[i], id);
        if (strcmp(id, call->key_id) != 0)
            continue;
        call->audit.provider = uk_provider_word(providers[i]);
        return providers[i];
    }
    return UK_PROVIDER_NONE;
}

enum uk_then
uk_admin_provider_fetch(struct uk_call *call)
{
    struct uk_json_out out = {.buf = &call->reply->body};
    enum uk_provider provider = find(call);

    if (provider == UK_PROVIDER_NONE)
        return not_found(call);
    put_provider(call, &out, provider);
    return uk_call_json(call, 200);
}

/* All that there are, are there from the beginning. */
enum uk_then
uk_admin_provider_create(struct uk_call *call)
{
    const char *type;

    if (call->body == NULL || !uk_json_text(call->body, "type", &type))
        return uk_call_error(call, 400, "BadRequest",
                             "'type' is a required string");
    for (size_t i = 0; i < UK_COUNT(providers); i++) {
        if (strcmp(type, uk_provider_word(providers[i])) != 0)
            continue;
        call->audit.provider = uk_provider_word(providers[i]);
        uk_call_audit(call, "refused", "taken");
        return uk_call_error(call, 409, "AuthProviderAlreadyExists",
                             "an app has this auth provider already");
    }
    uk_call_audit(call, "refused", "unknown-provider");
    return uk_call_error(call, 400, "InvalidParameter",
                         "'type' is not one of anon-user, local-userpass, "
                         "api-key");
}

static enum uk_then
set(struct uk_call *call, enum uk_provider provider, bool off)
{
    struct uk_err err = UK_ERR_NONE;

    if (uk_store_call(call->store, set_providers, call->app.id, 1U << provider,
                      off, &err) != UK_OK)
        return uk_call_fail(call, &err);
    return uk_call_empty(call, 204);
}

static enum uk_then
set_found(struct uk_call *call, bool off)
{
    enum uk_provider provider = find(call);

    return provider == UK_PROVIDER_NONE ? not_found(call)
                                        : set(call, provider, off);
}

enum uk_then
uk_admin_provider_enable(struct uk_call *call)
{
    return set_found(call, false);
}

enum uk_then
uk_admin_provider_disable(struct uk_call *call)
{
    return set_found(call, true);
}

/* What a provider of the original has beside: who sets it must not believe
 * that it was set.  Or NULL. */
static const char *
find_foreign(const struct uk_json *body)
{
    static const char *const names[] = {
        "_id",  "config",        "domain_restrictions", "metadata_fields",
        "name", "redirect_uris", "secret_config",       "type",
    };

    for (size_t i = 0; i < UK_COUNT(names); i++) {
        if (uk_json_has(body, names[i]))
            return names[i];
    }
    return NULL;
}

enum uk_then
uk_admin_provider_change(struct uk_call *call)
{
    enum uk_provider provider = find(call);
    const char *foreign;
    char text[80];
    bool off;

    if (provider == UK_PROVIDER_NONE)
        return not_found(call);
    foreign = find_foreign(call->body);
    if (foreign == NULL && uk_json_bool(call->body, "disabled", &off))
        return set(call, provider, off);
    snprintf(text, sizeof(text), "'%s' cannot be changed, only 'disabled' can",
             foreign != NULL ? foreign : "");
    return uk_call_error(call, 400, "InvalidParameter",
                         foreign != NULL ? text
                                         : "'disabled' is a required boolean");
}
