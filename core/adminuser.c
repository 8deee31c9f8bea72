/* A user as the Admin API writes one. */
#include "core/adminuser.h"

#include <string.h>

#include "core/str.h"

enum uk_code
uk_adminuser_id(const struct uk_json *object, const char *name,
                const char **out, struct uk_err *err)
{
    if (!uk_json_text(object, name, out) || !uk_identity_is_id(*out))
        return uk_err_set(err, UK_BAD_ANSWER, "the answer has no '%s'", name);
    return UK_OK;
}

/* The address of an identity that somebody logs in with; "" for another. */
static void
take_email(const struct uk_json *identity, char email[UK_EMAIL_MAX + 1])
{
    const struct uk_json *data;
    const char *text;

    if (!uk_json_text(identity, "provider_type", &text) ||
        strcmp(text, "local-userpass") != 0 ||
        !uk_json_object(identity, "provider_data", &data) ||
        !uk_json_text(data, "email", &text) || !uk_identity_is_email(text) ||
        !uk_str_copy(email, UK_EMAIL_MAX + 1, text))
        email[0] = '\0';
}

/* The user of a server key, which has no address but a name. */
static void
take_server(const struct uk_json *item, struct uk_admin_user *user)
{
    const struct uk_json *data;
    const char *text;

    user->server =
        uk_json_text(item, "type", &text) && strcmp(text, "server") == 0;
    if (user->server && uk_json_object(item, "data", &data) &&
        uk_json_text(data, "name", &text) && uk_str_is_printable(text))
        (void)!uk_str_copy(user->name, sizeof(user->name), text);
}

enum uk_code
uk_adminuser_take(const struct uk_json *item, struct uk_admin_user *out,
                  struct uk_err *err)
{
    struct uk_admin_user user = {.created = 0};
    const struct uk_json *identities;
    const char *id;
    enum uk_code code = uk_adminuser_id(item, "_id", &id, err);

    if (code != UK_OK)
        return code;
    (void)!uk_str_copy(user.id, sizeof(user.id), id);
    if (!uk_json_bool(item, "disabled", &user.disabled))
        return uk_err_set(err, UK_BAD_ANSWER,
                          "user '%s' does not say whether it is disabled",
                          user.id);
    if (!uk_json_int(item, "creation_date", &user.created))
        user.created = 0;
    take_server(item, &user);
    if (uk_json_array(item, "identities", &identities)) {
        for (size_t i = 0;
             i < uk_json_count(identities) && user.email[0] == '\0'; i++)
            take_email(uk_json_item(identities, i), user.email);
    }
    *out = user;
    return UK_OK;
}
