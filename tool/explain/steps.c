/* The way of a login to an account, step by step. */
#include "tool/explain/steps.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "tool/doctor/pam_files.h"
#include "tool/explain/meaning.h"
#include "tool/stack/pamname.h"
#include "tool/stack/who.h"
#include "tool/terminal/language.h"

const char *
uk_step_word(enum uk_step_result result)
{
    switch (result) {
    case UK_STEP_PASSES:
        return "passes";
    case UK_STEP_NONE:
        return "none";
    case UK_STEP_DECIDES:
        return "decides";
    case UK_STEP_BEHIND:
        return "not asked";
    case UK_STEP_NOTE:
        break;
    }
    return "note";
}

const struct uk_step *
uk_steps_decider(const struct uk_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->step[i].result == UK_STEP_DECIDES)
            return &steps->step[i];
    }
    return NULL;
}

static struct uk_step *add(struct uk_steps *steps, const char *rule,
                           enum uk_step_result result, const char *fmt, ...)
    UK_PRINTF(4, 5);

static struct uk_step *
add(struct uk_steps *steps, const char *rule, enum uk_step_result result,
    const char *fmt, ...)
{
    struct uk_step *step = &steps->step[steps->count];
    va_list args;

    if (steps->count + 1 < UK_STEPS_MOST)
        steps->count++; /* the last place is for what is too much */
    *step = (struct uk_step){.rule = rule, .result = result, .file = ""};
    va_start(args, fmt);
    vsnprintf(step->why, sizeof(step->why), fmt, args);
    va_end(args);
    return step;
}

static void
place(struct uk_step *step, const char *file, unsigned line)
{
    step->file = line != 0 ? file : "";
    step->line = line;
}

void
uk_steps_fail(struct uk_steps *steps)
{
    add(steps, "settings", UK_STEP_DECIDES, "%s", steps->decision->err.text);
}

/*
 * The rules of core/identity, by the names of settings.
 */

static const struct {
    const char *name;
    const char *setting; /* that it goes by; NULL: the users file */
} rules[UK_RULES] = {
    [UK_RULE_ROOT] = {"root", "allow_root"},
    [UK_RULE_MIN_UID] = {"min_uid", "min_uid"},
    [UK_RULE_NOBODY] = {"nobody", ""},
    [UK_RULE_LINE] = {"line", NULL},
    [UK_RULE_DOMAIN] = {"email_domain", "email_domain"},
};

static void
place_rule(const struct uk_steps *steps, size_t rule,
           const struct uk_ruling *ruling, struct uk_step *step)
{
    if (rules[rule].setting == NULL)
        place(step, steps->settings->users_file, ruling->line);
    else if (rules[rule].setting[0] != '\0')
        place(step, steps->conf_file,
              uk_conf_line(uk_settings_table(), steps->seen,
                           rules[rule].setting));
}

/* core/identity's words for a rule that keeps nobody out, which no log has, in
 * the language; those for one that does are the log's. */
static void
word_passing(const struct uk_steps *steps, size_t rule,
             const struct uk_ruling *ruling, char out[UK_STEPS_WHY])
{
    unsigned long uid = steps->decision->outcome.account.uid;

    switch ((enum uk_rule)rule) {
    case UK_RULE_ROOT:
        snprintf(out, UK_STEPS_WHY, "%s",
                 uid == 0 ? _("root has a line, and 'allow_root' is set")
                          : _("it is not root"));
        break;
    case UK_RULE_MIN_UID:
        if (uid == 0)
            snprintf(out, UK_STEPS_WHY, "%s",
                     _("root is not counted by 'min_uid'"));
        else
            snprintf(out, UK_STEPS_WHY,
                     _("uid %lu is not below 'min_uid' (%lu)"), uid,
                     steps->settings->min_uid);
        break;
    case UK_RULE_NOBODY:
        snprintf(out, UK_STEPS_WHY, _("uid %lu is somebody's"), uid);
        break;
    case UK_RULE_LINE:
        snprintf(out, UK_STEPS_WHY, "%s",
                 ruling->line != 0 ? _("it has a line") : _("it has no line"));
        break;
    case UK_RULE_DOMAIN:
    case UK_RULES:
        snprintf(out, UK_STEPS_WHY, "%s", _("'email_domain' may let it in"));
        break;
    }
}

