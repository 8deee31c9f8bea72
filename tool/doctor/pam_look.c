/* One service's stack, as the checks of PAM look at it. */
#include "tool/doctor/pam_look.h"

bool
uk_doctor_has_line(const struct uk_doctor_stack *look, size_t index)
{
    return index < look->stack->count;
}

const struct uk_stack_line *
uk_doctor_line(const struct uk_doctor_stack *look, size_t index)
{
    return &look->stack->line[index];
}
