/* Where the commands of an administrator of the machine find the database that
 * a server may be using. */
#ifndef UK_WHERE_H
#define UK_WHERE_H

#include "core/attr.h"
#include "core/err.h"
#include "service/config.h"
#include "service/store.h"

/* As it stands in a command line: one of the two, or neither. */
struct uk_where {
    const char *config; /* a file of settings */
    const char *data;   /* a folder with the database in it */
};

/* Fill *config, become the owner of the database if we are root, and open it
 * for writing; *out is the caller's. */
UK_MUST_USE enum uk_code uk_where_open(const struct uk_where *where,
                                       struct uk_config *config,
                                       struct uk_store **out,
                                       struct uk_err *err);

#endif
