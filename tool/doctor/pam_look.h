/* One service's stack, as the checks of PAM look at it. */
#ifndef UK_TOOL_DOCTOR_PAM_LOOK_H
#define UK_TOOL_DOCTOR_PAM_LOOK_H

#include "tool/doctor/doctor.h"
#include "tool/stack/stack.h"
#include "tool/stack/who.h"

struct uk_doctor_stack {
    struct uk_doctor *doctor;
    const char *service;
    const struct uk_stack *stack;
    size_t auth, account, session; /* lines of ours, or stack->count */
    struct uk_stackrun run;        /* the last one */
};

/* Is there such a line? */
bool uk_doctor_has_line(const struct uk_doctor_stack *look, size_t index);

/* One that there is. */
const struct uk_stack_line *uk_doctor_line(const struct uk_doctor_stack *look,
                                           size_t index);

/* A key makes no difference to it: because the lines of the key, which others
 * share, were put above the way in that was there, which stayed?  Then it says
 * so.  look->run has who came in. */
bool uk_doctor_report_left(const struct uk_doctor_stack *look,
                           struct uk_finding *finding);

/* Who mends a file that is included mends it for others, too: the findings
 * from this one on name them. */
void uk_doctor_warn_of_sharers(const struct uk_doctor_stack *look, size_t from);

/* Say what is wrong with the phases of a service that has our module. */
void uk_doctor_auth(struct uk_doctor_stack *look);
void uk_doctor_account(struct uk_doctor_stack *look);

#endif
