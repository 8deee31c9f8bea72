/* A conversation about keys: one's own, or those of others. */
#include <string.h>

#include "core/str.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

struct uk_keys *
uk_talk_next_keys(struct uk_talk *talk)
{
    uk_talk_next(talk);
    return &talk->keys;
}

enum uk_exit
uk_talk_open_keys(struct uk_talk *talk, const struct uk_args *args,
                  struct uk_err *err)
{
    struct uk_admin_user user;
    enum uk_exit status;
    enum uk_code code;

    if (args->server_keys) {
        status = uk_talk_open_admin(talk, args, err);
        talk->keys.path = talk->admin.app;
        talk->keys.bearer = &talk->admin.tokens.access;
        return status;
    }
    if (args->admin_file == NULL && args->user == NULL)
        return uk_talk_open(talk, err);
    if (args->user == NULL) {
        uk_out_error(
            _("--user is missing: an administrator has no keys of this "
              "kind"));
        return UK_EXIT_USAGE;
    }
    status = uk_talk_open_admin(talk, args, err);
    if (status != UK_EXIT_DONE)
        return status;
    code = uk_admin_find(uk_talk_next_admin(talk), args->user, &user, err);
    status = uk_talk_check_admin(talk, code, args->user, err);
    if (status != UK_EXIT_DONE)
        return status;
    if (uk_admin_path(&talk->admin, user.id, talk->user_path, err) != UK_OK)
        return uk_talk_failed_admin(err);
    talk->keys.path = talk->user_path;
    talk->keys.bearer = &talk->admin.tokens.access;
    return UK_EXIT_DONE;
}

static const char *
words_of(enum uk_keys_reply reply)
{
    switch (reply) {
    case UK_KEYS_NOT_FOUND:
        return _("no such key; 'userkey list' shows what there is");
    case UK_KEYS_CONFLICT:
        return _(
            "there is a key of this name; choose another name, or 'userkey "
            "delete' that key first");
    case UK_KEYS_LIMIT:
        return _("there are as many keys as one user may have; 'userkey prune' "
                 "(what is over) or 'userkey delete' makes room");
    case UK_KEYS_BAD_NAME:
        return _("not a name for a key; allowed: letters, digits, '-' and '_'");
    case UK_KEYS_DENIED:
        return _("this session may not manage keys; log in with address and "
                 "password ('userkey login')");
    case UK_KEYS_NOT_LOGGED_IN:
        return _("the session is over; 'userkey login' begins a new one");
    case UK_KEYS_THROTTLED:
        return _("too many calls; try again later");
    case UK_KEYS_NONE:
    case UK_KEYS_DONE:
        break;
    }
    return _("no answer");
}

enum uk_exit
uk_talk_bad_name(const char *name)
{
    char shown[UK_PRINTABLE_SIZE];

    uk_out_error("'%s': %s", uk_str_printable(shown, name, strlen(name)),
                 words_of(UK_KEYS_BAD_NAME));
    return uk_status_of_reply(UK_KEYS_BAD_NAME);
}

enum uk_exit
uk_talk_check(const struct uk_talk *talk, enum uk_code code,
              const char *subject, const struct uk_err *err)
{
    const struct uk_refusal *refusal = &talk->service.refusal;
    char shown[UK_PRINTABLE_SIZE];

    if (code != UK_OK)
        return talk->of_admin ? uk_talk_failed_admin(err) : uk_talk_failed(err);
    if (talk->keys.reply == UK_KEYS_DONE)
        return UK_EXIT_DONE;
    uk_str_printable(shown, subject, strlen(subject));
    if (refusal->retry_after_s > 0)
        uk_out_error(_("'%s': %s (in %u s; request '%s')"), shown,
                     words_of(talk->keys.reply), refusal->retry_after_s,
                     refusal->request_id);
    else
        uk_out_error(_("'%s': %s (request '%s')"), shown,
                     words_of(talk->keys.reply), refusal->request_id);
    return uk_status_of_reply(talk->keys.reply);
}
