/* A conversation with the service as an administrator. */
#include <string.h>

#include "core/str.h"
#include "tool/talk/adminfile.h"
#include "tool/talk/reword.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

struct uk_admin *
uk_talk_next_admin(struct uk_talk *talk)
{
    uk_talk_next(talk);
    return &talk->admin;
}

enum uk_exit
uk_talk_failed_admin(const struct uk_err *err)
{
    struct uk_err reworded = *err;

    uk_reword_admin(&reworded);
    return uk_talk_say(&reworded);
}

/* For people, and as an exit status. */
static const struct {
    const char *words;
    enum uk_exit status;
} replies[] = {
    [UK_ADMIN_NONE] = {N_("no answer"), UK_EXIT_FAILED},
    [UK_ADMIN_DONE] = {"done", UK_EXIT_DONE},
    [UK_ADMIN_NOT_FOUND] =
        {N_("no such user; 'userkey user list' shows who there "
            "is"),
         UK_EXIT_NOT_FOUND},
    [UK_ADMIN_NO_APP] =
        {N_("the service has no app of the 'app_id' of this file"),
         UK_EXIT_NOT_FOUND},
    [UK_ADMIN_CONFLICT] =
        {N_("somebody has this address already; 'userkey user "
            "show' has who"),
         UK_EXIT_CONFLICT},
    [UK_ADMIN_CONFIRMED] = {N_("the address is confirmed already"),
                            UK_EXIT_DONE},
    [UK_ADMIN_BAD_VALUE] =
        {N_("the service does not take this address, or this "
            "password (ours wants 6 to 128 characters)"),
         UK_EXIT_USAGE},
    [UK_ADMIN_DENIED] = {N_("the service does not take this pair of keys; "
                            "'userkey-server admin-key' makes one"),
                         UK_EXIT_DENIED},
    [UK_ADMIN_NOT_LOGGED_IN] =
        {N_("the administrator's session is over; was the "
            "pair of keys deleted?"),
         UK_EXIT_NOT_LOGGED_IN},
    [UK_ADMIN_THROTTLED] = {N_("too many calls; try again later"),
                            UK_EXIT_NETWORK},
};

enum uk_exit
uk_talk_check_admin(const struct uk_talk *talk, enum uk_code code,
                    const char *subject, const struct uk_err *err)
{
    enum uk_admin_reply reply = talk->admin.reply;
    char shown[UK_PRINTABLE_SIZE];

    if (code != UK_OK)
        return uk_talk_failed_admin(err);
    if (reply != UK_ADMIN_DONE)
        uk_out_error(_("'%s': %s (request '%s')"),
                     uk_str_printable(shown, subject, strlen(subject)),
                     _(replies[reply].words), talk->service.refusal.request_id);
    return replies[reply].status;
}

enum uk_exit
uk_talk_open_admin(struct uk_talk *talk, const struct uk_args *args,
                   struct uk_err *err)
{
    struct uk_adminfile file = {.public_key = ""};
    enum uk_exit status;
    enum uk_code code;

    if (args->admin_file == NULL) {
        uk_out_error(
            _("--admin-file is missing: it says which service, and has "
              "an administrator's pair of keys ('userkey-server admin-key "
              "create' makes one)"));
        return UK_EXIT_USAGE;
    }
    code = uk_adminfile_load(args->admin_file, &file, &talk->state.place, err);
    if (code == UK_OK)
        code = uk_talk_prepare(talk, err);
    if (code == UK_OK) {
        talk->of_admin = true;
        talk->admin.service = &talk->service;
        code = uk_admin_open(uk_talk_next_admin(talk), file.public_key,
                             &file.private_key, err);
    }
    status = uk_talk_check_admin(talk, code, args->admin_file, err);
    uk_adminfile_clear(&file);
    return status;
}
