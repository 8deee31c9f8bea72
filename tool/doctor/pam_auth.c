/* Who gets in by the auth phase of a stack with our module in it. */
#include <stdio.h>
#include <string.h>

#include "core/attr.h"
#include "tool/doctor/pam_files.h"
#include "tool/doctor/pam_look.h"
#include "tool/stack/pamname.h"
#include "tool/terminal/language.h"

/* Occasions on which nobody may get in without another proof. */
static const struct occasion {
    const char *what;
    const char *why;
    enum uk_pamcode code[8]; /* up to a UK_PAM_SUCCESS */
} occasions[] = {
    {N_("a key that is refused gets in"),
     N_("the refusal is thrown away: whoever types anything is let in"),
     {UK_PAM_AUTH_ERR, UK_PAM_PERM_DENIED, UK_PAM_MAXTRIES,
      UK_PAM_USER_UNKNOWN}},
    {N_("while the service cannot be asked, everybody gets in"),
     N_("an outage, or whoever can bring one about, opens the door"),
     {UK_PAM_AUTHINFO_UNAVAIL, UK_PAM_CONV_ERR, UK_PAM_BUF_ERR,
      UK_PAM_SYSTEM_ERR}},
    {N_("while the settings are broken, everybody gets in"),
     N_("a slip in userkey.conf or in the users file opens the door"),
     {UK_PAM_SERVICE_ERR}},
    {N_("when the module's file is missing, everybody gets in"),
     N_("an upgrade that goes wrong opens the door"),
     {UK_PAM_MODULE_UNKNOWN, UK_PAM_ABORT}},
};

static bool
enters(struct uk_doctor_stack *look, struct uk_stackwho who)
{
    return uk_stackwho_enters(look->stack, UK_STACK_AUTH, &who, &look->run);
}

/* What becomes of this code at our line. */
static const char *
word_of_action(int action)
{
    switch (action) {
    case UK_STACK_IGNORE:
        return _("ignored");
    case UK_STACK_OK:
    case UK_STACK_DONE:
        return _("taken for a success");
    case UK_STACK_RESET:
        return _("forgotten");
    case UK_STACK_BAD:
    case UK_STACK_DIE:
    case UK_STACK_UNSET:
        return _("a failure");
    default:
        return _("a jump");
    }
}

static void
report_open(struct uk_doctor_stack *look, const struct occasion *occasion,
            enum uk_pamcode code, bool condition)
{
    const struct uk_stack_line *ours = uk_doctor_line(look, look->auth);
    const struct uk_stack_line *grantor =
        look->run.grantor < look->stack->count
            ? uk_doctor_line(look, look->run.grantor)
            : ours;
    char place[UK_DOCTOR_PLACE], granted[UK_DOCTOR_PLACE];
    struct uk_finding *finding = uk_doctor_say(
        look->doctor, UK_GRADE_ERROR,
        _("%s: %s%s: in %s '%s' makes %s of %s, and '%s' in %s says yes"),
        look->service, _(occasion->what),
        condition ? _(", if they are who another line wants") : "",
        uk_doctor_place(ours, place), ours->control,
        word_of_action(ours->action[code]), uk_pamname(code), grantor->module,
        uk_doctor_place(grantor, granted));

    uk_doctor_why(finding, "%s", _(occasion->why));
    uk_doctor_mend(finding, _("put 'auth requisite pam_deny.so' where the line "
                              "leads to, as in the example of pam_userkey(8)"));
}

/* May anybody in who has no proof of anything? */
static bool
check_occasion(struct uk_doctor_stack *look, const struct occasion *occasion)
{
    for (size_t i = 0; occasion->code[i] != UK_PAM_SUCCESS; i++) {
        for (int condition = 0; condition < 2; condition++) {
            struct uk_stackwho who = {.ours = occasion->code[i],
                                      .conditions = condition != 0};

            if (enters(look, who) && look->run.ran[look->auth]) {
                report_open(look, occasion, occasion->code[i], condition != 0);
                return true;
            }
        }
    }
    return false;
}

/* Everybody, before anybody is asked for a key? */
static bool
check_before(struct uk_doctor_stack *look)
{
    struct uk_stackwho who = {.ours = UK_PAM_AUTH_ERR};
    const struct uk_stack_line *grantor;
    char place[UK_DOCTOR_PLACE];
    struct uk_finding *finding;

    if (!enters(look, who) || look->run.ran[look->auth] ||
        look->run.grantor >= look->stack->count)
        return false;
    grantor = uk_doctor_line(look, look->run.grantor);
    finding = uk_doctor_say(look->doctor, UK_GRADE_ERROR,
                            _("%s: everybody gets in, and no key is asked for: "
                              "'%s' in %s says yes"),
                            look->service, grantor->module,
                            uk_doctor_place(grantor, place));
    uk_doctor_why(finding, _("the stack ends before it comes to pam_userkey"));
    uk_doctor_mend(finding, _("take that line out"));
    return true;
}

