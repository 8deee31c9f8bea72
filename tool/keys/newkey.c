/* A key that has just been made: until somebody has its value. */
#include "tool/keys/newkey.h"

#include "core/json.h"
#include "tool/keys/find.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

bool
uk_newkey_check_args(const struct uk_args *args)
{
    if (!args->raw || (!args->json && args->out == NULL))
        return true;
    uk_out_error(_("--raw goes with neither --json nor --out"));
    return false;
}

/* A service that does not know keys that expire makes them without a word. */
static bool
lives_too_long(struct uk_expiry wanted, const struct uk_key *key)
{
    return (wanted.in_s > 0 || wanted.at_s > 0) && key->expires_s == 0;
}

enum uk_exit
uk_newkey_count(struct uk_tool *tool, struct uk_talk *talk,
                struct uk_newkey *out)
{
    struct uk_find find = {.key = NULL};
    enum uk_exit status = UK_EXIT_DONE;
    enum uk_code code;

    if (tool->args.raw)
        return status;
    code = uk_keys_list(uk_talk_next_keys(talk), &find.key, &find.count,
                        &tool->err);
    if (uk_status_of_code(code) == UK_EXIT_NETWORK)
        status = uk_talk_check(talk, code, "", &tool->err);
    else if (code == UK_OK && talk->keys.reply == UK_KEYS_DONE)
        out->others = find.count; /* else making it says what is wrong */
    uk_find_clear(&find);
    return status;
}

/* It was asked for, and nobody has read a whole answer. */
static bool
may_be_there(const struct uk_talk *talk, const struct uk_err *err)
{
    return err->stage == UK_STAGE_ANSWER || err->code == UK_BAD_ANSWER ||
           talk->service.refusal.status >= 500;
}

static void
say_lost(const struct uk_args *args, const char *name)
{
    const char *command = uk_find_command(args);

    uk_out_note(_("the key '%s' may be there all the same, with a value that "
                  "nobody has; if '%s show %s' shows one that is new, '%s "
                  "delete %s' removes it"),
                name, command, name, command, name);
}

enum uk_exit
uk_newkey_make(struct uk_tool *tool, struct uk_talk *talk, const char *name,
               struct uk_expiry expiry, struct uk_newkey *out)
{
    enum uk_exit status;
    enum uk_code code;

    code = uk_keys_create(uk_talk_next_keys(talk), name, expiry, &out->key,
                          &out->value, &tool->err);
    status = uk_talk_check(talk, code, name, &tool->err);
    if (code != UK_OK && may_be_there(talk, &tool->err))
        say_lost(&tool->args, name);
    if (status != UK_EXIT_DONE || !lives_too_long(expiry, &out->key))
        return status;
    uk_out_error(_("this service does not know keys that expire; without "
                   "--expires it makes one"));
    uk_newkey_take_back(talk, out);
    return UK_EXIT_FAILED;
}

static void
put_key(struct uk_tool *tool, const struct uk_target *target,
        const struct uk_newkey *made, const struct uk_key *replaced)
{
    struct uk_json_out json = {.buf = &tool->out};
    const struct uk_key *key = &made->key;

    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(&json, "id", key->id);
    uk_json_put_text(&json, "name", key->name);
    uk_json_put_bool(&json, "disabled", key->disabled);
    if (key->user_id[0] != '\0')
        uk_json_put_text(&json, "user_id", key->user_id);
    if (key->expires_s > 0)
        uk_json_put_int(&json, "expires", key->expires_s);
    if (replaced != NULL) {
        uk_json_put_text(&json, "old_id", replaced->id);
        uk_json_put_text(&json, "old_name", replaced->name);
    }
    if (target->path[0] != '\0')
        uk_json_put_text(&json, "file", target->path);
    else
        uk_json_put_text(&json, "key", uk_secret_peek(&made->value));
    uk_json_end(&json, '}');
    uk_buf_add_byte(&tool->out, '\n');
}

static void
say_made(const struct uk_key *key, const struct uk_target *target)
{
    bool in_file = target->path[0] != '\0';
    const char *user = key->user_id;
    char date[UK_OUT_DATE];

    uk_out_note(_("key '%s' (%s) is made%s%s%s%s%s; %s%s%s"), key->name,
                key->id, user[0] != '\0' ? _(" for user '") : "", user,
                user[0] != '\0' ? "'" : "",
                key->expires_s > 0 ? _(", good until ") : "",
                key->expires_s > 0 ? uk_out_date(key->expires_s, date) : "",
                in_file ? _("its value is in '")
                        : _("this is its value, which "),
                in_file ? target->path : _("nobody can show a second time"),
                in_file ? _("' and nowhere else") : ":");
}

/* Said before the value, which comes last.  The user of a server key is new
 * with it, and nobody's yet. */
static void
say_next(const struct uk_key *key)
{
    if (key->user_id[0] != '\0')
        uk_out_hint(
            _("to use it: a line 'ACCOUNT id:%s' in '/etc/userkey/users', "
              "and 'userkey check ACCOUNT' there"),
            key->user_id);
    else
        uk_out_hint(
            _("to try it: 'userkey check ACCOUNT', on a machine that it "
              "is to log in to"));
}

enum uk_exit
uk_newkey_hand_over(struct uk_tool *tool, const struct uk_target *target,
                    const struct uk_newkey *made, const struct uk_key *replaced,
                    bool *arrived)
{
    bool in_file = target->path[0] != '\0';
    enum uk_code code = UK_OK;

    *arrived = false;
    if (in_file)
        code = uk_target_fill(target, &made->value, arrived, &tool->err);
    if (code == UK_OK && made->others > 0)
        uk_find_warn(made->others + 1, &tool->args);
    if (code == UK_OK && !tool->args.raw && !tool->args.json) {
        if (replaced == NULL) /* what replaces one has logged in already */
            say_next(&made->key);
        say_made(&made->key, target);
    }
    if (tool->args.json)
        put_key(tool, target, made, replaced);
    else if (!in_file)
        uk_buf_addf(&tool->out, "%s\n", uk_secret_peek(&made->value));
    if (code == UK_OK)
        code = uk_out_flush(&tool->out, &tool->err);
    return code == UK_OK ? UK_EXIT_DONE : uk_talk_failed(&tool->err);
}

void
uk_newkey_take_back(struct uk_talk *talk, const struct uk_newkey *made)
{
    const struct uk_key *key = &made->key;
    struct uk_err err = UK_ERR_NONE;

    if (uk_keys_delete(uk_talk_next_keys(talk), key->id, &err) == UK_OK &&
        talk->keys.reply == UK_KEYS_DONE)
        uk_out_note(_("the key has been deleted again"));
    else
        uk_out_note(_("the key '%s' (%s) is there and its value is lost; "
                      "'userkey delete %s' removes it"),
                    key->name, key->id, key->id);
}

void
uk_newkey_clear(struct uk_newkey *made)
{
    uk_secret_clear(&made->value);
}
