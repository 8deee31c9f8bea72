/* Which local account a service user may log in to. */
#include "core/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/keytext.h"
#include "core/lines.h"

#define FIRST_ROOM 16

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
 * The users file.
 */

/* A struct uk_users that grows. */
struct growing {
    struct uk_users_entry *entry;
    size_t count;
    size_t room;
};

static enum uk_code
add_entry(struct growing *to, const struct uk_users_entry *entry,
          struct uk_err *err)
{
    if (to->count == to->room) {
        size_t room = to->room == 0 ? FIRST_ROOM : 2 * to->room;
        struct uk_users_entry *more =
            reallocarray(to->entry, room, sizeof(*more));

        if (more == NULL)
            return uk_err_set(err, UK_NO_MEMORY,
                              "no memory for more than %zu identities",
                              to->count);
        to->entry = more;
        to->room = room;
    }
    to->entry[to->count++] = *entry;
    return UK_OK;
}

static bool
read_identity(const char *word, struct uk_users_entry *entry)
{
    static const struct {
        const char *kind;
        bool by_email;
        bool (*check)(const char *value);
    } kinds[] = {
        {"id:", false, uk_identity_is_id},
        {"email:", true, uk_identity_is_email},
    };

    for (size_t i = 0; i < UK_COUNT(kinds); i++) {
        const char *value = word + strlen(kinds[i].kind);

        if (!uk_str_starts(word, kinds[i].kind))
            continue;
        entry->by_email = kinds[i].by_email;
        return kinds[i].check(value) &&
               uk_str_copy(entry->value, sizeof(entry->value), value);
    }
    return false;
}

/* Cut the first word off. */
static char *
next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t");
    size_t len = strcspn(word, " \t");

    *rest = word + len + (word[len] != '\0');
    word[len] = '\0';
    return word;
}

static enum uk_code
parse_line(char *line, unsigned number, struct growing *to, struct uk_err *err)
{
    struct uk_users_entry entry = {.line = number};
    char shown[UK_PRINTABLE_SIZE];
    char *word = next_word(&line);
    enum uk_code code = UK_OK;

    if (!uk_str_is_user_name(word))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is not the name of an account; allowed: up to "
                          "%d of a-z, 0-9, '_', '-', the first a letter or '_'",
                          uk_str_printable(shown, word, strlen(word)),
                          UK_NAME_MAX);
    memcpy(entry.account, word, strlen(word) + 1);
    word = next_word(&line);
    if (*word == '\0')
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' has no identity; allowed: id:ID, email:ADDRESS",
                          entry.account);
    for (; code == UK_OK && *word != '\0'; word = next_word(&line)) {
        if (!read_identity(word, &entry))
            return uk_err_set(err, UK_MISCONFIGURED,
                              "'%s' is not an identity; allowed: id:ID, "
                              "email:ADDRESS",
                              uk_str_printable(shown, word, strlen(word)));
        code = add_entry(to, &entry, err);
    }
    return code;
}

static int
compare_entries(const void *left, const void *right)
{
    const struct uk_users_entry *a = left;
    const struct uk_users_entry *b = right;
    int order = strcmp(a->account, b->account);

    if (order != 0)
        return order;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* Sort by account, so that what belongs together stands together and an
 * account with two lines is seen. */
static enum uk_code
sort_entries(struct growing *users, const char *file, struct uk_err *err)
{
    if (users->count > 0)
        qsort(users->entry, users->count, sizeof(users->entry[0]),
              compare_entries);
    for (size_t i = 1; i < users->count; i++) {
        const struct uk_users_entry *a = &users->entry[i - 1];
        const struct uk_users_entry *b = &users->entry[i];

        if (strcmp(a->account, b->account) == 0 && a->line != b->line)
            return uk_err_set(err, UK_MISCONFIGURED,
                              "'%s':%u: '%s' stands in line %u already", file,
                              b->line, b->account, a->line);
    }
    return UK_OK;
}

enum uk_code
uk_users_parse(const char *text, size_t len, const char *file,
               struct uk_users *out, struct uk_err *err)
{
    struct growing users = {.entry = NULL};
    struct uk_lines lines;
    char *line = NULL;
    enum uk_code code;

    uk_lines_init(&lines, text, len, file);
    for (;;) {
        code = uk_lines_next(&lines, &line, err);
        if (code != UK_OK || line == NULL)
            break;
        code =
            lines.number <= UK_USERS_MAX_LINES
                ? parse_line(line, lines.number, &users, err)
                : uk_err_set(err, UK_MISCONFIGURED,
                             "too many lines; allowed: %d", UK_USERS_MAX_LINES);
        if (code != UK_OK) {
            uk_lines_place(&lines, err);
            break;
        }
    }
    if (code == UK_OK)
        code = sort_entries(&users, file, err);
    if (code == UK_OK)
        *out = (struct uk_users){users.entry, users.count, file};
    else
        free(users.entry);
    return code;
}

void
uk_users_clear(struct uk_users *users)
{
    free(users->entry);
    *users = (struct uk_users){.entry = NULL};
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

enum uk_verdict
uk_identity_admit(const struct uk_policy *policy,
                  const struct uk_account *account, char why[UK_WHY_SIZE])
{
    const char *file = policy->users->file;
    size_t count;
    bool line = find_entries(policy->users, account->name, &count) != NULL;

    if (account->uid == 0 && !(line && policy->allow_root)) {
        snprintf(why, UK_WHY_SIZE,
                 "root needs a line of its own and 'allow_root = yes'");
        return UK_NOT_ALLOWED;
    }
    if (account->uid != 0 && account->uid < policy->min_uid) {
        snprintf(why, UK_WHY_SIZE, "uid %lu is below 'min_uid' (%lu)",
                 (unsigned long)account->uid, policy->min_uid);
        return UK_NOT_ALLOWED;
    }
    if (account->uid == (uid_t)-1) {
        /* To seteuid() this number means "stay who you are". */
        snprintf(why, UK_WHY_SIZE, "uid %lu is nobody's",
                 (unsigned long)account->uid);
        return UK_NOT_ALLOWED;
    }
    if (!line && policy->email_domain[0] == '\0') {
        snprintf(why, UK_WHY_SIZE,
                 "no line for '%s' in '%s'; to let somebody in, add '%s id:ID' "
                 "('userkey whoami' shows them their ID)",
                 account->name, file != NULL ? file : "", account->name);
        return UK_NOT_MAPPED;
    }
    snprintf(why, UK_WHY_SIZE, "%s",
             line ? "it has a line" : "'email_domain' may let it in");
    return UK_GRANTED;
}

bool
uk_identity_needs_email(const struct uk_policy *policy,
                        const struct uk_account *account)
{
    size_t count;
    const struct uk_users_entry *own =
        find_entries(policy->users, account->name, &count);

    for (size_t i = 0; i < count; i++) {
        if (own[i].by_email)
            return true;
    }
    return own == NULL && account->uid != 0 && policy->email_domain[0] != '\0';
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

    if (len > 0 && (size_t)len < sizeof(address) &&
        has_email(person, address)) {
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
