/* The ways to log in, and the names that clients know them by. */
#ifndef UK_SERVICE_VALUE_PROVIDER_H
#define UK_SERVICE_VALUE_PROVIDER_H

#include "service/value/id.h"

enum uk_provider {
    UK_PROVIDER_NONE = 0,
    UK_PROVIDER_ANON,     /* nobody in particular */
    UK_PROVIDER_PASSWORD, /* an address and a password */
    UK_PROVIDER_KEY,      /* a user API key */
    UK_PROVIDER_ADMIN,    /* an administrator's pair of keys: no user's */
};

/* "api-key"; "" for UK_PROVIDER_NONE.  Static. */
const char *uk_provider_word(enum uk_provider provider);

/* UK_PROVIDER_NONE for a name that none has. */
enum uk_provider uk_provider_by_word(const char *word);

/* What clients call the provider's id: the same for an app for ever. */
void uk_provider_id(const char *app_id, enum uk_provider provider,
                    char out[UK_ID_SIZE]);

#endif
