/* A throwaway PostgreSQL server, for tests in C (tests/service/pg_cluster.py).
 */
#ifndef UK_TESTS_SERVICE_LIB_CLUSTER_H
#define UK_TESTS_SERVICE_LIB_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#define CLUSTER_ANSWER 256

/* Start it; false where there is none to be had: *why says so. */
bool cluster_start(char why[CLUSTER_ANSWER]);

/* Stop and remove it. */
void cluster_end(void);

/* The folder of its socket and its log. */
const char *cluster_folder(void);
unsigned cluster_port(void);

/* One command; its answer behind "ok ", or a failed assertion. */
void cluster_do(const char *command, char answer[CLUSTER_ANSWER]);

#endif
