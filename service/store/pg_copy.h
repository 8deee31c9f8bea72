/*
 * Copies of everything: a PostgreSQL connection that is used for nothing but
 * a copy.
 *
 * Rows are many and need no second try, so there is no script: a lost
 * connection is the end of the copy, and leaves nothing.
 */
#ifndef UK_SERVICE_STORE_PG_COPY_H
#define UK_SERVICE_STORE_PG_COPY_H

#include "service/store/copy.h"
#include "service/store/pg.h"

#define UK_PG_COPY_MS 600000 /* without a word from the server */

/* Take the connection out of the store's hands: set it up, begin a transaction,
 * and see that the statement answers with the newest schema's number. */
UK_MUST_USE enum uk_code uk_pg_copy_start(struct uk_pg *pg, const char *begin,
                                          const char *version,
                                          struct uk_err *err);

/* The next result, the caller's; NULL is the end of a statement. */
UK_MUST_USE enum uk_code uk_pg_copy_result(struct uk_pg *pg, PGresult **out,
                                           struct uk_err *err);

/* One statement with at most a number as its answer; either may be NULL. */
UK_MUST_USE enum uk_code uk_pg_copy_ask(struct uk_pg *pg, const char *sql,
                                        int64_t *first, int *rows,
                                        struct uk_err *err);

#endif
