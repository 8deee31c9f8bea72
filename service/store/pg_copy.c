/* Copies of everything: a PostgreSQL connection that is used for nothing but
 * a copy. */
#include "service/store/pg_copy.h"

#include <string.h>

#include "core/str.h"

/* No statement of a copy is short, and the planner shall read whole tables. */
static const char *const settings[] = {
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT set_config('idle_in_transaction_session_timeout', '0', false)",
    "SELECT set_config('enable_seqscan', 'on', false)",
};

static enum uk_code
lose(struct uk_err *err)
{
    return uk_err_set(err, UK_UNREACHABLE, "the connection is lost");
}

enum uk_code
uk_pg_copy_result(struct uk_pg *pg, PGresult **out, struct uk_err *err)
{
    PGresult *result = NULL;

    if (uk_pg_next(pg->conn, uk_deadline_in(UK_PG_COPY_MS), &result, err) !=
        UK_PG_FINE)
        return err->code;
    if (result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR) {
        uk_pg_judge(result, err);
        PQclear(result);
        return err->code;
    }
    *out = result;
    return UK_OK;
}

enum uk_code
uk_pg_copy_ask(struct uk_pg *pg, const char *sql, int64_t *first, int *rows,
               struct uk_err *err)
{
    PGresult *result = NULL;
    unsigned long number;
    enum uk_code code;

    if (PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 0)
        return lose(err);
    while ((code = uk_pg_copy_result(pg, &result, err)) == UK_OK &&
           result != NULL) {
        if (rows != NULL)
            *rows = PQntuples(result);
        if (first != NULL && PQntuples(result) == 1 &&
            uk_str_to_ulong(PQgetvalue(result, 0, 0), INT64_MAX, &number))
            *first = (int64_t)number;
        PQclear(result);
    }
    return code;
}

enum uk_code
uk_pg_copy_start(struct uk_pg *pg, const char *begin, const char *version,
                 struct uk_err *err)
{
    enum uk_code code = UK_OK;
    int64_t schema = 0;

    if (PQexitPipelineMode(pg->conn) != 1)
        return lose(err);
    for (size_t i = 0; i < UK_COUNT(settings) && code == UK_OK; i++)
        code = uk_pg_copy_ask(pg, settings[i], NULL, NULL, err);
    if (code == UK_OK)
        code = uk_pg_copy_ask(pg, begin, NULL, NULL, err);
    if (code == UK_OK)
        code = uk_pg_copy_ask(pg, version, &schema, NULL, err);
    if (code == UK_OK && schema != (int64_t)uk_pg_schema.count)
        code = uk_err_set(err, UK_MISCONFIGURED,
                          "its schema has just changed to %lld",
                          (long long)schema);
    return code;
}
