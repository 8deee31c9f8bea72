/* One decision about a login with a key, asked for and shown. */
#ifndef UK_TOOL_EXPLAIN_DECISION_H
#define UK_TOOL_EXPLAIN_DECISION_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/json.h"
#include "core/login.h"
#include "core/secret.h"
#include "core/settings.h"
#include "tool/terminal/args.h"
#include "tool/terminal/status.h"

/* What is asked, and what came of it. */
struct uk_decision {
    const char *user; /* borrowed, as the other two */
    const char *service;
    const char *rhost;
    enum uk_code code;
    struct uk_outcome outcome; /* with UK_OK; for uk_outcome_clear() */
    struct uk_err err;         /* with any other code */
};

/* Who is asked about, by the command line.  false: it is wrong, which has been
 * said. */
bool uk_decision_names(struct uk_decision *decision,
                       const struct uk_args *args);

/* The key, from the terminal or the first line of standard input. */
UK_MUST_USE enum uk_code uk_decision_key(struct uk_secret *key,
                                         struct uk_err *err);

/* Decide as a login does (uk_login_decide); the outcome is in it. */
void uk_decision_make(struct uk_decision *decision,
                      const struct uk_settings *settings, const char *conf_file,
                      const struct uk_secret *key);

/* Its members, into an object that is open. */
void uk_decision_put(struct uk_json_out *json, const struct uk_decision *check);

/* A table of two columns. */
UK_MUST_USE enum uk_code uk_decision_list(struct uk_buf *out,
                                          const struct uk_decision *decision,
                                          struct uk_err *err);

enum uk_exit uk_decision_status(const struct uk_decision *decision);

#endif
