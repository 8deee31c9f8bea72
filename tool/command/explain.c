/* userkey explain: every rule that a login goes through, and which decides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "core/str.h"
#include "core/users.h"
#include "tool/command/commands.h"
#include "tool/explain/decision.h"
#include "tool/explain/meaning.h"
#include "tool/explain/steps.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"

#define COLUMNS 4
#define SUMS    4 /* rows below the steps */

#define KEY_DECIDES                                                            \
    N_("with a key of who stands under 'identities' it is PAM_SUCCESS, with "  \
       "any other PAM_AUTH_ERR")

/* All of one run; too large for a stack of calls. */
struct explanation {
    struct uk_settings settings;
    struct uk_conf_seen seen;
    struct uk_decision rules; /* by the rules alone */
    struct uk_decision keyed; /* with the key, where there is one */
    bool has_key;
    struct uk_steps steps;
};

static const char *
result_of(const struct explanation *all)
{
    if (all->steps.needs_key)
        return "key-decides";
    return all->rules.code == UK_OK
               ? uk_verdict_word(all->rules.outcome.verdict)
               : uk_code_word(all->rules.code);
}

static const char *
meaning_of(const struct explanation *all)
{
    return all->steps.needs_key
               ? _(KEY_DECIDES)
               : uk_explain_meaning(all->rules.code,
                                    all->rules.outcome.verdict);
}

static void
put_decider(struct uk_json_out *json, const struct uk_step *step)
{
    if (step == NULL)
        return;
    uk_json_begin(json, "decided_by", '{');
    uk_json_put_text(json, "rule", step->rule);
    uk_json_put_text(json, "file", step->file);
    uk_json_put_int(json, "line", step->line);
    uk_json_end(json, '}');
}

static void
put(struct uk_buf *out, const struct explanation *all)
{
    const struct uk_steps *steps = &all->steps;
    struct uk_json_out json = {.buf = out};
    char shown[UK_PRINTABLE_SIZE];

    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(
        &json, "user",
        uk_str_printable(shown, all->rules.user, strlen(all->rules.user)));
    uk_json_put_text(&json, "service", all->rules.service);
    uk_json_put_text(&json, "rhost", all->rules.rhost);
    uk_json_put_text(&json, "result", result_of(all));
    uk_json_put_text(
        &json, "pam",
        uk_explain_pam(all->rules.code, all->rules.outcome.verdict));
    uk_json_put_text(&json, "meaning", meaning_of(all));
    put_decider(&json, uk_steps_decider(steps));
    uk_json_begin(&json, "steps", '[');
    for (size_t i = 0; i < steps->count; i++) {
        uk_json_begin(&json, NULL, '{');
        uk_json_put_text(&json, "rule", steps->step[i].rule);
        uk_json_put_text(&json, "result", uk_step_word(steps->step[i].result));
        uk_json_put_text(&json, "why", steps->step[i].why);
        uk_json_put_text(&json, "file", steps->step[i].file);
        uk_json_put_int(&json, "line", steps->step[i].line);
        uk_json_end(&json, '}');
    }
    uk_json_end(&json, ']');
    if (all->has_key) {
        uk_json_begin(&json, "with_key", '{');
        uk_decision_put(&json, &all->keyed);
        uk_json_end(&json, '}');
    }
    uk_json_end(&json, '}');
    uk_buf_add_byte(out, '\n');
}

/* Cells of the table; what is made here has its room beside them. */
struct table {
    const char *cell[COLUMNS * (UK_STEPS_MOST + SUMS)];
    size_t n;
    char where[UK_STEPS_MOST][UK_CONF_VALUE + 16];
};

static void
add_row(struct table *table, const char *rule, const char *result,
        const char *where, const char *why)
{
    table->cell[table->n++] = rule;
    table->cell[table->n++] = result;
    table->cell[table->n++] = where;
    table->cell[table->n++] = why;
}

