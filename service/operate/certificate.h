/* The certificate that the settings name: read, and looked at. */
#ifndef UK_SERVICE_OPERATE_CERTIFICATE_H
#define UK_SERVICE_OPERATE_CERTIFICATE_H

#include "core/log.h"
#include "service/http/tls.h"
#include "service/request/config.h"

/*
 * Serve with the one of these settings from now on, and warn of one that
 * clients will refuse.  Nothing to do where they name none.  What was there
 * before stays if this fails; the message begins with the line to blame.
 */
UK_MUST_USE enum uk_code uk_certificate_load(const struct uk_config *config,
                                             const struct uk_log *log,
                                             struct uk_tls_dates *dates,
                                             struct uk_err *err);

#endif
