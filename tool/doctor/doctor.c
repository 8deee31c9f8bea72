/* What is wrong with a machine that keys log in to: findings, collected. */
#include "tool/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/attr.h"
#include "core/users.h"
#include "tool/terminal/language.h"

#define FIRST 16

const struct uk_doctor_check uk_doctor_checks[] = {
    {"settings", N_("the settings and their files"), uk_doctor_settings},
    {"users", N_("who may log in to what"), uk_doctor_users},
    {"service", N_("the auth service"), uk_doctor_service},
    {"agent", N_("the agent"), uk_doctor_agent},
    {"module", N_("the PAM module"), uk_doctor_module},
    {"pam", N_("the stacks of PAM"), uk_doctor_pam},
    {"sshd", "sshd", uk_doctor_sshd},
    {"sudo", "sudo", uk_doctor_sudo},
    {"confinement", N_("SELinux, AppArmor and polkit"), uk_doctor_confinement},
};
const size_t uk_doctor_n_checks = UK_COUNT(uk_doctor_checks);

static bool
make_room(struct uk_doctor *doctor)
{
    size_t count = doctor->count, room;
    struct uk_finding *more;

    if (doctor->finding != NULL &&
        (count < FIRST || (count & (count - 1)) != 0))
        return true;
    room = count == 0 ? FIRST : 2 * count;
    more = reallocarray(doctor->finding, room, sizeof(*more));
    if (more == NULL)
        return false;
    doctor->finding = more;
    return true;
}

static void format(char *to, size_t size, const char *fmt, va_list args)
    UK_PRINTF(3, 0);

/* Names of files can have any byte. */
static void
format(char *to, size_t size, const char *fmt, va_list args)
{
    char text[1024];

    if (vsnprintf(text, sizeof(text), fmt, args) < 0)
        text[0] = '\0';
    uk_language_escape(to, size, text);
}

struct uk_finding *
uk_doctor_say(struct uk_doctor *doctor, enum uk_grade grade, const char *fmt,
              ...)
{
    static struct uk_finding spare;
    struct uk_finding *finding = &spare;
    va_list args;

    if (make_room(doctor))
        finding = &doctor->finding[doctor->count++];
    else
        doctor->no_memory = true;
    *finding = (struct uk_finding){.check = doctor->check, .grade = grade};
    va_start(args, fmt);
    format(finding->what, sizeof(finding->what), fmt, args);
    va_end(args);
    return finding;
}

void
uk_doctor_why(struct uk_finding *finding, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format(finding->why, sizeof(finding->why), fmt, args);
    va_end(args);
}

void
uk_doctor_mend(struct uk_finding *finding, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format(finding->mend, sizeof(finding->mend), fmt, args);
    va_end(args);
}

void
uk_doctor_unseen(struct uk_doctor *doctor, const char *what)
{
    struct uk_finding *finding = uk_doctor_say(
        doctor, UK_GRADE_UNSEEN, _("%s cannot be seen%s"), what,
        uk_doctor_is_live(doctor) ? _(" by you")
                                  : _(" from outside the system"));

    if (uk_doctor_is_live(doctor))
        uk_doctor_mend(finding, _("run 'userkey doctor' as root"));
}

/* One word for a shell that it is pasted into: nothing in it is an order. */
const char *
uk_doctor_quote(const char *word, char to[UK_DOCTOR_QUOTED])
{
    static const char quote[] = "'\\''";
    size_t used = 0;

    to[used++] = '\'';
    for (const char *at = word; *at != '\0'; at++) {
        if (used + sizeof(quote) + 1 > UK_DOCTOR_QUOTED || *at < 0x20 ||
            *at > 0x7e)
            return "NAME"; /* it would be shown as another one */
        if (*at != '\'') {
            to[used++] = *at;
        } else {
            memcpy(to + used, quote, sizeof(quote) - 1);
            used += sizeof(quote) - 1;
        }
    }
    memcpy(to + used, "'", 2);
    return to;
}

const char *
uk_doctor_word(enum uk_grade grade)
{
    switch (grade) {
    case UK_GRADE_OK:
        return "ok";
    case UK_GRADE_NOTE:
        return "note";
    case UK_GRADE_UNSEEN:
        return "unseen";
    case UK_GRADE_WARNING:
        return "warning";
    case UK_GRADE_ERROR:
        break;
    }
    return "error";
}

void
uk_doctor_clear(struct uk_doctor *doctor)
{
    free(doctor->finding);
    doctor->finding = NULL;
    doctor->count = 0;
    uk_users_clear(&doctor->users);
}