static enum uk_code
list(struct uk_buf *out, const struct explanation *all, struct uk_err *err)
{
    static const char *const heads[COLUMNS] = {N_("RULE"), N_("RESULT"),
                                               N_("FROM"), N_("WHY")};
    const struct uk_steps *steps = &all->steps;
    static struct table table;
    enum uk_code code;

    table.n = 0;
    for (size_t i = 0; i < steps->count; i++) {
        const struct uk_step *step = &steps->step[i];

        table.where[i][0] = '\0';
        if (step->line != 0)
            snprintf(table.where[i], sizeof(table.where[i]), "%s:%u",
                     step->file, step->line);
        add_row(&table, step->rule, uk_step_word(step->result), table.where[i],
                step->why);
    }
    add_row(&table, "result", result_of(all), "", meaning_of(all));
    if (!steps->needs_key)
        add_row(&table, "PAM",
                uk_explain_pam(all->rules.code, all->rules.outcome.verdict), "",
                "");
    code =
        uk_table_add(out, heads, COLUMNS, table.cell, table.n / COLUMNS, err);
    if (code != UK_OK || !all->has_key)
        return code;
    uk_buf_add_byte(out, '\n');
    return uk_decision_list(out, &all->keyed, err);
}

/* The real thing, as a login gets it. */
static enum uk_code
take_key(struct explanation *all, const char *conf_file, struct uk_err *err)
{
    struct uk_secret key = UK_SECRET_NONE;
    enum uk_code code = uk_decision_key(&key, err);

    if (code == UK_OK) {
        uk_decision_make(&all->keyed, &all->settings, conf_file, &key);
        all->has_key = true;
    }
    uk_secret_clear(&key);
    return code;
}

static enum uk_exit
explain(struct uk_tool *tool, struct explanation *all, const char *conf_file)
{
    enum uk_exit status;

    all->steps = (struct uk_steps){.settings = &all->settings,
                                   .seen = &all->seen,
                                   .conf_file = conf_file,
                                   .has_service = tool->args.service != NULL,
                                   .decision = &all->rules};
    all->rules.code = uk_settings_load_seen(conf_file, &all->settings,
                                            &all->seen, &all->rules.err);
    if (all->rules.code == UK_OK)
        uk_steps_take(&all->steps);
    else
        uk_steps_fail(&all->steps);
    if (tool->args.with_key && all->rules.code == UK_OK &&
        take_key(all, conf_file, &tool->err) != UK_OK)
        return uk_talk_failed(&tool->err);
    status = uk_decision_status(all->has_key ? &all->keyed : &all->rules);
    if (tool->args.json)
        put(&tool->out, all);
    else if (list(&tool->out, all, &tool->err) != UK_OK)
        status = uk_talk_failed(&tool->err);
    if (all->rules.code != UK_OK && geteuid() != 0)
        uk_out_note(_("a login asks as root; so should 'userkey explain'"));
    else if (all->rules.code != UK_OK && !tool->args.json &&
             uk_out_next(&tool->out, &tool->err,
                         _("'userkey doctor' looks at this machine, and says "
                           "what mends it")) != UK_OK)
        status = uk_talk_failed(&tool->err);
    return status;
}

enum uk_exit
uk_cmd_explain(struct uk_tool *tool)
{
    const char *conf =
        tool->args.conf != NULL ? tool->args.conf : UK_SETTINGS_FILE;
    struct explanation *all = calloc(1, sizeof(*all));
    enum uk_exit status = UK_EXIT_USAGE;

    if (all == NULL) {
        uk_out_error(_("no memory"));
        return UK_EXIT_FAILED;
    }
    if (uk_decision_names(&all->rules, &tool->args)) {
        all->keyed = all->rules;
        status = explain(tool, all, conf);
    }
    uk_users_clear(&all->steps.users);
    uk_outcome_clear(&all->rules.outcome);
    uk_outcome_clear(&all->keyed.outcome);
    free(all);
    return status;
}
