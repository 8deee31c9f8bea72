/*
 * What the service answers, as agent and tool read it: sessions, profiles,
 * keys, users.
 *
 * The input is "CALL STATUS BODY", the body behind the first end of line; the
 * same body stands for each further question that a call asks.
 */
#include <stdlib.h>
#include <string.h>

#include "core/admin.h"
#include "core/adminperson.h"
#include "core/claims.h"
#include "core/keys.h"
#include "core/reset.h"
#include "core/session.h"
#include "core/str.h"
#include "tests/fuzz/fuzz.h"

#define MOST 12 /* questions of one input */
#define ID   "64f0c0ffee0123456789abcd"

/* In place of core/https. */

static struct {
    int status;
    const uint8_t *body;
    size_t len;
    unsigned asked;
} script;

enum uk_code
uk_https_exchange(struct uk_https *https, const struct uk_https_ask *ask,
                  struct uk_deadline by, struct uk_https_reply *out,
                  struct uk_err *err)
{
    FUZZ_MUST(++script.asked <= MOST);
    FUZZ_MUST(strncmp(ask->path, "/api/", 5) == 0 &&
              uk_str_is_printable(ask->path));
    *out = (struct uk_https_reply){.status = script.status};
    uk_buf_init(&out->body, UK_HTTPS_BODY);
    uk_buf_add(&out->body, script.body, script.len);
    if (out->body.bad) {
        uk_buf_clear(&out->body);
        return uk_err_set(err, UK_BAD_ANSWER, "it is too long");
    }
    return UK_OK;
}

void
uk_https_reply_clear(struct uk_https_reply *reply)
{
    uk_buf_clear(&reply->body);
}

/* The calls. */

static struct uk_service service = {.app_id = "demo"};

static void
check_session(const struct uk_session *session, bool brief)
{
    char subject[UK_USER_ID_MAX + 1] = "";
    struct uk_err err = UK_ERR_NONE;

    FUZZ_MUST(script.status >= 200 && script.status <= 204);
    FUZZ_MUST(uk_identity_is_id(session->user_id));
    FUZZ_MUST(session->tokens.access.len > 0);
    FUZZ_MUST(brief || session->tokens.refresh.len > 0);
    FUZZ_MUST(uk_claims_subject(&session->tokens.access, subject, &err) ==
              UK_OK);
    FUZZ_MUST(strcmp(subject, session->user_id) == 0);
}

/* Nothing but UK_GRANTED fills anything. */
static void
log_in(bool brief)
{
    struct uk_session session = {.user_id = ""};
    struct uk_secret key = UK_SECRET_NONE;
    enum uk_verdict verdict = UK_UNDECIDED;
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    service.brief = service.emails = brief;
    FUZZ_MUST(uk_secret_set(&key, "k3y", 3, &err) == UK_OK);
    code = uk_session_open(&service, &key, &session, &verdict, &err);
    if (code == UK_OK && verdict == UK_GRANTED)
        check_session(&session, brief);
    else
        FUZZ_MUST(session.user_id[0] == '\0' &&
                  session.tokens.access.len == 0 &&
                  (code == UK_OK || uk_str_is_printable(err.text)));
    if (code == UK_OK)
        FUZZ_MUST(verdict == UK_GRANTED || verdict == UK_REFUSED ||
                  verdict == UK_USER_DISABLED ||
                  verdict == UK_THROTTLED_SERVICE);
    uk_session_clear(&session);
    uk_secret_clear(&key);
}

static struct uk_session
some_session(void)
{
    struct uk_session session = {.user_id = ID};
    struct uk_err err = UK_ERR_NONE;

    FUZZ_MUST(uk_secret_set(&session.tokens.access, "a.a.a", 5, &err) == UK_OK);
    FUZZ_MUST(uk_secret_set(&session.tokens.refresh, "r.r.r", 5, &err) ==
              UK_OK);
    return session;
}

static void
look_at_profile(void)
{
    struct uk_session session = some_session();
    struct uk_person person = {.n_emails = 0};
    enum uk_verdict verdict = UK_UNDECIDED;
    struct uk_err err = UK_ERR_NONE;

    if (uk_session_profile(&service, &session, &person, &verdict, &err) ==
            UK_OK &&
        verdict == UK_GRANTED) {
        FUZZ_MUST(strcmp(person.id, ID) == 0);
        FUZZ_MUST(person.n_emails <= UK_PERSON_EMAILS);
        for (size_t i = 0; i < person.n_emails; i++)
            FUZZ_MUST(uk_identity_is_email(person.email[i]));
    }
    uk_session_clear(&session);
}

