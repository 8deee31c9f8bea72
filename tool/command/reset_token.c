/* userkey user reset-token: what an administrator hands out to a person. */
#include "core/adminperson.h"
#include "core/json.h"
#include "tool/command/commands.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

/* A token alone on standard output, what it is beside it. */
static void
show_token(struct uk_tool *tool, const struct uk_admin_user *user,
           const struct uk_secret *word, int64_t expires)
{
    struct uk_json_out json = {.buf = &tool->out};
    char date[UK_OUT_DATE];

    if (!tool->args.json) {
        uk_out_note(_("for '%s', once, until %s: 'userkey reset-password' asks "
                      "for it"),
                    user->email, uk_out_date(expires, date));
        uk_buf_addf(&tool->out, "%s\n", uk_secret_peek(word));
        return;
    }
    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(&json, "id", user->id);
    uk_json_put_text(&json, "email", user->email);
    uk_json_put_text(&json, "token", uk_secret_peek(word));
    uk_json_put_int(&json, "expires", expires);
    uk_json_end(&json, '}');
    uk_buf_add_byte(&tool->out, '\n');
}

/* Of somebody who has an address. */
static enum uk_exit
find_person(struct uk_tool *tool, struct uk_talk *talk,
            struct uk_admin_user *user)
{
    const char *who = tool->args.word[1];
    enum uk_exit status;
    enum uk_code code;

    code = uk_admin_find(uk_talk_next_admin(talk), who, user, &tool->err);
    status = uk_talk_check_admin(talk, code, who, &tool->err);
    if (status != UK_EXIT_DONE || user->email[0] != '\0')
        return status;
    uk_out_error(_("user '%s' has no address to log in with"), user->id);
    return UK_EXIT_NOT_FOUND;
}

enum uk_exit
uk_cmd_reset_token(struct uk_tool *tool, struct uk_talk *talk)
{
    struct uk_secret word = UK_SECRET_NONE;
    struct uk_admin_user user;
    int64_t expires = 0;
    enum uk_exit status = find_person(tool, talk, &user);
    enum uk_code code;

    if (status != UK_EXIT_DONE)
        return status;
    code = uk_adminperson_reset(uk_talk_next_admin(talk), user.id, &word,
                                &expires, &tool->err);
    status = uk_talk_check_admin(talk, code, tool->args.word[1], &tool->err);
    if (status == UK_EXIT_DONE)
        show_token(tool, &user, &word, expires);
    uk_secret_clear(&word);
    return status;
}
