/* Lists of users in replies to administrators. */
#ifndef UK_SERVICE_ADMIN_USERS_H
#define UK_SERVICE_ADMIN_USERS_H

#include "core/attr.h"
#include "core/json.h"
#include "service/request/call.h"

typedef enum uk_code uk_admin_putter(struct uk_call *call,
                                     struct uk_json_out *out,
                                     const struct uk_store_listed *one,
                                     struct uk_err *err);

/* One page, each user as put writes it.  Reading ends before the first is
 * written: put may read too. */
UK_MUST_USE enum uk_code uk_admin_put_page(struct uk_call *call,
                                           const struct uk_store_page *from,
                                           uk_admin_putter *put,
                                           struct uk_err *err);

/* After a change of the user of the path: 204, or 404. */
enum uk_then uk_admin_user_changed(struct uk_call *call, enum uk_code code,
                                   enum uk_store_result result,
                                   const struct uk_err *err);

#endif
