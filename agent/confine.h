/*
 * What the agent may still ask of the kernel, once it is ready and nobody has
 * been heard: whoever takes it over later has a process without programs,
 * files, signals or ports, beside the network that it is there for.
 */
#ifndef UK_AGENT_CONFINE_H
#define UK_AGENT_CONFINE_H

#include "core/attr.h"
#include "core/err.h"
#include "core/log.h"
#include "core/settings.h"

#include "agent/privs.h"

/* As uk_confine(); before any thread is started. */
UK_MUST_USE enum uk_code uk_confine_agent(const struct uk_settings *settings,
                                          enum uk_privs_life life,
                                          const struct uk_log *log,
                                          struct uk_err *err);

#endif
