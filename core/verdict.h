/*
 * What was decided about a key and a person; the word for it in logs.
 *
 * Zero means that nobody answered, so cleared memory lets no one in.  Only
 * core/pamcode turns these into PAM's codes.
 */
#ifndef UK_CORE_VERDICT_H
#define UK_CORE_VERDICT_H

#include <stdbool.h>

enum uk_verdict {
    UK_UNDECIDED = 0,
    UK_GRANTED,        /* the key opened a session, its user may come in here */
    UK_REFUSED,        /* the service does not take the key */
    UK_USER_DISABLED,  /* the service says that the key's user is disabled */
    UK_NOT_MAPPED,     /* that person may not be this local user */
    UK_NOT_ALLOWED,    /* root, a system account, or excluded by a rule */
    UK_UNKNOWN_USER,   /* no such local user */
    UK_NOT_A_KEY,      /* empty, too long, or not of key_format: never sent */
    UK_JUNK,           /* sshd's substitute for the password: never sent */
    UK_THROTTLED_HERE, /* too many attempts, counted on this machine */
    UK_THROTTLED_SERVICE, /* too many attempts, says the service (429) */
};

/* The word for logs ("granted", "not-mapped"); "undecided" for UK_UNDECIDED
 * and for every number that is no verdict.  Static. */
const char *uk_verdict_word(enum uk_verdict verdict);

#endif
