/*
 * userkey rotate: another key in the place of one.
 *
 * The old key goes on working until the new one has logged in and its value
 * has arrived: whatever fails on the way, one key works that somebody has.
 * Once a file has the new value, the new key stays: what was in it is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/claims.h"
#include "core/session.h"
#include "core/str.h"
#include "tool/command/commands.h"
#include "tool/keys/find.h"
#include "tool/keys/keyname.h"
#include "tool/keys/newkey.h"
#include "tool/keys/target.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/when.h"

struct rotation {
    struct uk_tool *tool;
    struct uk_talk *talk;
    struct uk_find find;
    const struct uk_key *old; /* borrowed from find */
    struct uk_newkey made;
    struct uk_target target;
    struct uk_expiry expiry; /* of the new one */
    int64_t grace_s;         /* 0: none */
    char name[UK_KEYS_NAME + 1];
};

static enum uk_code
choose_name(struct rotation *rotation, struct uk_err *err)
{
    const char *given = rotation->tool->args.name;

    if (given == NULL)
        return uk_keyname_next(&rotation->find, rotation->old, rotation->name,
                               err);
    return uk_str_copy(rotation->name, sizeof(rotation->name), given)
               ? UK_OK
               : uk_err_set(err, UK_INVALID, _("--name: too long"));
}

/* What was made for 90 days is for 90 days again, unless somebody says
 * otherwise.  A key that has been rotated already has the end of its grace, and
 * that is not what it was made for; the key in its place knows. */
static enum uk_code
choose_expiry(struct rotation *rotation, struct uk_err *err)
{
    const struct uk_key *old = rotation->old;
    const struct uk_key *next = uk_keyname_successor(&rotation->find, old);
    const char *given = rotation->tool->args.expires;

    if (next != NULL && old->expires_s > 0) {
        if (!rotation->tool->args.raw)
            uk_out_note(_("'%s' is in the place of '%s' already: was 'userkey "
                          "rotate %s' meant?"),
                        next->name, old->name, next->name);
        old = next;
    }
    if (given != NULL)
        return uk_when_parse("expires", given, &rotation->expiry, err);
    if (old->created_s > 0 && old->expires_s > old->created_s)
        rotation->expiry.in_s = old->expires_s - old->created_s;
    return UK_OK;
}

/* Whose keys they are. */
static const char *
owner_of(const struct uk_talk *talk)
{
    return talk->keys.path != NULL ? strrchr(talk->keys.path, '/') + 1
                                   : talk->state.session.user_id;
}

/* A real login, as a machine's agent makes it. */
struct login {
    struct uk_service service;
    struct uk_session session;
    enum uk_verdict verdict;
};

/* log_out() is due whatever comes out. */
static enum uk_code
log_in(const struct rotation *rotation, const struct uk_secret *value,
       struct login *login, struct uk_err *err)
{
    const struct uk_talk *talk = rotation->talk;

    *login = (struct login){.service = {.https = talk->https,
                                        .app_id = talk->state.place.app_id,
                                        .brief = true,
                                        .by = uk_deadline_in(UK_TALK_MS)}};
    return uk_session_open(&login->service, value, &login->session,
                           &login->verdict, err);
}

static void
log_out(struct login *login)
{
    struct uk_secret *refresh = &login->session.tokens.refresh;
    struct uk_err ignored; /* it runs out by itself */

    if (refresh->len > 0) {
        login->service.by = uk_deadline_in(UK_TALK_MS);
        (void)!uk_session_close(&login->service, refresh, &ignored);
    }
    uk_session_clear(&login->session);
}

static enum uk_exit
say_refused(const struct login *login)
{
    uk_out_error(_("the new key does not log in: %s (request '%s')"),
                 uk_verdict_word(login->verdict),
                 login->service.refusal.request_id);
    return uk_status_of_verdict(login->verdict);
}

/* Does the new key let its user in? */
static enum uk_exit
prove(struct rotation *rotation)
{
    struct uk_err *err = &rotation->tool->err;
    enum uk_exit status = UK_EXIT_DONE;
    struct login login;
    enum uk_code code = log_in(rotation, &rotation->made.value, &login, err);

    if (code != UK_OK) {
        uk_err_in(err, _("logging in with the new key"));
        status = uk_talk_failed(err);
    } else if (login.verdict != UK_GRANTED) {
        status = say_refused(&login);
    } else if (strcmp(login.session.user_id, owner_of(rotation->talk)) != 0) {
        uk_out_error(_("the new key logs in as another user"));
        status = UK_EXIT_FAILED;
    }
    log_out(&login);
    return status;
}

