/* What each command is given. */
#ifndef UK_TOOL_TERMINAL_TOOL_H
#define UK_TOOL_TERMINAL_TOOL_H

#include "core/buf.h"
#include "core/err.h"
#include "tool/terminal/args.h"

struct uk_tool {
    struct uk_args args;
    struct uk_buf out; /* for standard output, written when all is done */
    struct uk_err err; /* of the last thing that failed */
};

#endif
