/* service/store_pg: what is kept, in PostgreSQL. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/service/lib_cluster.h"
#include "tests/service/lib_pg.h"

int
main(void)
{
    char why[CLUSTER_ANSWER];
    int failed;

    if (!cluster_start(why)) {
        printf("1..1\nok 1 # SKIP %s\n", why);
        return 0;
    }
    failed = store_run_cases(&pg_kind);
    cluster_end();
    return failed;
}
