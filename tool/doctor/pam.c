/* The stacks of PAM, read as what they mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "tool/doctor/pam_files.h"
#include "tool/doctor/pam_look.h"
#include "tool/loginway/state.h"
#include "tool/terminal/language.h"

static void
check_faults(const struct uk_doctor_stack *look, bool ours)
{
    const struct uk_stack *stack = look->stack;
    enum uk_grade grade = ours ? UK_GRADE_ERROR : UK_GRADE_WARNING;
    struct uk_finding *finding;

    if (stack->fault != NULL) {
        finding = uk_doctor_say(
            look->doctor, grade, _("%s: libpam refuses all of it: '%s':%u: %s"),
            look->service, stack->fault_file, stack->fault_line, stack->fault);
        uk_doctor_why(finding, _("nobody gets in by this service at all"));
    }
    for (size_t i = 0; i < stack->count; i++) {
        char place[UK_DOCTOR_PLACE];

        if (stack->line[i].fault == NULL || stack->other[stack->line[i].phase])
            continue;
        finding = uk_doctor_say(
            look->doctor, grade, "%s: %s: %s", look->service,
            uk_doctor_place(&stack->line[i], place), stack->line[i].fault);
        uk_doctor_why(finding,
                      _("libpam lets the %s phase fail there, and says "
                        "so in the journal only"),
                      uk_stack_phase_word(stack->line[i].phase));
        uk_doctor_mend(finding, _("put the line right; pam.d(5) has its form"));
    }
}

/* Where a session is kept, somebody must end it. */
static void
check_session(const struct uk_doctor_stack *look)
{
    struct uk_finding *finding;

    if (!look->doctor->has_settings ||
        look->doctor->settings.session != UK_SESSION_KEEP ||
        uk_doctor_has_line(look, look->session))
        return;
    finding =
        uk_doctor_say(look->doctor, UK_GRADE_WARNING,
                      _("%s: 'session = keep', and the session phase lacks "
                        "pam_userkey"),
                      look->service);
    uk_doctor_why(finding,
                  _("the user gets no session file, and the session is "
                    "not ended with the login"));
    uk_doctor_mend(finding, _("add at the end: session include userkey"));
}

/* Another file than the one that the rest of this looks at. */
static void
check_conf(const struct uk_doctor_stack *look)
{
    const struct uk_stack_line *line = &look->stack->line[look->auth];
    const char *conf = strstr(line->args, "conf=");
    size_t len = conf != NULL ? strcspn(conf, " ") : 0;
    char place[UK_DOCTOR_PLACE], path[UK_CONF_VALUE], name[UK_DOCTOR_QUOTED];

    if (conf == NULL || !uk_stack_has(line, "conf=") ||
        (len == strlen(look->doctor->conf) + 5 &&
         strncmp(conf + 5, look->doctor->conf, len - 5) == 0))
        return;
    snprintf(path, sizeof(path), "%.*s", (int)len - 5, conf + 5);
    uk_doctor_mend(uk_doctor_say(look->doctor, UK_GRADE_NOTE,
                                 _("%s: %s goes by other settings than these"),
                                 look->service, uk_doctor_place(line, place)),
                   _("userkey doctor --conf %s"), uk_doctor_quote(path, name));
}

static bool
check_service(struct uk_doctor *doctor, const char *service)
{
    struct uk_stack stack = {.line = NULL};
    struct uk_doctor_stack *look = calloc(1, sizeof(*look));
    struct uk_err err = UK_ERR_NONE;
    bool ours = false;

    if (look == NULL) {
        doctor->no_memory = true;
        return false;
    }
    if (uk_doctor_load_stack(doctor, service, &stack, &err) != UK_OK) {
        uk_doctor_say(doctor, UK_GRADE_WARNING, "%s: %s", service, err.text);
        free(look);
        return false;
    }
    look->doctor = doctor;
    look->service = service;
    look->stack = &stack;
    look->auth = uk_stackwho_ours(&stack, UK_STACK_AUTH);
    look->account = uk_stackwho_ours(&stack, UK_STACK_ACCOUNT);
    look->session = uk_stackwho_ours(&stack, UK_STACK_SESSION);
    ours = uk_doctor_has_line(look, look->auth);
    check_faults(look, ours);
    if (ours && stack.fault == NULL) {
        check_conf(look);
        uk_doctor_auth(look);
        uk_doctor_account(look);
        check_session(look);
    }
    uk_stack_clear(&stack);
    free(look);
    return ours;
}