static void
refresh(void)
{
    struct uk_session session = some_session();
    enum uk_verdict verdict = UK_UNDECIDED;
    struct uk_err err = UK_ERR_NONE;

    if (uk_session_refresh(&service, &session, &verdict, &err) == UK_OK &&
        verdict == UK_GRANTED)
        check_session(&session, false);
    FUZZ_MUST(strcmp(session.user_id, ID) == 0);
    if (uk_session_close(&service, &session.tokens.refresh, &err) != UK_OK)
        FUZZ_MUST(err.text[0] != '\0');
    uk_session_clear(&session);
}

static void
check_key(const struct uk_key *key)
{
    FUZZ_MUST(uk_identity_is_id(key->id));
    FUZZ_MUST(key->name[0] != '\0' && uk_str_is_printable(key->name));
    FUZZ_MUST(key->user_id[0] == '\0' || uk_identity_is_id(key->user_id));
    FUZZ_MUST(key->created_s >= 0 && key->expires_s >= 0);
    FUZZ_MUST(key->used_s >= 0 && key->disabled_s >= 0);
}

static void
list_keys(void)
{
    struct uk_session session = some_session();
    struct uk_keys keys = {.service = &service, .session = &session};
    struct uk_key one = {.disabled = false}, *all = NULL;
    struct uk_secret value = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    size_t count = 0;

    if (uk_keys_list(&keys, &all, &count, &err) == UK_OK &&
        keys.reply == UK_KEYS_DONE) {
        FUZZ_MUST(count <= UK_KEYS_MAX);
        for (size_t i = 0; i < count; i++)
            check_key(&all[i]);
    }
    free(all);
    if (uk_keys_fetch(&keys, ID, &one, &err) == UK_OK &&
        keys.reply == UK_KEYS_DONE)
        check_key(&one);
    if (uk_keys_create(&keys, "ci", (struct uk_expiry){.in_s = 60}, &one,
                       &value, &err) == UK_OK &&
        keys.reply == UK_KEYS_DONE) {
        check_key(&one);
        FUZZ_MUST(strcmp(one.name, "ci") == 0 && value.len > 0);
    } else {
        FUZZ_MUST(value.len == 0);
    }
    uk_secret_clear(&value);
    uk_session_clear(&session);
}

static void
change_keys(void)
{
    struct uk_session session = some_session();
    struct uk_keys keys = {.service = &service, .session = &session};
    struct uk_err err = UK_ERR_NONE;

    if (uk_keys_enable(&keys, ID, &err) != UK_OK)
        FUZZ_MUST(err.text[0] != '\0' && uk_str_is_printable(err.text));
    (void)!uk_keys_disable(&keys, ID, &err);
    (void)!uk_keys_expire(&keys, ID, (struct uk_expiry){.at_s = 1}, &err);
    (void)!uk_keys_delete(&keys, ID, &err);
    FUZZ_MUST(uk_keys_delete(&keys, "../a", &err) != UK_OK);
    uk_session_clear(&session);
}

/* By a password, and a new password by a token: the body is the token, too. */
static void
use_password(void)
{
    struct uk_session session = {.user_id = ""};
    struct uk_secret password = UK_SECRET_NONE, word = UK_SECRET_NONE;
    enum uk_verdict verdict = UK_UNDECIDED;
    struct uk_err err = UK_ERR_NONE;

    service.brief = service.emails = false;
    FUZZ_MUST(uk_secret_set(&password, "s3cret", 6, &err) == UK_OK);
    if (uk_session_open_password(&service, "a@b.example", &password, &session,
                                 &verdict, &err) == UK_OK &&
        verdict == UK_GRANTED)
        check_session(&session, false);
    verdict = UK_UNDECIDED;
    script.asked = 0;
    if (uk_secret_set(&word, (const char *)script.body, script.len, &err) ==
            UK_OK &&
        uk_reset_password(&service, &word, &password, &verdict, &err) == UK_OK)
        FUZZ_MUST(verdict == UK_GRANTED || verdict == UK_REFUSED ||
                  verdict == UK_THROTTLED_SERVICE);
    uk_session_clear(&session);
    uk_secret_clear(&password);
    uk_secret_clear(&word);
}

