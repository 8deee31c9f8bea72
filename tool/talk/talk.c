/* A conversation with the service, by the session that is kept. */
#include "tool/talk/talk.h"

#include <unistd.h>

#include "tool/talk/reword.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/wait.h"

enum uk_code
uk_talk_prepare(struct uk_talk *talk, struct uk_err *err)
{
    enum uk_code code = uk_https_start(err);

    if (code == UK_OK)
        code = uk_https_new(&talk->state.place, &talk->https, err);
    if (code != UK_OK)
        return code;
    talk->service = (struct uk_service){.https = talk->https,
                                        .app_id = talk->state.place.app_id};
    talk->keys = (struct uk_keys){.service = &talk->service,
                                  .session = &talk->state.session};
    return UK_OK;
}

enum uk_exit
uk_talk_open(struct uk_talk *talk, struct uk_err *err)
{
    bool found = false;
    enum uk_code code = uk_state_load(&talk->state, &found, err);

    if (code == UK_OK && !found) {
        uk_out_error(_("not logged in; 'userkey login' does that (an "
                       "administrator has '--admin-file FILE --user WHO')"));
        return UK_EXIT_NOT_LOGGED_IN;
    }
    if (code == UK_OK)
        code = uk_talk_prepare(talk, err);
    return code == UK_OK ? UK_EXIT_DONE : uk_talk_failed(err);
}

void
uk_talk_close(struct uk_talk *talk)
{
    struct uk_err ignored; /* it runs out by itself */

    if (talk->of_admin) {
        uk_talk_next(talk);
        (void)!uk_admin_close(&talk->admin, &ignored);
    }
    uk_admin_clear(&talk->admin);
    uk_https_free(talk->https);
    talk->https = NULL;
    uk_state_clear(&talk->state);
}

struct uk_service *
uk_talk_next(struct uk_talk *talk)
{
    talk->service.by = uk_deadline_in(UK_TALK_MS);
    uk_wait_begin(_("the service"));
    return &talk->service;
}

enum uk_exit
uk_talk_failed(const struct uk_err *err)
{
    struct uk_err reworded = *err;

    uk_reword(&reworded, NULL);
    return uk_talk_say(&reworded);
}

enum uk_exit
uk_talk_say(const struct uk_err *err)
{
    if (err->code == UK_TIMEOUT)
        uk_out_error(_("%s (timeout:%s)"), err->text,
                     uk_stage_word(err->stage));
    else
        uk_out_error("%s", err->text);
    if (uk_status_of_code(err->code) == UK_EXIT_NETWORK &&
        access(UK_SETTINGS_FILE, F_OK) == 0)
        uk_out_hint(_("'userkey doctor' looks at this machine's way to the "
                      "service, and says what mends it"));
    return uk_status_of_code(err->code);
}

enum uk_exit
uk_talk_over(void)
{
    uk_out_error(_("the session is over; 'userkey login' begins a new one"));
    return UK_EXIT_NOT_LOGGED_IN;
}
