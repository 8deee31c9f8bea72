/* What of the settings must fit together, and what follows from them. */
#ifndef UK_SERVICE_REQUEST_CONFIG_CHECK_H
#define UK_SERVICE_REQUEST_CONFIG_CHECK_H

#include "service/request/config.h"

/* UK_MISCONFIGURED, and *name is the setting to blame.  Pure. */
UK_MUST_USE enum uk_code uk_config_check(const struct uk_config *config,
                                         const char **name, struct uk_err *err);

/* Fill what no line says: where the secrets are, who the proxies are. */
UK_MUST_USE enum uk_code uk_config_complete(struct uk_config *config,
                                            struct uk_err *err);

/* A file with a password in it is not for everybody.  To be called when the
 * file is known to be ours: then it is the one that was read. */
UK_MUST_USE enum uk_code uk_config_check_readers(const char *file,
                                                 const struct uk_config *config,
                                                 struct uk_err *err);

#endif
