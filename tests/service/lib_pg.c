/* Stores in the throwaway PostgreSQL server, and a way past them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/service/lib_cluster.h"
#include "tests/service/lib_pg.h"

static unsigned made;

void
pg_url(const struct fixture *f, const char *host, char url[PG_URL])
{
    snprintf(url, PG_URL,
             "postgresql:///postgres?host=%s&port=%u&user=userkey"
             "&options=-csearch_path%%3D%s",
             host, cluster_port(), f->folder);
}

PGconn *
pg_connect(const struct fixture *f)
{
    PGconn *conn = PQconnectdb(f->where);

    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(conn));
    return conn;
}

int64_t
pg_do(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    int64_t number = -1;

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    if (PQntuples(result) > 0)
        number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}

static int64_t
do_once(const struct fixture *f, const char *sql)
{
    PGconn *conn = pg_connect(f);
    int64_t number = pg_do(conn, sql);

    PQfinish(conn);
    return number;
}

static void
make(struct fixture *f)
{
    char sql[128];

    snprintf(f->folder, sizeof(f->folder), "t%u", ++made);
    pg_url(f, cluster_folder(), f->where);
    snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", f->folder);
    do_once(f, sql);
}

static void
destroy(struct fixture *f)
{
    char sql[128];

    snprintf(sql, sizeof(sql),
             "SET client_min_messages = error; DROP SCHEMA %s CASCADE",
             f->folder);
    do_once(f, sql);
}

static int64_t
count_past(struct fixture *f, const char *sql)
{
    return do_once(f, sql);
}

const struct store_kind pg_kind = {"postgresql", make, destroy, count_past};
