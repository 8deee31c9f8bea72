/*
 * The port for those who operate the service: its numbers and its health.
 *
 * A thread of its own, which shares nothing with the loops but what they have
 * counted, so that a busy service still answers.
 *
 *   GET /metrics       Prometheus
 *   GET /health/live   200 while every thread turns
 *   GET /health/ready  200 while requests can be answered
 */
#ifndef UK_SERVICE_OPERATE_OPERATE_H
#define UK_SERVICE_OPERATE_OPERATE_H

#include "service/request/pulse.h"
#include "service/request/shared.h"

struct uk_operate;

/* Each socket of listener becomes its, and then -1. */
UK_MUST_USE enum uk_code uk_operate_start(struct uk_server *server,
                                          int *listener, size_t listeners,
                                          struct uk_operate **out,
                                          struct uk_err *err);

UK_MUST_USE enum uk_code uk_operate_watch(const struct uk_operate *operate,
                                          struct uk_pulse *pulse,
                                          struct uk_err *err);

/* The loops have ended, and are still there.  Takes NULL. */
void uk_operate_stop(struct uk_operate *operate);

#endif
