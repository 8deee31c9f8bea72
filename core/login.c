/* One login, from a name and a key to a verdict. */
#include "core/login.h"

#include <stdio.h>
#include <string.h>

#include "core/account.h"
#include "core/agent.h"
#include "core/attr.h"
#include "core/buf.h"
#include "core/file.h"
#include "core/keytext.h"
#include "core/users.h"

#define USERS_FILE_MAX (16 * 1024 * 1024)
#define LOOK_MS        250 /* less than an answer may take in any case */
#define LOOK_MOST      256 /* entries that are held while somebody types */

/* What is known so far. */
struct decision {
    const struct uk_login *login; /* borrowed */
    struct uk_deadline by;
    struct uk_policy policy;   /* borrows users */
    struct uk_users users;     /* owned */
    struct uk_outcome outcome; /* owned; undecided until a step decides */
    struct uk_ruling
        *rulings; /* borrowed, for who wants each of them; or NULL */
};

typedef enum uk_code step(struct decision *d, struct uk_err *err);

static enum uk_code
decide(struct decision *d, enum uk_verdict verdict, const char *why)
{
    d->outcome.verdict = verdict;
    if (why != NULL)
        snprintf(d->outcome.why, sizeof(d->outcome.why), "%.*s",
                 (int)sizeof(d->outcome.why) - 1, why);
    return UK_OK;
}

static enum uk_code
check_key(struct decision *d, struct uk_err *err)
{
    const struct uk_secret *key = d->login->key;
    const char *text = uk_secret_peek(key);

    if (uk_keytext_is_junk(text, key->len))
        return decide(d, UK_JUNK,
                      "sshd has refused this user already and put a substitute "
                      "in place of what was typed");
    if (d->login->settings->key_format == UK_KEY_FORMAT_UKEY)
        return uk_keytext_check(text, key->len)
                   ? UK_OK
                   : decide(d, UK_NOT_A_KEY,
                            "not of the form that 'key_format = ukey' wants");
    return uk_keytext_check_any(text, key->len)
               ? UK_OK
               : decide(d, UK_NOT_A_KEY,
                        "empty, too long, or with characters that no key has");
}

/* The look at this account, if it is not too old: used up. */
static bool
take_look(struct decision *d)
{
    struct uk_look *look = d->login->look;

    if (look == NULL || look->users.entry == NULL ||
        uk_deadline_passed(look->until) ||
        strcmp(look->account.name, d->login->user) != 0)
        return false;
    d->outcome.account = look->account;
    d->users = look->users;
    look->users.entry = NULL;
    return true;
}

static enum uk_code
find_account(struct decision *d, struct uk_err *err)
{
    bool found = false;
    enum uk_code code;

    if (take_look(d))
        return UK_OK;
    code = uk_account_find(d->login->user, &d->outcome.account, &found, err);
    if (code == UK_OK && !found)
        return decide(d, UK_UNKNOWN_USER, "no such account on this machine");
    return code;
}

/* A users file that cannot be read lets nobody in, whatever the reason. */
enum uk_code
uk_login_users(const struct uk_settings *settings, struct uk_users *out,
               struct uk_err *err)
{
    const char *file = settings->users_file;
    struct uk_buf text = UK_BUF_UP_TO(USERS_FILE_MAX);
    enum uk_code code;

    code = uk_file_read(file, UK_FILE_TRUSTED, &text, err);
    if (code == UK_OK)
        code = uk_users_parse(uk_buf_peek(&text), text.len, file, out, err);
    else if (code != UK_NO_MEMORY)
        code = uk_err_recode(err, UK_MISCONFIGURED);
    if (code != UK_OK)
        uk_err_in(err, "who may log in ('users_file')");
    uk_buf_clear(&text);
    return code;
}

static enum uk_code
load_policy(struct decision *d, struct uk_err *err)
{
    const struct uk_settings *settings = d->login->settings;

    d->policy = (struct uk_policy){
        .users = &d->users,
        .email_domain = settings->email_domain,
        .min_uid = settings->min_uid,
        .allow_root = settings->allow_root,
    };
    return d->users.entry != NULL ? UK_OK
                                  : uk_login_users(settings, &d->users, err);
}

static enum uk_code
admit(struct decision *d, struct uk_err *err)
{
    enum uk_verdict verdict;

    for (int i = 0; d->rulings != NULL && i < UK_RULES; i++)
        uk_identity_ask(&d->policy, &d->outcome.account, (enum uk_rule)i,
                        &d->rulings[i]);
    verdict =
        uk_identity_admit(&d->policy, &d->outcome.account, d->outcome.why);
    return verdict == UK_GRANTED ? UK_OK : decide(d, verdict, NULL);
}