static void
add_rules(struct uk_steps *steps, const struct uk_ruling *rulings)
{
    bool decided = false;

    for (size_t i = 0; i < UK_RULES; i++) {
        bool says = rulings[i].verdict != UK_UNDECIDED;
        enum uk_step_result result = decided             ? UK_STEP_BEHIND
                                     : says              ? UK_STEP_DECIDES
                                     : i == UK_RULE_LINE ? UK_STEP_NONE
                                                         : UK_STEP_PASSES;
        bool last =
            i == UK_RULE_DOMAIN && steps->settings->email_domain[0] == '\0';
        bool passes = !says || rulings[i].verdict == UK_GRANTED;
        char why[UK_STEPS_WHY];
        struct uk_step *step;

        if (passes)
            word_passing(steps, i, &rulings[i], why);
        step = add(steps, last ? "no_line" : rules[i].name, result, "%s",
                   decided  ? _("a rule before it has decided")
                   : passes ? why
                            : rulings[i].why);
        place_rule(steps, i, &rulings[i], step);
        decided = decided || says;
    }
}

/* Whose keys: each identity of the account's own line, or the address of the
 * rule. */
static void
add_identities(struct uk_steps *steps)
{
    const struct uk_settings *settings = steps->settings;
    const char *name = steps->decision->outcome.account.name;
    struct uk_err err = UK_ERR_NONE;
    char text[UK_STEPS_WHY] = "";
    size_t used = 0, count = 0;
    unsigned line = 0;

    if (uk_login_users(settings, &steps->users, &err) != UK_OK)
        return;
    for (size_t i = 0; i < steps->users.count; i++) {
        const struct uk_users_entry *entry = &steps->users.entry[i];

        if (strcmp(entry->account, name) != 0)
            continue;
        line = entry->line;
        count++;
        if (used < sizeof(text) - UK_EMAIL_MAX - 16)
            used += (size_t)snprintf(
                text + used, sizeof(text) - used, "%s%s%s",
                used > 0 ? ", " : "",
                entry->by_email ? "email:" : "id:", entry->value);
    }
    if (count > 0)
        place(
            add(steps, "identities", UK_STEP_NOTE,
                _("keys of %s%s log in, and no others"), text,
                used >= sizeof(text) - UK_EMAIL_MAX - 16 ? _(" and more") : ""),
            settings->users_file, line);
    else
        place(add(steps, "identities", UK_STEP_NOTE,
                  _("keys of who has the confirmed address '%s@%s' log in, and "
                    "no others"),
                  name, settings->email_domain),
              steps->conf_file,
              uk_conf_line(uk_settings_table(), steps->seen, "email_domain"));
}

/*
 * What decides nothing here and matters all the same.
 */

static void
add_offline(struct uk_steps *steps)
{
    bool offline =
        uk_settings_offline(steps->settings, steps->decision->service);

    place(add(steps, "offline_grace", UK_STEP_NOTE,
              offline ? _("while the service is away, a key that was in here "
                          "lately lets in as '%s'")
                      : _("while the service is away, no key lets in as '%s'"),
              steps->decision->service),
          steps->conf_file,
          uk_conf_line(uk_settings_table(), steps->seen, "offline_services"));
}

static void
add_limits(struct uk_steps *steps)
{
    const struct uk_settings *settings = steps->settings;
    const char *rhost = steps->decision->rhost;

    add(steps, "tries", UK_STEP_NOTE,
        _("%s%s%s may fail %lu times, and the account %lu times, in %lu s; "
          "whether it has is told by a try alone ('--with-key')"),
        rhost[0] != '\0' ? "'" : "", rhost[0] != '\0' ? rhost : _("a source"),
        rhost[0] != '\0' ? "'" : "", settings->failed_logins_per_source,
        settings->failed_logins_per_user, settings->limit_period / 1000);
}

