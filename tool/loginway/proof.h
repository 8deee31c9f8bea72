/*
 * Does this process belong to a login that began after a moment?
 *
 * Who confirms a trial must have come in by what is tried.  What a process
 * that is not new starts (a shell in an old window, sudo there, a new window
 * of tmux, a further session over an old ssh connection) is no new login.
 */
#ifndef UK_TOOL_LOGINWAY_PROOF_H
#define UK_TOOL_LOGINWAY_PROOF_H

#include <stdbool.h>

/* The highest number of an audit session that any process has, or 0. */
unsigned long uk_loginproof_last_session(void);

/* began is in clock ticks since the start of the machine, session what
 * uk_loginproof_last_session() said then.  Fails on the safe side, with the
 * reason, which is static, in *why. */
bool uk_loginproof_is_new(unsigned long began, unsigned long session,
                          const char **why);

#endif
