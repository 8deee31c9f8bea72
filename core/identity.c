/* Which local account a service user may log in to. */
#include "core/identity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/keytext.h"

/*
 * Forms.
 */

bool
uk_identity_is_id(const char *text)
{
    size_t len = strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz_-");

    return len > 0 && len <= UK_USER_ID_MAX && text[len] == '\0' &&
           !uk_keytext_check(text, len) && !uk_keytext_check_admin(text, len);
}

bool
uk_identity_is_email(const char *text)
{
    const char *at = strchr(text, '@');

    return at != NULL && at != text && at[1] != '\0' &&
           strchr(at + 1, '@') == NULL && strlen(text) <= UK_EMAIL_MAX &&
           uk_str_is_printable(text) && strchr(text, ' ') == NULL;
}

/*
 * The decision.
 */

/* The account's own entries, which stand together; NULL for none. */
static const struct uk_users_entry *
find_entries(const struct uk_users *users, const char *account, size_t *count)
{
    size_t first = 0;

    while (first < users->count &&
           strcmp(users->entry[first].account, account) != 0)
        first++;
    *count = 0;
    while (first + *count < users->count &&
           strcmp(users->entry[first + *count].account, account) == 0)
        (*count)++;
    return *count > 0 ? &users->entry[first] : NULL;
}

static void say(struct uk_ruling *out, enum uk_verdict verdict, const char *fmt,
                ...) UK_PRINTF(3, 4);

static void
say(struct uk_ruling *out, enum uk_verdict verdict, const char *fmt, ...)
{
    va_list args;

    out->verdict = verdict;
    va_start(args, fmt);
    vsnprintf(out->why, sizeof(out->why), fmt, args);
    va_end(args);
}

static void
ask_root(const struct uk_policy *policy, const struct uk_account *account,
         struct uk_ruling *out)
{
    if (account->uid != 0)
        say(out, UK_UNDECIDED, "it is not root");
    else if (out->line == 0 || !policy->allow_root)
        say(out, UK_NOT_ALLOWED,
            "root needs a line of its own and 'allow_root = yes'");
    else
        say(out, UK_UNDECIDED, "root has a line, and 'allow_root' is set");
}

static void
ask_min_uid(const struct uk_policy *policy, const struct uk_account *account,
            struct uk_ruling *out)
{
    if (account->uid == 0)
        say(out, UK_UNDECIDED, "root is not counted by 'min_uid'");
    else
        say(out, account->uid < policy->min_uid ? UK_NOT_ALLOWED : UK_UNDECIDED,
            "uid %lu is %s 'min_uid' (%lu)", (unsigned long)account->uid,
            account->uid < policy->min_uid ? "below" : "not below",
            policy->min_uid);
}

/* To seteuid() this number means "stay who you are". */
static void
ask_nobody(const struct uk_policy *policy, const struct uk_account *account,
           struct uk_ruling *out)
{
    bool nobody = account->uid == (uid_t)-1;

    say(out, nobody ? UK_NOT_ALLOWED : UK_UNDECIDED, "uid %lu is %s",
        (unsigned long)account->uid, nobody ? "nobody's" : "somebody's");
}

static void
ask_line(const struct uk_policy *policy, const struct uk_account *account,
         struct uk_ruling *out)
{
    if (out->line != 0)
        say(out, UK_GRANTED, "it has a line");
    else
        say(out, UK_UNDECIDED, "it has no line");
}

static void
ask_domain(const struct uk_policy *policy, const struct uk_account *account,
           struct uk_ruling *out)
{
    const char *file = policy->users->file;

    if (policy->email_domain[0] != '\0')
        say(out, UK_GRANTED, "'email_domain' may let it in");
    else
        say(out, UK_NOT_MAPPED,
            "no line for '%s' in '%s'; to let somebody in, add '%s id:ID' "
            "('userkey whoami' shows them their ID)",
            account->name, file != NULL ? file : "", account->name);
}

