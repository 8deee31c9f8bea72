/*
 * Who, from where, what, the verdict and its real reason: one line of the log
 * for each decision.
 *
 * The client is told less: which of "unknown", "disabled" and "deleted" it
 * was stands only here, under the request id that the client was given.
 */
#ifndef UK_SERVICE_VALUE_AUDIT_H
#define UK_SERVICE_VALUE_AUDIT_H

#include "core/log.h"
#include "core/str.h"
#include "service/value/id.h"

/* Every text is static or borrowed; NULL or "" is left out. */
struct uk_audit {
    const char *event;   /* "login", "key-create"; NULL: nothing to say */
    unsigned left_out;   /* lines like this one, before it */
    const char *verdict; /* "granted", "refused", "throttled", "failed" */
    const char *reason;  /* "disabled", "bad-password" */
    const char *provider;
    const char *app;               /* the client app id */
    const char *source;            /* an address */
    const char *request;           /* the request id */
    const char *admin_name;        /* of the key below */
    char admin[UK_ID_SIZE];        /* who did it to user: the public key */
    char user[UK_ID_SIZE];         /* "" where nobody is known */
    char other[UK_ID_SIZE];        /* whom user takes on */
    char key[UK_ID_SIZE];          /* the key's id */
    char email[UK_PRINTABLE_SIZE]; /* as typed, made printable */
    char name[UK_PRINTABLE_SIZE];  /* a key's name, made printable */
};

void uk_audit_log(const struct uk_audit *audit, const struct uk_log *log);

#endif
