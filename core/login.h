/*
 * One login, from a name and a key to a verdict.
 *
 * What the module does at a prompt and what `userkey check` shows: local
 * checks first (is it a key at all, is there such an account, may anybody log
 * in to it), then the agent (whose key is it), then the mapping (may that
 * person be this account).  Nothing is sent before the local checks are
 * through.
 */
#ifndef UK_CORE_LOGIN_H
#define UK_CORE_LOGIN_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/early.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/msg.h"
#include "core/secret.h"
#include "core/settings.h"
#include "core/verdict.h"

/* What was found out about an account before there was a key; {0} is
 * releasable. */
struct uk_look {
    struct uk_account account;
    struct uk_users users;    /* owned; {0}: it is not to be used */
    struct uk_deadline until; /* nor is it later */
};

/* What is asked.  Everything is borrowed. */
struct uk_login {
    const struct uk_settings *settings;
    const char *conf_file; /* the agent reads the same one */
    const char *user;      /* PAM_USER, as it came */
    const char *service;   /* PAM_SERVICE, or "" */
    const char *rhost;     /* PAM_RHOST, or "" */
    const char *ruser;     /* PAM_RUSER, or NULL */
    const struct uk_secret *key;
    bool keep;              /* hand over the session */
    struct uk_early *early; /* the agent that has got ready, or NULL */
    struct uk_look *look;   /* from before the prompt, or NULL; used up */
};

/* What came out; {0} is releasable. */
struct uk_outcome {
    enum uk_verdict verdict;
    bool asked;                /* has the key left this process? */
    struct uk_account account; /* unless UK_UNKNOWN_USER, JUNK, NOT_A_KEY */
    struct uk_person person;   /* when the service named one */
    struct uk_tokens tokens;   /* with UK_GRANTED and keep */
    char request_id[UK_MSG_REQUEST_ID + 1];
    uint32_t retry_after_s;
    bool offline; /* by 'offline_grace': the service was not asked now, but */
    uint32_t offline_age_s; /* so long ago */
    char why[UK_WHY_SIZE];  /* printable: which line, rule or limit decided */
};

/*
 * Decide by the deadline.  UK_OK with a verdict in out, the caller's for
 * uk_outcome_clear(); any other code means that it could not be found out.
 * Tokens of a session whose person is refused are not handed over: the agent
 * is asked to log them out.
 */
UK_MUST_USE enum uk_code uk_login_decide(const struct uk_login *login,
                                         struct uk_deadline by,
                                         struct uk_outcome *out,
                                         struct uk_err *err);

/* May anybody be logged in to this account with a key?  A decision that
 * follows at once, as where a program answers the prompt, need not look again:
 * *out is for that, and the caller's for uk_users_clear(). */
bool uk_login_look(const struct uk_settings *settings, const char *user,
                   struct uk_look *out);

/* The same, and why not (account phase, where no key is at hand):
 * uk_identity_admit for a name. */
UK_MUST_USE enum uk_code uk_login_admit(const struct uk_settings *settings,
                                        const char *user,
                                        struct uk_outcome *out,
                                        struct uk_err *err);

/* The same, for who wants to know what each rule says: UK_RULES rulings, which
 * are filled where there is such an account and the users file can be read. */
UK_MUST_USE enum uk_code uk_login_rules(const struct uk_settings *settings,
                                        const char *user,
                                        struct uk_ruling *rulings,
                                        struct uk_outcome *out,
                                        struct uk_err *err);

/* Load the users file of these settings: *out is the caller's, for
 * uk_users_clear().  UK_MISCONFIGURED for one that cannot be believed, read or
 * understood. */
UK_MUST_USE enum uk_code uk_login_users(const struct uk_settings *settings,
                                        struct uk_users *out,
                                        struct uk_err *err);

/* End a session that was kept. */
UK_MUST_USE enum uk_code uk_login_end(const struct uk_settings *settings,
                                      const char *conf_file,
                                      const struct uk_secret *refresh,
                                      struct uk_deadline by,
                                      struct uk_err *err);

void uk_outcome_clear(struct uk_outcome *outcome);

#endif
