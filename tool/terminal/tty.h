/*
 * What a terminal can: how wide it is, and whether it obeys.
 */
#ifndef UK_TOOL_TERMINAL_TTY_H
#define UK_TOOL_TERMINAL_TTY_H

#include <stdbool.h>
#include <stddef.h>

/* Is it a terminal that can take back what stands in its last line?  (TERM) */
bool uk_tty_obeys(int fd);

/* Its columns; 80 where nobody knows. */
size_t uk_tty_width(int fd);

#endif
