/* An identity, as its user and administrators are shown it. */
#ifndef UK_SERVICE_API_IDENTITY_H
#define UK_SERVICE_API_IDENTITY_H

#include "core/json.h"
#include "service/store/rows.h"

/* Put it as an element of an array; app_id is its user's. */
void uk_identity_put(struct uk_json_out *out, const char *app_id,
                     const struct uk_store_identity *identity);

#endif
