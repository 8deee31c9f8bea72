/* What the service manager is told, where there is one (libsystemd). */
#ifndef UK_NOTIFY_H
#define UK_NOTIFY_H

#include <stdbool.h>

void uk_notify_ready(void);
void uk_notify_stopping(void);

/* Does somebody read standard error who knows "<6>"? */
bool uk_notify_is_journal(void);

#endif
