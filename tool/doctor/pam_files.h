/* The files of PAM, of the system that is looked at. */
#ifndef UK_TOOL_DOCTOR_PAM_FILES_H
#define UK_TOOL_DOCTOR_PAM_FILES_H

#include "tool/doctor/doctor.h"
#include "tool/stack/stack.h"

#define UK_DOCTOR_PAM_D "/etc/pam.d"

/* Services by name, in order. */
#define UK_DOCTOR_SERVICES 256
struct uk_doctor_services {
    size_t count;
    char name[UK_DOCTOR_SERVICES][UK_STACK_NAME];
    bool ours[UK_DOCTOR_SERVICES]; /* for who asks: has our module */
};

/* Those that have a file, or lines in pam.conf; for free().  NULL: no memory,
 * and doctor knows. */
struct uk_doctor_services *uk_doctor_services(struct uk_doctor *doctor);

/* Append a file by the name that lines of stacks have for it ("" is pam.conf).
 * false: it cannot be read. */
bool uk_doctor_read_pam(const struct uk_doctor *doctor, const char *name,
                        struct uk_buf *text);

/* Read the stack of a service of that system; *out is the caller's, for
 * uk_stack_clear().  As uk_stack_load(). */
UK_MUST_USE enum uk_code uk_doctor_load_stack(const struct uk_doctor *doctor,
                                              const char *service,
                                              struct uk_stack *out,
                                              struct uk_err *err);

/* "'/etc/pam.d/sudo':4", for a sentence. */
#define UK_DOCTOR_PLACE (UK_STACK_NAME + 32)
const char *uk_doctor_place(const struct uk_stack_line *line,
                            char to[UK_DOCTOR_PLACE]);
const char *uk_doctor_place_in(const char *file, unsigned number,
                               char to[UK_DOCTOR_PLACE]);

#endif
