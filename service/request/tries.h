/* How many tries a source has, in terms of the settings. */
#ifndef UK_SERVICE_REQUEST_TRIES_H
#define UK_SERVICE_REQUEST_TRIES_H

#include "service/request/call.h"

enum uk_tries {
    UK_TRIES_KEY,      /* keys that were refused, by source */
    UK_TRIES_PASSWORD, /* passwords, by source */
    UK_TRIES_USER,     /* passwords, by address and source */
    UK_TRIES_NEW,      /* users that were made, by source */
    UK_TRIES_ADMIN,    /* keys of administrators that were refused, by source */
    UK_TRIES_LOGIN,    /* logins that were granted, by user */
    UK_TRIES_ASK,      /* for or with a token of api/handout.h, by source */
    UK_TRIES_ASK_USER, /* likewise, by address and source */
};

/* Use one try of the call's source; who is the address of UK_TRIES_USER and
 * UK_TRIES_ASK_USER or the user's id of UK_TRIES_LOGIN, and NULL otherwise.
 * false: there is none left, and *wait_s says for how long. */
bool uk_tries_take(struct uk_call *call, enum uk_tries kind, const char *who,
                   unsigned *wait_s);

/* Refuse a key, for the reason that the audit log gets: one answer whatever it
 * is, and counted only now, so that nobody's failures keep a good key out. */
enum uk_then uk_tries_refuse(struct uk_call *call, enum uk_tries kind,
                             const char *reason);

/* Undo it. */
void uk_tries_give_back(struct uk_call *call, enum uk_tries kind,
                        const char *who);

/* Undo all that the call has taken: it ends without a decision, as "busy" or
 * as a failure of ours, and whoever is told so has learnt nothing. */
void uk_tries_settle(struct uk_call *call);

#endif
