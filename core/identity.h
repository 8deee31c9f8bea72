/*
 * Which local account a service user may log in to.
 *
 * The one place that answers "may that person be this local user?", from the
 * root-owned users file and the one rule of the settings.  Pure: no file is
 * read here, and nothing that a user can edit in their profile is looked at.
 */
#ifndef UK_CORE_IDENTITY_H
#define UK_CORE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/str.h"
#include "core/verdict.h"

#define UK_USER_ID_MAX   64  /* a service user's id, without its NUL */
#define UK_EMAIL_MAX     254 /* an address, without its NUL (RFC 5321) */
#define UK_PERSON_EMAILS 8   /* addresses that one person may have */
#define UK_WHY_SIZE      256

/* Whose key it is: what the service says, checked for form by us. */
struct uk_person {
    char id[UK_USER_ID_MAX + 1];
    size_t n_emails; /* confirmed addresses of provider local-userpass */
    char email[UK_PERSON_EMAILS][UK_EMAIL_MAX + 1];
};

/* A local account as the machine knows it. */
struct uk_account {
    char name[UK_NAME_MAX + 1];
    uid_t uid;
    gid_t gid;
};

/* One identity that may log in to one account. */
struct uk_users_entry {
    char account[UK_NAME_MAX + 1];
    bool by_email; /* else by id */
    char value[UK_EMAIL_MAX + 1];
    unsigned line;
};

/* The users file, parsed (core/users.h).  {0} is the empty one. */
struct uk_users {
    struct uk_users_entry *entry; /* owned */
    size_t count;
    const char *file; /* borrowed: its name, for messages */
};

/* What the machine's administrator decided. */
struct uk_policy {
    const struct uk_users *users;
    const char *email_domain; /* "" for no rule */
    unsigned long min_uid;
    bool allow_root;
};

/* The well-formed id of a user, key, app or request: 1 to UK_USER_ID_MAX of
 * [0-9A-Za-z_-].  A user API key, which has that form too, is none: ids are
 * logged and stand in URLs. */
bool uk_identity_is_id(const char *text);

/* An address that may stand in the users file: printable, no space, one '@'
 * with something on both sides, at most UK_EMAIL_MAX. */
bool uk_identity_is_email(const char *text);

/* The rules about an account, in the order in which they are asked; the first
 * that decides is the last that counts. */
enum uk_rule {
    UK_RULE_ROOT,    /* root needs 'allow_root' and a line */
    UK_RULE_MIN_UID, /* system accounts take no keys */
    UK_RULE_NOBODY,  /* nor does the number that means nobody */
    UK_RULE_LINE,    /* the account's own line in the users file */
    UK_RULE_DOMAIN,  /* 'email_domain', for accounts without a line */
    UK_RULES
};

/* What one rule says about an account. */
struct uk_ruling {
    enum uk_verdict verdict; /* UK_UNDECIDED: the next one is asked */
    unsigned line;           /* of the users file, or 0 */
    char why[UK_WHY_SIZE];   /* printable */
};

/* Ask one rule.  The rules behind one that decides do not count. */
void uk_identity_ask(const struct uk_policy *policy,
                     const struct uk_account *account, enum uk_rule rule,
                     struct uk_ruling *out);

/*
 * May anybody log in to this account with a key, before the service is asked?
 * UK_GRANTED: ask.  UK_NOT_ALLOWED: root without a line and allow_root, or a
 * uid below min_uid (a line does not lift min_uid; root is not counted by
 * it).  UK_NOT_MAPPED: no line and no rule.  why gets the words for the log.
 */
enum uk_verdict uk_identity_admit(const struct uk_policy *policy,
                                  const struct uk_account *account,
                                  char why[UK_WHY_SIZE]);

/* Can an address decide about this account, so that the agent must report
 * the person's? */
bool uk_identity_needs_email(const struct uk_policy *policy,
                             const struct uk_account *account);

/* May this person be this account?  Everything that uk_identity_admit asks,
 * and then the person.  UK_GRANTED or a refusal; why names the line. */
enum uk_verdict uk_identity_match(const struct uk_policy *policy,
                                  const struct uk_account *account,
                                  const struct uk_person *person,
                                  char why[UK_WHY_SIZE]);

#endif
