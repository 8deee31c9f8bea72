/*
 * The settings in a sentence, by the names under which a person gave them.
 *
 * The core speaks of userkey.conf.  Who has typed --ca-file, perhaps weeks ago
 * when the session began, has never heard of 'ca_file'.
 */
#ifndef UK_TOOL_TALK_REWORD_H
#define UK_TOOL_TALK_REWORD_H

#include "core/err.h"
#include "tool/terminal/args.h"

/* For 'userkey login', given these; NULL is for the other commands, whose
 * settings are those of the login that they go on from. */
void uk_reword(struct uk_err *err, const struct uk_args *login);

/* For what --admin-file names. */
void uk_reword_admin(struct uk_err *err);

#endif
