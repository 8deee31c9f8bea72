/*
 * What takes its time, said to people while it does.
 *
 * One line on standard error if that is a terminal; whatever is said next, and
 * the end of the program, takes it away again.
 */
#ifndef UK_TOOL_TERMINAL_WAIT_H
#define UK_TOOL_TERMINAL_WAIT_H

/* When it takes longer than a second.  subject is copied, printable or not.
 * Begins anew when something was waited for already. */
void uk_wait_begin(const char *subject);

/* At once, where it can be taken away: what is looked at now. */
void uk_wait_look(const char *subject);

void uk_wait_end(void);

#endif
