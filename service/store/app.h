/* An app: its name for people, its id for clients. */
#ifndef UK_SERVICE_STORE_APP_H
#define UK_SERVICE_STORE_APP_H

#include "core/attr.h"
#include "core/err.h"
#include "service/store/store.h"

#define UK_APP_DEFAULT "userkey" /* the name of one that got none */

/* UK_INVALID says what a name is. */
UK_MUST_USE enum uk_code uk_app_check(const char *name, struct uk_err *err);

/* Add a new app of a name that is one: "demo-qzkvw" for "demo", and with
 * another end where an app has that id already. */
UK_MUST_USE enum uk_code uk_app_add(struct uk_store *store, const char *name,
                                    struct uk_store_app *out,
                                    struct uk_err *err);

#endif
