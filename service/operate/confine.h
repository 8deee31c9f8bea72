/*
 * What the service may still ask of the kernel, once its settings are read, and
 * before it has a second thread or a port.
 */
#ifndef UK_SERVICE_OPERATE_CONFINE_H
#define UK_SERVICE_OPERATE_CONFINE_H

#include "core/log.h"
#include "service/request/config.h"

/*
 * As uk_confine().  What it may still read is what stands below the first
 * folder of each file that the settings name now: a certificate is often
 * reached by links that change.  A connection to PostgreSQL has files of its
 * own that only libpq knows (~/.pgpass, sslrootcert), so then it may read on.
 */
UK_MUST_USE enum uk_code uk_confine_service(const struct uk_config *config,
                                            const struct uk_log *log,
                                            struct uk_err *err);

#endif