/* A file that others include is judged where it is included; on its own it is
 * the service of nobody. */
static bool
is_part(const char *name)
{
    return strcmp(name, "userkey") == 0 || uk_str_starts(name, "common-");
}

/* Two doors to the same room. */
static void
check_pair(struct uk_doctor *doctor, const struct uk_doctor_services *services,
           const char *one, const char *other)
{
    bool has_one = false, has_other = false;
    struct uk_finding *finding;

    for (size_t i = 0; i < services->count; i++) {
        has_one |= services->ours[i] && strcmp(services->name[i], one) == 0;
        has_other |= services->ours[i] && strcmp(services->name[i], other) == 0;
    }
    if (has_one == has_other)
        return;
    finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                            _("pam_userkey is in the stack of '%s' and not in "
                              "that of '%s'"),
                            has_one ? one : other, has_one ? other : one);
    uk_doctor_why(finding, _("'su -' is the service 'su-l' and 'sudo -i' the "
                             "service 'sudo-i': the same person is asked for "
                             "different things"));
    uk_doctor_mend(finding, _("cp %s/%s %s/%s, or write into it: @include %s"),
                   UK_DOCTOR_PAM_D, has_one ? one : other, UK_DOCTOR_PAM_D,
                   has_one ? other : one, has_one ? one : other);
}

/* What 'userkey enable-login --try' has begun. */
static void
check_trial(struct uk_doctor *doctor)
{
    struct uk_err ignored = UK_ERR_NONE;
    struct uk_finding *finding;
    struct uk_loginstate state;
    bool there = false;

    if (!uk_doctor_is_live(doctor) ||
        uk_loginstate_load(&state, &there, &ignored) != UK_OK || !there ||
        !uk_loginstate_is_trial(&state))
        return;
    if (uk_loginstate_is_over(&state)) {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                _("the trial of the login by key is over, and "
                                  "it is still in"));
        uk_doctor_why(finding, _("nothing has come to take it out"));
        uk_doctor_mend(finding, _("userkey disable-login"));
        return;
    }
    finding = uk_doctor_say(doctor, UK_GRADE_NOTE,
                            _("the login by key is on trial, for %lus more"),
                            state.until - uk_loginstate_now());
    uk_doctor_why(finding, _("then PAM's files will be as they were"));
    uk_doctor_mend(finding, _("from a new login: sudo userkey confirm-login"));
}

void
uk_doctor_pam(struct uk_doctor *doctor)
{
    struct uk_doctor_services *services = uk_doctor_services(doctor);
    size_t with = 0;

    if (services == NULL)
        return;
    for (size_t i = 0; i < services->count; i++) {
        if (is_part(services->name[i]))
            continue;
        services->ours[i] = check_service(doctor, services->name[i]);
        with += services->ours[i];
    }
    check_pair(doctor, services, "sudo", "sudo-i");
    check_pair(doctor, services, "su", "su-l");
    check_trial(doctor);
    if (services->count == 0)
        uk_doctor_unseen(doctor, UK_DOCTOR_PAM_D);
    else if (with == 0)
        uk_doctor_mend(
            uk_doctor_say(doctor, UK_GRADE_WARNING,
                          _("no service has pam_userkey in its stack: "
                            "a key logs in nowhere")),
            _("pam_userkey(8), EXAMPLES"));
    free(services);
}
