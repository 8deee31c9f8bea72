/*
 * The way of a login to an account, step by step: what each rule says, which
 * one decides, and where that stands.
 */
#ifndef UK_TOOL_EXPLAIN_STEPS_H
#define UK_TOOL_EXPLAIN_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/login.h"
#include "core/settings.h"
#include "tool/explain/decision.h"

#define UK_STEPS_MOST 24
#define UK_STEPS_WHY  512

enum uk_step_result {
    UK_STEP_PASSES,
    UK_STEP_NONE, /* it has nothing to say about this account */
    UK_STEP_DECIDES,
    UK_STEP_BEHIND, /* one before it has decided */
    UK_STEP_NOTE,   /* decides nothing */
};

struct uk_step {
    const char *rule; /* static, stable: for --json */
    enum uk_step_result result;
    const char *file; /* borrowed, or "" */
    unsigned line;    /* of it, or 0 */
    char why[UK_STEPS_WHY];
};

/* {0}; borrows from the settings and the decision. */
struct uk_steps {
    const struct uk_settings *settings;
    const struct uk_conf_seen *seen;
    const char *conf_file;
    bool has_service;             /* one was named: what of its stack? */
    struct uk_decision *decision; /* its code, and verdict of the rules */
    bool needs_key;               /* the rules let some keys in */
    struct uk_users users;        /* the caller's, for uk_users_clear() */
    size_t count;
    struct uk_step step[UK_STEPS_MOST];
};

/* Fill them for the account of steps->decision, without a key. */
void uk_steps_take(struct uk_steps *steps);

/* One that failed before there were settings. */
void uk_steps_fail(struct uk_steps *steps);

/* The step that decided, or NULL. */
const struct uk_step *uk_steps_decider(const struct uk_steps *steps);

/* "passes", "decides": static. */
const char *uk_step_word(enum uk_step_result result);

#endif
