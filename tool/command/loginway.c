/* userkey enable-login, confirm-login, disable-login: PAM's files, with a way
 * back. */
#include <string.h>
#include <unistd.h>

#include "core/io.h"
#include "core/json.h"
#include "tool/command/commands.h"
#include "tool/doctor/lockout.h"
#include "tool/keys/find.h"
#include "tool/loginway/end.h"
#include "tool/loginway/loginway.h"
#include "tool/loginway/pamfile.h"
#include "tool/loginway/proof.h"
#include "tool/loginway/timer.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/when.h"

#define LONGEST_TRIAL (7 * 24 * 3600)

static enum uk_exit
fail(const struct uk_err *err)
{
    uk_out_error("%s", err->text);
    return uk_status_of_code(err->code);
}

static enum uk_exit
refuse(const struct uk_err *err)
{
    uk_out_error("%s", err->text);
    return UK_EXIT_USAGE;
}

static bool
is_root(void)
{
    if (geteuid() == 0)
        return true;
    uk_out_error(_("PAM's files are root's: run it as root, or with sudo"));
    return false;
}

/* "'sshd', 'sudo'"; borrowed from buf. */
static const char *
name_services(const struct uk_conf_list *services, struct uk_buf *buf)
{
    for (size_t i = 0; i < services->count; i++)
        uk_buf_addf(buf, "%s'%s'", i > 0 ? ", " : "", services->item[i]);
    return services->count > 0 ? uk_buf_peek(buf)
                               : _("all services with the system's stack");
}

/* state is NULL where nothing is enabled; services are what was changed. */
static void
put_result(struct uk_tool *tool, const struct uk_loginstate *state,
           const struct uk_conf_list *services)
{
    struct uk_json_out json = {.buf = &tool->out};

    if (!tool->args.json)
        return;
    uk_json_begin(&json, NULL, '{');
    uk_json_put_bool(&json, "enabled", state != NULL);
    uk_json_put_bool(&json, "profile",
                     state != NULL && state->way == UK_LOGINWAY_PROFILE);
    uk_json_begin(&json, "services", '[');
    for (size_t i = 0; i < services->count; i++)
        uk_json_put_text(&json, NULL, services->item[i]);
    uk_json_end(&json, ']');
    if (state != NULL && uk_loginstate_is_trial(state))
        uk_json_put_int(&json, "trial_seconds",
                        (int64_t)(state->until - uk_loginstate_now()));
    else
        uk_json_put_null(&json, "trial_seconds");
    uk_json_end(&json, '}');
    uk_buf_add_byte(&tool->out, '\n');
}

enum uk_exit
uk_cmd_disable_login(struct uk_tool *tool)
{
    struct uk_buf text = UK_BUF_UP_TO(8192);
    struct uk_conf_list names = {.count = 0};
    struct uk_err *err = &tool->err;
    enum uk_code code;
    bool was = false;
    int lock = -1;

    if (!is_root())
        return UK_EXIT_DENIED;
    code = uk_loginstate_lock(&lock, err);
    if (code == UK_OK)
        code = uk_loginend(tool->args.expired, &names, &was, err);
    uk_io_close(&lock);
    if (code != UK_OK)
        return fail(err);
    put_result(tool, NULL, &names);
    if (was)
        uk_out_note(
            _("the login by key is out of %s; the files are as they were"),
            name_services(&names, &text));
    else if (!tool->args.expired)
        uk_out_note(_("'userkey enable-login' has nothing in PAM's files here; "
                      "'userkey doctor' shows what else is"));
    uk_buf_clear(&text);
    return UK_EXIT_DONE;
}

/*
 * Confirming.
 */

static enum uk_exit
confirm(struct uk_tool *tool)
{
    struct uk_loginstate state;
    struct uk_err *err = &tool->err;
    const char *why = "";
    bool there;

    if (uk_loginstate_load(&state, &there, err) != UK_OK)
        return fail(err);
    if (!there || uk_loginstate_is_over(&state)) {
        uk_out_error(
            _("nothing is on trial: 'userkey enable-login --try 10min' "
              "begins one"));
        return UK_EXIT_NOT_FOUND;
    }
    if (uk_loginstate_is_trial(&state) &&
        !uk_loginproof_is_new(state.began, state.session, &why)) {
        uk_out_error(_("%s; log in anew (with ssh, say), and run 'userkey "
                       "confirm-login' there: then it is known that you can"),
                     why);
        return UK_EXIT_DENIED;
    }
    state.until = 0;
    if (uk_loginstate_save(&state, err) != UK_OK)
        return fail(err);
    (void)uk_logintimer_at_boot(false);
    put_result(tool, &state, &state.services);
    uk_out_note(
        _("the login by key stays; 'userkey disable-login' takes it out"));
    return UK_EXIT_DONE;
}