/* Nobody gets in, but only because no other module happens to say yes. */
static void
check_final_deny(struct uk_doctor_stack *look)
{
    const struct uk_stack_line *ours = uk_doctor_line(look, look->auth);
    struct uk_stackwho who = {
        .ours = UK_PAM_AUTH_ERR, .helpers = true, .strangers = true};
    char place[UK_DOCTOR_PLACE], other[UK_DOCTOR_PLACE];
    struct uk_finding *finding;

    if (!enters(look, who) || !look->run.ran[look->auth] ||
        look->run.grantor >= look->stack->count)
        return;
    finding = uk_doctor_say(
        look->doctor, UK_GRADE_WARNING,
        _("%s: nothing behind %s denies: a refused key gets in as soon as '%s' "
          "in %s says yes"),
        look->service, uk_doctor_place(ours, place),
        uk_doctor_line(look, look->run.grantor)->module,
        uk_doctor_place(uk_doctor_line(look, look->run.grantor), other));
    uk_doctor_why(finding,
                  _("'%s' alone keeps nobody out: a refusal stands only "
                    "if a later line denies"),
                  ours->control);
    uk_doctor_mend(finding, _("add 'auth requisite pam_deny.so' at the end"));
}

static void
report_shut(struct uk_doctor_stack *look)
{
    char place[UK_DOCTOR_PLACE], refused[UK_DOCTOR_PLACE];
    size_t refuser = look->run.refuser;
    struct uk_finding *finding;

    uk_doctor_place(uk_doctor_line(look, look->auth), place);
    if (!look->run.ran[look->auth])
        finding =
            uk_doctor_say(look->doctor, UK_GRADE_WARNING,
                          _("%s: %s is never reached"), look->service, place);
    else if (look->run.bad_jump)
        finding =
            uk_doctor_say(look->doctor, UK_GRADE_ERROR,
                          _("%s: a good key is refused: a jump leads over "
                            "the end of the stack"),
                          look->service);
    else if (refuser < look->stack->count)
        finding = uk_doctor_say(
            look->doctor, UK_GRADE_ERROR,
            _("%s: a good key is refused: %s leads to '%s' in %s"),
            look->service, place, uk_doctor_line(look, refuser)->module,
            uk_doctor_place(uk_doctor_line(look, refuser), refused));
    else
        finding =
            uk_doctor_say(look->doctor, UK_GRADE_ERROR,
                          _("%s: a good key is refused: no line behind %s "
                            "makes a success of it"),
                          look->service, place);
    uk_doctor_why(finding, _("nobody can log in there with a key"));
    uk_doctor_mend(finding,
                   _("count the lines that 'success=N' jumps over; the "
                     "example of pam_userkey(8) is right"));
}

/* The modules that had to say yes beside ours: "'pam_unix.so'". */
static const char *
name_proofs(const struct uk_doctor_stack *look, char *to, size_t size)
{
    size_t used = 0;

    to[0] = '\0';
    for (size_t i = 0; i < look->stack->count; i++) {
        enum uk_stackwho_kind kind;

        if (!look->run.ran[i])
            continue;
        kind = uk_stackwho_kind(uk_doctor_line(look, i));
        if (kind != UK_WHO_PROOF && kind != UK_WHO_STRANGER)
            continue;
        used += (size_t)snprintf(to + used, size - used, "%s'%s'",
                                 used > 0 ? _(" and ") : "",
                                 uk_doctor_line(look, i)->module);
        if (used >= size - UK_CONF_VALUE)
            break;
    }
    return to;
}

/* The first module that asks for something, before our line or behind it. */
static size_t
find_proof(const struct uk_doctor_stack *look, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < look->stack->count; i++) {
        if (look->run.ran[i] &&
            uk_stackwho_kind(uk_doctor_line(look, i)) == UK_WHO_PROOF)
            return i;
    }
    return look->stack->count;
}

