/* The beginning, the middle and the end of transactions on PostgreSQL. */
#include "service/store/pg.h"

#include <string.h>

#define TRANSACTION_MS 9000
#define ROLLBACK_MS    1000

/* To go out with the next statement that has an answer. */
static enum uk_code
defer(struct uk_pg *pg, enum uk_pg_sql which, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(&pg->store, which);

    return uk_pg_query_defer(&query, err);
}

enum uk_code
uk_pg_begin(struct uk_store *store, struct uk_err *err)
{
    struct uk_pg *pg = (struct uk_pg *)store;

    if (pg->open || pg->mode == UK_STORE_READ)
        return uk_err_set(err, UK_SYSTEM, "the database: %s",
                          pg->open ? "a transaction in a transaction"
                                   : "it was opened for reading alone");
    uk_pg_script_clear(pg);
    pg->open = true;
    pg->by = uk_deadline_in(TRANSACTION_MS);
    return defer(pg, UK_PG_BEGIN, err);
}

static void
close_transaction(struct uk_pg *pg)
{
    pg->open = false;
    pg->broken = false;
    pg->begun = false;
    uk_buf_clear(&pg->script); /* hashes of passwords */
    uk_pg_script_clear(pg);
}

/*
 * The word COMMIT is what counts: a transaction that has failed answers a
 * COMMIT with ROLLBACK.  A warning is an end of another kind: that the standby
 * has not confirmed, or that there was no transaction.
 */
enum uk_code
uk_pg_commit(struct uk_store *store, struct uk_err *err)
{
    struct uk_pg *pg = (struct uk_pg *)store;
    struct uk_pg_query query;
    enum uk_code code;

    if (!pg->open)
        return uk_err_set(err, UK_SYSTEM,
                          "the database: a commit without a transaction");
    if (!pg->broken && !pg->begun) {
        close_transaction(pg); /* nothing has been done in it */
        return UK_OK;
    }
    pg->warned = false;
    query = uk_pg_query_start(store, UK_PG_COMMIT);
    code = uk_pg_query_run(&query, err);
    if (code == UK_OK &&
        (strcmp(PQcmdStatus(query.result), "COMMIT") != 0 || pg->warned))
        code = uk_err_set(err, pg->warned ? UK_UNREACHABLE : UK_SYSTEM,
                          "the database: the commit was not confirmed");
    uk_pg_query_end(&query);
    if (code == UK_OK)
        close_transaction(pg);
    return code;
}

/* A server that does not confirm at once undoes it when we hang up. */
void
uk_pg_rollback(struct uk_store *store)
{
    struct uk_pg *pg = (struct uk_pg *)store;
    bool begun = pg->begun;
    struct uk_err err = UK_ERR_NONE;

    close_transaction(pg);
    if (!begun || pg->conn == NULL)
        return;
    pg->open = true;
    pg->by = uk_deadline_in(ROLLBACK_MS);
    if (uk_pg_is_gone(pg->conn) || defer(pg, UK_PG_ROLLBACK, &err) != UK_OK ||
        uk_pg_play(pg, NULL, &err) != UK_OK)
        uk_pg_hang_up(pg);
    close_transaction(pg);
}

enum uk_code
uk_pg_save(struct uk_store *store, struct uk_err *err)
{
    struct uk_pg *pg = (struct uk_pg *)store;
    enum uk_code code = defer(pg, UK_PG_SAVE, err);

    if (code == UK_OK)
        pg->saved = pg->script.len;
    return code;
}

enum uk_code
uk_pg_keep(struct uk_store *store, struct uk_err *err)
{
    return defer((struct uk_pg *)store, UK_PG_KEEP, err);
}

/* What is undone leaves the script, too. */
enum uk_code
uk_pg_undo(struct uk_store *store, struct uk_err *err)
{
    struct uk_pg *pg = (struct uk_pg *)store;
    enum uk_code code;

    uk_pg_script_cut(pg, pg->saved);
    code = defer(pg, UK_PG_UNDO, err);
    return code == UK_OK ? defer(pg, UK_PG_KEEP, err) : code;
}