enum uk_exit
uk_cmd_confirm_login(struct uk_tool *tool)
{
    enum uk_exit status;
    int lock = -1;

    if (!is_root())
        return UK_EXIT_DENIED;
    if (uk_loginstate_lock(&lock, &tool->err) != UK_OK)
        return fail(&tool->err);
    status = confirm(tool);
    uk_io_close(&lock);
    return status;
}

/*
 * Putting in.
 */

static enum uk_code
split_services(const char *text, struct uk_conf_list *out, struct uk_err *err)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        char *name;

        if (out->count == UK_CONF_ITEMS)
            return uk_err_set(err, UK_INVALID,
                              _("--service: %d services at most"),
                              UK_CONF_ITEMS);
        name = out->item[out->count];
        if (len < UK_CONF_VALUE) {
            memcpy(name, text, len);
            name[len] = '\0';
        }
        if (len >= UK_CONF_VALUE || !uk_loginfile_is_name(name) ||
            strcmp(name, UK_LOGINFILE_STACK) == 0)
            return uk_err_set(
                err, UK_INVALID,
                _("--service: names of files in '%s', with commas "
                  "between, are wanted (sshd,sudo)"),
                UK_LOGINFILE_PAM);
        for (size_t i = 0; i < out->count; i++) {
            if (strcmp(out->item[i], name) == 0)
                return uk_err_set(err, UK_INVALID,
                                  _("--service: '%s' stands there twice"),
                                  name);
        }
        out->count++;
        text += len + (text[len] == ',');
    }
    return UK_OK;
}

static enum uk_exit
read_arguments(struct uk_tool *tool, struct uk_conf_list *services,
               unsigned long *trial_s)
{
    const struct uk_args *args = &tool->args;
    int64_t seconds = 0;

    if (args->services != NULL &&
        split_services(args->services, services, &tool->err) != UK_OK)
        return refuse(&tool->err);
    for (size_t i = 0; i < services->count; i++) {
        if (uk_find_is_secret(services->item[i]))
            return UK_EXIT_USAGE;
    }
    if (args->try_time != NULL &&
        uk_when_parse_time("try", args->try_time, &seconds, &tool->err) !=
            UK_OK)
        return refuse(&tool->err);
    if (args->try_time != NULL && (seconds < 1 || seconds > LONGEST_TRIAL)) {
        uk_out_error(_("--try: a time from 1s to 7d is wanted"));
        return UK_EXIT_USAGE;
    }
    if (args->services != NULL && services->count == 0) {
        uk_out_error(_("--service: names are wanted, as in 'sshd,sudo'"));
        return UK_EXIT_USAGE;
    }
    if (services->count == 0 && !uk_loginway_has_profile()) {
        uk_out_error(
            _("there is no profile for pam-auth-update on this machine: "
              "say which services, as in '--service sshd,sudo'"));
        return UK_EXIT_USAGE;
    }
    *trial_s = (unsigned long)seconds;
    return UK_EXIT_DONE;
}

/* Would it lock people out? */
static enum uk_exit
guard(const struct uk_tool *tool, const struct uk_loginplan *plan)
{
    size_t errors = uk_lockout_look(plan);
    const char *why = "";

    if (errors > 0) {
        uk_out_error(
            _("nothing is changed: %s first; 'userkey doctor' says more"),
            errors == 1 ? _("mend that") : _("mend those"));
        return UK_EXIT_FAILED;
    }
    if (uk_lockout_has_way_back(plan, &why))
        return UK_EXIT_DONE;
    uk_out_error(_("while the service is away nobody gets back in: %s%s"), why,
                 tool->args.yes ? "" : _("; if it is meant, say --yes"));
    return tool->args.yes ? UK_EXIT_DONE : UK_EXIT_FAILED;
}

/* Timer and unit are there before the first file is changed: whatever happens
 * then, there is somebody who ends it. */
static enum uk_code
put_in(const struct uk_loginplan *plan, unsigned long trial_s,
       struct uk_loginstate *state, bool *at_boot, struct uk_err *err)
{
    enum uk_code code;

