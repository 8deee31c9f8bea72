/* Would this change lock people out? */
#include "tool/doctor/lockout.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "core/settings.h"
#include "core/str.h"
#include "tool/doctor/pam_files.h"
#include "tool/stack/who.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/wait.h"

#define FIRST_PERSON 1000 /* Debian's and Red Hat's first account of a person */

static struct uk_doctor
make_doctor(const struct uk_loginplan *plan)
{
    struct uk_doctor doctor = {.root = "", .conf = UK_SETTINGS_FILE};

    if (plan != NULL) {
        doctor.planned = plan->planned;
        doctor.n_planned = plan->n_planned;
    }
    return doctor;
}

size_t
uk_lockout_look(const struct uk_loginplan *plan)
{
    struct uk_doctor doctor = make_doctor(plan);
    size_t errors = 0;

    uk_wait_begin(_("what 'userkey doctor' looks at"));
    for (size_t i = 0; i < uk_doctor_n_checks; i++) {
        doctor.check = uk_doctor_checks[i].id;
        uk_doctor_checks[i].run(&doctor);
    }
    uk_wait_end();
    for (size_t i = 0; i < doctor.count; i++) {
        const struct uk_finding *finding = &doctor.finding[i];

        if (finding->grade != UK_GRADE_ERROR)
            continue;
        errors++;
        uk_out_error("%s: %s%s%s", finding->check, finding->what,
                     finding->mend[0] != '\0' ? "; " : "", finding->mend);
    }
    if (doctor.no_memory)
        errors++;
    uk_doctor_clear(&doctor);
    return errors;
}

/* An account that a person can use, of root or of somebody. */
static bool
is_person(const char *name)
{
    const struct passwd *entry = getpwnam(name);
    const char *slash;

    if (entry == NULL || (entry->pw_uid != 0 && entry->pw_uid < FIRST_PERSON))
        return false;
    slash = strrchr(entry->pw_shell, '/');
    return slash == NULL ||
           (strcmp(slash, "/nologin") != 0 && strcmp(slash, "/false") != 0);
}

/* One line of shadow(5): NAME:HASH:...  An empty hash is no password. */
static bool
has_password(const char *line)
{
    size_t name = strcspn(line, ":\n");
    const char *hash = line + name + 1;
    char account[UK_NAME_MAX + 1];

    if (line[name] != ':' || name == 0 || name > UK_NAME_MAX ||
        strchr("!*:\n", hash[0]) != NULL)
        return false;
    memcpy(account, line, name);
    account[name] = '\0';
    return is_person(account);
}

static bool
somebody_has_password(const struct uk_doctor *doctor)
{
    struct uk_buf text = UK_BUF_UP_TO(16 * 1024 * 1024);
    bool found = false;

    if (uk_doctor_read(doctor, "/etc/shadow", &text) == 0) {
        const char *line = uk_buf_peek(&text);

        while (line != NULL && *line != '\0' && !found) {
            found = has_password(line);
            line = strchr(line, '\n');
            line = line != NULL ? line + 1 : NULL;
        }
    }
    uk_buf_clear(&text);
    return found;
}

/* While the service is away, with all that other modules ask for. */
static bool
lets_back_in(const struct uk_doctor *doctor, const char *service)
{
    const struct uk_stackwho who = {
        .ours = UK_PAM_AUTHINFO_UNAVAIL, .proofs = true, .strangers = true};
    struct uk_stackrun *run = malloc(sizeof(*run));
    struct uk_stack stack = {.line = NULL};
    struct uk_err ignored = UK_ERR_NONE;
    bool enters = false;

    if (run != NULL &&
        uk_doctor_load_stack(doctor, service, &stack, &ignored) == UK_OK) {
        enters = stack.fault == NULL &&
                 uk_stackwho_enters(&stack, UK_STACK_AUTH, &who, run);
    }
    uk_stack_clear(&stack);
    free(run);
    return enters;
}

bool
uk_lockout_has_way_back(const struct uk_loginplan *plan, const char **why)
{
    struct uk_doctor doctor = make_doctor(plan);

    *why = _("no account has a Unix password: give one to somebody ('passwd "
             "NAME')");
    if (!somebody_has_password(&doctor))
        return false;
    *why = _("a Unix password would not let in there (the example of "
             "pam_userkey(8) has that way back)");
    for (size_t i = 0; plan != NULL && i < plan->services.count; i++) {
        if (!lets_back_in(&doctor, plan->services.item[i]))
            return false;
    }
    return true;
}
