/* userkey check: the decision that a login would get, explained. */
#include <unistd.h>

#include "core/json.h"
#include "tool/command/commands.h"
#include "tool/explain/decision.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

/* Show it; the exit status that goes with it. */
static enum uk_exit
report(struct uk_tool *tool, const struct uk_decision *check)
{
    struct uk_json_out json = {.buf = &tool->out};
    enum uk_exit status = uk_decision_status(check);

    if (tool->args.json) {
        uk_json_begin(&json, NULL, '{');
        uk_decision_put(&json, check);
        uk_json_end(&json, '}');
        uk_buf_add_byte(&tool->out, '\n');
    } else if (uk_decision_list(&tool->out, check, &tool->err) != UK_OK) {
        status = uk_talk_failed(&tool->err);
    }
    if (check->code != UK_OK && geteuid() != 0)
        uk_out_note(_("a login asks as root; so should 'userkey check'"));
    else if (check->code != UK_OK && !tool->args.json &&
             uk_out_next(&tool->out, &tool->err,
                         _("'userkey doctor' looks at this machine, and says "
                           "what mends it")) != UK_OK)
        status = uk_talk_failed(&tool->err);
    return status;
}

static enum uk_exit
decide(struct uk_tool *tool, struct uk_decision *check,
       const struct uk_settings *settings, const char *conf_file)
{
    struct uk_secret key = UK_SECRET_NONE;
    enum uk_exit status;

    if (uk_decision_key(&key, &tool->err) != UK_OK) {
        status = uk_talk_failed(&tool->err);
    } else {
        uk_decision_make(check, settings, conf_file, &key);
        status = report(tool, check);
    }
    uk_secret_clear(&key);
    return status;
}

enum uk_exit
uk_cmd_check(struct uk_tool *tool)
{
    const char *conf =
        tool->args.conf != NULL ? tool->args.conf : UK_SETTINGS_FILE;
    struct uk_decision check = {.outcome = {.verdict = UK_UNDECIDED}};
    struct uk_settings settings;
    enum uk_exit status;

    if (!uk_decision_names(&check, &tool->args))
        return UK_EXIT_USAGE;
    check.code = uk_settings_load(conf, &settings, &check.err);
    status = check.code == UK_OK ? decide(tool, &check, &settings, conf)
                                 : report(tool, &check);
    uk_outcome_clear(&check.outcome);
    return status;
}
