/* Stores in the throwaway PostgreSQL server, and a way past them. */
#ifndef UK_TESTS_SERVICE_LIB_PG_H
#define UK_TESTS_SERVICE_LIB_PG_H

#include <libpq-fe.h>

#include "tests/service/lib_store.h"

#define PG_URL 512

/* Each store is a schema of its own in the one database. */
extern const struct store_kind pg_kind;

/* The same store, reached by another socket folder. */
void pg_url(const struct fixture *f, const char *host, char url[PG_URL]);

/* A connection of the test's own, which sees the store's tables. */
PGconn *pg_connect(const struct fixture *f);
/* Run one statement; the first number of its answer, or -1. */
int64_t pg_do(PGconn *conn, const char *sql);

#endif
