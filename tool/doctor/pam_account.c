/* Whom the account phase of a stack with our module keeps out. */
#include <stdio.h>

#include "core/attr.h"
#include "tool/doctor/pam_files.h"
#include "tool/doctor/pam_look.h"
#include "tool/stack/pamname.h"
#include "tool/terminal/language.h"

static bool
enters(struct uk_doctor_stack *look, enum uk_pamcode ours)
{
    const struct uk_stackwho who = {
        .ours = ours, .proofs = true, .conditions = true, .strangers = true};

    return uk_stackwho_enters(look->stack, UK_STACK_ACCOUNT, &who, &look->run);
}

static const char *
place_ours(const struct uk_doctor_stack *look, char to[UK_DOCTOR_PLACE])
{
    return uk_doctor_place(&look->stack->line[look->account], to);
}

/* Refusals of the account phase that must be heard. */
static bool
check_refusals(struct uk_doctor_stack *look)
{
    static const struct {
        enum uk_pamcode code;
        const char *whom;
    } rows[] = {
        {UK_PAM_PERM_DENIED, N_("somebody whose line was taken out meanwhile")},
        {UK_PAM_ACCT_EXPIRED, N_("a person whom the service has disabled")},
    };
    char place[UK_DOCTOR_PLACE];
    struct uk_finding *finding;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        if (!enters(look, rows[i].code) || !look->run.ran[look->account])
            continue;
        finding = uk_doctor_say(
            look->doctor, UK_GRADE_ERROR,
            _("%s: the account phase throws a refusal away: in %s '%s' ignores "
              "%s"),
            look->service, place_ours(look, place),
            look->stack->line[look->account].control, uk_pamname(rows[i].code));
        uk_doctor_why(finding, _("%s gets in all the same"), _(rows[i].whom));
        uk_doctor_mend(finding, _("write: account [success=ok ignore=ignore "
                                  "service_err=ignore module_unknown=ignore "
                                  "default=bad] pam_userkey.so"));
        return true;
    }
    return false;
}

/* Who came in another way must not be kept out by us. */
static void
check_others(struct uk_doctor_stack *look)
{
    static const struct {
        enum uk_pamcode code;
        enum uk_grade grade;
        const char *when;
    } rows[] = {
        {UK_PAM_IGNORE, UK_GRADE_ERROR,
         N_("people of accounts that take no keys (root, too) are kept out")},
        {UK_PAM_SERVICE_ERR, UK_GRADE_WARNING,
         N_("while the settings are broken everybody is kept out, also by ssh "
            "public key and Unix password")},
        {UK_PAM_MODULE_UNKNOWN, UK_GRADE_WARNING,
         N_("when the module's file is missing everybody is kept out, also by "
            "ssh public key and Unix password")},
    };
    char place[UK_DOCTOR_PLACE];
    struct uk_finding *finding;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        if (enters(look, rows[i].code))
            continue;
        finding = uk_doctor_say(look->doctor, rows[i].grade,
                                _("%s: by %s in the account phase, %s"),
                                look->service, place_ours(look, place),
                                _(rows[i].when));
        uk_doctor_why(finding, _("%s makes the phase fail there"),
                      uk_pamname(rows[i].code));
        uk_doctor_mend(finding, _("write: account [success=ok ignore=ignore "
                                  "service_err=ignore module_unknown=ignore "
                                  "default=bad] pam_userkey.so, and behind it "
                                  "'@include common-account'"));
    }
}

void
uk_doctor_account(struct uk_doctor_stack *look)
{
    char place[UK_DOCTOR_PLACE];
    struct uk_finding *finding;

    if (!uk_doctor_has_line(look, look->account)) {
        finding = uk_doctor_say(look->doctor, UK_GRADE_WARNING,
                                _("%s: the account phase lacks pam_userkey"),
                                look->service);
        uk_doctor_why(finding,
                      _("what is asked last before a login is not asked "
                        "there: has the service disabled this person, "
                        "may the account still use keys"));
        uk_doctor_mend(finding, _("add before the other account lines: account "
                                  "include userkey"));
        return;
    }
    if (enters(look, UK_PAM_SUCCESS) && !look->run.ran[look->account]) {
        finding = uk_doctor_say(look->doctor, UK_GRADE_WARNING,
                                _("%s: %s is never reached: a line before it "
                                  "ends the account phase"),
                                look->service, place_ours(look, place));
        uk_doctor_why(finding, _("what it refuses is not heard"));
        uk_doctor_mend(finding, _("put it before '@include common-account'"));
        return;
    }
    if (!check_refusals(look))
        check_others(look);
}