static void
check_user(const struct uk_admin_user *user)
{
    FUZZ_MUST(uk_identity_is_id(user->id));
    FUZZ_MUST(uk_str_is_printable(user->email));
    FUZZ_MUST(uk_str_is_printable(user->name) && user->created >= 0);
}

/* One user, by id and by address; then what is done to them. */
static void
administer_one(void)
{
    struct uk_session session = some_session();
    struct uk_admin admin = {.service = &service, .tokens = session.tokens};
    struct uk_secret word = UK_SECRET_NONE;
    struct uk_admin_user user = {.id = ""};
    struct uk_err err = UK_ERR_NONE;
    int64_t expires = 0;

    snprintf(admin.app, sizeof(admin.app), "/groups/g/apps/a");
    snprintf(admin.users, sizeof(admin.users), "/groups/g/apps/a/users");
    if (uk_admin_find(&admin, ID, &user, &err) == UK_OK &&
        admin.reply == UK_ADMIN_DONE)
        check_user(&user);
    if (uk_admin_find(&admin, "a@b.example", &user, &err) == UK_OK &&
        admin.reply == UK_ADMIN_DONE)
        check_user(&user);
    if (uk_admin_add(&admin, "a@b.example", &admin.tokens.access, &user,
                     &err) == UK_OK &&
        admin.reply == UK_ADMIN_DONE)
        check_user(&user);
    (void)!uk_admin_set(&admin, ID, UK_ADMIN_DELETE, &err);
    (void)!uk_adminperson_confirm(&admin, "a@b.example", &err);
    if (uk_adminperson_reset(&admin, ID, &word, &expires, &err) == UK_OK &&
        admin.reply == UK_ADMIN_DONE)
        FUZZ_MUST(word.len > 0 && uk_str_is_printable(uk_secret_peek(&word)));
    else
        FUZZ_MUST(word.len == 0);
    (void)!uk_admin_close(&admin, &err);
    uk_secret_clear(&word);
    uk_session_clear(&session);
}

static void
administer(void)
{
    static struct uk_admin_user page[UK_ADMIN_PAGE];
    struct uk_admin admin = {.service = &service};
    struct uk_secret key = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    size_t count = 0;

    FUZZ_MUST(uk_secret_set(&key, "k3y", 3, &err) == UK_OK);
    if (uk_admin_open(&admin, "public", &key, &err) == UK_OK &&
        admin.reply == UK_ADMIN_DONE)
        FUZZ_MUST(uk_str_is_printable(admin.app) && admin.app[0] == '/');
    uk_secret_clear(&key);
    snprintf(admin.users, sizeof(admin.users), "/groups/g/apps/a/users");
    if (admin.tokens.access.len > 0 &&
        uk_admin_page(&admin, "", page, &count, &err) == UK_OK &&
        admin.reply == UK_ADMIN_DONE)
        FUZZ_MUST(count <= UK_ADMIN_PAGE);
    for (size_t i = 0; i < count; i++)
        check_user(&page[i]);
    uk_admin_clear(&admin);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const uint8_t *end = memchr(bytes, '\n', len);
    char call;

    if (end == NULL || end - bytes < 4)
        return 0;
    call = (char)bytes[0];
    script.status =
        100 * (bytes[1] - '0') + 10 * (bytes[2] - '0') + bytes[3] - '0';
    if (script.status < 200 || script.status > 599)
        return 0; /* of these the exchange itself makes none */
    script.body = end + 1;
    script.len = len - (size_t)(end + 1 - bytes);
    script.asked = 0;
    switch (call) {
    case 'l':
    case 'b':
        log_in(call == 'b');
        break;
    case 'p':
        look_at_profile();
        break;
    case 'r':
        refresh();
        break;
    case 'k':
        list_keys();
        break;
    case 'x':
        change_keys();
        break;
    case 'w':
        use_password();
        break;
    case 'f':
        administer_one();
        break;
    default:
        administer();
    }
    return 0;
}