/* What the stack of the service makes of the code. */
static void
add_stack(struct uk_steps *steps, enum uk_pamcode code)
{
    static struct uk_stackrun run;
    const struct uk_doctor doctor = {.root = "", .conf = steps->conf_file};
    const char *service = steps->decision->service;
    struct uk_stackwho who = {.ours = code};
    struct uk_stack stack = {.line = NULL};
    struct uk_err err = UK_ERR_NONE;
    size_t ours;
    bool alone, beside;

    if (uk_doctor_load_stack(&doctor, service, &stack, &err) != UK_OK)
        return;
    ours = uk_stackwho_ours(&stack, UK_STACK_AUTH);
    if (ours == stack.count) {
        add(steps, "stack", UK_STEP_NOTE,
            _("the stack of '%s' has no pam_userkey%s"), service,
            stack.found ? ""
                        : _(" (it has no file of its own: 'other' counts)"));
    } else {
        char where[UK_DOCTOR_PLACE];

        alone = uk_stackwho_enters(&stack, UK_STACK_AUTH, &who, &run);
        who.proofs = who.strangers = true;
        beside = uk_stackwho_enters(&stack, UK_STACK_AUTH, &who, &run);
        add(steps, "stack", UK_STEP_NOTE, _("'%s', by %s: a key (%s) %s"),
            service, uk_doctor_place(&stack.line[ours], where),
            uk_pamname(code),
            alone     ? _("is let in")
            : !beside ? _("is not let in, whatever other modules say")
            : code == UK_PAM_SUCCESS
                ? _("is let in only together with what another module asks for")
                : _("is not let in; other modules (a Unix password) may let "
                    "in"));
    }
    uk_stack_clear(&stack);
}

/* The account phase, of who came in another way. */
static void
add_account_phase(struct uk_steps *steps)
{
    const struct uk_decision *decision = steps->decision;
    enum uk_pamcode code = uk_pamcode_of(
        decision->code, decision->outcome.verdict, UK_PHASE_ACCOUNT);

    if (code == UK_PAM_USER_UNKNOWN && getpwnam(decision->user) != NULL)
        code = UK_PAM_IGNORE; /* a name that keys are not for */
    add(steps, "account", UK_STEP_NOTE,
        _("who comes in without a key (ssh key, password): the account phase "
          "%s "
          "(%s)"),
        code == UK_PAM_IGNORE    ? _("does not object")
        : code == UK_PAM_SUCCESS ? _("lets in")
                                 : _("keeps out"),
        uk_pamname(code));
}

/*
 * All of it.
 */

static void
add_account(struct uk_steps *steps)
{
    const struct uk_outcome *outcome = &steps->decision->outcome;
    const char *user = steps->decision->user;
    bool unknown = outcome->verdict == UK_UNKNOWN_USER;

    if (!uk_str_is_user_name(user)) {
        add(steps, "name", UK_STEP_DECIDES,
            _("not the form of a name that keys are for: up to %d of a-z, 0-9, "
              "'_', '-', the first a letter or '_'"),
            UK_NAME_MAX);
        return;
    }
    add(steps, "name", UK_STEP_PASSES, _("it has the form of a name"));
    if (unknown)
        add(steps, "exists", UK_STEP_DECIDES,
            _("there is no such account on this machine"));
    else
        add(steps, "exists", UK_STEP_PASSES, _("uid %lu"),
            (unsigned long)outcome->account.uid);
}

void
uk_steps_take(struct uk_steps *steps)
{
    struct uk_decision *decision = steps->decision;
    struct uk_ruling rulings[UK_RULES];
    bool granted;

    place(add(steps, "settings", UK_STEP_PASSES, _("'%s' is understood"),
              steps->conf_file),
          steps->conf_file, 0);
    decision->code = uk_login_rules(steps->settings, decision->user, rulings,
                                    &decision->outcome, &decision->err);
    if (decision->code != UK_OK) {
        add(steps, "users_file", UK_STEP_DECIDES, "%s", decision->err.text);
    } else {
        add_account(steps);
        if (decision->outcome.verdict != UK_UNKNOWN_USER)
            add_rules(steps, rulings);
    }
    granted =
        decision->code == UK_OK && decision->outcome.verdict == UK_GRANTED;
    steps->needs_key = granted;
    if (granted) {
        add_identities(steps);
        add_limits(steps);
    }
    add_account_phase(steps);
    if (!steps->has_service)
        return;
    if (granted)
        add_offline(steps);
    add_stack(steps, uk_pamcode_of(decision->code, decision->outcome.verdict,
                                   UK_PHASE_AUTH));
}
