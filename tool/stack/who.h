/*
 * Who gets in by a PAM stack: what its modules are for, and runs of it in which
 * somebody has this and not that.  Pure.
 */
#ifndef UK_TOOL_STACK_WHO_H
#define UK_TOOL_STACK_WHO_H

#include <stdbool.h>

#include "tool/stack/run.h"
#include "tool/stack/stack.h"

#define UK_STACKWHO_MODULE "pam_userkey"

enum uk_stackwho_kind {
    UK_WHO_OURS,
    UK_WHO_YES,       /* says yes to everybody */
    UK_WHO_NO,        /* says no to everybody */
    UK_WHO_HELPER,    /* does something else, and has no opinion */
    UK_WHO_GATE,      /* yes, but for the odd case (nologin, shells) */
    UK_WHO_CONDITION, /* asks who or where somebody is, not for a proof */
    UK_WHO_PROOF,     /* asks for something that only the person has */
    UK_WHO_STRANGER,  /* not known to us */
};

/* By the module's name. */
enum uk_stackwho_kind uk_stackwho_kind(const struct uk_stack_line *line);

/* Somebody at the door. */
struct uk_stackwho {
    enum uk_pamcode ours; /* what our module says to them */
    bool proofs;          /* they have what other modules ask for */
    bool conditions;      /* and are who those modules want */
    bool strangers;       /* modules that we do not know say yes */
    bool helpers;         /* helpers say yes, though they need not */
};

/* Do they get in?  *run has how it went. */
bool uk_stackwho_enters(const struct uk_stack *stack, enum uk_stack_phase phase,
                        const struct uk_stackwho *who, struct uk_stackrun *run);

/* The first line of ours in this phase, or stack->count. */
size_t uk_stackwho_ours(const struct uk_stack *stack,
                        enum uk_stack_phase phase);

#endif
