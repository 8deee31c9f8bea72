/* userkey reset-password: a person's way back in. */
#include <string.h>

#include "core/reset.h"
#include "tool/command/commands.h"
#include "tool/talk/place.h"
#include "tool/talk/reword.h"
#include "tool/talk/talk.h"
#include "tool/terminal/ask.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

#define WITH_STDIN "give --password-stdin"

/* Who mistypes it would need another token. */
static enum uk_code
ask_twice(struct uk_secret *password, struct uk_err *err)
{
    struct uk_secret again = UK_SECRET_NONE;
    enum uk_code code;

    code = uk_ask_secret(_("New password: "), WITH_STDIN, password, err);
    if (code == UK_OK)
        code =
            uk_ask_secret(_("New password again: "), WITH_STDIN, &again, err);
    if (code == UK_OK &&
        strcmp(uk_secret_peek(password), uk_secret_peek(&again)) != 0)
        code =
            uk_err_set(err, UK_INVALID,
                       _("the two are not the same, and nothing is changed"));
    uk_secret_clear(&again);
    return code;
}

/* On standard input the token is the first line, the password the second. */
static enum uk_code
ask_both(bool from_stdin, struct uk_secret *word, struct uk_secret *password,
         struct uk_err *err)
{
    enum uk_code code =
        from_stdin ? uk_ask_stdin(word, err)
                   : uk_ask_secret(_("Token: "), WITH_STDIN, word, err);

    if (code != UK_OK)
        return uk_err_in(err, _("the token"));
    code = from_stdin ? uk_ask_stdin(password, err) : ask_twice(password, err);
    return code == UK_OK ? code : uk_err_in(err, _("the password"));
}

static enum uk_exit
report(const struct uk_talk *talk, enum uk_verdict verdict)
{
    const struct uk_refusal *refusal = &talk->service.refusal;

    if (verdict == UK_GRANTED)
        uk_out_note(_("the password is set, and sessions from before are over; "
                      "'userkey login' begins one"));
    else if (verdict == UK_THROTTLED_SERVICE)
        uk_out_error(_("too many attempts; try again in %u s (request '%s')"),
                     refusal->retry_after_s, refusal->request_id);
    else
        uk_out_error(
            _("the service does not take this token, which is good for "
              "a day, once, and until there is a newer one; or not this "
              "password (ours wants 6 to 128 characters) (request '%s')"),
            refusal->request_id);
    return uk_status_of_verdict(verdict);
}

enum uk_exit
uk_cmd_reset_password(struct uk_tool *tool)
{
    struct uk_secret word = UK_SECRET_NONE, password = UK_SECRET_NONE;
    struct uk_talk talk = {.https = NULL};
    enum uk_verdict verdict = UK_UNDECIDED;
    enum uk_exit status;
    enum uk_code code;

    code = uk_place_choose(&tool->args, UK_SETTINGS_FILE, &talk.state.place,
                           &tool->err);
    if (code == UK_OK)
        code = uk_talk_prepare(&talk, &tool->err);
    if (code == UK_OK)
        code =
            ask_both(tool->args.password_stdin, &word, &password, &tool->err);
    if (code == UK_OK)
        code = uk_reset_password(uk_talk_next(&talk), &word, &password,
                                 &verdict, &tool->err);
    if (code != UK_OK) {
        uk_reword(&tool->err, &tool->args);
        status = uk_talk_say(&tool->err);
    } else {
        status = report(&talk, verdict);
    }
    uk_secret_clear(&password);
    uk_secret_clear(&word);
    uk_talk_close(&talk);
    return status;
}
