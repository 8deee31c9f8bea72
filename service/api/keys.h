/* What replies about API keys have in common, of users and of servers. */
#ifndef UK_SERVICE_API_KEYS_H
#define UK_SERVICE_API_KEYS_H

#include "core/json.h"
#include "service/request/call.h"

/* One key; with its value where it is new, else NULL; with the id of its user
 * where it is a server's, else NULL: the hosted service has no such member, so
 * people's keys, which clients read, have none.  Nor has it times: they are
 * told to who asks for them. */
void uk_key_put(struct uk_json_out *out, const struct uk_store_key *key,
                const struct uk_secret *value, const char *user_id, bool times);

/* Does the request ask for times? */
bool uk_key_wants_times(const struct uk_call *call);

/* 404. */
enum uk_then uk_key_not_found(struct uk_call *call);

#endif