/* Why the key in the file is not known to be the one that is to be replaced;
 * NULL if it is.  A session says which key has opened it. */
static const char *
find_doubt(const struct rotation *rotation, const struct login *login)
{
    char id[UK_USER_ID_MAX + 1];

    if (login->verdict != UK_GRANTED)
        return _("does not log in, so nothing shows that it is");
    if (!uk_claims_key(&login->session.tokens.access, id))
        return _("logs in, but this service does not say whether it is");
    return strcmp(id, rotation->old->id) == 0 ? NULL : _("is not");
}

/* The value of another key would be lost, and that key of no use. */
static enum uk_exit
check_replaced(struct rotation *rotation)
{
    const struct uk_key *old = rotation->old;
    struct uk_secret value = UK_SECRET_NONE;
    struct login login = {.verdict = UK_UNDECIDED};
    struct uk_err *err = &rotation->tool->err;
    enum uk_exit status = UK_EXIT_DONE;
    const char *doubt;
    enum uk_code code = uk_target_read(&rotation->target, &value, err);

    if (code == UK_OK) {
        code = log_in(rotation, &value, &login, err);
        if (code != UK_OK)
            uk_err_in(err, _("logging in with the key in '%s'"),
                      rotation->target.path);
    }
    uk_secret_clear(&value);
    doubt = code == UK_OK ? find_doubt(rotation, &login) : NULL;
    if (code != UK_OK) {
        status = uk_talk_failed(err);
    } else if (doubt != NULL) {
        uk_out_error(
            _("the key in '%s' %s '%s' (%s), and it is not overwritten; "
              "give '--out' another file"),
            rotation->target.path, doubt, old->name, old->id);
        status = UK_EXIT_USAGE;
    }
    log_out(&login);
    return status;
}

static void
say_end(const struct rotation *rotation)
{
    const struct uk_key *old = rotation->old;
    char date[UK_OUT_DATE];
    int64_t end = uk_when_now() + rotation->grace_s;

    if (rotation->tool->args.raw || rotation->tool->args.json)
        return;
    if (rotation->grace_s > 0 && old->expires_s > 0 && old->expires_s < end)
        end = old->expires_s;
    if (old->disabled || rotation->grace_s == 0)
        uk_out_note(_("the old key '%s' (%s) is disabled; 'userkey enable %s' "
                      "takes that back, 'userkey prune' deletes it in time"),
                    old->name, old->id, old->id);
    else
        uk_out_note(
            _("the old key '%s' (%s) goes on working until %s; then the "
              "service takes it no more, and deletes it in time"),
            old->name, old->id, uk_out_date(end, date));
}

/* The last step: the new key works, and somebody has it. */
static enum uk_exit
end_old(struct rotation *rotation)
{
    const struct uk_key *old = rotation->old;
    struct uk_talk *talk = rotation->talk;
    struct uk_err *err = &rotation->tool->err;
    struct uk_expiry expiry = {.in_s = rotation->grace_s};
    enum uk_code code = UK_OK;
    enum uk_exit status = UK_EXIT_DONE;

    if (rotation->grace_s == 0) {
        code = uk_keys_disable(uk_talk_next_keys(talk), old->id, err);
        status = uk_talk_check(talk, code, old->name, err);
    } else if (!old->disabled &&
               (old->expires_s == 0 ||
                old->expires_s > uk_when_now() + rotation->grace_s)) {
        code = uk_keys_expire(uk_talk_next_keys(talk), old->id, expiry, err);
        status = uk_talk_check(talk, code, old->name, err);
    }
    if (status == UK_EXIT_DONE)
        say_end(rotation);
    else
        uk_out_note(_("the new key '%s' (%s) works and its value has arrived; "
                      "the old one '%s' (%s) may still work: 'userkey disable "
                      "%s' ends it"),
                    rotation->made.key.name, rotation->made.key.id, old->name,
                    old->id, old->id);
    return status;
}

