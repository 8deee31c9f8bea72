/* The ways to log in. */
#include "service/value/provider.h"

#include <string.h>

#include "core/attr.h"
#include "core/str.h"

static const char *const words[] = {
    [UK_PROVIDER_NONE] = "",
    [UK_PROVIDER_ANON] = "anon-user",
    [UK_PROVIDER_PASSWORD] = "local-userpass",
    [UK_PROVIDER_KEY] = "api-key",
    [UK_PROVIDER_ADMIN] = "mongodb-cloud",
};

const char *
uk_provider_word(enum uk_provider provider)
{
    return words[provider];
}

enum uk_provider
uk_provider_by_word(const char *word)
{
    for (size_t i = UK_PROVIDER_ANON; i < UK_COUNT(words); i++) {
        if (strcmp(word, words[i]) == 0)
            return (enum uk_provider)i;
    }
    return UK_PROVIDER_NONE;
}

void
uk_provider_id(const char *app_id, enum uk_provider provider,
               char out[UK_ID_SIZE])
{
    /* The app's id with the last byte replaced: no row needed. */
    unsigned char last = (unsigned char)provider;

    memcpy(out, app_id, UK_ID_LEN - 2);
    uk_str_hex(out + UK_ID_LEN - 2, &last, 1);
}
