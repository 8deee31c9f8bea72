/* What the long-lived agent of this machine says about itself. */
#ifndef UK_TOOL_MACHINE_AGENTASK_H
#define UK_TOOL_MACHINE_AGENTASK_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

/* Append its numbers, a text for Prometheus (numbers.h), by the path of
 * the socket that logins use.  UK_SYSTEM with sys ENOENT or ECONNREFUSED where
 * there is nobody, EACCES for who may not ask. */
UK_MUST_USE enum uk_code uk_agentask_numbers(const char *agent_socket,
                                             struct uk_buf *text,
                                             struct uk_err *err);

#endif