/* The key is asked for beside something else. */
static void
check_order(struct uk_doctor_stack *look, bool alone)
{
    const struct uk_stack_line *ours = uk_doctor_line(look, look->auth);
    size_t before = find_proof(look, 0, look->auth);
    size_t behind = find_proof(look, look->auth + 1, look->stack->count);
    bool reuses = uk_stack_has(ours, "try_first_pass") ||
                  uk_stack_has(ours, "use_first_pass");
    char place[UK_DOCTOR_PLACE];
    struct uk_finding *finding;

    uk_doctor_place(ours, place);
    if (before == look->stack->count && uk_stack_has(ours, "use_first_pass")) {
        finding = uk_doctor_say(look->doctor, UK_GRADE_ERROR,
                                _("%s: %s has 'use_first_pass', and no line "
                                  "before it asks for anything"),
                                look->service, place);
        uk_doctor_why(finding,
                      _("the key is never asked for, so none logs in"));
        uk_doctor_mend(finding, _("take 'use_first_pass' out"));
    }
    if (alone && before < look->stack->count && !reuses) {
        finding = uk_doctor_say(look->doctor, UK_GRADE_NOTE,
                                _("%s: '%s' asks before %s does, so a key is "
                                  "typed at the second prompt"),
                                look->service,
                                uk_doctor_line(look, before)->module, place);
        uk_doctor_why(finding,
                      _("people type it at the first, where it is taken "
                        "for a wrong password"));
        uk_doctor_mend(finding, _("add 'try_first_pass' to that line"));
    }
    if (!alone && behind < look->stack->count) {
        finding =
            uk_doctor_say(look->doctor, UK_GRADE_NOTE,
                          _("%s: the key is asked for before the first "
                            "factor ('%s')"),
                          look->service, uk_doctor_line(look, behind)->module);
        uk_doctor_why(finding, _("whoever does not know the password can have "
                                 "the service asked, and learns whether a key "
                                 "is good"));
        uk_doctor_mend(finding, _("put the line of '%s' before %s"),
                       uk_doctor_line(look, behind)->module, place);
    }
}

/* When the service is away. */
static void
check_way_back(struct uk_doctor_stack *look)
{
    struct uk_stackwho who = {.ours = UK_PAM_AUTHINFO_UNAVAIL,
                              .proofs = true,
                              .conditions = false,
                              .strangers = true};
    struct uk_finding *finding;

    if (enters(look, who))
        return;
    finding = uk_doctor_say(look->doctor, UK_GRADE_NOTE,
                            _("%s: while the service is away nobody gets in by "
                              "this stack"),
                            look->service);
    uk_doctor_why(finding, _("that may be meant; then another way to root must "
                             "be left (console, ssh public key)"));
    uk_doctor_mend(finding, _("the example of pam_userkey(8) has a way back in "
                              "by Unix password"));
}

/* A key is asked for, and nothing depends on it. */
static void
report_useless(struct uk_doctor_stack *look, const char *names)
{
    char place[UK_DOCTOR_PLACE];
    struct uk_finding *finding = uk_doctor_say(
        look->doctor, UK_GRADE_WARNING,
        _("%s: a key makes no difference: %s lets in without one, and nothing "
          "does without %s"),
        look->service, names, names);

    if (uk_doctor_report_left(look, finding))
        return;
    uk_doctor_why(finding, _("'%s' in %s neither lets in nor keeps out"),
                  uk_doctor_line(look, look->auth)->control,
                  uk_doctor_place(uk_doctor_line(look, look->auth), place));
    uk_doctor_mend(finding, _("for a second factor write 'required' there, for "
                              "another way in 'sufficient'"));
}

/* By our line, whoever they are or only as who another line wants. */
static bool
gets_by_key(struct uk_doctor_stack *look, struct uk_stackwho *who)
{
    for (int condition = 0; condition < 2; condition++) {
        who->conditions = condition != 0;
        if (enters(look, *who) && look->run.ran[look->auth])
            return true;
    }
    who->conditions = false;
    return false;
}

static void
check_good_key(struct uk_doctor_stack *look)
{
    struct uk_stackwho who = {.ours = UK_PAM_SUCCESS};
    char names[1024];

    if (gets_by_key(look, &who)) {
        uk_doctor_say(look->doctor, UK_GRADE_OK,
                      _("%s: a key lets in, a refused one does not"),
                      look->service);
        check_order(look, true);
        check_way_back(look);
        return;
    }
    who.proofs = who.strangers = true;
    if (!gets_by_key(look, &who)) {
        who.proofs = who.strangers = false;
        enters(look, who);
        report_shut(look);
        return;
    }
    name_proofs(look, names, sizeof(names));
    who.ours = UK_PAM_AUTH_ERR;
    if (enters(look, who)) {
        report_useless(look, names);
        return;
    }
    who.ours = UK_PAM_SUCCESS;
    enters(look, who);
    uk_doctor_say(look->doctor, UK_GRADE_NOTE,
                  _("%s: a key lets in only together with %s"), look->service,
                  names);
    check_order(look, false);
}

static void
judge(struct uk_doctor_stack *look)
{
    size_t before = look->doctor->count;

    if (check_before(look))
        return;
    for (size_t i = 0; i < UK_COUNT(occasions); i++)
        check_occasion(look, &occasions[i]);
    if (look->doctor->count == before) {
        check_final_deny(look);
        check_good_key(look);
    }
}

void
uk_doctor_auth(struct uk_doctor_stack *look)
{
    size_t before = look->doctor->count;

    judge(look);
    uk_doctor_warn_of_sharers(look, before);
}
