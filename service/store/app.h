/* An app: its name for people, its id for clients. */
#ifndef UK_SERVICE_STORE_APP_H
#define UK_SERVICE_STORE_APP_H

#include "core/attr.h"
#include "core/err.h"
#include "service/store/store.h"

#define UK_APP_DEFAULT "userkey" /* the name of one that got none */

/* A new app: "demo-qzkvw" for the name "demo".  UK_INVALID says what a name
 * is. */
UK_MUST_USE enum uk_code uk_app_make(const char *name, struct uk_store_app *out,
                                     struct uk_err *err);

#endif
