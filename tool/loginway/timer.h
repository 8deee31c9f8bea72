/*
 * Who ends a trial that nobody confirms: a timer of systemd's, or a process of
 * our own that outlives the terminal.
 *
 * Neither knows anything: each runs the same as 'userkey disable-login
 * --expired', which looks at what is kept.
 */
#ifndef UK_TOOL_LOGINWAY_TIMER_H
#define UK_TOOL_LOGINWAY_TIMER_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"

/* Call end() when CLOCK_BOOTTIME is until_s, whatever becomes of this
 * process, its terminal and its session. */
UK_MUST_USE enum uk_code uk_logintimer_start(unsigned long until_s,
                                             void (*end)(void),
                                             struct uk_err *err);

/* Have the next start of the machine end a trial, or no more.  false where
 * there is nobody who would. */
bool uk_logintimer_at_boot(bool wanted);

#endif
