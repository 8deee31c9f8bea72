/*
 * What is waited for, said to people when it takes longer than a second.
 *
 * One line on standard error if that is a terminal; whatever is said next, and
 * the end of the program, takes it away again.
 */
#ifndef UK_TOOL_TERMINAL_WAIT_H
#define UK_TOOL_TERMINAL_WAIT_H

/* subject is copied, printable or not.  Begins anew when something was waited
 * for already. */
void uk_wait_begin(const char *subject);
void uk_wait_end(void);

#endif