/* The agent could not find out: its sentence becomes ours. */
static enum uk_code
take_failure(const struct uk_answer *answer, struct uk_err *err)
{
    uk_err_set(err, answer->code, "%s",
               answer->text[0] != '\0' ? answer->text
                                       : "the agent gave no reason");
    err->stage = answer->stage;
    return answer->code;
}

/* What the service has refused, in the words of the log. */
static enum uk_code
take_refusal(struct decision *d, const struct uk_answer *answer,
             struct uk_err *err)
{
    switch (answer->verdict) {
    case UK_REFUSED:
        return decide(
            d, UK_REFUSED,
            answer->text[0] != '\0'
                ? answer->text
                : "the service does not take this key (unknown, disabled, "
                  "expired or deleted)");
    case UK_USER_DISABLED:
        return decide(
            d, UK_USER_DISABLED,
            "the service says that the key's user is disabled; "
            "'userkey-server user enable ADDRESS' lets them in again");
    case UK_NOT_A_KEY:
        return decide(d, UK_NOT_A_KEY, "not a key, the agent says");
    case UK_THROTTLED_HERE:
        return decide(d, UK_THROTTLED_HERE,
                      "too many attempts on this machine");
    case UK_THROTTLED_SERVICE:
        return decide(d, UK_THROTTLED_SERVICE,
                      "too many attempts, the service says");
    case UK_UNDECIDED:
    case UK_GRANTED:
    case UK_NOT_MAPPED:
    case UK_NOT_ALLOWED:
    case UK_UNKNOWN_USER:
    case UK_JUNK:
        break;
    }
    return uk_err_set(err, UK_BAD_ANSWER, "the agent answered '%s'",
                      uk_verdict_word(answer->verdict));
}

/* The settings of this login decide, whatever the agent goes by. */
static bool
may_be_offline(const struct decision *d, const struct uk_answer *answer)
{
    const struct uk_settings *settings = d->login->settings;

    return uk_settings_offline(settings, d->login->service) &&
           answer->offline_age_s <= settings->offline_grace / 1000;
}

static enum uk_code
take_answer(struct decision *d, struct uk_answer *answer, struct uk_err *err)
{
    struct uk_outcome *out = &d->outcome;

    if (answer->code != UK_OK)
        return take_failure(answer, err);
    memcpy(out->request_id, answer->request_id, sizeof(out->request_id));
    out->retry_after_s = answer->retry_after_s;
    if (answer->verdict != UK_GRANTED)
        return take_refusal(d, answer, err);
    if (answer->offline && !may_be_offline(d, answer))
        return uk_err_set(err, UK_BAD_ANSWER,
                          "the agent grants by 'offline_grace' what the "
                          "settings do not");
    out->offline = answer->offline;
    out->offline_age_s = answer->offline_age_s;
    out->person = answer->person;
    uk_secret_move(&out->tokens.access, &answer->tokens.access);
    uk_secret_move(&out->tokens.refresh, &answer->tokens.refresh);
    return UK_OK; /* the person is for the next step */
}

static enum uk_code
fill_request(const struct decision *d, struct uk_request *request,
             struct uk_err *err)
{
    const struct uk_login *login = d->login;

    request->op = UK_OP_LOGIN;
    request->keep = login->keep;
    request->want_emails =
        uk_identity_needs_email(&d->policy, &d->outcome.account);
    memcpy(request->user, d->outcome.account.name, sizeof(request->user));
    snprintf(request->service, sizeof(request->service), "%s", login->service);
    snprintf(request->rhost, sizeof(request->rhost), "%s", login->rhost);
    snprintf(request->ruser, sizeof(request->ruser), "%s",
             login->ruser != NULL ? login->ruser : "");
    return uk_secret_set(&request->secret, login->key->bytes, login->key->len,
                         err);
}

static enum uk_code
ask_agent(struct decision *d, struct uk_err *err)
{
    const struct uk_agent_way way = {.settings = d->login->settings,
                                     .conf_file = d->login->conf_file,
                                     .early = d->login->early};
    struct uk_request request = {.op = 0};
    struct uk_answer answer = {.code = UK_OK};
    enum uk_code code;

    code = fill_request(d, &request, err);
    if (code == UK_OK)
        code = uk_agent_ask(&way, &request, d->by, &answer, err);
    if (code == UK_OK) {
        d->outcome.asked = true;
        code = take_answer(d, &answer, err);
    }
    uk_request_clear(&request); /* wipes the key */
    uk_answer_clear(&answer);
    return code;
}

