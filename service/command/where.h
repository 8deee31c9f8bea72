/*
 * The database that a command works on, beside a server that may be running.
 */
#ifndef UK_SERVICE_COMMAND_WHERE_H
#define UK_SERVICE_COMMAND_WHERE_H

#include <limits.h>

#include "core/attr.h"
#include "core/err.h"
#include "service/command/args.h"
#include "service/request/config.h"
#include "service/store/store.h"

#define UK_WHERE_CONFIG UK_CONFDIR "/server.conf" /* where nothing is given */

/*
 * Root becomes the owner of the folder, for good: what is made there must be
 * the owner's, and root has no business in a folder that somebody else can
 * change.  Nothing for others, and where the folder is root's or none.
 */
UK_MUST_USE enum uk_code uk_where_become_owner(const char *folder,
                                               struct uk_err *err);

/*
 * The same for a while: root acts as the owner until the call with "" makes it
 * root again, for a copy between two places of which only one is the owner's.
 */
UK_MUST_USE enum uk_code uk_where_act_as_owner(const char *folder,
                                               struct uk_err *err);

/* The settings that --data, --config or neither stand for, and nothing more. */
UK_MUST_USE enum uk_code uk_where_find(const struct uk_args *args,
                                       struct uk_config *out,
                                       struct uk_err *err);

/* The folder of the database, "" where it is no file. */
void uk_where_folder(const char *database, char out[PATH_MAX]);

/* The settings that --data, --config or neither stand for.  Root has become
 * the owner of the database's folder, and the database can be believed. */
UK_MUST_USE enum uk_code uk_where_load(const struct uk_args *args,
                                       struct uk_config *out,
                                       struct uk_err *err);

/* The same, and open the database for writing; the caller's, for
 * uk_store_close(). */
UK_MUST_USE enum uk_code uk_where_open(const struct uk_args *args,
                                       struct uk_store **out,
                                       struct uk_err *err);

/* The app of --app, or the only one; UK_INVALID says how to learn which. */
UK_MUST_USE enum uk_code uk_where_app(const struct uk_args *args,
                                      struct uk_store *store,
                                      struct uk_store_app *out,
                                      struct uk_err *err);

#endif
