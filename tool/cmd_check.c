/* userkey check: the decision that a login would get, explained. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "core/login.h"
#include "core/str.h"
#include "tool/ask.h"
#include "tool/command.h"
#include "tool/explain.h"
#include "tool/find.h"
#include "tool/out.h"
#include "tool/talk.h"

#define ROWS 16

/* What was asked and what came of it. */
struct check {
    const char *user;
    const char *service;
    enum uk_code code;
    struct uk_outcome outcome; /* with UK_OK */
    struct uk_err err;         /* with any other code */
};

/* The word that stands first in the log's line. */
static const char *
word_of(const struct check *check, char *room, size_t size)
{
    if (check->code == UK_OK)
        return uk_verdict_word(check->outcome.verdict);
    if (check->code != UK_TIMEOUT)
        return uk_code_word(check->code);
    snprintf(room, size, "timeout:%s", uk_stage_word(check->err.stage));
    return room;
}

static const char *
why_of(const struct check *check)
{
    if (check->code != UK_OK)
        return check->err.text;
    return check->outcome.why;
}

static void
put_check(struct uk_buf *out, const struct check *check, const char *word)
{
    const struct uk_outcome *outcome = &check->outcome;
    struct uk_json_out json = {.buf = out};
    char shown[UK_PRINTABLE_SIZE];
    bool granted = check->code == UK_OK && outcome->verdict == UK_GRANTED;

    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(&json, "user",
                     uk_str_printable(shown, check->user, strlen(check->user)));
    uk_json_put_text(&json, "service", check->service);
    uk_json_put_bool(&json, "granted", granted);
    uk_json_put_text(&json, "result", word);
    uk_json_put_text(&json, "pam",
                     uk_explain_pam(check->code, outcome->verdict));
    uk_json_put_text(&json, "meaning",
                     uk_explain_meaning(check->code, outcome->verdict));
    uk_json_put_text(&json, "why", why_of(check));
    uk_json_put_bool(&json, "asked", outcome->asked);
    if (outcome->account.name[0] != '\0') {
        uk_json_put_text(&json, "account", outcome->account.name);
        uk_json_put_int(&json, "uid", (int64_t)outcome->account.uid);
    }
    if (outcome->person.id[0] != '\0') {
        uk_json_put_text(&json, "user_id", outcome->person.id);
        uk_json_begin(&json, "emails", '[');
        for (size_t i = 0; i < outcome->person.n_emails; i++)
            uk_json_put_text(&json, NULL, outcome->person.email[i]);
        uk_json_end(&json, ']');
    }
    if (outcome->request_id[0] != '\0')
        uk_json_put_text(&json, "request_id", outcome->request_id);
    uk_json_put_bool(&json, "offline", outcome->offline);
    if (outcome->offline)
        uk_json_put_int(&json, "offline_age", outcome->offline_age_s);
    if (outcome->retry_after_s > 0)
        uk_json_put_int(&json, "retry_after", outcome->retry_after_s);
    uk_json_end(&json, '}');
    uk_buf_add_byte(out, '\n');
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
    rows->cell[rows->n++] = name;
    rows->cell[rows->n++] = value;
}

static enum uk_code
list_check(struct uk_buf *out, const struct check *check, const char *word,
           struct uk_err *err)
{
    const struct uk_outcome *outcome = &check->outcome;
    struct rows rows = {.n = 0};
    char account[UK_NAME_MAX + 32] = "", retry[32] = "", offline[96] = "";

    if (outcome->account.name[0] != '\0')
        snprintf(account, sizeof(account), "%s (uid %lu)",
                 outcome->account.name, (unsigned long)outcome->account.uid);
    if (outcome->retry_after_s > 0)
        snprintf(retry, sizeof(retry), "in %u s",
                 (unsigned)outcome->retry_after_s);
    if (outcome->offline)
        snprintf(offline, sizeof(offline),
                 "by 'offline_grace': the service took this key %u s ago",
                 (unsigned)outcome->offline_age_s);
    add_row(&rows, "result", word);
    add_row(&rows, "meaning",
            uk_explain_meaning(check->code, outcome->verdict));
    add_row(&rows, "why", why_of(check));
    add_row(&rows, "account", account);
    add_row(&rows, "person", outcome->person.id);
    for (size_t i = 0; i < outcome->person.n_emails; i++)
        add_row(&rows, "email", outcome->person.email[i]);
    add_row(&rows, "request", outcome->request_id);
    add_row(&rows, "offline", offline);
    add_row(&rows, "try again", retry);
    add_row(&rows, "PAM", uk_explain_pam(check->code, outcome->verdict));
    return uk_out_table(out, NULL, 2, rows.cell, rows.n / 2, err);
}

static enum uk_code
ask_key(struct uk_secret *key, struct uk_err *err)
{
    enum uk_code code;

    code = uk_ask_is_terminal()
               ? uk_ask_secret("User API key: ", "put it on standard input",
                               key, err)
               : uk_ask_stdin(key, err);
    return code == UK_OK ? code : uk_err_in(err, "the key");
}

/* Show it; the exit status that goes with it. */
static enum uk_exit
report(struct uk_tool *tool, const struct check *check)
{
    char room[32];
    const char *word = word_of(check, room, sizeof(room));
    enum uk_exit status = check->code == UK_OK
                              ? uk_status_of_verdict(check->outcome.verdict)
                              : uk_status_of_code(check->code);

    if (tool->args.json)
        put_check(&tool->out, check, word);
    else if (list_check(&tool->out, check, word, &tool->err) != UK_OK)
        status = uk_talk_failed(&tool->err);
    if (check->code != UK_OK && geteuid() != 0)
        uk_out_note("a login asks as root; so should 'userkey check'");
    return status;
}

static enum uk_exit
decide(struct uk_tool *tool, struct check *check,
       const struct uk_settings *settings, const char *conf_file)
{
    struct uk_secret key = UK_SECRET_NONE;
    struct uk_login login = {
        .settings = settings,
        .conf_file = conf_file,
        .user = check->user,
        .service = check->service,
        .rhost = "",
        .key = &key,
    };
    enum uk_exit status;

    if (ask_key(&key, &tool->err) != UK_OK) {
        status = uk_talk_failed(&tool->err);
    } else {
        check->code =
            uk_login_decide(&login, uk_deadline_in((unsigned)settings->timeout),
                            &check->outcome, &check->err);
        status = report(tool, check);
    }
    uk_secret_clear(&key);
    return status;
}

enum uk_exit
uk_cmd_check(struct uk_tool *tool)
{
    const char *conf =
        tool->args.conf != NULL ? tool->args.conf : UK_SETTINGS_FILE;
    struct check check = {
        .user = tool->args.word[0],
        .service =
            tool->args.service != NULL ? tool->args.service : "userkey-check",
        .outcome = {.verdict = UK_UNDECIDED},
    };
    struct uk_settings settings;
    enum uk_exit status;

    if (uk_find_is_secret(check.user))
        return UK_EXIT_USAGE;
    if (!uk_str_is_printable(check.service)) {
        uk_out_error("--service: not the name of a PAM service");
        return UK_EXIT_USAGE;
    }
    check.code = uk_settings_load(conf, &settings, &check.err);
    status = check.code == UK_OK ? decide(tool, &check, &settings, conf)
                                 : report(tool, &check);
    uk_outcome_clear(&check.outcome);
    return status;
}