/* Nobody is to have the session of a person who is turned away.  That it could
 * not be ended changes nothing about the refusal. */
static void
drop_session(struct decision *d)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code ignored;

    if (d->outcome.tokens.refresh.len > 0) {
        ignored = uk_login_end(d->login->settings, d->login->conf_file,
                               &d->outcome.tokens.refresh, d->by, &err);
        (void)ignored;
    }
    uk_tokens_clear(&d->outcome.tokens);
}

static enum uk_code
match_person(struct decision *d, struct uk_err *err)
{
    enum uk_verdict verdict;

    verdict = uk_identity_match(&d->policy, &d->outcome.account,
                                &d->outcome.person, d->outcome.why);
    if (verdict != UK_GRANTED)
        drop_session(d);
    return decide(d, verdict, NULL);
}

/* Take the steps until one of them decides. */
static enum uk_code
walk(struct decision *d, step *const steps[], size_t count, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (size_t i = 0; i < count; i++) {
        code = steps[i](d, err);
        if (code != UK_OK || d->outcome.verdict != UK_UNDECIDED)
            break;
    }
    return code;
}

enum uk_code
uk_login_decide(const struct uk_login *login, struct uk_deadline by,
                struct uk_outcome *out, struct uk_err *err)
{
    static step *const steps[] = {
        check_key, find_account, load_policy, admit, ask_agent, match_person,
    };
    struct decision d = {.login = login, .by = by};
    enum uk_code code;

    code = walk(&d, steps, UK_COUNT(steps), err);
    uk_users_clear(&d.users);
    if (code == UK_OK)
        *out = d.outcome;
    else
        uk_outcome_clear(&d.outcome);
    return code;
}

static step *const local_steps[] = {find_account, load_policy, admit};

bool
uk_login_look(const struct uk_settings *settings, const char *user,
              struct uk_look *out)
{
    struct uk_login login = {.settings = settings, .user = user};
    struct decision d = {.login = &login};
    struct uk_err unheard = UK_ERR_NONE;
    bool may =
        walk(&d, local_steps, UK_COUNT(local_steps), &unheard) == UK_OK &&
        d.outcome.verdict == UK_UNDECIDED;

    if (!may || d.users.count > LOOK_MOST)
        uk_users_clear(&d.users);
    *out =
        (struct uk_look){d.outcome.account, d.users, uk_deadline_in(LOOK_MS)};
    return may;
}

enum uk_code
uk_login_rules(const struct uk_settings *settings, const char *user,
               struct uk_ruling *rulings, struct uk_outcome *out,
               struct uk_err *err)
{
    struct uk_login login = {.settings = settings, .user = user};
    struct decision d = {.login = &login, .rulings = rulings};
    enum uk_code code;

    code = walk(&d, local_steps, UK_COUNT(local_steps), err);
    uk_users_clear(&d.users);
    if (code != UK_OK)
        return code;
    if (d.outcome.verdict == UK_UNDECIDED) /* no step said no */
        d.outcome.verdict = UK_GRANTED;
    *out = d.outcome;
    return UK_OK;
}

enum uk_code
uk_login_admit(const struct uk_settings *settings, const char *user,
               struct uk_outcome *out, struct uk_err *err)
{
    return uk_login_rules(settings, user, NULL, out, err);
}

enum uk_code
uk_login_end(const struct uk_settings *settings, const char *conf_file,
             const struct uk_secret *refresh, struct uk_deadline by,
             struct uk_err *err)
{
    const struct uk_agent_way way = {.settings = settings,
                                     .conf_file = conf_file};
    struct uk_request request = {.op = UK_OP_LOGOUT};
    struct uk_answer answer = {.code = UK_OK};
    enum uk_code code;

    code = uk_secret_set(&request.secret, refresh->bytes, refresh->len, err);
    if (code == UK_OK)
        code = uk_agent_ask(&way, &request, by, &answer, err);
    if (code == UK_OK && answer.code != UK_OK)
        code = take_failure(&answer, err);
    if (code != UK_OK)
        uk_err_in(err, "logging the session out");
    uk_request_clear(&request);
    uk_answer_clear(&answer);
    return code;
}

void
uk_outcome_clear(struct uk_outcome *outcome)
{
    uk_tokens_clear(&outcome->tokens);
    uk_wipe(outcome, sizeof(*outcome));
}
