/*
 * The file that makes somebody an administrator: which service, and a pair of
 * keys.
 *
 * "name = value" lines like those of userkey.conf: url, app_id, ca_file,
 * public_key, private_key.  Only its owner may read it.
 */
#ifndef UK_TOOL_TALK_ADMINFILE_H
#define UK_TOOL_TALK_ADMINFILE_H

#include "core/attr.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/secret.h"
#include "core/settings.h"

/* {0} is releasable. */
struct uk_adminfile {
    char public_key[UK_CONF_VALUE];
    struct uk_secret private_key;
};

/* UK_MISCONFIGURED for a file that others can read, or with something wrong
 * in it.  *place is which service. */
UK_MUST_USE enum uk_code uk_adminfile_load(const char *path,
                                           struct uk_adminfile *out,
                                           struct uk_settings *place,
                                           struct uk_err *err);
void uk_adminfile_clear(struct uk_adminfile *file);

#endif
