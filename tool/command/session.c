/* userkey logout, userkey whoami: the session that is kept. */
#include "core/json.h"
#include "tool/command/commands.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"

/* The file goes whatever the service says: who logs out wants to be able to
 * leave. */
enum uk_exit
uk_cmd_logout(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct uk_json_out json = {.buf = &tool->out};
    enum uk_exit status = uk_talk_open(&talk, &tool->err);

    if (status != UK_EXIT_DONE)
        goto out;
    if (uk_session_close(uk_talk_next(&talk),
                         &talk.state.session.tokens.refresh,
                         &tool->err) != UK_OK) {
        status = uk_talk_failed(&tool->err);
        uk_out_note(
            _("the session is forgotten here, but the service could not "
              "be told; it runs out there by itself"));
    }
    if (uk_state_remove(&tool->err) != UK_OK)
        status = uk_talk_failed(&tool->err);
    if (status != UK_EXIT_DONE)
        goto out;
    if (tool->args.json) {
        uk_json_begin(&json, NULL, '{');
        uk_json_put_bool(&json, "logged_out", true);
        uk_json_end(&json, '}');
        uk_buf_add_byte(&tool->out, '\n');
    } else {
        uk_buf_addf(&tool->out, _("logged out of '%s'\n"),
                    talk.state.place.service_url.item[0]);
    }
out:
    uk_talk_close(&talk);
    return status;
}

/* An access token lives for minutes: one that has run out is exchanged for a
 * new one, and that is kept. */
static enum uk_code
find_person(struct uk_talk *talk, struct uk_person *person,
            enum uk_verdict *verdict, struct uk_err *err)
{
    struct uk_session *session = &talk->state.session;
    enum uk_code code;

    code =
        uk_session_profile(uk_talk_next(talk), session, person, verdict, err);
    if (code != UK_OK || *verdict != UK_REFUSED)
        return code;
    code = uk_session_refresh(uk_talk_next(talk), session, verdict, err);
    if (code == UK_OK && *verdict == UK_GRANTED)
        code = uk_state_save(&talk->state, err);
    if (code == UK_OK && *verdict == UK_GRANTED)
        code = uk_session_profile(uk_talk_next(talk), session, person, verdict,
                                  err);
    return code;
}

static void
put_person(struct uk_buf *out, const struct uk_talk *talk,
           const struct uk_person *person)
{
    struct uk_json_out json = {.buf = out};

    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(&json, "user_id", person->id);
    uk_json_begin(&json, "emails", '[');
    for (size_t i = 0; i < person->n_emails; i++)
        uk_json_put_text(&json, NULL, person->email[i]);
    uk_json_end(&json, ']');
    uk_json_put_text(&json, "app_id", talk->state.place.app_id);
    uk_json_put_text(&json, "url", talk->state.place.service_url.item[0]);
    uk_json_end(&json, '}');
    uk_buf_add_byte(out, '\n');
}

static enum uk_code
list_person(struct uk_buf *out, const struct uk_talk *talk,
            const struct uk_person *person, struct uk_err *err)
{
    const char *cells[2 * (UK_PERSON_EMAILS + 3)];
    size_t n = 0;

    cells[n++] = uk_out_label(N_("user"));
    cells[n++] = person->id;
    for (size_t i = 0; i < person->n_emails; i++) {
        cells[n++] = uk_out_label(N_("email"));
        cells[n++] = person->email[i];
    }
    cells[n++] = uk_out_label(N_("app"));
    cells[n++] = talk->state.place.app_id;
    cells[n++] = uk_out_label(N_("service"));
    cells[n++] = talk->state.place.service_url.item[0];
    return uk_table_add(out, NULL, 2, cells, n / 2, err);
}

enum uk_exit
uk_cmd_whoami(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct uk_person person;
    enum uk_verdict verdict = UK_UNDECIDED;
    enum uk_exit status = uk_talk_open(&talk, &tool->err);
    enum uk_code code;

    if (status != UK_EXIT_DONE)
        goto out;
    code = find_person(&talk, &person, &verdict, &tool->err);
    if (code == UK_OK && verdict == UK_GRANTED && !tool->args.json)
        code = list_person(&tool->out, &talk, &person, &tool->err);
    if (code != UK_OK)
        status = uk_talk_failed(&tool->err);
    else if (verdict == UK_REFUSED)
        status = uk_talk_over();
    else if (verdict != UK_GRANTED) {
        uk_out_error(_("the service answers '%s'; 'userkey login' begins a new "
                       "session (request '%s')"),
                     uk_verdict_word(verdict), talk.service.refusal.request_id);
        status = uk_status_of_verdict(verdict);
    } else if (tool->args.json)
        put_person(&tool->out, &talk, &person);
out:
    uk_talk_close(&talk);
    return status;
}
