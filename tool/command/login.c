/* userkey login: an address and a password for a session. */
#include <string.h>

#include "core/identity.h"
#include "core/json.h"
#include "core/str.h"
#include "tool/command/commands.h"
#include "tool/talk/place.h"
#include "tool/talk/reword.h"
#include "tool/talk/talk.h"
#include "tool/terminal/ask.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

#define EMAIL_ROOM  (UK_EMAIL_MAX + 3)
#define GOODBYE_MS  3000 /* for ending the session that is replaced */
#define WITH_STDIN  "give --password-stdin"
#define WITH_OPTION "give --email"

static enum uk_code
ask_email(const struct uk_args *args, char email[EMAIL_ROOM],
          struct uk_err *err)
{
    enum uk_code code = UK_OK;

    if (args->email == NULL)
        code = uk_ask_line(_("Address: "), WITH_OPTION, email, EMAIL_ROOM, err);
    else if (!uk_str_copy(email, EMAIL_ROOM, args->email))
        email[0] = '\0';
    if (code == UK_OK && !uk_identity_is_email(email))
        code = uk_err_set(err, UK_INVALID,
                          _("that is not an address, as in name@example.com"));
    return code;
}

static enum uk_code
ask_password(const struct uk_args *args, struct uk_secret *password,
             struct uk_err *err)
{
    enum uk_code code;

    code = args->password_stdin
               ? uk_ask_stdin(password, err)
               : uk_ask_secret(_("Password: "), WITH_STDIN, password, err);
    return code == UK_OK ? code : uk_err_in(err, _("the password"));
}

/* Somebody who logs in anew should not leave a session behind that is good
 * for weeks.  Whether it can be ended is not their concern now. */
static void
end_old_session(struct uk_talk *talk)
{
    struct uk_talk old = {.https = NULL};
    struct uk_err ignored;
    bool found = false;

    if (uk_state_load(&old.state, &found, &ignored) == UK_OK && found &&
        strcmp(uk_secret_peek(&old.state.session.tokens.refresh),
               uk_secret_peek(&talk->state.session.tokens.refresh)) != 0 &&
        uk_talk_prepare(&old, &ignored) == UK_OK) {
        old.service.by = uk_deadline_in(GOODBYE_MS);
        if (uk_session_close(&old.service, &old.state.session.tokens.refresh,
                             &ignored) != UK_OK)
            uk_out_note(_("(the session before this one could not be ended; it "
                          "runs out by itself)"));
    }
    uk_talk_close(&old);
}

static enum uk_exit
refuse(const struct uk_talk *talk, enum uk_verdict verdict)
{
    const struct uk_refusal *refusal = &talk->service.refusal;

    if (verdict == UK_USER_DISABLED)
        uk_out_error(
            _("the service has disabled this user; an administrator "
              "enables it: 'userkey-server user enable' (request '%s')"),
            refusal->request_id);
    else if (verdict == UK_THROTTLED_SERVICE)
        uk_out_error(_("too many attempts; try again in %u s (request '%s')"),
                     refusal->retry_after_s, refusal->request_id);
    else if (uk_api_is_off(&talk->service))
        uk_out_error(_("%s (request '%s')"), UK_API_OFF("local-userpass"),
                     refusal->request_id);
    else
        uk_out_error(_("the service does not take this address and password; "
                       "who has forgotten it asks an administrator for a token "
                       "('userkey-server user reset-token') (request '%s')"),
                     refusal->request_id);
    return uk_status_of_verdict(verdict);
}

static enum uk_code
say_login(struct uk_tool *tool, const struct uk_talk *talk)
{
    struct uk_json_out json = {.buf = &tool->out};

    if (!tool->args.json) {
        uk_buf_addf(&tool->out, _("logged in to '%s' as user %s\n"),
                    talk->state.place.service_url.item[0],
                    talk->state.session.user_id);
        return uk_out_next(
            &tool->out, &tool->err,
            _("'userkey create NAME' makes a key, 'userkey list' "
              "shows those there are"));
    }
    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(&json, "user_id", talk->state.session.user_id);
    uk_json_put_text(&json, "app_id", talk->state.place.app_id);
    uk_json_put_text(&json, "url", talk->state.place.service_url.item[0]);
    uk_json_end(&json, '}');
    uk_buf_add_byte(&tool->out, '\n');
    return UK_OK;
}

enum uk_exit
uk_cmd_login(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct uk_secret password = UK_SECRET_NONE;
    enum uk_verdict verdict = UK_UNDECIDED;
    enum uk_exit status = UK_EXIT_DONE;
    char email[EMAIL_ROOM];
    enum uk_code code;

    code = uk_place_choose(&tool->args, UK_SETTINGS_FILE, &talk.state.place,
                           &tool->err);
    if (code == UK_OK)
        code = uk_talk_prepare(&talk, &tool->err);
    if (code == UK_OK)
        code = ask_email(&tool->args, email, &tool->err);
    if (code == UK_OK)
        code = ask_password(&tool->args, &password, &tool->err);
    if (code == UK_OK)
        code =
            uk_session_open_password(uk_talk_next(&talk), email, &password,
                                     &talk.state.session, &verdict, &tool->err);
    if (code == UK_OK && verdict != UK_GRANTED)
        status = refuse(&talk, verdict);
    if (code == UK_OK && verdict == UK_GRANTED) {
        end_old_session(&talk);
        code = uk_state_save(&talk.state, &tool->err);
    }
    if (code != UK_OK) {
        uk_reword(&tool->err, &tool->args);
        status = uk_talk_say(&tool->err);
    } else if (status == UK_EXIT_DONE && say_login(tool, &talk) != UK_OK) {
        status = uk_talk_say(&tool->err);
    }
    uk_secret_clear(&password);
    uk_talk_close(&talk);
    return status;
}
