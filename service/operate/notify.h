/* What the service manager is told, where there is one (libsystemd). */
#ifndef UK_SERVICE_OPERATE_NOTIFY_H
#define UK_SERVICE_OPERATE_NOTIFY_H

#include <stdbool.h>

/* The status is a sentence for people. */
void uk_notify_ready(const char *status);
void uk_notify_reloading(void);
void uk_notify_stopping(void);

/* All is well at this moment. */
void uk_notify_alive(void);

/* How long the service manager waits for that, in milliseconds; 0: it does
 * not. */
unsigned uk_notify_watchdog_ms(void);

/* Does somebody read standard error who knows "<6>"? */
bool uk_notify_is_journal(void);

#endif