void
uk_identity_ask(const struct uk_policy *policy,
                const struct uk_account *account, enum uk_rule rule,
                struct uk_ruling *out)
{
    static void (*const asks[UK_RULES])(const struct uk_policy *,
                                        const struct uk_account *,
                                        struct uk_ruling *) = {
        [UK_RULE_ROOT] = ask_root,     [UK_RULE_MIN_UID] = ask_min_uid,
        [UK_RULE_NOBODY] = ask_nobody, [UK_RULE_LINE] = ask_line,
        [UK_RULE_DOMAIN] = ask_domain,
    };
    size_t count;
    const struct uk_users_entry *own =
        find_entries(policy->users, account->name, &count);

    *out = (struct uk_ruling){.line = own != NULL ? own->line : 0};
    asks[rule](policy, account, out);
}

enum uk_verdict
uk_identity_admit(const struct uk_policy *policy,
                  const struct uk_account *account, char why[UK_WHY_SIZE])
{
    struct uk_ruling ruling = {.verdict = UK_UNDECIDED};

    for (int i = 0; i < UK_RULES && ruling.verdict == UK_UNDECIDED; i++)
        uk_identity_ask(policy, account, (enum uk_rule)i, &ruling);
    memcpy(why, ruling.why, UK_WHY_SIZE);
    return ruling.verdict;
}

bool
uk_identity_needs_email(const struct uk_policy *policy,
                        const struct uk_account *account)
{
    size_t count;
    const struct uk_users_entry *own =
        find_entries(policy->users, account->name, &count);

    if (own == NULL)
        return account->uid != 0 && policy->email_domain[0] != '\0';
    for (size_t i = 0; i < count; i++) {
        if (own[i].by_email)
            return true;
    }
    return false;
}

static bool
has_email(const struct uk_person *person, const char *address)
{
    for (size_t i = 0; i < person->n_emails && i < UK_PERSON_EMAILS; i++) {
        if (uk_str_equal_nocase(person->email[i], address))
            return true;
    }
    return false;
}

/* By the account's own line, and by nothing beside it. */
static enum uk_verdict
match_line(const struct uk_users_entry *own, size_t count, const char *file,
           const struct uk_person *person, char why[UK_WHY_SIZE])
{
    for (size_t i = 0; i < count; i++) {
        bool same = own[i].by_email ? has_email(person, own[i].value)
                                    : strcmp(person->id, own[i].value) == 0;

        if (same) {
            snprintf(why, UK_WHY_SIZE, "line %u of '%s'", own[i].line, file);
            return UK_GRANTED;
        }
    }
    snprintf(why, UK_WHY_SIZE,
             "this person is not in line %u of '%s'; to let them in, add "
             "'id:%s' to it",
             own[0].line, file, person->id);
    return UK_NOT_MAPPED;
}

static enum uk_verdict
match_rule(const struct uk_policy *policy, const struct uk_account *account,
           const struct uk_person *person, char why[UK_WHY_SIZE])
{
    char address[UK_EMAIL_MAX + 1];
    int len = snprintf(address, sizeof(address), "%s@%s", account->name,
                       policy->email_domain);

    if ((size_t)len < sizeof(address) && has_email(person, address)) {
        snprintf(why, UK_WHY_SIZE, "'email_domain' (%s)", policy->email_domain);
        return UK_GRANTED;
    }
    snprintf(why, UK_WHY_SIZE,
             "this person has no confirmed '%s@%s'; to let them in, add "
             "'%s id:%s' to '%s'",
             account->name, policy->email_domain, account->name, person->id,
             policy->users->file != NULL ? policy->users->file : "");
    return UK_NOT_MAPPED;
}

enum uk_verdict
uk_identity_match(const struct uk_policy *policy,
                  const struct uk_account *account,
                  const struct uk_person *person, char why[UK_WHY_SIZE])
{
    enum uk_verdict verdict = uk_identity_admit(policy, account, why);
    size_t count;
    const struct uk_users_entry *own =
        find_entries(policy->users, account->name, &count);

    if (verdict != UK_GRANTED)
        return verdict;
    if (own != NULL)
        return match_line(own, count, policy->users->file, person, why);
    return match_rule(policy, account, person, why);
}
