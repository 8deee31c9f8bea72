/* A case of a C test that cannot run here says why. */
#ifndef UK_TESTS_SKIP_H
#define UK_TESTS_SKIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* tests/run shows the line; cmocka itself keeps no reason. */
#define skip_because(why)                                                      \
    do {                                                                       \
        print_message("# SKIP %s\n", (why));                                   \
        skip();                                                                \
    } while (0)

#endif
