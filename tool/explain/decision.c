/* One decision about a login with a key, asked for and shown. */
#include "tool/explain/decision.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "tool/explain/meaning.h"
#include "tool/keys/find.h"
#include "tool/terminal/ask.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"
#include "tool/terminal/wait.h"

#define ROWS      16
#define WORD_ROOM 32

/* The word that stands first in the log's line. */
static const char *
word_of(const struct uk_decision *check, char *room, size_t size)
{
    if (check->code == UK_OK)
        return uk_verdict_word(check->outcome.verdict);
    if (check->code != UK_TIMEOUT)
        return uk_code_word(check->code);
    snprintf(room, size, "timeout:%s", uk_stage_word(check->err.stage));
    return room;
}

static const char *
why_of(const struct uk_decision *check)
{
    if (check->code != UK_OK)
        return check->err.text;
    return check->outcome.why;
}

void
uk_decision_put(struct uk_json_out *json, const struct uk_decision *check)
{
    const struct uk_outcome *outcome = &check->outcome;
    char shown[UK_PRINTABLE_SIZE], room[WORD_ROOM];
    const char *word = word_of(check, room, sizeof(room));
    bool granted = check->code == UK_OK && outcome->verdict == UK_GRANTED;

    uk_json_put_text(json, "user",
                     uk_str_printable(shown, check->user, strlen(check->user)));
    uk_json_put_text(json, "service", check->service);
    uk_json_put_bool(json, "granted", granted);
    uk_json_put_text(json, "result", word);
    uk_json_put_text(json, "pam",
                     uk_explain_pam(check->code, outcome->verdict));
    uk_json_put_text(json, "meaning",
                     uk_explain_meaning(check->code, outcome->verdict));
    uk_json_put_text(json, "why", why_of(check));
    uk_json_put_bool(json, "asked", outcome->asked);
    if (outcome->account.name[0] != '\0') {
        uk_json_put_text(json, "account", outcome->account.name);
        uk_json_put_int(json, "uid", (int64_t)outcome->account.uid);
    }
    if (outcome->person.id[0] != '\0') {
        uk_json_put_text(json, "user_id", outcome->person.id);
        uk_json_begin(json, "emails", '[');
        for (size_t i = 0; i < outcome->person.n_emails; i++)
            uk_json_put_text(json, NULL, outcome->person.email[i]);
        uk_json_end(json, ']');
    }
    if (outcome->request_id[0] != '\0')
        uk_json_put_text(json, "request_id", outcome->request_id);
    uk_json_put_bool(json, "offline", outcome->offline);
    if (outcome->offline)
        uk_json_put_int(json, "offline_age", outcome->offline_age_s);
    if (outcome->retry_after_s > 0)
        uk_json_put_int(json, "retry_after", outcome->retry_after_s);
}

/* Two columns, of which a row without a value is left out. */
struct rows {
    const char *cell[2 * ROWS];
    size_t n;
};

static void
add_row(struct rows *rows, const char *name, const char *value)
{
    if (value[0] == '\0' || rows->n == 2 * ROWS)
        return;
    rows->cell[rows->n++] = uk_out_label(name);
    rows->cell[rows->n++] = value;
}

enum uk_code
uk_decision_list(struct uk_buf *out, const struct uk_decision *check,
                 struct uk_err *err)
{
    const struct uk_outcome *outcome = &check->outcome;
    char room[WORD_ROOM];
    const char *word = word_of(check, room, sizeof(room));
    struct rows rows = {.n = 0};
    char account[UK_NAME_MAX + 32] = "", retry[32] = "", offline[96] = "";

    if (outcome->account.name[0] != '\0')
        snprintf(account, sizeof(account), _("%s (uid %lu)"),
                 outcome->account.name, (unsigned long)outcome->account.uid);
    if (outcome->retry_after_s > 0)
        snprintf(retry, sizeof(retry), _("in %u s"),
                 (unsigned)outcome->retry_after_s);
    if (outcome->offline)
        snprintf(offline, sizeof(offline),
                 _("by 'offline_grace': the service took this key %u s ago"),
                 (unsigned)outcome->offline_age_s);
    add_row(&rows, N_("result"), word);
    add_row(&rows, N_("meaning"),
            uk_explain_meaning(check->code, outcome->verdict));
    add_row(&rows, N_("why"), why_of(check));
    add_row(&rows, N_("account"), account);
    add_row(&rows, N_("person"), outcome->person.id);
    for (size_t i = 0; i < outcome->person.n_emails; i++)
        add_row(&rows, N_("email"), outcome->person.email[i]);
    add_row(&rows, N_("request"), outcome->request_id);
    add_row(&rows, N_("offline"), offline);
    add_row(&rows, N_("try again"), retry);
    add_row(&rows, N_("PAM"), uk_explain_pam(check->code, outcome->verdict));
    return uk_table_add(out, NULL, 2, rows.cell, rows.n / 2, err);
}

enum uk_code
uk_decision_key(struct uk_secret *key, struct uk_err *err)
{
    enum uk_code code;

    code = uk_ask_is_terminal()
               ? uk_ask_secret(_("User API key: "),
                               _("put it on standard input"), key, err)
               : uk_ask_stdin(key, err);
    return code == UK_OK ? code : uk_err_in(err, _("the key"));
}

void
uk_decision_make(struct uk_decision *decision,
                 const struct uk_settings *settings, const char *conf_file,
                 const struct uk_secret *key)
{
    const struct uk_login login = {
        .settings = settings,
        .conf_file = conf_file,
        .user = decision->user,
        .service = decision->service,
        .rhost = decision->rhost,
        .key = key,
    };

    uk_wait_begin(_("the service"));
    decision->code =
        uk_login_decide(&login, uk_deadline_in((unsigned)settings->timeout),
                        &decision->outcome, &decision->err);
    uk_wait_end();
}

enum uk_exit
uk_decision_status(const struct uk_decision *decision)
{
    return decision->code == UK_OK
               ? uk_status_of_verdict(decision->outcome.verdict)
               : uk_status_of_code(decision->code);
}

bool
uk_decision_names(struct uk_decision *decision, const struct uk_args *args)
{
    decision->user = args->word[0];
    decision->service = args->service != NULL ? args->service : "userkey-check";
    decision->rhost = args->rhost != NULL ? args->rhost : "";
    if (uk_find_is_secret(decision->user) ||
        uk_find_is_secret(decision->service) ||
        uk_find_is_secret(decision->rhost))
        return false;
    if (!uk_str_is_printable(decision->service) ||
        strchr(decision->service, '/') != NULL) {
        uk_out_error(_("--service: not the name of a PAM service"));
        return false;
    }
    if (!uk_str_is_printable(decision->rhost) ||
        strlen(decision->rhost) > UK_MSG_HOST) {
        uk_out_error(_("--rhost: not the name or address of a host"));
        return false;
    }
    return true;
}
