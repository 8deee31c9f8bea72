/*
 * What a client says about itself when it logs in: its device, as every SDK
 * does, which the service shows in its lists, and whether it keeps the session.
 *
 * Source: docs/PROTOCOL.md, "The auth service".
 */
#ifndef UK_CORE_CLIENTINFO_H
#define UK_CORE_CLIENTINFO_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/json.h"

/* What our own service does for who asks it; others do not know the words. */
struct uk_clientinfo {
    bool brief;  /* keep no session */
    bool emails; /* name the user's confirmed addresses in the access token */
};

/* The member "options" of a login. */
void uk_clientinfo_put(struct uk_json_out *out, const char *app_id,
                       struct uk_clientinfo wish);

/* Does the answer to a login say that there is nothing to log out? */
bool uk_clientinfo_is_brief(const struct uk_json *document);

#endif