    *state = (struct uk_loginstate){.way = (int)plan->way,
                                    .services = plan->services,
                                    .made_stack = plan->makes_stack};
    uk_loginstate_stamp(state);
    if (trial_s > 0)
        state->until = uk_loginstate_now() + trial_s;
    code = uk_loginway_keep(plan, err);
    if (code == UK_OK)
        code = uk_loginstate_save(state, err);
    if (code == UK_OK && trial_s > 0)
        code = uk_logintimer_start(state->until, uk_loginend_trial, err);
    if (code == UK_OK && trial_s > 0)
        *at_boot = uk_logintimer_at_boot(true);
    if (code == UK_OK)
        code = uk_loginway_put(plan, err);
    if (code != UK_OK)
        return code;
    /* A login that began before this moment may have been by the old files. */
    uk_loginstate_stamp(state);
    return uk_loginstate_save(state, err);
}

/* What is half in goes out again; the first reason is what counts. */
static void
undo(const struct uk_loginstate *state)
{
    struct uk_conf_list names = {.count = 0};
    struct uk_err err = UK_ERR_NONE;

    if (uk_loginstate_is_trial(state))
        (void)uk_logintimer_at_boot(false);
    if (uk_loginway_take(state, true, &names, &err) != UK_OK ||
        uk_loginstate_drop(state, &err) != UK_OK)
        uk_out_error(_("undoing: %s; 'userkey disable-login' tries again"),
                     err.text);
}

static void
say_next(const struct uk_loginstate *state, const char *time, bool at_boot)
{
    struct uk_buf text = UK_BUF_UP_TO(8192);

    uk_out_note(_("keys log in to %s now"),
                name_services(&state->services, &text));
    uk_buf_clear(&text);
    if (!uk_loginstate_is_trial(state)) {
        uk_out_note(_("leave this window open until a login in another one has "
                      "worked; 'userkey disable-login' takes it out"));
        return;
    }
    uk_out_note(
        _("for %s, on trial: log in anew in another window, and say "
          "'sudo userkey confirm-login' there; if you cannot, wait, and "
          "all is as it was"),
        time);
    if (!at_boot)
        uk_out_note(
            _("no systemd here: if the machine may be started anew "
              "meanwhile, have 'userkey disable-login --expired' run at "
              "its start"));
}

static enum uk_exit
enable(struct uk_tool *tool, const struct uk_conf_list *services,
       unsigned long trial_s)
{
    struct uk_loginplan plan = {.n_planned = 0};
    struct uk_loginstate state;
    struct uk_err *err = &tool->err;
    enum uk_exit status;
    bool there = false, at_boot = false;

    if (uk_loginstate_load(&state, &there, err) != UK_OK)
        return fail(err);
    if (there) {
        uk_out_error(_("it is enabled already%s"),
                     uk_loginstate_is_trial(&state)
                         ? _(", on trial: 'userkey confirm-login' from a new "
                             "login lets it stay")
                         : _("; 'userkey disable-login' first"));
        return UK_EXIT_CONFLICT;
    }
    if (uk_loginplan_make(services, &plan, err) != UK_OK)
        status = fail(err);
    else
        status = guard(tool, &plan);
    if (status == UK_EXIT_DONE &&
        put_in(&plan, trial_s, &state, &at_boot, err) != UK_OK) {
        status = fail(err);
        undo(&state);
    }
    /* What pam-auth-update will write is seen only when it has. */
    if (status == UK_EXIT_DONE && plan.way == UK_LOGINWAY_PROFILE) {
        status = guard(tool, NULL);
        if (status != UK_EXIT_DONE)
            undo(&state);
    }
    uk_loginplan_clear(&plan);
    if (status == UK_EXIT_DONE) {
        put_result(tool, &state, &state.services);
        say_next(&state, tool->args.try_time, at_boot);
    }
    return status;
}

enum uk_exit
uk_cmd_enable_login(struct uk_tool *tool)
{
    struct uk_conf_list services = {.count = 0};
    unsigned long trial_s = 0;
    enum uk_exit status;
    int lock = -1;

    if (tool->args.confirm)
        return uk_cmd_confirm_login(tool);
    if (!is_root())
        return UK_EXIT_DENIED;
    status = read_arguments(tool, &services, &trial_s);
    if (status != UK_EXIT_DONE)
        return status;
    if (uk_loginstate_lock(&lock, &tool->err) != UK_OK)
        return fail(&tool->err);
    status = enable(tool, &services, trial_s);
    uk_io_close(&lock);
    return status;
}
