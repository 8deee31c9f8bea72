/*
 * What the commands about one user have in common: the database and the app
 * that are meant, and who is spoken of.
 */
#ifndef UK_SERVICE_COMMAND_USER_H
#define UK_SERVICE_COMMAND_USER_H

#include "core/attr.h"
#include "core/err.h"
#include "service/command/args.h"
#include "service/command/where.h"
#include "service/request/config.h"
#include "service/store/store.h"

#define UK_USER_NAME (UK_EMAIL_MAX + 8) /* an address, or "server:KEY" */

_Static_assert(UK_USER_NAME > UK_STORE_KEY_NAME + 8, "a key's name has room");

struct uk_user_task {
    const struct uk_args *args;
    struct uk_config config;
    struct uk_store *store;
    struct uk_store_app app;
    struct uk_store_listed user; /* the one that is spoken of */
    char shown[UK_USER_NAME + UK_ID_SIZE + 8];
};

typedef enum uk_code uk_user_work(struct uk_user_task *task,
                                  struct uk_err *err);

/* Open the database, find the app, do it, close: a transaction that is open
 * then is undone. */
UK_MUST_USE enum uk_code uk_user_run(const struct uk_args *args,
                                     uk_user_work *does, struct uk_err *err);

/* The user whom the operand names, by id or address. */
UK_MUST_USE enum uk_code uk_user_find(struct uk_user_task *task,
                                      struct uk_err *err);

/* Commit what has found its user. */
UK_MUST_USE enum uk_code uk_user_finish(struct uk_user_task *task,
                                        enum uk_store_result result,
                                        struct uk_err *err);

#endif
