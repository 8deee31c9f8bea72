/* The whole server, from its settings to its end. */
#ifndef UK_SERVICE_OPERATE_SERVER_H
#define UK_SERVICE_OPERATE_SERVER_H

#include "service/request/shared.h"

/* Start everything, serve until SIGTERM or SIGINT, stop everything. */
UK_MUST_USE enum uk_code uk_server_run(const struct uk_config *config,
                                       struct uk_err *err);

#endif
