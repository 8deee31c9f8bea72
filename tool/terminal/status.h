/*
 * What the tool's exit says: one small number, the same for every command.
 *
 * userkey(1) lists them.
 */
#ifndef UK_TOOL_TERMINAL_STATUS_H
#define UK_TOOL_TERMINAL_STATUS_H

#include "core/err.h"
#include "core/keys.h"
#include "core/verdict.h"

enum uk_exit {
    UK_EXIT_DONE = 0,
    UK_EXIT_FAILED = 1,
    UK_EXIT_USAGE = 2,
    UK_EXIT_NOT_FOUND = 3,
    UK_EXIT_NOT_LOGGED_IN = 4,
    UK_EXIT_DENIED = 5,
    UK_EXIT_CONFLICT = 6, /* or a limit */
    UK_EXIT_NETWORK = 7,  /* or a timeout: could not find out, try later */
    UK_EXIT_CANCELLED = 8,
};

enum uk_exit uk_status_of_code(enum uk_code code);
enum uk_exit uk_status_of_verdict(enum uk_verdict verdict);
enum uk_exit uk_status_of_reply(enum uk_keys_reply reply);

/* One word for JSON ("done", "not-found"): static. */
const char *uk_status_word(enum uk_exit status);

#endif
