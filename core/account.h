/* One local account, as the name service knows it. */
#ifndef UK_CORE_ACCOUNT_H
#define UK_CORE_ACCOUNT_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/identity.h"

/*
 * Look the name up.  *found is false, with UK_OK, for a name that is not of
 * the form uk_str_is_user_name, that nobody has, or whose entry bears another
 * name (a name service that ignores case).  A name service that cannot answer
 * is UK_SYSTEM: not knowing is not "unknown".
 */
UK_MUST_USE enum uk_code uk_account_find(const char *name,
                                         struct uk_account *out, bool *found,
                                         struct uk_err *err);

#endif
