/*
 * Which settings change while the service runs, and how that is said.
 *
 * Listeners, database, secrets and threads are made once; everything else is
 * looked up when it is needed.  Pure.
 */
#ifndef UK_SERVICE_OPERATE_RELOAD_H
#define UK_SERVICE_OPERATE_RELOAD_H

#include <stdbool.h>

#include "core/buf.h"
#include "service/request/config.h"

/*
 * Make of the settings that were read those that now hold: what needs a
 * restart stays as it is in old.  changed gets "'name' is now 'x' (was 'y')"
 * for each that has changed, restart the names of those that would have, both
 * with ", " between; a database is named without its address, which may have a
 * password.
 */
void uk_reload_merge(const struct uk_config *old, struct uk_config *read,
                     struct uk_buf *changed, struct uk_buf *restart);

#endif