/* Two keys work then: better than none that somebody has. */
static void
say_half(const struct rotation *rotation)
{
    const struct uk_key *made = &rotation->made.key, *old = rotation->old;

    uk_out_note(
        _("the new key '%s' (%s) works and its value is in '%s'; the old "
          "key '%s' (%s) is as it was: 'userkey disable %s' ends it"),
        made->name, made->id, rotation->target.path, old->name, old->id,
        old->id);
}

static enum uk_exit
exchange(struct rotation *rotation)
{
    struct uk_tool *tool = rotation->tool;
    bool arrived = false;
    enum uk_exit status;

    if (!tool->args.raw)
        rotation->made.others = rotation->find.count;
    status = uk_newkey_make(tool, rotation->talk, rotation->name,
                            rotation->expiry, &rotation->made);

    if (status == UK_EXIT_DONE) {
        status = prove(rotation);
        if (status == UK_EXIT_DONE)
            status =
                uk_newkey_hand_over(tool, &rotation->target, &rotation->made,
                                    rotation->old, &arrived);
        if (status == UK_EXIT_DONE)
            return end_old(rotation);
        if (arrived) {
            say_half(rotation);
            return status;
        }
        uk_newkey_take_back(rotation->talk, &rotation->made);
    }
    uk_target_drop(&rotation->target);
    uk_out_note(_("the old key '%s' (%s) is as it was"), rotation->old->name,
                rotation->old->id);
    return status;
}

/* Everything that can be wrong before anything is changed. */
static enum uk_exit
prepare(struct rotation *rotation)
{
    struct uk_tool *tool = rotation->tool;
    const char *word = tool->args.word[0];
    enum uk_exit status;
    enum uk_code code;

    code = uk_keys_list(uk_talk_next_keys(rotation->talk), &rotation->find.key,
                        &rotation->find.count, &tool->err);
    status = uk_talk_check(rotation->talk, code, word, &tool->err);
    if (status == UK_EXIT_DONE)
        status =
            uk_find_key(&rotation->find, &tool->args, word, &rotation->old);
    if (status != UK_EXIT_DONE)
        return status;
    if (rotation->grace_s > 0 && rotation->old->created_s == 0) {
        uk_out_error(
            _("this service does not know keys that expire, so --grace "
              "cannot be kept; without it the old key is disabled at "
              "once"));
        return UK_EXIT_FAILED;
    }
    code = choose_name(rotation, &tool->err);
    if (code == UK_OK)
        code = choose_expiry(rotation, &tool->err);
    if (code == UK_OK)
        code = uk_target_open(&rotation->target, tool->args.out, true,
                              tool->args.json, &tool->err);
    if (code != UK_OK)
        return uk_talk_failed(&tool->err);
    return rotation->target.replaces ? check_replaced(rotation) : UK_EXIT_DONE;
}

/* What is wrong with the command line, before anybody is asked. */
static enum uk_exit
check_args(struct uk_tool *tool, int64_t *grace_s)
{
    const struct uk_args *args = &tool->args;
    struct uk_expiry ignored;
    enum uk_code code = UK_OK;

    if (!uk_newkey_check_args(args) || uk_find_is_secret(args->word[0]) ||
        (args->name != NULL && uk_find_is_secret(args->name)))
        return UK_EXIT_USAGE;
    if (args->grace != NULL)
        code = uk_when_parse_time("grace", args->grace, grace_s, &tool->err);
    if (code == UK_OK && args->expires != NULL)
        code = uk_when_parse("expires", args->expires, &ignored, &tool->err);
    return code == UK_OK ? UK_EXIT_DONE : uk_talk_failed(&tool->err);
}

enum uk_exit
uk_cmd_rotate(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct rotation rotation = {.tool = tool, .talk = &talk};
    enum uk_exit status = check_args(tool, &rotation.grace_s);

    if (status != UK_EXIT_DONE)
        return status;
    status = uk_talk_open_keys(&talk, &tool->args, &tool->err);
    if (status == UK_EXIT_DONE)
        status = prepare(&rotation);
    if (status == UK_EXIT_DONE)
        status = exchange(&rotation);
    uk_newkey_clear(&rotation.made);
    uk_find_clear(&rotation.find);
    uk_talk_close(&talk);
    return status;
}
