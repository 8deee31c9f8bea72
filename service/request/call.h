/*
 * One request on its way through the service, in steps.
 *
 * A step does what it can where it is and says where the next one belongs: on
 * the loop that has the connection, among the hashers, with the writer; or
 * that the reply is filled.  So no loop ever waits for a password hash or for
 * a disk, and every change of the database is made by one thread, which puts
 * those that wait into as few transactions as it can.
 */
#ifndef UK_SERVICE_REQUEST_CALL_H
#define UK_SERVICE_REQUEST_CALL_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/json.h"
#include "core/secret.h"
#include "service/http/http.h"
#include "service/request/shared.h"
#include "service/store/store.h"
#include "service/value/audit.h"
#include "service/value/token.h"

struct uk_call;
struct uk_question;
struct uk_round;
struct uk_traffic;

enum uk_then {
    UK_THEN_REPLY,  /* it is filled */
    UK_THEN_LOOP,   /* call->next, with a store to read */
    UK_THEN_KEY,    /* likewise, and call->login is the key of call->hash */
    UK_THEN_HASHER, /* call->next, without a store */
    UK_THEN_WRITER, /* call->next, with a store to change, in a transaction
                       that is undone when the reply is an error */
};

typedef enum uk_then uk_step(struct uk_call *call);

/* What a path of the Admin API names, beside the key; "" where it does not. */
struct uk_admin_path {
    char group[UK_ID_SIZE + 1];
    char app[UK_ID_SIZE + 1];
    char user[UK_ID_SIZE + 1];
    const char *email; /* as it was sent, up to a slash or the end; NULL */
};

struct uk_call {
    struct uk_job job; /* first: calls wait in queues */
    struct uk_server *server;
    struct uk_inbox *home; /* the loop's, for steps that ran elsewhere */
    struct uk_http_exchange *exchange;
    const struct uk_http_request *request; /* the exchange's */
    struct uk_http_reply *reply;           /* the exchange's */
    struct uk_store *store;     /* of the thread that runs the step; or NULL */
    struct uk_traffic *traffic; /* its loop's numbers; or NULL */
    int64_t began_ns;           /* on the loop's clock */
    struct uk_round *round; /* on its loop: those that came with it; or NULL */
    enum uk_then then;
    uk_step *next;
    char id[UK_ID_SIZE]; /* of the request, for clients and logs */
    char source[UK_ADDRESS_TEXT];
    uint64_t source_subject;
    struct uk_audit audit;

    /* What the route has found out. */
    const struct uk_route *route;
    char app_name[UK_STORE_CLIENT_ID + 2]; /* from the path; cut if too long */
    char key_id[UK_ID_SIZE + 1];           /* likewise; or a provider's id */
    struct uk_admin_path path;             /* likewise */
    struct uk_store_app app;
    struct uk_claims claims;         /* of the token */
    struct uk_store_session session; /* what the database says about it */
    struct uk_store_admin admin;     /* of an administrator's session */
    struct uk_store_listed target;   /* the user of whom the path is */
    struct uk_json *body;            /* owned; an object, or NULL */

    /* What a handler keeps from step to step. */
    struct uk_secret secret; /* owned: a password, or a new key */
    struct uk_store_password person;
    bool person_found;
    bool password_right;
    struct uk_store_handout handout; /* the token that came */
    uk_step *proven; /* what comes behind the proof of a password */
    unsigned tries;  /* taken, as bits: given back if nothing is decided */
    struct uk_store_key key;
    struct uk_store_hash hash; /* of the key that asks to log in */
    struct uk_store_login login;
    bool foreseen; /* the hash is there before the first step */
    size_t place;  /* the hash's, in the question of the round */
    const struct uk_question *answer; /* to it, until it has been used */
};

/* NULL without memory. */
struct uk_call *uk_call_new(struct uk_server *server, struct uk_inbox *home,
                            struct uk_http_exchange *exchange);

/* Say to the log what there is to say, wipe and free. */
void uk_call_end(struct uk_call *call, const struct uk_log *log);

/* Fill the reply.  Each returns UK_THEN_REPLY. */

/* An error of the client API; code NULL for one without a code. */
enum uk_then uk_call_error(struct uk_call *call, int status, const char *code,
                           const char *text);
/* No body, no type. */
enum uk_then uk_call_empty(struct uk_call *call, int status);
/* The client has hung up: there is nobody to reply to, nothing to tell, and
 * nothing has been done. */
enum uk_then uk_call_drop(struct uk_call *call);
/* 429, with how long to wait. */
enum uk_then uk_call_throttle(struct uk_call *call, unsigned wait_s);
/* 500, and a line in the log that says why; 503 with how long to wait when the
 * database does not answer. */
enum uk_then uk_call_fail(struct uk_call *call, const struct uk_err *err);
/* What has been written into reply->body, unless it has become too long. */
enum uk_then uk_call_json(struct uk_call *call, int status);

/* Set verdict and reason for the audit line.  Texts are static. */
void uk_call_audit(struct uk_call *call, const char *verdict,
                   const char *reason);

/* Where this server is for its clients: "https://host:port". */
void uk_call_base(const struct uk_call *call, const char *scheme,
                  const char *scheme_tls, struct uk_buf *out);

#endif
