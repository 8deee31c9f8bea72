/* Values of a query: how a client writes what a URL cannot hold. */
#ifndef UK_SERVICE_VALUE_QUERY_H
#define UK_SERVICE_VALUE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* Take "%40" for "@".  false: it does not fit into out, or is no such text (an
 * escape that is none, a NUL). */
bool uk_query_decode(const char *text, char *out, size_t size);

#endif
