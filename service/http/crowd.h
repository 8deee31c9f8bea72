/*
 * How many connections each source has at this moment.
 *
 * A source is a subject of value/address.h, so all of an IPv6 /64 is one: who
 * has one address of it has them all.
 */
#ifndef UK_SERVICE_HTTP_CROWD_H
#define UK_SERVICE_HTTP_CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"

struct uk_crowd; /* of one thread */

/* For about room sources at once, each with at most connections; most 0: any
 * number. */
UK_MUST_USE enum uk_code uk_crowd_new(unsigned room, unsigned most,
                                      struct uk_crowd **out,
                                      struct uk_err *err);
/* Takes NULL. */
void uk_crowd_free(struct uk_crowd *crowd);

/* Another number for most, from now on. */
void uk_crowd_limit(struct uk_crowd *crowd, unsigned most);

/* May the source have one more? */
bool uk_crowd_check(const struct uk_crowd *crowd, uint64_t subject);

/* It has one more.  false, without memory: it has not. */
bool uk_crowd_add(struct uk_crowd *crowd, uint64_t subject);

/* It has one less. */
void uk_crowd_remove(struct uk_crowd *crowd, uint64_t subject);

#endif
