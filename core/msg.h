/*
 * The contract between module and agent, packed and unpacked.
 *
 * One request and one answer, each one message of at most UK_MSG_MAX bytes on
 * a SOCK_SEQPACKET socket.  docs/PROTOCOL.md has the layout byte by byte.
 * Pure: bytes in, struct out; everything that is unpacked has been checked
 * for length, form and range, and a message with anything left over, missing
 * or of another version is UK_BAD_ANSWER.
 */
#ifndef UK_CORE_MSG_H
#define UK_CORE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/secret.h"
#include "core/verdict.h"

#define UK_MSG_VERSION    2
#define UK_MSG_MAX        32768
#define UK_MSG_SERVICE    64  /* PAM service name, without its NUL */
#define UK_MSG_HOST       255 /* remote host, without its NUL */
#define UK_MSG_RUSER      32  /* asking local user, without its NUL */
#define UK_MSG_REQUEST_ID 64  /* the service's request id, without its NUL */

enum uk_op {
    UK_OP_LOGIN = 1, /* whose key is this? */
    UK_OP_LOGOUT,    /* end the session of this refresh token */
    /* A login follows on this connection, once its key has been typed; there is
     * no answer to this.  The user is set where a key can let them in: only
     * then it is worth to have a connection to the service. */
    UK_OP_PREPARE,
};

struct uk_request {
    enum uk_op op;
    uint32_t budget_ms; /* time left for the answer, at least 1 */
    bool want_emails;   /* the mapping needs the person's addresses */
    bool keep;          /* hand the session over instead of ending it */
    /* For the agent's limits and log; it decides nothing by them. */
    char user[UK_NAME_MAX + 1]; /* or "" */
    char service[UK_MSG_SERVICE + 1];
    char rhost[UK_MSG_HOST + 1];
    char ruser[UK_MSG_RUSER + 1];
    struct uk_secret secret; /* owned: the key, the refresh token, none */
};

/* The two tokens of a session that is kept; empty when it is not. */
struct uk_tokens {
    struct uk_secret access;  /* owned */
    struct uk_secret refresh; /* owned */
};

struct uk_answer {
    /* Whether the agent found out, and where it failed. */
    enum uk_code code;
    enum uk_stage stage;
    /* Our own sentence, printable.  With UK_OK only UK_REFUSED has one, where
     * it is not the key that is refused. */
    char text[UK_ERR_TEXT];
    /* What it found out: UK_GRANTED means only "this is a good key of that
     * person"; whether they may come in here is decided by the module, which
     * also keeps for itself to say UK_NOT_MAPPED, UK_NOT_ALLOWED,
     * UK_UNKNOWN_USER and UK_JUNK.  UK_UNDECIDED with any code but UK_OK, and
     * for a session that has been logged out. */
    enum uk_verdict verdict;
    struct uk_person person; /* with UK_GRANTED */
    struct uk_tokens tokens; /* with UK_GRANTED, where keep was asked for */
    char request_id[UK_MSG_REQUEST_ID + 1]; /* of an id's form; or "" */
    uint32_t retry_after_s;                 /* with UK_THROTTLED_*, or 0 */
    /* With UK_GRANTED, and no tokens: no server can be reached, and this key
     * logged in online so long ago. */
    bool offline;
    uint32_t offline_age_s;
};

/* Append the message to buf; UK_INVALID if it does not fit or a field is out
 * of its range, or says another thing than the rest (an id without
 * UK_GRANTED).  Strange bytes in what is for counts and logs only (service,
 * rhost, ruser, text) become '?'. */
UK_MUST_USE enum uk_code uk_request_pack(const struct uk_request *request,
                                         struct uk_buf *buf,
                                         struct uk_err *err);
UK_MUST_USE enum uk_code uk_answer_pack(const struct uk_answer *answer,
                                        struct uk_buf *buf, struct uk_err *err);

/* Read one whole message; out is written on success only, and the caller's
 * to clear. */
UK_MUST_USE enum uk_code uk_request_unpack(const void *bytes, size_t len,
                                           struct uk_request *out,
                                           struct uk_err *err);
UK_MUST_USE enum uk_code uk_answer_unpack(const void *bytes, size_t len,
                                          struct uk_answer *out,
                                          struct uk_err *err);

/* Does this message, as far as its first bytes say, announce another one? */
bool uk_request_is_prepare(const void *bytes, size_t len);

/* Does it answer that request: a verdict for a login, none for a logout,
 * nothing that was not asked for?  UK_BAD_ANSWER otherwise. */
UK_MUST_USE enum uk_code uk_answer_check(const struct uk_answer *answer,
                                         const struct uk_request *request,
                                         struct uk_err *err);

/* Wipe and free.  Take the empty ones, and twice. */
void uk_request_clear(struct uk_request *request);
void uk_tokens_clear(struct uk_tokens *tokens);
void uk_answer_clear(struct uk_answer *answer);

#endif
