/* A new app. */
#include "service/store/app.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_NAME 40
#define SUFFIX       5 /* characters that make an app's id its own */
#define TRIES        8 /* of twelve million ends */

static bool
is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return len > 0 && len <= LONGEST_NAME && name[len] == '\0';
}

enum uk_code
uk_app_check(const char *name, struct uk_err *err)
{
    if (is_name(name))
        return UK_OK;
    return uk_err_set(err, UK_INVALID,
                      "the name of an app is 1 to %d letters, digits, '-' "
                      "and '_'",
                      LONGEST_NAME);
}

static struct uk_store_app
make(const char *name)
{
    struct uk_store_app app = {.providers_off = 0};
    unsigned char bytes[SUFFIX];
    char suffix[SUFFIX + 1] = "";

    uk_crypto_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < SUFFIX; i++)
        suffix[i] = (char)('a' + bytes[i] % 26);
    snprintf(app.client_id, sizeof(app.client_id), "%s-%s", name, suffix);
    uk_id_make(app.id);
    return app;
}

enum uk_code
uk_app_add(struct uk_store *store, const char *name, struct uk_store_app *out,
           struct uk_err *err)
{
    for (unsigned i = 0; i < TRIES; i++) {
        struct uk_store_app app = make(name);
        enum uk_store_result result = UK_STORE_NONE;
        enum uk_code code =
            uk_store_call(store, add_app, &app, name, &result, err);

        if (code != UK_OK)
            return code;
        if (result == UK_STORE_DONE) {
            *out = app;
            return UK_OK;
        }
    }
    return uk_err_set(err, UK_SYSTEM,
                      "there are too many apps of the name '%s'", name);
}
