/*
 * Everything that is counted, summed and written down for Prometheus.
 *
 * It reads what other threads are writing and keeps none of them waiting, but
 * for the moment that a queue's length takes.
 */
#ifndef UK_SERVICE_OPERATE_SCRAPE_H
#define UK_SERVICE_OPERATE_SCRAPE_H

#include "core/buf.h"
#include "service/request/shared.h"

/* While the loops and pools of the server exist. */
void uk_scrape(struct uk_server *server, struct uk_buf *out);

#endif
