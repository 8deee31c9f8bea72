/*
 * Where a person's key is kept, so that nobody has to type it.
 *
 * In this order, and the first that is there counts: systemd's credential
 * "userkey" ($CREDENTIALS_DIRECTORY), the file $XDG_CONFIG_HOME/userkey/key (by
 * default ~/.config/userkey/key), the desktop's secret service, which
 * secret-tool(1) asks for "service" "userkey".
 */
#ifndef UK_TOOL_KEYS_KEYSOURCE_H
#define UK_TOOL_KEYS_KEYSOURCE_H

#include <limits.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

/* file is the only one to look at, or NULL.  UK_MISCONFIGURED for one that is
 * not to be believed, or in which there is something else than a key;
 * UK_INVALID where there is none anywhere. */
UK_MUST_USE enum uk_code
uk_keysource_read(const char *file, struct uk_secret *out, struct uk_err *err);

/* The path of a file beside that of the key; "" where no folder is known. */
void uk_keysource_own(char out[PATH_MAX], const char *name);

#endif
