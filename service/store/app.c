/* A new app. */
#include "service/store/app.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"

#define LONGEST_NAME 40
#define SUFFIX       5 /* characters that make an app's id its own */

static bool
is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return len > 0 && len <= LONGEST_NAME && name[len] == '\0';
}

enum uk_code
uk_app_make(const char *name, struct uk_store_app *out, struct uk_err *err)
{
    unsigned char bytes[SUFFIX];
    char suffix[SUFFIX + 1] = "";

    if (!is_name(name))
        return uk_err_set(err, UK_INVALID,
                          "the name of an app is 1 to %d letters, digits, '-' "
                          "and '_'",
                          LONGEST_NAME);
    uk_crypto_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < SUFFIX; i++)
        suffix[i] = (char)('a' + bytes[i] % 26);
    snprintf(out->client_id, sizeof(out->client_id), "%s-%s", name, suffix);
    uk_id_make(out->id);
    return UK_OK;
}
